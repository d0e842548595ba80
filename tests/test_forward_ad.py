"""``torch.autograd.forward_ad``: dual numbers through calls, views, in-place operations; and PyTorch's errors."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

import engine
from engine.func import jvp
from engine.table.op import TABLE
from tests.same import same


# ------------------------------------------------------------------------------------------- the same program on torch
def X(T: ModuleType) -> Any:
    return T.tensor([[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]], dtype=T.float64)


def V(T: ModuleType) -> Any:
    return T.tensor([[1.0, 2.0, -1.0], [0.5, -2.0, 3.0]], dtype=T.float64)


FUNCTIONS = {
    "arithmetic": lambda T, x: (2 * x - x / 3 + x**2 * 0.5 - 1) / (x * x + 1),
    "mixed dtypes": lambda T, x: x * T.tensor([1.0, 2.0, 3.0]) + T.tensor(2),
    "numbers": lambda T, x: 2.0**x + 1 / (x + 5) - (3 - x),
    "reflected": lambda T, x: T.tensor(1.5) ** x.abs(),
    "functions": lambda T, x: T.tanh(x).exp() + x.sigmoid().log() + T.sqrt(x * x + 1),
    "views": lambda T, x: x.view(3, 2).t().reshape(-1)[1:4].unsqueeze(0).expand(2, 3),
    "index": lambda T, x: x[:, [0, 2]] + x[0, 1] + x[..., None, 0],
    "mask": lambda T, x: x[x > 0] * 2,
    "reductions": lambda T, x: x.sum(0) + x.mean() + x.std(0) + x.prod() + x.norm() + x.logsumexp(1).sum(),
    "extremes": lambda T, x: (x.max(), x.max(1), x.amin(0), x.argmax(), x.sort(1)),
    "joined": lambda T, x: T.cat([x, T.ones(1, 3, dtype=x.dtype), x * x]),
    "stacked": lambda T, x: T.stack([x, x * 2], 1),
    "parted": lambda T, x: (*x.split(2, 1), *x.unbind(0), *x.chunk(2)),
    "products": lambda T, x: (x @ x.T, x.mv(x[0]), T.einsum("ij,kj->ik", x, x), x[0].dot(x[1])),
    "linear": lambda T, x: T.nn.functional.linear(x, x * 2, x[:, 0]),
    "softmax": lambda T, x: (x.softmax(1), T.nn.functional.log_softmax(x, 0)),
    "losses": lambda T, x: (
        T.nn.functional.cross_entropy(x, T.tensor([2, 0])),
        T.nn.functional.mse_loss(x, x * 0.5),
        T.nn.functional.binary_cross_entropy_with_logits(x, T.ones_like(x)),
    ),
    "where": lambda T, x: T.where(x > 0, x * x, -x) + x.clamp(-1, 1) + T.maximum(x, x * 0.5),
    "whole numbers": lambda T, x: (x.floor(), x.round(), x.sign(), x > 0, x.long()),
    "constant": lambda T, x: T.ones(3),
    "detached": lambda T, x: x.detach() * x,
    "in place": lambda T, x: (x * 1).mul_(x).add_(1).sin_(),
    "from zeros": lambda T, x: T.zeros(2, 3, dtype=x.dtype).add_(x),
    "written": lambda T, x: written(T, x),
    "written through a view": lambda T, x: through_view(T, x),
    "views of what was written": lambda T, x: views_of_written(T, x),
    "filled": lambda T, x: ((x * 1).fill_(2.0), (x * 1).zero_(), (x * 1).copy_(x * x)),
    "dtypes": lambda T, x: (x.float() * 2, x.to(T.float32).double()),
    "inverse": lambda T, x: ((x @ x.T).inverse(), T.det(x @ x.T)),
    "group norm": lambda T, x: T.native_group_norm(x.reshape(1, 2, -1), None, None, 1, 2, x.numel() // 2, 2, 1e-5),
    "cumulative": lambda T, x: (x.cumsum(1), x.cumprod(0)),
}


def written(T: ModuleType, x: Any) -> Any:
    """A tensor without a tangent, parts of which are written with numbers that have one."""
    y = T.zeros(4, dtype=x.dtype)
    y[0] = x[1, 2]
    y[1:3] = x[0, :2] * 2
    y[3] = 7.0
    return y


def through_view(T: ModuleType, x: Any) -> Any:
    """A view of a tensor without a tangent is written: the base has one from then on."""
    y = T.ones(2, 3, dtype=x.dtype)
    y[1].mul_(x[0])
    return y


def views_of_written(T: ModuleType, x: Any) -> Any:
    """A view taken before its base gets a tangent, and one taken of a dual tensor that is written later."""
    y, z = T.ones(2, 3, dtype=x.dtype), x * 1
    row, column = y[0], z[:, 1]
    y.mul_(x)
    z.mul_(2)
    return row, column


def unpacked(T: ModuleType, value: Any) -> Any:
    """Every tensor in ``value`` as (primal, tangent)."""
    if isinstance(value, T.Tensor):
        return tuple(T.autograd.forward_ad.unpack_dual(value))
    return [unpacked(T, v) for v in value]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_dual_numbers(torch: ModuleType, name: str) -> None:
    """Values, tangents, dtypes, and where there is no tangent: as PyTorch has them."""

    def program(T: ModuleType) -> Any:
        with T.autograd.forward_ad.dual_level():
            return unpacked(T, FUNCTIONS[name](T, T.autograd.forward_ad.make_dual(X(T), V(T))))

    same(torch, program, 1e-9)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("constant", "whole numbers")])
def test_gradients_of_dual_numbers(torch: ModuleType, name: str) -> None:
    """Forward over reverse: the gradient of a dual result is dual, its tangent the Hessian times the vector."""

    def program(T: ModuleType) -> Any:
        F = T.autograd.forward_ad
        x = X(T).requires_grad_()
        with F.dual_level():
            out = FUNCTIONS[name](T, F.make_dual(x, V(T)))
            leaves = []
            stack = [out]
            while stack:
                value = stack.pop()
                if isinstance(value, T.Tensor):
                    leaves += [value] if value.requires_grad else []
                else:
                    stack += value
            total = sum((y.double() * y.double()).sum() for y in leaves)
            (g,) = T.autograd.grad(total, x, create_graph=True)
            primal, tangent = F.unpack_dual(g)
        return primal.detach(), tangent.detach()

    same(torch, program, 1e-8)


def test_levels(torch: ModuleType) -> None:
    """What a dual tensor is within its level, and after it; how it prints."""

    def program(T: ModuleType) -> Any:
        F = T.autograd.forward_ad
        x, v = T.tensor([1.0, 2.0, 3.0]), T.ones(3)
        level = F.enter_dual_level()
        d = F.make_dual(x, v)
        y = d * 2
        inside = [repr(d), repr(y.sum()), d.requires_grad, repr(F.unpack_dual(y)), F.unpack_dual(x).tangent is None]
        inside += [F.unpack_dual(d).primal is d, F.unpack_dual(d).tangent is v, type(F.unpack_dual(d)).__name__]
        F.exit_dual_level(level=level)
        with F.dual_level() as again:
            inside += [again, F.unpack_dual(d).tangent is None]
        return [level, *inside, repr(d), F.unpack_dual(y).tangent is None, y.tolist()]

    same(torch, program)


def test_a_module_of_dual_parameters(torch: ModuleType) -> None:
    """The usage tutorial's way: parameters replaced by dual tensors, tangents of the loss by all of them."""

    def program(T: ModuleType) -> Any:
        F = T.autograd.forward_ad
        T.manual_seed(0)
        model = T.nn.Sequential(T.nn.Linear(4, 3), T.nn.Tanh(), T.nn.Linear(3, 1))
        x = T.randn(5, 4)
        found = {}
        with F.dual_level():
            for name, p in list(model.named_parameters()):
                parent = model
                *path, last = name.split(".")
                for step in path:
                    parent = getattr(parent, step)
                delattr(parent, last)
                setattr(parent, last, F.make_dual(p, T.ones_like(p)))
                found[name] = F.unpack_dual(model(x).sum()).tangent.detach()
        return found

    same(torch, program)


