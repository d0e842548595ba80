"""``torch.autograd.variable``: what tensors were called before PyTorch 0.4."""

from __future__ import annotations

from . import Variable, VariableMeta

__all__ = ["Variable", "VariableMeta"]
