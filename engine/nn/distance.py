"""Distances and likenesses of pairs of vectors.

Source: torch.nn.modules.distance, PyTorch 2.13.
"""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class PairwiseDistance(Module):
    """``‖x1 - x2 + eps‖ₚ`` over the last dimension."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """``functional.pairwise_distance(x1, x2, ...)``."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """``x1 · x2 / max(‖x1‖ ‖x2‖, eps)`` over ``dim``."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """``functional.cosine_similarity(x1, x2, ...)``."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
