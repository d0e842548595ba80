"""Programs for ``torch.func``: transforms of every kind, of each other, with every option and kind of argument."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .vmap_programs import A


def f(x: Any) -> Any:
    """A function of a vector, with a result of its shape."""
    return x.sin() * x.prod() + x**2


def g(x: Any) -> Any:
    """A function of a vector, with one number as result."""
    return (x.sin() * x.exp()).sum() + x.prod()


def of_dict(d: Any) -> Any:
    """A function of a dict of tensors."""
    return (d["w"] @ d["v"]).sin().sum() + d["v"].prod()


def model(T: ModuleType) -> Any:
    """A small network with fixed parameters."""
    T.manual_seed(1)
    return T.nn.Sequential(T.nn.Linear(3, 4), T.nn.Tanh(), T.nn.Linear(4, 2)).double()


def loss(T: ModuleType, net: Any, parameters: Any, x: Any, y: Any) -> Any:
    """Mean squared error of a network as a function of its parameters."""
    return T.nn.functional.mse_loss(T.func.functional_call(net, parameters, (x,)), y)


def per_sample(T: ModuleType) -> Any:
    """Gradients of each sample's loss."""
    net = model(T)
    parameters = {k: v.detach() for k, v in net.named_parameters()}
    single = lambda p, x, y: loss(T, net, p, x.unsqueeze(0), y.unsqueeze(0))  # noqa: E731
    return T.vmap(T.func.grad(single), in_dims=(None, 0, 0))(parameters, A(T, 5, 3), A(T, 5, 2))


def ensemble(T: ModuleType) -> Any:
    """Three models as one."""
    nets = []
    for seed in range(3):
        T.manual_seed(seed)
        nets.append(T.nn.Linear(3, 2))
    parameters, buffers = T.func.stack_module_state(nets)
    out = T.vmap(lambda p, b, x: T.func.functional_call(nets[0], (p, b), (x,)), (0, 0, None))(
        parameters, buffers, A(T, 4, 3).float()
    )
    out.sum().backward()
    return out, parameters, {k: v.grad for k, v in parameters.items()}, all(p.is_leaf for p in parameters.values())


def confusion(T: ModuleType) -> Any:
    """d/dx (x · d/dy (x + y)) is 1: the inner derivative must not see the outer's direction."""
    D = T.func
    x = T.tensor(2.0)
    inner = lambda x: D.grad(lambda y: x + y)(x)  # noqa: E731
    forward = lambda x: D.jvp(lambda y: x * y, (x,), (T.ones(()),))[1]  # noqa: E731
    return (
        D.grad(lambda x: x * inner(x))(x),
        D.jvp(lambda x: x * inner(x), (x,), (T.ones(()),))[1],
        D.grad(lambda x: x * forward(x))(x),
        D.jvp(lambda x: x * forward(x), (x,), (T.ones(()),))[1],
        D.jvp(lambda x: D.jvp(lambda y: x * y * y, (x,), (x,))[1], (x,), (T.ones(()),))[1],
    )


def autograd_outside(T: ModuleType) -> Any:
    """Results of transforms are part of the graph outside: of inputs, and of what the function captures."""
    x, w = A(T, 3).requires_grad_(), A(T, 3, seed=1).requires_grad_()
    first = T.func.grad(lambda v: (v**3 * w).sum())(x)
    first.sum().backward()
    second = T.func.jacrev(lambda v: v.sin() * w)(x)
    return first, x.grad, w.grad, T.autograd.grad(second.sum(), (x, w))


def without_grad(T: ModuleType) -> Any:
    """``no_grad`` outside stops what is outside, not the transform; inside it stops the transform."""
    x = A(T, 3).requires_grad_()
    with T.no_grad():
        outside = T.func.grad(g)(x)

    def constant_inside(v: Any) -> Any:
        with T.no_grad():
            c = v**2
        return (v * c).sum()

    return outside, T.func.grad(constant_inside)(x.detach())


