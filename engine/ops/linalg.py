"""Products of matrices and vectors, diagonals, and what solves linear systems."""

import builtins

import numpy as np

from ..kernel import rule
from ..op import op, view
from .linalg_errors import (
    different_addmm,
    different_bmm,
    different_dot,
    different_mm,
    different_mv,
    not_solvable,
    singular,
)


# ------------------------------------------------ products
@op(
    x=lambda g, mat2: mm(g, t(mat2)),
    mat2=lambda g, x: mm(t(x), g),
    jvp="multilinear",
    refuse=different_mm,
)
def mm(x, mat2):
    """The product of two matrices."""
    return x.dot(mat2)


@op(
    x=lambda g, vec: outer_product(g, vec),
    vec=lambda g, x: mv(t(x), g),
    jvp="multilinear",
    refuse=different_mv,
)
def mv(x, vec):
    """The product of a matrix and a vector."""
    return x.dot(vec)


@op(x=lambda g, tensor: g * tensor, tensor=lambda g, x: g * x, jvp="multilinear", refuse=different_dot)
def dot(x, tensor):
    """The inner product of two vectors."""
    return x.dot(tensor)


@op(x=lambda g, tensor: conj(g) * tensor, tensor=lambda g, x: g * x, jvp="multilinear", refuse=different_dot,
    holomorphic=False)  # fmt: skip
def vdot(x, tensor):
    """The inner product of two vectors, the first of them conjugated."""
    return np.vdot(x, tensor)


@op(
    x=lambda g, mat2: bmm(g, transpose(mat2, 1, 2)),
    mat2=lambda g, x: bmm(transpose(x, 1, 2), g),
    jvp="multilinear",
    refuse=different_bmm,
)
def bmm(x, mat2):
    """The products of the matrices in two batches, pair by pair."""
    return np.matmul(x, mat2)


@op(
    x=lambda g, x_shape, beta: sum_to(scaled(g, beta), x_shape),
    mat1=lambda g, mat2, alpha: scaled(mm(g, t(mat2)), alpha),
    mat2=lambda g, mat1, alpha: scaled(mm(t(mat1), g), alpha),
    jvp=lambda x, d1, d2, mat1, mat2, beta, alpha: scaled(x, beta) + scaled(mm(d1, mat2) + mm(mat1, d2), alpha),
    refuse=different_addmm,
)
def addmm(x, mat1, mat2, beta=1, alpha=1):
    """``beta · x + alpha · mat1 @ mat2``; ``x`` broadcasts."""
    out = mat1.dot(mat2)
    if alpha != 1:
        out *= alpha
    out += x if beta == 1 else x * beta
    return out


@rule
def scaled(x, factor):
    """``factor · x``."""
    return x if factor == 1 else x * factor


@rule
def outer_product(x, y):
    """``out[i, j] = x[i] · y[j]``."""
    return reshape(x, (x.shape[0], 1)) * y


@view(x=lambda g, x_shape: reshape(g, x_shape), node="SqueezeBackward4", called="squeeze_")
def drop_dim(x, dim):
    """``x`` without its dimension ``dim``, of size 1."""
    return x.squeeze(dim)


# ------------------------------------------------ diagonals
@op(x=lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2), jvp="linear")
def diag_embed(x, offset=0, dim1=-2, dim2=-1):
    """Matrices in ``dim1`` and ``dim2`` with the last dimension of ``x`` on their diagonal, zeros elsewhere."""
    n, shape = x.shape[-1] + builtins.abs(offset), list(x.shape[:-1])
    for d in sorted((dim1 % (x.ndim + 1), dim2 % (x.ndim + 1))):
        shape.insert(d, n)
    return diagonal_back(x, tuple(shape), offset, dim1, dim2)


@op(
    x=lambda g, x_shape, offset, dim1, dim2: diagonal_back(g, x_shape, offset, dim1, dim2),
    node="DiagonalBackward0_copy",
    jvp="linear",
    called="diag",
)
def diagonal_copy(x, offset=0, dim1=0, dim2=1):
    """The diagonal of two dimensions, as the last dimension, copied."""
    return np.array(np.diagonal(x, offset, dim1, dim2))


