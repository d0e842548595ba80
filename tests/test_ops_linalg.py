"""Matrix products, einsum and solving against PyTorch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine
from engine import overrides

from .against import agree, cases

PRODUCTS = """
x @ y ; x @ v ; v @ y ; v @ v ; x3 @ y3 ; x3 @ y ; x @ y3 ; x4 @ y3 ; x4 @ y ; x3 @ v ; v @ y3 ; x3 @ y3[:1] ; x4 @ v
x3[:1] @ y3 ; x4[:, :1] @ y3 ; x3[:1] @ y3[:1] ; x[:1] @ y3 ; x.T @ x ; x @ x.T ; y.T @ x.T ; T.matmul(x, y)
x.matmul(y) ; T.matmul(x, other=y) ; x3.transpose(0, 1) @ y ; x.mm(y) ; T.mm(x, y) ; x.mv(v) ; T.mv(x, v) ; v.dot(v)
T.dot(v, v * 2) ; x3.bmm(y3) ; T.bmm(x3, y3) ; T.outer(v, b) ; v.outer(b) ; T.ger(v, b) ; T.addmm(b, x, y)
T.addmm(m, x, y) ; T.addmm(b, x, y, beta=2, alpha=3) ; m.addmm(x, y) ; T.addmm(m, x, y, alpha=0.5) ; F.linear(x, w)
F.linear(x, w, b) ; F.linear(v, w) ; F.linear(v, w, b) ; F.linear(v, v) ; F.linear(x, v) ; F.linear(x3, w)
F.linear(x3, w, b) ; F.linear(x3.transpose(0, 1), w, b) ; F.linear(x4, w, b) ; F.linear(x.exp(), w, b).relu()
F.linear(v, v, v[0]) ; T.tensordot(x, y, 1) ; T.tensordot(x3, y, dims=1) ; T.diag(v) ; T.diag(v, 1) ; x.diag()
x.diag(1) ; T.diag_embed(x) ; s.trace() ; T.trace(x) ; x.diagonal() ; T.diag(x, -1) ; s.det() ; L.det(s) ; T.det(s)
L.det(s3) ; L.inv(s) ; s.inverse() ; L.inv(s3) ; T.inverse(s) ; L.solve(s, v) ; L.solve(s, y) ; L.solve(s3, s3 * 2)
L.matrix_power(s, 3) ; L.matrix_power(s, 2) ; (x @ y).sum() ; ((x @ y).tanh() @ b).sum() ; (x @ y) @ y.T ; x[0] @ y
x3[0] @ y3[1] ; x.T.mv(v[:2]) ; (x @ v) @ (x @ v)
"""
ANSWERS = """
T.einsum('ij,jk->ik', x, y) ; T.einsum('ij->ji', x) ; T.einsum('ij->', x) ; T.einsum('ij->i', x) ; T.einsum('ii->', s)
T.einsum('ii->i', s) ; T.einsum('ii', s) ; T.einsum('i,i->', v, v) ; T.einsum('i,i', v, v) ; T.einsum('i,j->ij', v, b)
T.einsum('i,i->i', v, v) ; T.einsum('bij,bjk->bik', x3, y3) ; T.einsum('bij,jk->bik', x3, y) ; T.einsum('ij,jk', x, y)
T.einsum('...ij,jk->...ik', x3, y) ; T.einsum('ij,kj,k->i', x, w, b) ; T.einsum('ij,jk->ik', [x, y])
T.einsum('ij,ij->ij', x, x) ; T.einsum('ij,ij->', x, x) ; T.einsum('ij,j->i', x, v)
T.einsum('i j, j k -> i k', x, y) ; T.einsum('ij,ij->j', x, x * 2) ; T.einsum('...,...->...', x, x)
T.einsum('ki,kj->ij', x, x) ; T.einsum('bij->bji', x3) ; T.einsum('i,j,k->ijk', v, b, v)
T.einsum('bij,bkj->bik', x3, x3) ; T.einsum('...i->...', x3) ; T.einsum('iij->j', q) ; T.einsum('ij,kl->', x, y)
T.einsum('abij,bjk->aik', x4, y3) ; T.einsum('ba,bc->ac', x, m) ; T.einsum('i...,i...->...', x, x)
x3.transpose(1, 2) @ x3 ; T.tensordot(x3, x3, ([1, 2], [1, 2])) ; T.inner(x, w) ; T.inner(v, v) ; x4 @ y3.unsqueeze(0)
L.multi_dot([x, y, w]) ; T.vdot(v, v)
"""
WRONG = """
x @ x ; v @ b ; x @ b ; b @ y ; x3 @ x3 ; x3 @ y3[:4] ; x @ v[0] ; v[0] @ x ; x @ 2 ; 2 @ x ; T.matmul(x, 2)
T.matmul([1], x) ; x @ y.double() ; v.double() @ v ; x @ v.double() ; x3 @ y3.double() ; x.long() @ y ; x.mm(v)
v.mm(y) ; x.mm(x) ; x.mv(v) ; x.mv(b) ; x.mv(x) ; v.mv(v) ; v.dot(b) ; v.dot(x) ; x.dot(v) ; v.dot(v.double())
x3.bmm(x3) ; x3.bmm(y) ; x3.bmm(y3[:4]) ; T.outer(v, x) ; T.outer(x, v) ; T.addmm(v, x, y) ; T.addmm(b, x, x)
F.linear(x, y) ; F.linear(x, y, b) ; F.linear(x3, y, b) ; F.linear(x, w, v) ; F.linear(x.double(), w, b)
F.linear(x.double(), w) ; T.mm(x, 'a') ; T.trace(v) ; T.diag(x3) ; L.det(x) ; L.det(v) ; L.inv(x)
L.inv(T.zeros(2, 2)) ; L.inv(T.ones(3, 2, 2)) ; L.solve(T.zeros(3, 3), y) ; L.solve(s, m)
T.einsum('ij,jk->il', x, y) ; T.einsum('ij,jk->ik', x, x) ; T.einsum('ij,jk->ik', x) ; T.einsum('ijk->ik', x)
T.einsum('ij->ik', x) ; T.einsum('i->i', x, x) ; x.T @ x.T ; x3 @ b ; F.linear(x3, y)
"""


@pytest.fixture
def arrays() -> dict[str, Any]:
    """Vectors, matrices and batches that go together."""
    r = np.random.default_rng(11)
    shapes = {"x": (2, 3), "y": (3, 4), "v": (3,), "w": (4, 3), "b": (4,), "m": (2, 4), "x3": (5, 2, 3),
              "y3": (5, 3, 4), "x4": (6, 5, 2, 3), "s": (3, 3), "s3": (2, 3, 3), "q": (2, 2, 3)}  # fmt: skip
    return {name: r.uniform(-1.5, 1.5, shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("call", cases(PRODUCTS))
def test_against_torch(torch: ModuleType, call: str, arrays: dict[str, Any]) -> None:
    """Values, shapes, whole graphs, gradients and second gradients in float64."""
    agree(torch, call, arrays, 1e-8)


@pytest.mark.parametrize("call", cases(ANSWERS))
def test_answers(torch: ModuleType, call: str, arrays: dict[str, Any]) -> None:
    """Where PyTorch's graph has detours that ours leaves out, values and gradients are still its."""
    agree(torch, call, arrays, 1e-8, graphs=False)


