"""``torch.linalg``, and ``torch``'s own share of it, against torch: values, gradients twice, graphs, names, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine

from .against import agree, cases

DRAW = np.random.default_rng(6)


def _draw(*shape: int) -> np.ndarray[Any, Any]:
    return DRAW.standard_normal(shape)


SQUARE, COMPLEX = _draw(3, 3) + 2 * np.eye(3), _draw(3, 3) + 1j * _draw(3, 3) + 2 * np.eye(3)
ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "s": SQUARE, "c": COMPLEX, "p": SQUARE @ SQUARE.T + np.eye(3), "h": COMPLEX @ COMPLEX.conj().T + np.eye(3),
    "x": _draw(4, 3), "w": _draw(2, 3), "v": _draw(3), "u": _draw(3), "y": _draw(3, 2),
    "b": _draw(2, 3, 3) + 2 * np.eye(3),
    "o": np.array([[1.0, 2.0], [2.0, 4.0]]), "i": np.arange(9).reshape(3, 3), "t": _draw(2), "q": _draw(4, 2),
}  # fmt: skip
SYSTEMS = """
L.inv(s) ; L.inv(b) ; L.inv(c) ; L.inv_ex(s).inverse ; T.inverse(s) ; s.inverse() ; L.det(s) ; L.det(b)
L.det(c) ; T.det(o) ; s.det()
L.slogdet(s)[1] ; L.slogdet(c)[1] ; L.slogdet(c)[0] ; T.slogdet(b)[1] ; T.logdet(p) ; T.logdet(-s) ; s.logdet()
T.logdet(c)
L.solve(s, y) ; L.solve(s, v) ; L.solve(b, y) ; L.solve(b, b) ; L.solve(s, y.mT, left=False)
L.solve(c, c[:, :2]) ; L.solve_ex(s, y)[0]
L.solve_triangular(s, y, upper=True) ; L.solve_triangular(s, y.mT, upper=False, left=False, unitriangular=True)
L.solve_triangular(c, c, upper=True) ; T.triangular_solve(y, s)[0] ; T.triangular_solve(y, s, False, True, True)[0]
L.tensorsolve(s, v)
L.cholesky(p) ; L.cholesky(h) ; L.cholesky(p, upper=True) ; L.cholesky_ex(p)[0] ; T.cholesky(p) ; p.cholesky(True)
T.cholesky_inverse(L.cholesky(p)) ; T.cholesky_solve(y, L.cholesky(p))
T.cholesky_solve(y, L.cholesky(p, upper=True), True)
L.lu(s)[1] ; L.lu(x)[2] ; L.lu(w)[1] ; L.lu(c)[2] ; L.lu_factor(s)[0] ; L.lu_factor_ex(x)[0] ; T.lu(s)[0]
T.lu_unpack(*L.lu_factor(s))[2]
L.lu_solve(*L.lu_factor(s), y) ; L.lu_solve(*L.lu_factor(c), c, adjoint=True)
L.lu_solve(*L.lu_factor(s), y.mT, left=False)
T.lu_solve(y, *L.lu_factor(s))
"""
FACTORS = """
L.qr(x)[0] ; L.qr(x)[1] ; L.qr(w)[1] ; L.qr(s, 'complete')[0] ; T.qr(x)[1] ; L.qr(c)[1]
L.householder_product(x, v * 0.5) ; T.orgqr(x, v)
T.ormqr(x, v, q) ; T.ormqr(x, v, q.mT, False, True)
L.svd(x)[1] ; L.svd(c).S ; T.svd(x)[1] ; L.svdvals(b) ; L.eigh(p)[0] ; L.eigh(h)[0] ; L.eigvalsh(p, 'U')
L.eig(s)[0] ; L.eigvals(c)
L.svd(x, False)[0].abs() ; L.svd(w)[2][:2].abs() ; L.eigh(p)[1].abs() ; L.eig(s)[1].abs() ; T.svd(x)[2].abs()
L.pinv(x) ; L.pinv(w) ; L.pinv(p, hermitian=True) ; T.pinverse(x) ; T.matrix_exp(s) ; L.matrix_exp(c) ; s.matrix_exp()
L.lstsq(x, q)[0] ; L.lstsq(w, t)[0] ; L.lstsq(x, q, driver='gelsd')[1] ; L.lstsq(x, q, driver='gels').solution
"""
NORMS = """
L.norm(s) ; L.norm(s, 'nuc') ; L.norm(s, 2) ; L.norm(s, -2) ; L.norm(s, 1) ; L.norm(s, -inf) ; L.norm(v, 3)
L.norm(b, 2, (0, 2))
L.matrix_norm(b) ; L.matrix_norm(b, 'nuc', keepdim=True) ; L.matrix_norm(b, 2, (1, 0)) ; L.matrix_norm(s, -1)
L.matrix_norm(c, 'nuc')
T.norm(s, 'nuc') ; T.norm(s, 'fro') ; L.vector_norm(c, 2, 0) ; L.vector_norm(v, 0) ; L.cond(s) ; L.cond(s, -2)
L.matrix_power(s, 3) ; L.matrix_power(s, -2) ; L.matrix_power(s, 0) ; L.matrix_power(s, 1) ; T.matrix_power(s, 5)
L.matrix_power(s, -1)
L.multi_dot([v, s, y]) ; L.multi_dot([x, s, y]) ; L.multi_dot([w, s, s, y]) ; T.chain_matmul(x, s, y)
L.matmul(s, y) ; L.diagonal(b)
L.vander(v) ; L.vander(v, N=5) ; L.cross(v, u) ; L.cross(w, v.view(1, 3)) ; T.cross(w, w * 2) ; L.vecdot(v, u)
L.vecdot(c, c[0]) ; L.vecdot(w, v)
"""
PRODUCTS = """
T.addmv(t, w, v) ; T.addmv(t, w, v, beta=2, alpha=0.5) ; T.addr(s, v, u) ; T.addr(v, v, u, beta=0.5)
T.baddbmm(b, b, b) ; T.baddbmm(s, b, b, alpha=2)
T.addbmm(s, b, b) ; T.addbmm(s, b, b, beta=0) ; T.kron(x, w) ; T.kron(v, w) ; T.inner(x, w) ; T.inner(v, u)
T.tensordot(x, s, 1)
T.tensordot(x, w, ([1], [1])) ; T.tensordot(b, s, ([1, 2], [0, 1]))
T.cdist(x, T.cat([w] * 15)) ; T.outer(v, t) ; s @ v ; v @ s ; x @ b ; b @ b ; b @ s ; b @ v
T.einsum('ij,jk->ik', x, s) ; T.einsum('ii->i', s) ; T.einsum('ii', s) ; T.einsum('i,j->ij', v, u)
T.einsum('ij->ji', x) ; T.einsum('ij,kj->ik', x, w)
T.einsum('ij,j->i', x, v) ; T.einsum('ij,jk,kl->il', x, s, y) ; T.einsum('bii->b', b)
T.einsum('...ij,...jk->...ik', b, s) ; T.einsum('i,ij,j->', v, s, u)
T.einsum(x, [0, 1], s, [1, 2], [0, 2]) ; T.einsum(x, [0, ...]) ; T.einsum('ij,jk->ik', c, c)
"""
DISTANCES = """
T.cdist(x, w) ; T.cdist(x, w, p=1) ; T.cdist(x, w, p=3) ; T.cdist(x, w, p=1.5) ; T.cdist(x, w, p=inf) ; T.cdist(b, w)
"""
PLAIN = """
L.matrix_rank(o) ; L.matrix_rank(x) ; L.matrix_rank(p, hermitian=True) ; L.matrix_rank(x, tol=100.0)
L.matrix_rank(b, atol=0.1)
L.lu_factor(s)[1] ; L.lu_factor_ex(s)[2] ; L.cholesky_ex(s - 9)[1]
L.inv_ex(T.zeros(2, 2))[1]
L.lstsq(x, q, driver='gelsd')[2] ; L.lstsq(x, q, driver='gelss')[3] ; L.solve_ex(o, o)[1]
L.eigvals(T.eye(2)) ; L.cond(T.zeros(0, 0))
L.norm(T.zeros(0, 3), 1) ; L.inv(T.zeros(0, 0)) ; L.det(T.zeros(0, 0)) ; L.svdvals(T.zeros(3, 0))
T.vander(v.detach()) ; T.vander(v.detach(), 2, True) ; T.geqrf(x.detach())[1]
L.ldl_solve(*L.ldl_factor(p.detach()), y.detach())
"""
ERRORS = """
L.inv(x) ; L.inv(v) ; L.inv(i) ; L.inv(T.zeros(2, 2)) ; L.inv(T.zeros(2, 3, 3)) ; L.det(x) ; L.det(i)
L.slogdet(v) ; L.solve(s, x) ; L.solve(i, i)
L.solve(s, y.float()) ; L.solve(o, o) ; L.solve(s, v, left=False) ; L.solve(x, y)
L.solve_triangular(s, x, upper=True) ; L.cholesky(-p)
L.cholesky(x) ; T.cholesky(-p) ; L.cholesky_ex(-p, check_errors=True)
L.inv_ex(T.zeros(2, 2), check_errors=True) ; L.lu_factor(T.zeros(2, 2))
L.lu(s, pivot=False) ; L.lu_solve(*L.lu_factor(s), x) ; L.qr(x, 'no') ; L.qr(v)
L.qr(x, 'r')[1].sum().backward() ; L.eigh(x) ; L.eigh(p, 'X')
L.eig(T.full((2, 2), nan)) ; L.svd(v) ; L.pinv(v) ; L.lstsq(x, y) ; L.lstsq(x, q, driver='no') ; L.lstsq(v, v)
L.matrix_norm(v) ; L.matrix_norm(s, 7)
L.matrix_norm(s, 'no') ; L.matrix_norm(s, dim=(0, 0)) ; L.norm(b, 2) ; L.cond(x, 1) ; L.cond(s, 'no')
L.vector_norm(i) ; L.matrix_power(x, 2)
L.multi_dot([x]) ; L.multi_dot([x, b, s]) ; L.multi_dot([b, s]) ; L.multi_dot([x, x, s]) ; L.vander(v, N=1)
L.cross(v, t) ; L.cross(t, t) ; L.cross(v, w)
T.cross(t, t) ; L.tensorinv(x, 0) ; L.tensorinv(x, 1) ; L.tensorsolve(x, v) ; L.householder_product(w, v)
L.householder_product(x, q) ; T.vander(x)
T.addmv(t, w, t) ; T.addmv(t, v, v) ; T.addmv(t, w, v.float()) ; T.addr(s, v, t) ; T.addr(s, s, v)
T.addbmm(s, s, b)
T.cdist(x, q) ; T.cdist(x, v) ; T.cdist(x, x, p=-1) ; T.cdist(i, i) ; T.cdist(x, x, compute_mode='no')
T.inner(x, q) ; T.tensordot(x, q, 1)
T.tensordot(x, s, -1) ; T.tensordot(x, s, ([0], [1, 0])) ; T.einsum('ij,jk->ik', x) ; T.einsum('ij->ik', x)
T.einsum('ij,jk->ikk', x, s)
T.einsum('i1->i', x) ; T.einsum('ijk->i', x) ; T.einsum('ij.->i', x) ; T.einsum('ij->i->j', x)
T.einsum(x, [0, 60]) ; T.triangular_solve(x, s)
T.cholesky_solve(x, s) ; T.ormqr(x, v, y) ; T.lu_unpack(s, i)
"""


@pytest.mark.parametrize("call", cases(SYSTEMS) + cases(FACTORS))
def test_decompositions(torch: Any, call: str) -> None:
    """Inverses, determinants, systems, factors: of single matrices and of batches, real and complex."""
    agree(torch, call, ARRAYS, 1e-7)


@pytest.mark.parametrize("call", cases(NORMS) + cases(PRODUCTS))
def test_norms_and_products(torch: Any, call: str) -> None:
    """Norms, powers, products of several, products added to something, distances, einsum."""
    agree(torch, call, ARRAYS, 1e-7)


@pytest.mark.parametrize("call", cases(DISTANCES))
def test_distances(torch: Any, call: str) -> None:
    """``cdist``, which PyTorch differentiates once."""
    agree(torch, call, ARRAYS, 1e-7, second=False)


@pytest.mark.parametrize("call", cases(PLAIN) + cases(ERRORS))
def test_facts_and_errors(torch: Any, call: str) -> None:
    """Ranks, pivots, empty matrices; what is refused, in PyTorch's words."""
    agree(torch, call, ARRAYS, 1e-7)


