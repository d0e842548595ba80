"""QR, eigenvalues, singular values, pseudo-inverses, least squares, exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls.products import broadcast_shapes_or_error
from ..mode import followed
from ..ops import factors as rows
from ..ops import orthogonal
from ..ops.matrix_errors import not_floating, not_matrix, not_square, title
from ..tensor import Tensor, wrap
from .seen import named, seen


# ------------------------------------------------ QR
@seen
def qr(A: Tensor, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and upper triangular R; ``mode``: "reduced", "complete", or "r" for R alone."""
    not_matrix("linalg.qr", A)
    not_floating("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    return named("linalg_qr", orthogonal.qr(A, mode))


@seen
def householder_product(A: Tensor, tau: Tensor) -> Tensor:
    """The first columns of the product of the reflections ``1 - tauᵢ vᵢ vᵢᴴ``; vᵢ below the diagonal of ``A``."""
    name = "torch.linalg.householder_product"
    if A._d.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if A._d.shape[-2] < A._d.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if A._d.shape[-1] < tau._d.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if A._d.ndim - tau._d.ndim != 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau._d.ndim} and "
            f"input.ndim is equal to {A._d.ndim}"
        )
    if A._d.shape[:-2] != tau._d.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(tau._d.shape[:-1])}"
        )
    if A._d.dtype is not tau._d.dtype:
        raise RuntimeError(f"{name}: tau dtype {title(tau)} does not match input dtype {title(A)}")
    if not A._d.size or not tau._d.size:
        A, tau = A.detach(), tau.detach()  # as in PyTorch their gradients are undefined
    return orthogonal.householder_product(A, tau)


# ------------------------------------------------ eigenvalues
def _hermitian(A: Tensor, name: str, UPLO: str) -> str:
    not_square(name, A)
    not_floating(name, A)
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper()


@seen
def eigh(A: Tensor, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix, of which the triangle ``UPLO`` is read."""
    return named("linalg_eigh", rows.eigh(A, _hermitian(A, "linalg.eigh", UPLO)))


@seen
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a Hermitian matrix, ascending."""
    side = _hermitian(A, "linalg.eigh", UPLO)
    return rows.eigh(A, side)[0] if followed(A) else wrap(np.linalg.eigvalsh(A._d, side))  # type: ignore[call-overload]


def _finite(A: Tensor, name: str) -> None:
    not_square(name, A)
    not_floating(name, A)
    if not np.isfinite(A._d).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")


@seen
def eig(A: Tensor) -> Any:
    """Eigenvalues and eigenvectors of a square matrix: complex, also of a real one."""
    _finite(A, "linalg.eig")
    return named("linalg_eig", rows.eig(A))


@seen
def eigvals(A: Tensor) -> Tensor:
    """The eigenvalues of a square matrix: complex, also of a real one."""
    _finite(A, "linalg.eigvals")
    return rows.eig(A)[0]


# ------------------------------------------------ singular values
@seen
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """U, S and Vh with ``A = U diag(S) Vh``; ``full_matrices``: U and Vh square."""
    _any_matrix(A, "linalg.svd", driver)
    return named("linalg_svd", rows.svd(A, full_matrices))


def _any_matrix(A: Tensor, name: str, driver: str | None) -> None:
    not_matrix(name, A)
    not_floating(name, A)
    if driver is not None:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
        )


@seen
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values, descending."""
    _any_matrix(A, "linalg.svd", driver)
    return rows.svd(A, False)[1] if followed(A) else wrap(np.linalg.svd(A._d, compute_uv=False))


@seen
def pinv(A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """The pseudo-inverse; singular values up to ``max(atol, rtol · the largest)`` count as zeros."""
    from .norms import tolerances

    if A._d.ndim < 2 or A._d.dtype.kind not in "fc":
        raise RuntimeError(
            f"linalg.pinv({title(A)}{{{list(A._d.shape)}}}): expected a tensor with 2 or more dimensions of float, "
            "double, cfloat or cdouble types"
        )
    if hermitian:
        not_square("linalg.pinv", A)
    absolute, relative = tolerances("linalg.pinv", A, atol, rcond if rcond is not None else rtol)
    return rows.pinv(A, absolute, relative, hermitian)


@seen
def matrix_exp(A: Tensor) -> Tensor:
    """``e^A = Σ Aⁿ / n!`` of square matrices."""
    not_square("linalg.matrix_exp", A)
    not_floating("linalg.matrix_exp", A)
    return rows.matrix_exp(A)


# ------------------------------------------------ least squares
@seen
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """The X for which ``‖A X - B‖`` is smallest, what is left over, ranks, singular values.

    Shapes: A (..., m, n), B (..., m, k) or (..., m). driver: LAPACK's, "gelsy" unless given.
    """
    name = "torch.linalg.lstsq"
    not_floating(name, A)
    if A._d.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if B._d.ndim < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if A._d.dtype is not B._d.dtype:
        raise RuntimeError(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype {title(A)} and other's "
            f"dtype {title(B)}"
        )
    if not 0 <= A._d.ndim - B._d.ndim <= 1:
        raise RuntimeError(
            f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1"
        )
    vector = A._d.ndim - 1 == B._d.ndim and A._d.shape[:-1] == B._d.shape
    if A._d.shape[-2] != B._d.shape[-1 if vector else -2]:
        side = "other.size(-1)" if vector else "other.size(-2)"
        raise RuntimeError(f"{name}: input.size(-2) should match {side}")
    if not vector:
        broadcast_shapes_or_error(A._d.shape[:-2], B._d.shape[:-2])
    if driver is not None and driver not in ("gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    cutoff = np.finfo(A._d.real.dtype).eps * max(A._d.shape[-2:]) if rcond is None else rcond
    out, residuals, rank = rows.lstsq(A, B, float(cutoff), driver or "gelsy", vector)
    with_values = driver in ("gelsd", "gelss")
    values = np.linalg.svd(A._d, compute_uv=False) if with_values else np.zeros(0, A._d.real.dtype)
    return named("linalg_lstsq", (out, residuals, rank, wrap(values)))
