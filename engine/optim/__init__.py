"""``torch.optim``: how parameters follow their gradients."""

from __future__ import annotations

from .. import absent
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Optimizer"]

__getattr__ = absent.lookup("torch.optim", lambda: __all__)
