"""``torch.signal``: windows."""

from ..naming import absent
from . import windows as windows

__all__ = ["windows"]

__getattr__ = absent.lookup("torch.signal", lambda: __all__)