ERRORS = {
    "no level": lambda T, F: F.make_dual(T.ones(2), T.ones(2)),
    "no level to exit": lambda T, F: F.exit_dual_level(),
    "no level to exit by number": lambda T, F: F.exit_dual_level(level=0),
    "nested": lambda T, F: within(F, lambda: F.enter_dual_level()),
    "twice": lambda T, F: within(F, lambda: F.make_dual(F.make_dual(T.ones(2), T.ones(2)), T.ones(2))),
    "size": lambda T, F: within(F, lambda: F.make_dual(T.ones(2), T.ones(3))),
    "whole primal": lambda T, F: within(F, lambda: F.make_dual(T.ones(2, dtype=T.int64), T.ones(2))),
    "whole tangent": lambda T, F: within(F, lambda: F.make_dual(T.ones(2), T.ones(2, dtype=T.int64))),
    "another level": lambda T, F: within(F, lambda: F.make_dual(T.ones(2), T.ones(2), level=1)),
    "another level to unpack": lambda T, F: within(
        F, lambda: F.unpack_dual(F.make_dual(T.ones(2), T.ones(2)), level=1)
    ),
    "a number": lambda T, F: within(F, lambda: F.make_dual(3.0, T.ones(2))),
    "a leaf in place": lambda T, F: within(
        F, lambda: T.ones(2, requires_grad=True).mul_(F.make_dual(T.ones(2), T.ones(2)))
    ),
}


