"""``torch.backends``, so that programs can ask what is there, and set what only matters elsewhere."""

from __future__ import annotations

from typing import Any

from .naming import absent


class _Backend:
    """A part of PyTorch that is not here: ``is_available()`` is False; its settings are kept and change nothing."""

    def __init__(self, name: str, **settings: Any) -> None:
        self.__name__ = f"torch.backends.{name}"
        vars(self).update(settings)

    def is_available(self) -> bool:
        """False."""
        return False

    def is_built(self) -> bool:
        """False."""
        return False

    def __repr__(self) -> str:
        return f"<{self.__name__}, not available>"


class _Cudnn(_Backend):
    def version(self) -> None:
        """None: there is no cuDNN."""


class _Precision(_Backend):
    def __init__(self, name: str) -> None:
        super().__init__(name, allow_tf32=False, fp32_precision="none")


cudnn = _Cudnn("cudnn", enabled=True, benchmark=False, deterministic=False, allow_tf32=True)
cuda = _Backend("cuda", matmul=_Precision("cuda.matmul"))
mps, mkl, mkldnn, openmp = (_Backend(name) for name in ("mps", "mkl", "mkldnn", "openmp"))
__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]

__getattr__ = absent.lookup("torch.backends", lambda: __all__)
