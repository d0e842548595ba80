"""``torch.utils.dlpack``: memory shared with other libraries."""

from .. import absent
from ..exchange import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]

__getattr__ = absent.lookup("torch.utils.dlpack", lambda: __all__)
