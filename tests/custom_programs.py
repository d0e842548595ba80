"""Programs for ``autograd.Function`` under transforms: what each method sees, and what is refused."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .vmap_programs import A


def functions(T: ModuleType) -> Any:
    """Functions of two tensors and a number, with two outputs: with no vmap, a generated one, one of its own."""

    class Product(T.autograd.Function):  # type: ignore[misc, name-defined]  # T is a variable
        @staticmethod
        def forward(x: Any, y: Any, n: int) -> Any:
            return x * y, x * n

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            x, y, ctx.n = inputs
            ctx.save_for_backward(x, y)
            ctx.save_for_forward(x, y)

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            x, y = ctx.saved_tensors
            return g * y + h * ctx.n, g * x, None

        @staticmethod
        def jvp(ctx: Any, dx: Any, dy: Any, dn: Any) -> Any:
            x, y = ctx.saved_tensors
            return dx * y + dy * x, dx * ctx.n

    class Generated(Product):
        generate_vmap_rule = True

    class Own(Product):
        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, y: Any, n: Any) -> Any:
            return Own.apply(x, y, n), (0, 0)

    class Both(Own):
        generate_vmap_rule = True

    class Odd(Product):
        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any, y: Any, n: Any) -> Any:
            return 3

    names = {"Product": Product, "Generated": Generated, "Own": Own, "Both": Both, "Odd": Odd}
    return type("Functions", (), names)


def of_one(T: ModuleType) -> Any:
    """Functions of one tensor: in the old way, and one without any derivative."""

    class Old(T.autograd.Function):  # type: ignore[misc, name-defined]  # T is a variable
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

        @staticmethod
        def jvp(ctx: Any, dx: Any) -> Any:
            return dx * 2

    class Bare(T.autograd.Function):  # type: ignore[misc, name-defined]  # T is a variable
        @staticmethod
        def forward(x: Any) -> Any:
            return x * 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

    return type("Functions", (), {"Old": Old, "Bare": Bare})


def dual(T: ModuleType, call: Any) -> Any:
    """``call`` on a tensor and a dual number; each result unpacked."""
    F = T.autograd.forward_ad
    with F.dual_level():
        out = call(A(T, 3), F.make_dual(A(T, 3, seed=1), A(T, 3, seed=2)))
        return [tuple(F.unpack_dual(t)) for t in (out if isinstance(out, tuple) else (out,))]


def shared(T: ModuleType) -> Any:
    """The gradient of a tensor that all entries of a batch share."""
    w = A(T, 3).requires_grad_()
    out = T.vmap(lambda x: functions(T).Generated.apply(x, w, 3)[0])(A(T, 4, 3))
    return T.autograd.grad(out.sin().sum(), w)


CUSTOM = {
    "grad": lambda T: T.func.grad(lambda x: functions(T).Product.apply(x, x, 3)[0].sum())(A(T, 3)),
    "jvp": lambda T: T.func.jvp(lambda x: functions(T).Product.apply(x, A(T, 3), 3), (A(T, 3),), (A(T, 3),)),
    "jvp of both": lambda T: T.func.jvp(lambda x: functions(T).Product.apply(x, x * x, 3), (A(T, 3),), (A(T, 3),)),
    "dual": lambda T: dual(T, lambda x, d: functions(T).Product.apply(d, x, 3)),
    "dual second": lambda T: dual(T, lambda x, d: functions(T).Product.apply(x, d, 3)),
    "dual in the old way": lambda T: dual(T, lambda x, d: of_one(T).Old.apply(d)),
    "hessian": lambda T: T.func.hessian(lambda x: functions(T).Generated.apply(x, x, 3)[0].sum())(A(T, 3)),
    "jacrev": lambda T: T.func.jacrev(lambda x: functions(T).Product.apply(x, x, 3)[0])(A(T, 3)),
    "jacfwd": lambda T: T.func.jacfwd(lambda x: functions(T).Generated.apply(x, x, 3)[0])(A(T, 3)),
    "vmap": lambda T: T.vmap(lambda x: functions(T).Generated.apply(x, x, 3))(A(T, 4, 3)),
    "vmap of one": lambda T: T.vmap(lambda x: functions(T).Generated.apply(x, A(T, 3), 3), in_dims=1)(A(T, 3, 4)),
    "vmap of its own": lambda T: T.vmap(lambda x: functions(T).Own.apply(x, x, 3))(A(T, 4, 3)),
    "vmap of vmap": lambda T: T.vmap(T.vmap(lambda x: functions(T).Generated.apply(x, x, 3)))(A(T, 2, 4, 3)),
    "vmap of grad": lambda T: T.vmap(T.func.grad(lambda x: functions(T).Generated.apply(x, x, 3)[0].sum()))(A(T, 4, 3)),
    "vmap of grad of its own": lambda T: T.vmap(T.func.grad(lambda x: functions(T).Own.apply(x, x, 3)[0].sum()))(
        A(T, 4, 3)
    ),
    "vmap of hessian": lambda T: T.vmap(T.func.hessian(lambda x: functions(T).Generated.apply(x, x * x, 3)[0].sum()))(
        A(T, 2, 3)
    ),
    "jvp of vmap": lambda T: T.func.jvp(
        T.vmap(lambda x: functions(T).Generated.apply(x, x.sin(), 3)), (A(T, 4, 3),), (A(T, 4, 3, seed=1),)
    ),
    "shared": shared,
    "no vmap": lambda T: T.vmap(lambda x: functions(T).Product.apply(x, x, 3))(A(T, 4, 3)),
    "both": lambda T: T.vmap(lambda x: functions(T).Both.apply(x, x, 3))(A(T, 4, 3)),
    "odd": lambda T: T.vmap(lambda x: functions(T).Odd.apply(x, x, 3))(A(T, 4, 3)),
    "the old way in vmap": lambda T: T.vmap(of_one(T).Old.apply)(A(T, 4, 3)),
    "the old way in grad": lambda T: T.func.grad(lambda x: of_one(T).Old.apply(x).sum())(A(T, 3)),
    "the old way in jvp": lambda T: T.func.jvp(of_one(T).Old.apply, (A(T, 3),), (A(T, 3),)),
    "no jvp": lambda T: T.func.jvp(of_one(T).Bare.apply, (A(T, 3),), (A(T, 3),)),
    "no backward": lambda T: T.func.grad(lambda x: of_one(T).Bare.apply(x).sum())(A(T, 3)),
    "backward within grad": lambda T: T.func.grad(lambda x: x.sum().backward())(A(T, 3)),
}
