"""Dropout: what is left out while training.

Source: torch.nn.modules.dropout, PyTorch 2.13; Hinton et al., 2012; Klambauer et al., 2017 (alpha).
"""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module


class _Dropout(Module):
    """What all of them keep: the probability ``p``."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """While training: each element 0 with probability ``p``, else ``x / (1 - p)``; afterwards the identity."""

    def forward(self, input: Tensor) -> Tensor:
        """``functional.dropout(input, p, training)``."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Dropout of whole channels. Shapes: ([N,] C, L)."""

    def forward(self, input: Tensor) -> Tensor:
        """``functional.dropout1d(input, p, training)``."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Dropout of whole channels. Shapes: ([N,] C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """``functional.dropout2d(input, p, training)``."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Dropout of whole channels. Shapes: ([N,] C, D, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """``functional.dropout3d(input, p, training)``."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks of ``SELU``."""

    def forward(self, input: Tensor) -> Tensor:
        """``functional.alpha_dropout(input, p, training)``."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """``AlphaDropout`` of whole channels."""

    def forward(self, input: Tensor) -> Tensor:
        """``functional.feature_alpha_dropout(input, p, training)``."""
        return F.feature_alpha_dropout(input, self.p, self.training)
