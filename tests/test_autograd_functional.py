"""``torch.autograd.functional``: products and matrices, with every option, and PyTorch's errors."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.same import same

X = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]
V = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
FUNCTIONS = {  # name: (function, the shape of its output)
    "exp": (lambda T, x: x.exp().sum(dim=1), (2,)),
    "cube": (lambda T, x: (x**3).sum(), ()),
    "linear": (lambda T, x: (2 * x).sum(), ()),
    "constant": (lambda T, x: T.ones(()), ()),
}
OF_TWO = {
    "scalar": lambda T, x, y: (x**3).sum() * y.sum() + (y * y).sum(),
    "partial": lambda T, x, y: (x**3).sum(),
    "several": lambda T, x, y: (x.sin() @ x.T, (y * y).sum()),
}
OPTIONS = [{"create_graph": c, "strict": s} for c in (False, True) for s in (False, True)]


def at(T: ModuleType, options: dict[str, Any]) -> Any:
    return T.tensor(X, requires_grad=options.get("create_graph", False))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_products(torch: ModuleType, name: str, options: dict[str, Any]) -> None:
    """vjp, jvp, vhp and hvp of functions of one tensor: outputs, products, histories; and what strict mode refuses."""
    f, shape = FUNCTIONS[name]

    def program(api: str, v: Any) -> Any:
        return lambda T: getattr(T.autograd.functional, api)(
            lambda x: f(T, x), at(T, options), None if v is None else v(T), **options
        )

    same(torch, program("vjp", lambda T: T.ones(shape)))
    for api in ("jvp", "vhp", "hvp"):
        same(torch, program(api, lambda T: T.tensor(V)))
        same(torch, program(api, None))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", OF_TWO)
def test_products_of_tuples(torch: ModuleType, name: str, options: dict[str, Any]) -> None:
    """The same of functions of two tensors, of one result or several."""

    def program(api: str) -> Any:
        def run(T: ModuleType) -> Any:
            inputs = (at(T, options), T.tensor([1.0, 2.0], requires_grad=options["create_graph"]))
            v: Any = (T.tensor(V), T.tensor([0.5, -1.0]))
            if api == "vjp":
                v = (T.ones(2, 2), T.tensor(2.0)) if name == "several" else None
            return getattr(T.autograd.functional, api)(lambda x, y: OF_TWO[name](T, x, y), inputs, v, **options)

        return run

    for api in ("vjp", "jvp", "vhp", "hvp"):
        same(torch, program(api))


@pytest.mark.parametrize("vectorize", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", [*FUNCTIONS, *OF_TWO])
def test_matrices(torch: ModuleType, name: str, options: dict[str, Any], vectorize: bool) -> None:
    """jacobian and hessian, row by row and vectorized, in reverse and in forward mode."""

    def program(api: str, strategy: str) -> Any:
        def run(T: ModuleType) -> Any:
            named = {"jacobian": "strategy", "hessian": "outer_jacobian_strategy"}[api]
            more = {**options, "vectorize": vectorize, named: strategy}
            if name in FUNCTIONS:
                return getattr(T.autograd.functional, api)(lambda x: FUNCTIONS[name][0](T, x), at(T, options), **more)
            inputs = (at(T, options), T.tensor([1.0, 2.0]))
            return getattr(T.autograd.functional, api)(lambda x, y: OF_TWO[name](T, x, y), inputs, **more)

        return run

    for api in ("jacobian", "hessian"):
        same(torch, program(api, "reverse-mode"))
        same(torch, program(api, "forward-mode"))


REFUSED = {
    "a number": lambda T, F: F.vjp(T.sin, 3.0),
    "a number in a tuple": lambda T, F: F.vjp(lambda x, y: x, (T.ones(2), 3.0)),
    "a number as output": lambda T, F: F.vjp(lambda x: 3.0, T.ones(2)),
    "a list": lambda T, F: F.jacobian(T.sin, [T.ones(2)]),
    "no v": lambda T, F: F.vjp(T.sin, T.ones(2)),
    "no v forward": lambda T, F: F.jvp(T.sin, T.ones(2)),
    "v of another size": lambda T, F: F.vjp(T.sin, T.ones(2), T.ones(3)),
    "two v for one": lambda T, F: F.vjp(T.sin, T.ones(2), (T.ones(2), T.ones(2))),
    "one v for two": lambda T, F: F.jvp(lambda x, y: x * y, (T.ones(2), T.ones(2)), T.ones(2)),
    "an entry of another size": lambda T, F: F.jvp(lambda x, y: x * y, (T.ones(2), T.ones(2)), (T.ones(2), T.ones(3))),
    "hessian of a vector": lambda T, F: F.hessian(T.sin, T.ones(2)),
    "hessian of a tuple": lambda T, F: F.hessian(lambda x: (x.sum(),), T.ones(2)),
    "vhp of a vector": lambda T, F: F.vhp(T.sin, T.ones(2), T.ones(2)),
    "hvp of a tuple": lambda T, F: F.hvp(lambda x: (x.sum(),), T.ones(2), T.ones(2)),
    "strategy": lambda T, F: F.jacobian(T.sin, T.ones(2), strategy="sideways"),
    "outer strategy": lambda T, F: F.hessian(T.sin, T.ones(2), outer_jacobian_strategy="sideways"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors(torch: ModuleType, name: str) -> None:
    """What PyTorch refuses is refused in its words."""
    same(torch, lambda T: REFUSED[name](T, T.autograd.functional))


def test_inputs_are_left_alone(torch: ModuleType) -> None:
    """A function that captures the very tensor that it is given sees two different ones, and nothing is accumulated."""

    def program(T: ModuleType) -> Any:
        x = T.tensor([1.0, 2.0], requires_grad=True)
        jacobian = T.autograd.functional.jacobian(lambda y: x * y, x)
        return jacobian, x.grad, x.is_leaf

    same(torch, program)


def test_nested_jacobians(torch: ModuleType) -> None:
    """A jacobian of a jacobian with create_graph, and gradients through the result."""

    def program(T: ModuleType) -> Any:
        F = T.autograd.functional
        x = T.tensor([0.3, -0.7], requires_grad=True)
        inner = lambda v: F.jacobian(lambda u: u.sin() * u.prod(), v, create_graph=True)  # noqa: E731
        second = F.jacobian(inner, x, create_graph=True)
        (third,) = T.autograd.grad(second.sum(), x)
        return second, third

    same(torch, program)