@op(x=lambda g, x_shape: diagonal_back(expand_to(g, (builtins.min(x_shape),)), x_shape, 0, 0, 1), jvp="linear")
def trace(x):
    """The sum of the main diagonal of a matrix."""
    return np.add.reduce(np.diagonal(x), None, np.int64 if x.dtype.kind in "biu" else None)


# ------------------------------------------------ solving
@op(
    x=lambda g, out: -product(product(turned(out), g), turned(out)),
    node="LinalgInvExBackward0",
    called="linalg_inv",
    jvp=lambda d, out: -product(product(out, d), out),
    diagnose=singular,
)
def inv(x):
    """The inverse of a square matrix, or of each in a batch."""
    return np.linalg.inv(x)


@op(
    x=lambda g, x, out: cofactors(x, out) * reshape(g, (*g.shape, 1, 1)),
    node="LinalgDetBackward0",
    called="linalg_det",
    jvp=lambda d, x, out: sum(cofactors(x, out) * d, (-2, -1)),
    diagnose=lambda x: not_solvable("linalg.det", x),
)
def det(x):
    """The determinant of a square matrix, or of each in a batch."""
    return np.linalg.det(x)


@rule
def cofactors(x, out):
    """The derivative of a determinant: ``det(x) · x⁻ᵀ``; of a singular matrix, minor by minor."""
    if (out != 0).all():
        return reshape(out, (*out.shape, 1, 1)) * turned(inv(x))
    return minors(x)


@op(x=lambda g, x: minors_slope(g, x), node="LinalgDetBackward0", jvp=lambda d, x: minors_slope(d, x))
def minors(x):
    """The cofactor matrix of a square matrix: ``out[i, j] = (-1)^(i+j)`` · det of ``x`` without row i and column j."""
    n = x.shape[-1]
    out = np.empty(x.shape, x.dtype)
    for i in range(n):
        for j in range(n):
            left = np.delete(np.delete(x, i, -2), j, -1)
            out[..., i, j] = (-1) ** (i + j) * (np.linalg.det(left) if n > 1 else 1)
    return out


@rule
def minors_slope(g, x):
    """The derivative of ``minors`` along ``g``, and against it: its Jacobian is symmetric."""
    n = x.shape[-1]
    if n == 1:
        return zeros_as(x)
    sent = zeros_as(x)  # <g, cofactors> is Σ_i det of x with row i replaced by that of g
    for i in range(n):
        row = np.eye(n, dtype=bool)[i].reshape(n, 1)
        replaced = where(row, row_at(g, i), x)
        sent = sent + where(row, 0.0, minors(replaced))
    return sent


@rule
def row_at(g, i):
    """Row i of each matrix, as a matrix of one row."""
    return sum(where(np.eye(g.shape[-1], dtype=bool)[i].reshape(-1, 1), g, 0.0), -2, True)


@op(
    x=lambda g, x, out, vector: -solved_outer(solve(turned(x), g, vector), out, vector),
    y=lambda g, x, vector: solve(turned(x), g, vector),
    node="LinalgSolveExBackward0",
    called="linalg_solve",
    jvp=lambda d, e, x, out, vector: solve(x, e - (product_v(d, out) if vector else product(d, out)), vector),
    diagnose=lambda x, y, vector: not_solvable("linalg.solve", x, y),
)
def solve(x, y, vector):
    """The ``out`` with ``x @ out = y``; ``vector``: whether ``y`` holds vectors and not matrices."""
    return np.linalg.solve(x, y[..., None])[..., 0] if vector else np.linalg.solve(x, y)


@rule
def solved_outer(g, out, vector):
    """``g outᵀ``."""
    if not vector:
        return product(g, turned(out))
    return reshape(g, (*g.shape, 1)) * reshape(out, (*out.shape[:-1], 1, out.shape[-1]))


@rule
def product_v(x, y):
    """A matrix times a vector, each in a batch."""
    return sum(x * reshape(y, (*y.shape[:-1], 1, y.shape[-1])), -1)


@rule
def product(x, y):
    """The product of two matrices, or of two batches of the same shape."""
    if len(x.shape) == 2:
        return mm(x, y)
    n = math.prod(x.shape[:-2])
    made = bmm(reshape(x, (n, *x.shape[-2:])), reshape(y, (n, *y.shape[-2:])))
    return reshape(made, (*x.shape[:-1], y.shape[-1]))


@rule
def turned(x):
    """The transpose of the last two dimensions."""
    return transpose(x, -2, -1)
