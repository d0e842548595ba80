"""``torch.utils.dlpack``: memory shared with other libraries."""

from ..exchange import from_dlpack, to_dlpack
from ..naming import absent

__all__ = ["from_dlpack", "to_dlpack"]

__getattr__ = absent.lookup("torch.utils.dlpack", lambda: __all__)