@pytest.mark.parametrize("call", cases(PRODUCTS + ANSWERS))
def test_in_float32(torch: ModuleType, call: str, arrays: dict[str, Any]) -> None:
    """float32 in, float32 out, gradients too."""
    single = {name: a.astype(np.float32) for name, a in arrays.items()}
    agree(torch, call, single, 2e-4, second=False, graphs=False)


@pytest.mark.parametrize("call", cases(WRONG))
def test_errors(torch: ModuleType, call: str, arrays: dict[str, Any]) -> None:
    """What does not go together is refused with PyTorch's words."""
    agree(torch, call, {name: a.astype(np.float32) for name, a in arrays.items()}, 1e-6)


@pytest.mark.parametrize("call", ["x @ x.T", "x @ x[0]", "x[0].dot(x[1])", "x.T.mm(x)", "x.sum(0) @ x.T", "x.trace()"])
def test_whole_numbers(torch: ModuleType, call: str) -> None:
    """Products of whole numbers are exact."""
    agree(torch, call, {"x": np.array([[3, -1, 2], [1, 5, 2]])}, 0)


@pytest.mark.parametrize("values", [[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 2.0, 3.0]] * 3], ids=str)
def test_determinant_of_a_singular_matrix(torch: ModuleType, values: list[list[float]]) -> None:
    """Its gradient is the cofactor matrix, singular or not; PyTorch's second is NaN where two ranks are missing."""
    agree(torch, "L.det(x)", {"x": np.array(values)}, 1e-12, second=values[0] == [1.0, 2.0])


def test_one_call_for_a_function_mode(torch: ModuleType) -> None:
    """A function mode sees ``x @ y``, ``linear`` and ``einsum`` as one call each, named as in PyTorch."""
    for T, base in ((torch, torch.overrides.TorchFunctionMode), (engine, overrides.TorchFunctionMode)):
        seen: list[str] = []

        class Watch(base):  # type: ignore[misc,valid-type]  # either library's
            def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                seen.append(func.__name__)  # noqa: B023  used within its own turn
                return func(*args, **(kwargs or {}))

        x, v = T.ones(2, 2), T.ones(2)
        with Watch():
            x @ x
            x.matmul(v)
            T.einsum("ij->ji", x)
            x.sum()
            x.norm()
            x.max(0)
            x.softmax(0)
            T.outer(v, v)
            x.std()
        assert seen == ["matmul", "matmul", "einsum", "sum", "norm", "max", "softmax", "outer", "std"]
