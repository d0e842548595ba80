"""Decompositions and systems under ``torch``'s own names; ``engine/linalg/`` has those of ``torch.linalg``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import linalg
from ..linalg.seen import named
from ..mode import overridable
from ..ops import cholesky as cholesky_rows
from ..ops import lu as lu_rows
from ..ops import orthogonal
from ..ops import systems as rows
from ..ops.matrix_errors import not_floating, not_positive, not_square, title
from ..ops.shape import expand_to, transpose
from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .linalg import matmul
from .products import broadcast_shapes_or_error


# ------------------------------------------------ determinants, inverses
@overridable
def det(input: Tensor) -> Tensor:
    """The determinant of a square matrix, or of each in a batch."""
    return linalg.det(input)


@overridable
def inverse(input: Tensor) -> Tensor:
    """The inverse of a square matrix, or of each in a batch."""
    return linalg.inv(input)


@overridable
def slogdet(input: Tensor) -> Any:
    """The sign of the determinant and the logarithm of its absolute value."""
    return named("slogdet", linalg.slogdet(input))


@overridable
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; NaN where that is negative."""
    not_square("linalg.slogdet", input)
    not_floating("linalg.slogdet", input)
    sign, logarithm = rows.slogdet(input)
    if input._d.dtype.kind == "c":
        return PUBLIC["add"](PUBLIC["log"](sign), logarithm)
    return PUBLIC["where"](wrap(np.asarray(sign._d == -1)), float("nan"), logarithm)


@overridable
def matrix_exp(input: Tensor) -> Tensor:
    """``e^A`` of square matrices."""
    return linalg.matrix_exp(input)


@overridable
def matrix_power(input: Tensor, n: int) -> Tensor:
    """``A @ A @ ... @ A``, n times; of the inverse for a negative n."""
    return linalg.matrix_power(input, n)


@overridable
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse."""
    return linalg.pinv(input, rcond)


@overridable
def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of several matrices, in the order that takes fewest multiplications."""
    return matrices[0] if len(matrices) == 1 else linalg.multi_dot(matrices)


# ------------------------------------------------ Cholesky
@overridable
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """Lower triangular L with ``A = L Lᴴ``, or upper triangular U with ``A = Uᴴ U``."""
    if not input._d.size:
        return linalg.cholesky(input, upper=upper)
    not_square("cholesky", input)
    not_floating("cholesky", input)
    out, info = cholesky_rows.cholesky(input, upper)
    not_positive("cholesky", info._d)
    return out