def within(F: Any, call: Any) -> Any:
    """``call`` within a level, which is left whatever happens."""
    with F.dual_level():
        return call()


@pytest.mark.parametrize("name", ERRORS)
def test_errors(torch: ModuleType, name: str) -> None:
    """What PyTorch refuses is refused in its words."""
    same(torch, lambda T: ERRORS[name](T, T.autograd.forward_ad))


def test_no_rule_is_an_error() -> None:
    """An operation that forward mode cannot run raises; it never gives zeros in silence."""
    row = TABLE["exp"]
    rule, row.jvp = row.jvp, None
    try:
        with pytest.raises(NotImplementedError, match="Trying to use forward AD with exp that does not support it"):
            jvp(engine.exp, (engine.ones(2),), (engine.ones(2),))
    finally:
        row.jvp = rule


@pytest.mark.parametrize("name", ["igamma", "heaviside", "floor_divide"])
def test_what_has_no_derivative_is_an_error(torch: ModuleType, name: str) -> None:
    """Where PyTorch has no forward mode the engine has none either: NotImplementedError, never zeros."""
    for T in (torch, engine):
        f: Any = T
        for part in name.split("."):
            f = getattr(f, part)
        x = T.tensor([0.5, 1.5])
        with pytest.raises(NotImplementedError, match="Trying to use forward AD with"):
            T.func.jvp(lambda x, f=f: f(x, x + 1), (x,), (x,))


@pytest.mark.parametrize("dim", [None, 0])
def test_distinct_values_have_no_tangents(torch: ModuleType, dim: int | None) -> None:
    """As in PyTorch, unique() of a dual number is an error, not a tensor without a tangent."""
    for T in (torch, engine):
        x = T.tensor([0.5, 1.5])
        with pytest.raises(NotImplementedError, match=r"Trying to use forward AD with _?unique"):
            T.func.jvp(lambda x, T=T: T.unique(x, dim=dim), (x,), (x,))


def test_backward_accumulates_primals(torch: ModuleType) -> None:
    """``backward`` within a level adds gradients without tangents to ``.grad``."""

    def program(T: ModuleType) -> Any:
        x = T.tensor([1.0, 2.0], requires_grad=True)
        with T.autograd.forward_ad.dual_level():
            (T.autograd.forward_ad.make_dual(x, T.ones(2)) ** 3).sum().backward()
            return x.grad, T.autograd.forward_ad.unpack_dual(x.grad).tangent

    same(torch, program)


def test_nothing_of_it_is_imported_early() -> None:
    """``import engine`` reads none of forward mode, functional, func or vmap; their names are there at first use."""
    code = (
        "import sys, engine; early = [m for m in sys.modules if m.startswith('engine.func') or m.endswith("
        "('forward', 'forward_ad', 'functional')) and 'nn' not in m]; print(early); "
        "engine.func.grad, engine.vmap, engine.autograd.functional.vjp, engine.autograd.forward_ad.make_dual"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