def vjp_with_options(T: ModuleType) -> Any:
    """A function of two arguments, with more outputs and with auxiliary ones."""
    h = lambda a, b: {"p": a * b, "s": (a.sum(), b)}  # noqa: E731
    out, back = T.func.vjp(h, A(T, 3), A(T, 3, seed=1))
    value, again, more = T.func.vjp(lambda a: (a.exp(), a * 2), A(T, 3), has_aux=True)
    return out, back({"p": A(T, 3), "s": (T.tensor(2.0).double(), A(T, 3))}), value, again(A(T, 3)), more


def hessian_products(T: ModuleType) -> Any:
    """Hessian-vector products in each way."""
    D, x, v = T.func, A(T, 4), A(T, 4, seed=1)
    over = D.jvp(D.grad(g), (x,), (v,))[1]
    reverse = D.vjp(D.grad(g), x)[1](v)[0]
    under = D.grad(lambda x: D.jvp(g, (x,), (v,))[1])(x)
    twice = D.jvp(lambda x: D.jvp(g, (x,), (v,))[1], (x,), (v,))[1]
    return over, reverse, under, twice


PROGRAMS = {
    "grad": lambda T: T.func.grad(g)(A(T, 3)),
    "grad of a number": lambda T: T.func.grad(lambda x: x**3)(T.tensor(2.0)),
    "grad by an argument": lambda T: T.func.grad(lambda x, y: (x * y**2).sum(), argnums=1)(A(T, 3), A(T, 3)),
    "grad by the last": lambda T: T.func.grad(lambda x, y: (x * y**2).sum(), argnums=-1)(A(T, 3), A(T, 3)),
    "grad by two": lambda T: T.func.grad(lambda x, y: (x * y**2).sum(), argnums=(1, 0))(A(T, 3), A(T, 3)),
    "grad by a tuple of one": lambda T: T.func.grad(g, argnums=(0,))(A(T, 3)),
    "grad of a dict": lambda T: T.func.grad(of_dict)({"w": A(T, 2, 3), "v": A(T, 3)}),
    "grad with aux": lambda T: T.func.grad(lambda x: (g(x), {"a": x * 2}), has_aux=True)(A(T, 3)),
    "grad_and_value": lambda T: T.func.grad_and_value(g)(A(T, 3)),
    "grad_and_value with aux": lambda T: T.func.grad_and_value(lambda x: (g(x), f(x)), has_aux=True)(A(T, 3)),
    "keywords": lambda T: T.func.grad(lambda x, scale=1.0: (x * scale).sum())(A(T, 3), scale=A(T, 3)),
    "unused input": lambda T: T.func.grad(lambda x, y: x.sum(), argnums=(0, 1))(A(T, 3), A(T, 2)),
    "constant": lambda T: T.func.grad(lambda x: T.ones(()))(A(T, 3)),
    "grad of grad": lambda T: T.func.grad(lambda x: T.func.grad(g)(x).sum())(A(T, 3)),
    "three times": lambda T: T.func.grad(T.func.grad(T.func.grad(lambda x: x**4 * x.sin())))(T.tensor(0.7)),
    "vjp": lambda T: T.func.vjp(f, A(T, 3))[1](A(T, 3, seed=1)),
    "vjp's options": vjp_with_options,
    "jvp": lambda T: T.func.jvp(f, (A(T, 3),), (A(T, 3, seed=1),)),
    "jvp of two": lambda T: T.func.jvp(lambda x, y: (x * y, x.sum()), (A(T, 3), A(T, 3)), (A(T, 3), A(T, 3, seed=1))),
    "jvp with aux": lambda T: T.func.jvp(lambda x: (x * 2, x * 3), (A(T, 3),), (A(T, 3),), has_aux=True),
    "jvp of a dict": lambda T: T.func.jvp(
        of_dict, ({"w": A(T, 2, 3), "v": A(T, 3)},), ({"w": A(T, 2, 3), "v": A(T, 3)},)
    ),
    "jvp of a constant": lambda T: T.func.jvp(lambda x: T.ones(2), (A(T, 3),), (A(T, 3),)),
    "linearize": lambda T: (lambda out, push: (out, push(A(T, 3)), push(A(T, 3, seed=1))))(
        *T.func.linearize(f, A(T, 3))
    ),
    "linearize of two": lambda T: (lambda out, push: (out, push(A(T, 3), A(T, 3, seed=1))))(
        *T.func.linearize(lambda x, y: (x * y, y.sum()), A(T, 3), A(T, 3))
    ),
    "jacrev": lambda T: T.func.jacrev(f)(A(T, 3)),
    "jacrev in chunks": lambda T: T.func.jacrev(f, chunk_size=2)(A(T, 5)),
    "jacrev row by row": lambda T: T.func.jacrev(f, chunk_size=1)(A(T, 3)),
    "jacrev of shapes": lambda T: T.func.jacrev(lambda x: x[:, :1] @ x[:1] * 2)(A(T, 2, 3)),
    "jacrev by two": lambda T: T.func.jacrev(lambda x, y: (x * y, x.sum()), argnums=(0, 1))(A(T, 3), A(T, 3)),
    "jacrev of a dict": lambda T: T.func.jacrev(lambda d: {"a": d["w"] @ d["v"], "b": d["v"]})(
        {"w": A(T, 2, 3), "v": A(T, 3)}
    ),
    "jacrev with aux": lambda T: T.func.jacrev(lambda x: (f(x), x.sum()), has_aux=True)(A(T, 3)),
    "jacfwd": lambda T: T.func.jacfwd(f)(A(T, 3)),
    "jacfwd of shapes": lambda T: T.func.jacfwd(lambda x: x[:, :1] @ x[:1] * 2)(A(T, 2, 3)),
    "jacfwd by two": lambda T: T.func.jacfwd(lambda x, y: (x * y, x.sum()), argnums=(0, 1))(A(T, 3), A(T, 3)),
    "jacfwd of a dict": lambda T: T.func.jacfwd(lambda d: {"a": d["w"] @ d["v"], "b": d["v"]})(
        {"w": A(T, 2, 3), "v": A(T, 3)}
    ),
    "jacfwd with aux": lambda T: T.func.jacfwd(lambda x: (f(x), x.sum()), has_aux=True)(A(T, 3)),
    "hessian": lambda T: T.func.hessian(g)(A(T, 3)),
    "hessian by two": lambda T: T.func.hessian(lambda x, y: (x * y).sin().sum(), argnums=(0, 1))(A(T, 2), A(T, 2)),
    "hessian of a vector": lambda T: T.func.hessian(f)(A(T, 3)),
    "jacrev of jacrev": lambda T: T.func.jacrev(T.func.jacrev(g))(A(T, 3)),
    "jacrev of jacfwd": lambda T: T.func.jacrev(T.func.jacfwd(g))(A(T, 3)),
    "jacfwd of jacfwd": lambda T: T.func.jacfwd(T.func.jacfwd(g))(A(T, 3)),
    "third derivatives": lambda T: T.func.jacfwd(T.func.jacrev(T.func.jacrev(g)))(A(T, 2)),
    "hessian products": hessian_products,
    "vmap of grad": lambda T: T.vmap(T.func.grad(g))(A(T, 4, 3)),
    "vmap of grad of grad": lambda T: T.vmap(T.func.grad(T.func.grad(lambda x: x**3)))(A(T, 4)),
    "vmap of jacrev": lambda T: T.vmap(T.func.jacrev(f))(A(T, 4, 3)),
    "vmap of jacfwd": lambda T: T.vmap(T.func.jacfwd(f))(A(T, 4, 3)),
    "vmap of hessian": lambda T: T.vmap(T.func.hessian(g))(A(T, 4, 3)),
    "vmap of vjp": lambda T: T.vmap(lambda x, v: T.func.vjp(f, x)[1](v)[0])(A(T, 4, 3), A(T, 4, 3, seed=1)),
    "vmap of vjp's function": lambda T: T.vmap(T.func.vjp(f, A(T, 3))[1])(A(T, 4, 3)),
    "vmap of jvp": lambda T: T.vmap(lambda x, v: T.func.jvp(f, (x,), (v,)))(A(T, 4, 3), A(T, 4, 3, seed=1)),
    "vmap of tangents": lambda T: T.vmap(lambda v: T.func.jvp(f, (A(T, 3),), (v,))[1])(A(T, 4, 3)),
    "vmap of linearize": lambda T: T.vmap(T.func.linearize(f, A(T, 3))[1])(A(T, 4, 3)),
    "grad by what has no batch": lambda T: T.vmap(T.func.grad(lambda w, x: (w * x).sin().sum()), (None, 0))(
        A(T, 3), A(T, 4, 3)
    ),
    "grad of vmap": lambda T: T.func.grad(lambda x: T.vmap(g)(x).sum())(A(T, 4, 3)),
    "grad of vmap of grad": lambda T: T.func.grad(
        lambda w: T.vmap(T.func.grad(lambda x: (x**3 * w).sum()))(A(T, 4, 3)).sum()
    )(A(T, 3)),
    "jvp of vmap": lambda T: T.func.jvp(T.vmap(f), (A(T, 4, 3),), (A(T, 4, 3, seed=1),)),
    "jacrev of vmap of jvp": lambda T: T.func.jacrev(
        lambda x: T.vmap(lambda v: T.func.jvp(f, (x,), (v,))[1])(A(T, 2, 3))
    )(A(T, 3)),
    "vmap in vmap of grad": lambda T: T.vmap(T.vmap(T.func.grad(lambda x, y: (x * y).sin()), (0, None)), (None, 0))(
        A(T, 3), A(T, 4)
    ),
    "perturbation confusion": confusion,
    "autograd outside": autograd_outside,
    "no_grad": without_grad,
    "functional_call": lambda T: T.func.functional_call(model(T), dict(model(T).named_parameters()), A(T, 2, 3)),
    "per-sample gradients": per_sample,
    "ensembles": ensemble,
    "jacobian of a module": lambda T: T.func.jacrev(model(T))(A(T, 3)),
    "hessian of a loss": lambda T: T.func.hessian(
        lambda w: T.nn.functional.cross_entropy(A(T, 4, 3) @ w, T.tensor([0, 1, 1, 0]))
    )(A(T, 3, 2)),
    "in place": lambda T: T.func.grad(lambda x: (x * 1).mul_(x).sin_().sum())(A(T, 3)),
    "set items in nested transforms": lambda T: T.vmap(T.func.hessian(lambda x: assembled(T, x).prod()))(A(T, 2, 3)),
    "set items": lambda T: T.func.jacfwd(lambda x: assembled(T, x))(A(T, 3)),
    "set items in reverse": lambda T: T.func.jacrev(lambda x: assembled(T, x))(A(T, 3)),
    "detached": lambda T: T.func.grad(lambda x: (x.detach() * x).sum())(A(T, 3)),
    "data-dependent": lambda T: T.func.grad(lambda x: x * 2 if x > 0 else x**2)(T.tensor(-3.0)),
    "functions of a loop": lambda T: T.func.jacfwd(newton)(T.tensor([2.0, 3.0])),
    "float32": lambda T: T.func.hessian(g)(A(T, 3).float()),
}