@overridable
def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky decomposition is ``L``."""
    not_square("cholesky_inverse", L)
    return cholesky_rows.cholesky_inverse(L, upper)


@overridable
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """The X with ``A X = B``, from the Cholesky decomposition ``L`` of A."""
    for name, x in (("b", B), ("u", L)):
        if x._d.ndim < 2:
            raise RuntimeError(f"{name} should have at least 2 dimensions, but has {x._d.ndim} dimensions instead")
    _fits("cholesky_solve", B, L)
    return cholesky_rows.cholesky_solve(B, L, upper)


def _fits(name: str, B: Tensor, A: Tensor) -> None:
    if A._d.shape[-1] != A._d.shape[-2]:
        raise RuntimeError(
            f"A must be batches of square matrices, but they are {A._d.shape[-2]} by {A._d.shape[-1]} matrices"
        )
    if A._d.shape[-1] != B._d.shape[-2]:
        n, m = A._d.shape[-2:]
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {n} by {m} but each b matrix is "
            f"{B._d.shape[-2]} by {B._d.shape[-1]}"
        )
    broadcast_shapes_or_error(A._d.shape[:-2], B._d.shape[:-2])


# ------------------------------------------------ LU, triangular systems
@overridable
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """LU in one matrix, pivots, and with ``get_infos`` the numbers of pivots that are zero."""
    result = linalg.lu_factor_ex(A, pivot=pivot, check_errors=not get_infos)
    return tuple(result) if get_infos else tuple(result[:2])


@overridable
def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """P, L and U of what ``lu_factor`` made; empty ones for what is not to be unpacked."""
    if unpack_pivots and LU_pivots._d.dtype.name != "int32":
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\nNote: this "
            "function is intended to be used with the output produced by torch.linalg.lu_factor"
        )
    if unpack_pivots and not LU_pivots._d.flags.c_contiguous:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\nNote: this "
            "function is intended to be used with the output produced by torch.linalg.lu_factor"
        )
    nothing = wrap(np.zeros(0, LU_data._d.dtype))
    p = PUBLIC["permuted"](LU_pivots, LU_data) if unpack_pivots else nothing
    lower, upper = lu_rows.lu_unpack(LU_data) if unpack_data else (nothing, nothing)
    return named("lu_unpack", (p, lower, upper))


@overridable
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """The X with ``A X = b``, from what ``lu_factor`` made of A."""
    return linalg.lu_solve(LU_data, LU_pivots, b)


@overridable
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """The X with ``A X = b`` for a triangular A, and a copy of A."""
    for name, x in (("b", b), ("A", A)):
        if x._d.ndim < 2:
            raise RuntimeError(
                f"torch.triangular_solve: Expected {name} to have at least 2 dimensions, but it has {x._d.ndim} "
                "dimensions instead"
            )
    _fits("triangular_solve", b, A)
    batch = broadcast_shapes_or_error(A._d.shape[:-2], b._d.shape[:-2])
    A, b = (x if x._d.shape[:-2] == batch else expand_to(x, (*batch, *x._d.shape[-2:])) for x in (A, b))
    return named("triangular_solve", rows.triangular_solve(b, A, upper, transpose, unitriangular))


# ------------------------------------------------ orthogonal factors
@overridable
def qr(input: Tensor, some: bool = True) -> Any:
    """Q with orthonormal columns and upper triangular R; Q square unless ``some``."""
    return named("qr", linalg.qr(input, "reduced" if some else "complete"))


@overridable
def geqrf(input: Tensor) -> Any:
    """R and the reflections of a QR decomposition in one matrix, and their ``tau``."""
    if input._d.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    return named("geqrf", orthogonal.geqrf(input))


@overridable
def orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """``linalg.householder_product``."""
    return linalg.householder_product(input, tau)


@overridable
def ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """``other`` times the product Q of the reflections in ``input``, or times its conjugate transpose."""
    a, c = input._d, other._d
    if a.ndim < 2:
        raise RuntimeError("torch.ormqr: input must have at least 2 dimensions.")
    if c.ndim < 2:
        raise RuntimeError("torch.ormqr: other must have at least 2 dimensions.")
    side = "-2" if left else "-1"
    n = c.shape[-2 if left else -1]
    if n < tau._d.shape[-1]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if n != a.shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if tau._d.shape[-1] != min(n, a.shape[-1]):
        raise RuntimeError(f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    if a.ndim - tau._d.ndim != 1:
        raise RuntimeError(
            "torch.ormqr: Expected tau to have one dimension less than input, but got tau.ndim equal to "
            f"{tau._d.ndim} and input.ndim is equal to {a.ndim}"
        )
    if a.ndim != c.ndim:
        raise RuntimeError(
            "torch.ormqr: Expected other to have the same number of dimensions as input, but got other.ndim equal to "
            f"{c.ndim} and input.ndim is equal to {a.ndim}"
        )
    if a.shape[:-2] != tau._d.shape[:-1]:
        raise RuntimeError(
            "torch.ormqr: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(tau._d.shape[:-1])}"
        )
    if a.shape[:-2] != c.shape[:-2]:
        raise RuntimeError(
            "torch.ormqr: Expected batch dimensions of other to be equal to input.shape[:-2], but got "
            f"{list(c.shape[:-2])}"
        )
    for name, x in (("tau", tau), ("other", other)):
        if x._d.dtype is not a.dtype:
            raise RuntimeError(
                f"torch.ormqr: Expected input and {name} to have the same dtype, but input has dtype {title(input)} "
                f"and {name} has dtype {title(x)}"
            )
    if not a.size or not tau._d.size:
        input, tau = input.detach(), tau.detach()  # as in PyTorch their gradients are undefined
    return orthogonal.ormqr(input, tau, other, left, transpose)


@overridable
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """U, S and V with ``A = U diag(S) Vᴴ``; U and V square unless ``some``; zeros for them without ``compute_uv``."""
    if input._d.ndim < 2:
        raise RuntimeError("linalg.svd: The input tensor A must have at least 2 dimensions.")
    if not compute_uv:
        m, n = input._d.shape[-2:]
        u, v = (wrap(np.zeros((*input._d.shape[:-2], k, k), input._d.dtype)) for k in (m, n))
        return named("svd", (u, linalg.svdvals(input), v))
    u, s, vh = linalg.svd(input, not some)
    v = transpose(vh, vh._d.ndim - 2, vh._d.ndim - 1)
    return named("svd", (u, s, PUBLIC["conj"](v) if v._d.dtype.kind == "c" else v))


@overridable
def svd_lowrank(A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None) -> Any:
    """U, S and V of about the ``q`` largest singular values, by a random subspace.

    Source: torch._lowrank, which follows Halko et al., 2009.
    """
    q, niter = 6 if q is None else q, 2 if niter is None else niter
    m, n = A._d.shape[-2:]
    if M is not None:
        A = A - PUBLIC["expand_to"](M, A._d.shape)
    if m < n:
        A = _adjoint(A)
    Q = _range_of(A, q, niter)
    u, s, vh = linalg.svd(matmul(_adjoint(Q), A), full_matrices=False)
    v, u = _adjoint(vh), matmul(Q, u)
    return (v, s, u) if m < n else (u, s, v)


def _adjoint(x: Tensor) -> Tensor:
    out = transpose(x, x._d.ndim - 2, x._d.ndim - 1)
    return PUBLIC["conj"](out) if out._d.dtype.kind == "c" else out


def _range_of(A: Tensor, q: int, niter: int) -> Tensor:
    from .sampling import randn

    R = randn(A._d.shape[-1], q, dtype=A.dtype)
    Q = linalg.qr(matmul(A, R)).Q
    for _ in range(niter):
        Q = linalg.qr(matmul(_adjoint(A), Q)).Q
        Q = linalg.qr(matmul(A, Q)).Q
    return Q


@overridable
def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """The principal components of the rows of ``A``: ``svd_lowrank`` after subtracting the mean.

    Source: torch._lowrank.
    """
    m, n = A._d.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if not center:
        return svd_lowrank(A, q, niter=niter)
    mean = PUBLIC["mean"](A, (A._d.ndim - 2,), True)
    return svd_lowrank(A - mean, q, niter=niter)


# ------------------------------------------------ the rest
@overridable
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Columns of powers, falling unless ``increasing``."""
    if x._d.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = x._d.size if N is None else N
    d = x._d.dtype if x._d.dtype.kind in "fc" else np.dtype(np.int64)
    if n <= 1:
        return wrap(np.ones((x._d.size, max(n, 0)), d))
    wide = PUBLIC["expand_to"](PUBLIC["unsqueeze"](x, 1), (x._d.size, n - 1))
    out = PUBLIC["cat"]([wrap(np.ones((x._d.size, 1), d)), PUBLIC["cumprod"](wide, 1)], 1)
    return out if increasing else PUBLIC["flip"](out, (1,))


@overridable
def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """The sum of the singular values."""
    return linalg.matrix_norm(input, "nuc", dim, keepdim)


FUNCTIONS: dict[str, Any] = {
    "det": det, "inverse": inverse, "slogdet": slogdet, "logdet": logdet, "matrix_exp": matrix_exp,
    "matrix_power": matrix_power, "pinverse": pinverse, "chain_matmul": chain_matmul, "cholesky": cholesky,
    "cholesky_inverse": cholesky_inverse, "cholesky_solve": cholesky_solve, "lu": lu, "lu_unpack": lu_unpack,
    "lu_solve": lu_solve, "triangular_solve": triangular_solve, "qr": qr, "geqrf": geqrf, "orgqr": orgqr,
    "ormqr": ormqr, "svd": svd, "svd_lowrank": svd_lowrank, "pca_lowrank": pca_lowrank, "vander": vander,
    "nuclear_norm": nuclear_norm,
}  # fmt: skip
_no_methods = ("chain_matmul", "svd_lowrank", "pca_lowrank", "vander", "nuclear_norm", "lu_unpack")
METHODS = {name: f for name, f in FUNCTIONS.items() if name not in _no_methods}
IN_PLACE: dict[str, Any] = {}
