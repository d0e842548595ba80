"""``gradcheck`` and ``gradgradcheck``: derivatives against differences, with PyTorch's arguments and messages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from . import grad
from .conditions import GradcheckError, check_inputs, check_multiplied, check_undefined
from .jacobians import as_tuple, backward_rows, differences, differentiable, directional, forward_columns, stacked

_NONDET = """\n
NOTE: If your op relies on non-deterministic operations i.e., it is listed here:
https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
this failure might be expected.

If you are adding a new operator, please file an issue and then use one of the
workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck.
If the test
- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck
  with `nondet_tol=<tol>` as a keyword argument.
- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test
  to have `gradcheck_nondet_tol=<tol>`.
- is a Module test (e.g., in common_nn.py), then modify the corresponding
  module_test entry to have `gradcheck_nondet_tol=<tol>`
"""


class _Check:
    """What one ``gradcheck`` was asked for."""

    def __init__(self, eps: float, atol: float, rtol: float, nondet_tol: float, dtypes: bool, fast: bool) -> None:
        self.eps, self.atol, self.rtol, self.nondet_tol, self.dtypes, self.fast = (
            eps,
            atol,
            rtol,
            nondet_tol,
            dtypes,
            fast,
        )
        self.random = np.random.default_rng(0)

    def close(self, a: Any, n: Any, scale: float = 1.0) -> bool:
        """Whether two matrices agree."""
        with np.errstate(all="ignore"):
            return bool(np.all((a == n) | (np.abs(a - n) <= self.atol * scale + self.rtol * np.abs(n))))

    def backward(self, func: Any, inputs: Sequence[Any], outputs: Sequence[Tensor], part: str | None,
                 complex_outputs: Sequence[int]) -> None:  # fmt: skip
        """Compare a backward pass with differences; ``part``: the part of complex outputs that ``func`` gives."""
        results = as_tuple(func(*inputs))
        if not outputs:
            self._nothing(func, inputs)
            return
        if self.fast and not any(t.is_complex() for t in (*differentiable(inputs), *outputs)):
            self._fast(func, inputs, outputs, results)
            return
        numerical = differences(func, inputs, self.eps)
        places = [k for k, o in enumerate(results) if o.requires_grad]
        for i, output in enumerate(outputs):
            for j, a in enumerate(self.analytical(output, differentiable(inputs))):
                n = numerical[j][places[i]]
                if not self.close(a, n):
                    raise GradcheckError(_mismatch(a, n, i, j, part if i in complex_outputs else None, "outputs"))

    def analytical(self, output: Tensor, inputs: Sequence[Tensor], vectors: Any = None) -> list[Any]:
        """The matrix for each input, from two passes that must agree."""
        matrices = []
        passes = [backward_rows(output, inputs, vectors) for _ in range(2)]
        shapes = dtypes = same = True
        for t, first, second in zip(inputs, *passes, strict=True):
            a, shapes_ok, dtypes_ok = stacked(first, t)
            b = stacked(second, t)[0]
            shapes, dtypes = shapes and shapes_ok, dtypes and dtypes_ok
            same = same and (not a.size or bool(np.abs(a - b).max() <= self.nondet_tol))
            matrices.append(a)
        if not dtypes and self.dtypes:
            raise GradcheckError("Gradient has dtype mismatch")
        if not shapes:
            raise GradcheckError("Analytical gradient has incorrect size")
        if not same:
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                "gives different values, although analytical gradient matches numerical gradient."
                f"The tolerance for nondeterminism was {self.nondet_tol}." + _NONDET
            )
        return matrices

    def _nothing(self, func: Any, inputs: Sequence[Any]) -> None:
        for of_input in differences(func, inputs, self.eps):
            if any((n != 0).any() for n in of_input):
                raise GradcheckError("Numerical gradient for function expected to be zero")

    def _vector(self, t: Tensor) -> Any:
        v = self.random.random(t.numel())
        return v / np.linalg.norm(v)

    def _fast(self, func: Any, inputs: Sequence[Any], outputs: Sequence[Tensor], results: Sequence[Any]) -> None:
        """Compare vᵀJu for one random u and v, from differences and from a backward pass."""
        places = [k for k, o in enumerate(results) if o.requires_grad]
        weights = [self._vector(o) for o in outputs]
        for j, t in enumerate(differentiable(inputs)):
            u = self._vector(t)
            along = directional(func, inputs, t, u, self.eps)
            for i, (output, v) in enumerate(zip(outputs, weights, strict=True)):
                n = v @ along[places[i]]
                vector = wrap(v.reshape(output._d.shape).astype(output._d.dtype))
                a = self.analytical(output, differentiable(inputs), [vector])[j][:, 0] @ u
                if not self.close(a, n, u.sum() * v.sum()):
                    slow = differences(func, inputs, self.eps)[j][places[i]]
                    exact = self.analytical(output, differentiable(inputs))[j]
                    told = _mismatch(a, n, i, j, None, "outputs")
                    raise GradcheckError(told + _in_slow_mode(exact, slow, self.close(exact, slow)))

    def forward(self, func: Any, inputs: Sequence[Any], outputs: Sequence[Tensor], part: str | None = None,
                complex_inputs: Sequence[int] = ()) -> None:  # fmt: skip
        """Compare forward mode with differences."""
        results = as_tuple(func(*inputs))
        numerical = differences(func, inputs, self.eps)
        found = forward_columns(func, inputs)
        floating = [k for k, o in enumerate(results) if o.is_floating_point() or o.is_complex()]
        for i, k in enumerate(floating):
            if not results[k].requires_grad:
                continue
            for j in range(len(numerical)):
                a, n = found[j][i], numerical[j][k]
                if not self.close(a, n):
                    told = part if j in complex_inputs else None
                    raise GradcheckError(_mismatch(a, n, i, j, told, "inputs", "computed with forward mode "))


def _in_slow_mode(a: Any, n: Any, close: bool) -> str:
    shown = [wrap(np.asarray(each)) for each in (n, a, np.abs(n - a).max())]
    return (
        "\nThe above quantities relating the numerical and analytical jacobians are computed \n"
        "in fast mode. See: https://github.com/pytorch/pytorch/issues/53876 for more background \n"
        "about fast mode. Below, we recompute numerical and analytical jacobians in slow mode:\n\n"
        f"Numerical:\n {shown[0]}\nAnalytical:\n{shown[1]}\n\n"
        f"The max per-element difference (slow mode) is: {shown[2].item()}.\n"
    ) + ("Fast gradcheck failed but element-wise differences are small." if close else "")


def _mismatch(a: Any, n: Any, output: int, input: int, part: str | None, element: str, mode: str = "") -> str:
    prefix = f"While considering the {part} part of complex {element} only, " if part else ""
    shown = [wrap(np.asarray(each)) for each in (n, a)]
    return (
        f"{prefix}Jacobian {mode}mismatch for output {output:d} with respect to input {input:d},\n"
        f"numerical:{shown[0]}\nanalytical:{shown[1]}\n"
    )


def _parts(func: Callable[..., Any], part: str) -> Callable[..., Any]:
    """``func`` with the real or the imaginary part of its complex outputs."""
    return lambda *inputs: tuple([getattr(o, part) if o.is_complex() else o for o in as_tuple(func(*inputs))])


def _with_part(func: Callable[..., Any], inputs: Sequence[Any], where: Sequence[int], part: str) -> Any:
    """``func`` of one part of its complex inputs, the other part being fixed; and the inputs with that part."""

    def of_part(*given: Any) -> Any:
        whole = list(given)
        for i in where:
            z = inputs[i].detach()
            whole[i] = given[i] + z.imag * 1j if part == "real" else z.real + given[i] * 1j
        return func(*whole)

    parts = list(inputs)
    for i in where:
        parts[i] = getattr(inputs[i].detach(), part).clone().requires_grad_()
    return of_part, tuple(parts)


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the gradients of ``func`` at ``inputs`` are those that differences of size ``eps`` give.

    Units: inputs should be float64; an entry may be off by ``atol + rtol * |difference|``.
    Errors: GradcheckError where they are not, unless ``raise_exception`` is False.
    Source: torch.autograd.gradcheck.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad or check_batched_forward_grad:
        raise NotImplementedError("gradcheck does not check batched gradients: batches are loops in this engine")
    check = _Check(eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode)
    try:
        _run(check, func, as_tuple(inputs), check_backward_ad, check_forward_ad, check_undefined_grad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _run(check: _Check, func: Any, inputs: tuple[Any, ...], backward: bool, forward: bool, undefined: bool) -> None:
    check_inputs(inputs)
    results = as_tuple(func(*inputs))
    outputs = [o for o in results if o.requires_grad]
    complex_outputs = [i for i, o in enumerate(outputs) if o.is_complex()]
    if backward:
        parts = [("imaginary", "imag"), ("real", "real")] if any(o.is_complex() for o in results) else [(None, "")]
        for told, part in parts:
            f = _parts(func, part) if part else func
            of_part = [o for o in as_tuple(f(*inputs)) if o.requires_grad]
            check.backward(f, inputs, of_part, told, complex_outputs)
    if forward:
        where = [i for i, t in enumerate(inputs) if isinstance(t, Tensor) and t.is_complex() and t.requires_grad]
        for told, part in [("imaginary", "imag"), ("real", "real")] if where else [(None, "")]:
            f, given = _with_part(func, inputs, where, part) if part else (func, inputs)
            check.forward(f, given, outputs, told, where)
    if backward and outputs:
        check_multiplied(outputs, differentiable(inputs))
        if undefined:
            check_undefined(func, inputs, len(outputs))


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """``gradcheck`` of the gradients of ``func``: by the inputs, and by the gradients of the outputs.

    ``grad_outputs``: these, random where None is given.
    Errors: GradcheckError, unless ``raise_exception`` is False.
    Source: torch.autograd.gradgradcheck.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    given = as_tuple(inputs)
    if grad_outputs is None:
        random = np.random.default_rng(0)
        outputs = [o for o in as_tuple(func(*given)) if o.requires_grad]
        vs = tuple([_random_like(o, random, gen_non_contig_grad_outputs) for o in outputs])
    else:
        vs = as_tuple(grad_outputs)
    wanted = [i for i, t in enumerate(given) if isinstance(t, Tensor) and t.requires_grad]
    wanted_vs = [i for i, v in enumerate(vs) if v.requires_grad]

    def gradients(*args: Any) -> Any:
        xs, ws = args[: len(given)], args[len(given) :]
        xs = tuple([x.requires_grad_() if i in wanted else x for i, x in enumerate(xs)])
        ys = [o for o in as_tuple(func(*xs)) if o.requires_grad]
        ws = tuple([w.requires_grad_() if i in wanted_vs else w for i, w in enumerate(ws)])
        found = grad(ys, [xs[i] for i in wanted], ws, create_graph=True, allow_unused=True)
        return tuple([g for g in found if g is not None])

    return gradcheck(
        gradients, (*given, *vs), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad, fast_mode=fast_mode, check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
    )  # fmt: skip


def _random_like(o: Tensor, random: Any, spread: bool) -> Tensor:
    shape = (*o._d.shape, 2) if spread else o._d.shape
    values = random.uniform(-1, 1, shape)
    if o._d.dtype.kind == "c":
        values = values + 1j * random.uniform(-1, 1, shape)
    values = np.asarray(values, o._d.dtype)
    return wrap(values[..., 0] if spread else values).requires_grad_()


class _Callable(ModuleType):
    """This module is also the function of its name, which ``torch.autograd.gradcheck`` is."""

    def __call__(self, *args: Any, **kwargs: Any) -> bool:
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
