"""``torch.linalg``: norms, determinants, inverses, linear systems, decompositions."""

from __future__ import annotations

from typing import Any

from ..calls.arrange import diagonal as _diagonal
from ..calls.linalg import matmul as matmul
from ..calls.products import linalg_cross as _cross
from ..naming import absent
from ..ops.matrix_errors import LinAlgError as LinAlgError
from ..tensor import Tensor
from .factors import eig, eigh, eigvals, eigvalsh, householder_product, lstsq, matrix_exp, pinv, qr, svd, svdvals
from .norms import cond, matrix_norm, matrix_power, matrix_rank, multi_dot, norm, vander, vecdot, vector_norm
from .seen import seen
from .systems import (
    cholesky,
    cholesky_ex,
    det,
    inv,
    inv_ex,
    ldl_factor,
    ldl_factor_ex,
    ldl_solve,
    lu,
    lu_factor,
    lu_factor_ex,
    lu_solve,
    slogdet,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
)

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
    "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex", "ldl_solve", "lstsq", "lu", "lu_factor",
    "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot",
    "norm", "pinv", "qr", "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv",
    "tensorsolve", "vander", "vecdot", "vector_norm",
]  # fmt: skip


@seen
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three along ``dim``."""
    return _cross(input, other, dim=dim)


@seen
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices: a view."""
    return _diagonal(A, offset, dim1, dim2)


__getattr__: Any = absent.lookup("torch.linalg", lambda: __all__)