NAMED = """
L.svd(x) ; L.eigh(p) ; L.eig(s) ; L.qr(x) ; L.slogdet(s) ; L.lu(s) ; L.lu_factor(s) ; L.lu_factor_ex(s)
L.inv_ex(s) ; L.cholesky_ex(p)
L.solve_ex(s, y) ; L.lstsq(x, q) ; L.ldl_factor(p) ; L.ldl_factor_ex(p) ; T.svd(x) ; T.qr(x) ; T.slogdet(s)
T.triangular_solve(y, s) ; T.geqrf(x)
T.lu_unpack(*L.lu_factor(s))
"""


@pytest.mark.parametrize("call", cases(NAMED))
def test_named_results(torch: Any, call: str) -> None:
    """Several results have PyTorch's names, and its type's."""
    found = []
    for T in (torch, engine):
        tensors = {k: T.tensor(v) for k, v in ARRAYS.items()}
        found.append(eval(call, {"T": T, "L": T.linalg}, tensors))
    theirs, ours = found
    assert type(ours).__module__ == "torch.return_types"
    assert type(ours).__name__ == type(theirs).__name__.rpartition(".")[2]
    assert list(ours._fields) == [name for name in _names(theirs) if not name.startswith("n_")]


def _names(result: Any) -> list[str]:
    order = {
        id(getattr(result, n)): n for n in dir(type(result)) if not n.startswith("_") and n not in ("count", "index")
    }
    return [order[id(part)] for part in result]