def assembled(T: ModuleType, x: Any) -> Any:
    """A tensor that is written piece by piece."""
    out = x.new_zeros(4)
    out[0] = x[0] * x[1]
    out[1:] = x.sin()
    return out


def newton(x: Any) -> Any:
    """A square root by Newton's method."""
    root = x
    for _ in range(6):
        root = 0.5 * (root + x / root)
    return root


ERRORS = {
    "aux of numbers": lambda T: T.func.grad(lambda x: (g(x), 3), has_aux=True)(A(T, 3)),
    "linearized twice": lambda T: T.func.linearize(f, A(T, 3))[1](A(T, 3), A(T, 3)),
    "linearized at another size": lambda T: T.func.linearize(f, A(T, 3))[1](A(T, 2)),
    "not a number": lambda T: T.func.grad(f)(A(T, 3)),
    "no tensor": lambda T: T.func.grad(lambda x: 1)(A(T, 3)),
    "no aux": lambda T: T.func.grad(g, has_aux=True)(A(T, 3)),
    "no such argument": lambda T: T.func.grad(g, argnums=1)(A(T, 3)),
    "argument twice": lambda T: T.func.grad(lambda x, y: x.sum(), argnums=(0, 0))(A(T, 3), A(T, 3)),
    "argument by text": lambda T: T.func.grad(g, argnums="a")(A(T, 3)),
    "whole numbers": lambda T: T.func.grad(lambda x: x.sum())(T.ones(3, dtype=T.int64)),
    "a number": lambda T: T.func.grad(lambda x: x * 2)(3.0),
    "in place of an input": lambda T: T.func.grad(lambda x: x.mul_(2).sum())(A(T, 3)),
    "vjp of no tensor": lambda T: T.func.vjp(lambda x: 3, A(T, 3)),
    "vjp of a list with a number": lambda T: T.func.vjp(lambda x: [x, 3], A(T, 3)),
    "vjp of nothing": lambda T: T.func.vjp(lambda x: (), A(T, 3)),
    "vjp of whole numbers": lambda T: T.func.vjp(lambda x: x > 0, A(T, 3)),
    "vjp without aux": lambda T: T.func.vjp(f, A(T, 3), has_aux=True),
    "cotangents": lambda T: T.func.vjp(lambda x: (x, x), A(T, 3))[1](A(T, 3)),
    "cotangent's size": lambda T: T.func.vjp(f, A(T, 3))[1](A(T, 2)),
    "jvp of no tuple": lambda T: T.func.jvp(f, A(T, 3), A(T, 3)),
    "jvp of two structures": lambda T: T.func.jvp(f, (A(T, 3),), (A(T, 3), A(T, 3))),
    "jvp of nothing": lambda T: T.func.jvp(f, (), ()),
    "jvp of a number": lambda T: T.func.jvp(f, (3.0,), (3.0,)),
    "jvp of another size": lambda T: T.func.jvp(f, (A(T, 3),), (A(T, 2),)),
    "jvp without aux": lambda T: T.func.jvp(f, (A(T, 3),), (A(T, 3),), has_aux=True),
    "jvp strict": lambda T: T.func.jvp(lambda x: T.ones(2), (A(T, 3),), (A(T, 3),), strict=True),
    "jvp of no tensor": lambda T: T.func.jvp(lambda x: 3, (A(T, 3),), (A(T, 3),)),
    "chunk_size": lambda T: T.func.jacrev(f, chunk_size=0),
    "keys in two dicts": lambda T: T.func.functional_call(
        model(T), ({"0.bias": A(T, 4)}, {"0.bias": A(T, 4)}), A(T, 3)
    ),
    "no dict": lambda T: T.func.functional_call(model(T), 3, A(T, 3)),
    "no dicts": lambda T: T.func.functional_call(model(T), [3], A(T, 3)),
    "unknown key": lambda T: T.func.functional_call(model(T), {"0.bios": A(T, 4)}, A(T, 3)),
    "unknown module": lambda T: T.func.functional_call(model(T), {"7.bias": A(T, 4)}, A(T, 3)),
    "strict": lambda T: T.func.functional_call(model(T), {"0.bias": A(T, 4)}, A(T, 3), strict=True),
    "no models": lambda T: T.func.stack_module_state([]),
    "two kinds of models": lambda T: T.func.stack_module_state([T.nn.Linear(2, 2), T.nn.Tanh()]),
    "two modes": lambda T: T.func.stack_module_state([T.nn.Linear(2, 2), T.nn.Linear(2, 2).eval()]),
    "complex": lambda T: T.func.jacrev(lambda x: x)(T.ones(2, dtype=T.complex64)),
}