@pytest.mark.parametrize("name", ["cholesky", "qr", "svd", "eigh", "eig", "lu", "pinv", "matrix_exp", "inv", "det"])
def test_float32_stays_float32(name: str) -> None:
    """No result and no gradient comes in another precision."""
    p = engine.tensor(ARRAYS["p"].astype("f4"), requires_grad=True)
    out = getattr(engine.linalg, name)(p)
    for part in out if isinstance(out, tuple) else (out,):
        assert part.dtype in (engine.float32, engine.complex64)
    first = out[0] if isinstance(out, tuple) else out
    (first if first.requires_grad else out[1]).abs().sum().backward()
    assert p.grad.dtype is engine.float32


def test_phases_of_complex_vectors_are_no_ones_business() -> None:
    """A loss that depends on them is refused, as by PyTorch."""
    h = engine.tensor(ARRAYS["h"], requires_grad=True)
    with pytest.raises(RuntimeError, match="linalg_eigh_backward: The eigenvectors in the complex case"):
        engine.linalg.eigh(h)[1].real.sum().backward()
    with pytest.raises(RuntimeError, match="svd_backward: The singular vectors in the complex case"):
        engine.linalg.svd(h)[0].real.sum().backward()


def test_low_rank(torch: Any) -> None:
    """A matrix of rank 2 from its two largest singular values, found in a random subspace."""
    a = ARRAYS["x"][:, :2] @ _draw(2, 5)
    u, s, v = engine.svd_lowrank(engine.tensor(a), q=2)
    np.testing.assert_allclose((u * s) @ v.mT, a, atol=1e-8)
    u, s, v = engine.pca_lowrank(engine.tensor(a), q=2)
    np.testing.assert_allclose((u * s) @ v.mT, a - a.mean(0), atol=1e-8)
    np.testing.assert_allclose(s, torch.linalg.svdvals(torch.tensor(a - a.mean(0)))[:2], atol=1e-8)
