"""Complex numbers against torch: values, dtypes, gradients, second derivatives, graphs and errors."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import engine

from .against import agree, cases

DRAW = np.random.default_rng(3)
ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "x": DRAW.standard_normal((2, 3)), "p": DRAW.uniform(0.4, 2.0, (2, 3)),
    "z": DRAW.standard_normal((2, 3)) + 1j * DRAW.standard_normal((2, 3)),
    "w": DRAW.standard_normal((2, 3)) + 1j * DRAW.standard_normal((2, 3)),
    "v": DRAW.standard_normal(3) + 1j * DRAW.standard_normal(3),
}  # fmt: skip
HOLOMORPHIC = """
z * w ; z / w ; z - w ; z + w ; -z ; z * v ; z * 2 ; z * (1 + 2j) ; 2j - z ; z / 2j ; 1 / z ; z**3 ; z**-1
z**0.5 ; z**w ; 2j**z ; z**(1 + 2j)
z.exp() ; z.log() ; z.sqrt() ; z.rsqrt() ; z.sin() ; z.cos() ; z.tan() ; z.tanh() ; z.sigmoid() ; z.reciprocal()
z.square()
z.sum() ; z.sum(0) ; z.mean() ; z.mean(1, True) ; z.prod() ; z.prod(1) ; z.cumsum(0) ; z.cumprod(1)
z @ w.T ; T.mv(z, v) ; T.dot(z[0], w[1]) ; T.addmm(v[:2], z, w.T, beta=2j, alpha=1j)
T.cat([z, w]) ; T.stack([z, w]).exp() ; z.unbind()[0] * z.unbind()[1] ; z.split(2, 1)[0].exp() ; z.reshape(3, 2) * 1j
z[0] * 1j ; z[:, T.tensor([0, 0, 2])] * 1j ; T.where(T.ones(3) > 0, z, w) * 1j ; z.flip(0) * w
L.inv(z @ z.mH + T.eye(2)) ; L.det(z @ w.mT) ; L.solve(z @ z.mH + T.eye(2), v[:2])
"""
NOT_HOLOMORPHIC = """
z.abs() ; z.sgn() ; z.angle() ; x.angle() ; z.conj() ; z.conj() * z ; T.conj_physical(z) ; z.real ; z.imag
z.real * z.imag
T.view_as_real(z) ; T.view_as_real(z)**2 ; T.view_as_complex(T.view_as_real(z)) ; z.norm() ; z.norm(3) ; z.norm(1, 0)
T.linalg.vector_norm(z, inf, 0) ; z.var() ; z.var(1) ; z.std(0) ; T.vdot(z[0], v) ; T.vdot(x[0], x[1]) ; z.mH
z.adjoint() ; z.H * 1j
"""
FROM_REAL = """
x * w ; x * 1j ; x + 2j ; 2j - x ; x / w ; w / x ; p**w ; w**x ; T.exp(x * 1j) ; (x * (1 + 2j)).abs()
T.complex(x, p) ; T.complex(x, p[0])**2 ; T.polar(p, x) ; T.polar(p, x)**2
T.view_as_complex(T.stack([x, p], -1)).exp()
T.cat([x, z]).sin() ; x.to(T.complex128)**2 ; z.to(T.float64)**2 ; (z * z).double() ; x.conj() * x ; x.real * x
T.zeros(2, 3, dtype=T.complex128).copy_(x).exp() * 1j
"""
PROPERTIES = """
x.is_complex() ; z.is_complex() ; z.is_conj() ; z.resolve_conj() * 1 ; z.resolve_neg() * 1 ; T.isreal(z)
T.isreal(x) ; T.real(x) * 1
T.conj(T.tensor([1, 2])) ; T.angle(T.tensor([1, -2, 0])) ; T.real(T.tensor([1, 2]))
"""
ERRORS = """
x.imag ; T.imag(x) ; T.view_as_real(x) ; T.view_as_complex(x) ; T.view_as_complex(T.tensor(1.0)) ; z[0].mH
z[0].H ; z[0].adjoint()
T.view_as_complex(T.ones(2, 2, dtype=T.int32)) ; T.view_as_complex(T.ones(2, 4)[:, ::2])
T.view_as_complex(T.ones(2, 3)[:, :2])
T.complex(T.tensor([1]), T.tensor([2])) ; T.complex(x, x.float()) ; T.polar(x, x.float()) ; T.vdot(z, z)
T.vdot(v, v[:2])
z.sum().backward() ; z.backward() ; z.abs().backward() ; T.autograd.grad(z.sum(), z) ; z.sum().backward(T.tensor(1.0))
"""


@pytest.mark.parametrize("call", cases(HOLOMORPHIC) + cases(NOT_HOLOMORPHIC))
def test_gradients(torch: Any, call: str) -> None:
    """Functions of complex numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        agree(torch, call, ARRAYS, 1e-9)


@pytest.mark.parametrize("call", cases(FROM_REAL))
def test_real_inputs(torch: Any, call: str) -> None:
    """A complex result of real numbers: their gradients are real."""
    # torch converts x for x**w; here a conversion is recorded before x ** 1j
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        agree(torch, call, ARRAYS, 1e-9)


@pytest.mark.parametrize("call", cases(PROPERTIES) + cases(ERRORS))
def test_what_is_complex(torch: Any, call: str) -> None:
    """Predicates, parts of whole numbers, error texts."""
    agree(torch, call, ARRAYS, 1e-9)


def _parts(T: Any, z: Any, w: Any) -> Any:
    a = z * 1
    a.real.mul_(2)
    return a * a


def _part_of_view(T: Any, z: Any, w: Any) -> Any:
    a = z * 1
    v = a.imag
    a.mul_(1j)
    v.mul_(3)
    return v * a.real


def _assigned(T: Any, z: Any, w: Any) -> Any:
    a = z * 1
    a.imag = w.abs()
    return a * a


def _set(T: Any, z: Any, w: Any) -> Any:
    a = z.clone()
    a[0] = w[1] * (1 + 1j)
    a[:, 1] *= 1j
    T.view_as_real(a)[..., 0, 1] = w.real[:, 0]
    return a * a


def _written(T: Any, z: Any, w: Any) -> Any:
    a = z * 1j
    a.mul_(w)
    a[1].add_(w[0] * 2j)
    return a.sin()


def _real_into_complex(T: Any, z: Any, w: Any) -> Any:
    a = z * 1j
    a[0] = w[0].abs()
    return a * a


@pytest.mark.parametrize("program", [_parts, _part_of_view, _assigned, _set, _written, _real_into_complex])
@pytest.mark.parametrize("second", [False, True])
def test_writes(torch: Any, program: Any, second: bool) -> None:
    """In-place operations on complex tensors and on views of their parts: gradients, and gradients of these."""
    results = []
    for T in (torch, engine):
        z, w = (T.tensor(ARRAYS[name], requires_grad=True) for name in "zw")
        y = program(T, z, w).abs()
        found = T.autograd.grad(y.sum(), [z, w], create_graph=second, allow_unused=True)
        found = [g for g in found if g is not None]
        if second:
            found += T.autograd.grad(sum((g.abs() ** 2).sum() for g in found), [z])
        results.append([g.detach().numpy(force=True) for g in found])
    for ours, theirs in zip(results[1], results[0], strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("second", [False, True])
def test_hooks_see_gradients_not_their_conjugates(torch: Any, second: bool) -> None:
    """Tensor hooks, node hooks and ``retain_grad`` get PyTorch's numbers."""
    seen: list[list[Any]] = []
    for T in (torch, engine):
        noted: list[Any] = []
        z = T.tensor(ARRAYS["z"], requires_grad=True)
        y = z * (1 + 2j)
        y.retain_grad()
        y.register_hook(lambda g, to=noted: to.append(g))
        y.grad_fn.register_hook(lambda sent, got, to=noted: to.extend([sent[0], got[0]]))
        (y * y).sum().abs().backward(create_graph=second)
        seen.append([t.detach().numpy(force=True) for t in [*noted, y.grad, z.grad]])
    for ours, theirs in zip(seen[1], seen[0], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_real_program_does_not_pay() -> None:
    """Without complex numbers in a graph no pass looks for them; with one, every later pass does."""
    program = (
        "import engine as torch; from engine.table.kernel import RAW; x = torch.ones(3, requires_grad=True);"
        "torch.ones(2, dtype=torch.complex64) * 1j; (x * 2).sum().backward(); before = RAW['COMPLEX'];"
        "(x * 1j).abs().sum().backward(); print(before, RAW['COMPLEX'])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "True"]


def test_a_write_into_complex_view_of_real_numbers_is_refused() -> None:
    """What is not recorded says so: a write into ``view_as_complex`` of a base with a history."""
    x = engine.ones(2, 2, requires_grad=True) * 1
    with pytest.raises(RuntimeError, match="does not record a write into a complex64 view"):
        engine.view_as_complex(x).mul_(2)


def test_a_custom_function_makes_complex_numbers_of_real_ones(torch: Any) -> None:
    """What follows it conjugates, though no operation of the library made the first complex number."""
    program = """
import sys, {library} as torch
class Half(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return torch.complex(x, x * 2)
    @staticmethod
    def backward(ctx, g): return g.real + 2 * g.imag
x = torch.tensor([0.5, -1.5], requires_grad=True)
y = Half.apply(x)
(y * y).sum().abs().backward()
print([round(v, 4) for v in x.grad.tolist()])
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", program.format(library=library)], capture_output=True, text=True, check=True
        ).stdout
        for library in ("torch", "engine")
    ]
    assert found[0] == found[1]


def test_steps_made_before_the_first_complex_number(torch: Any) -> None:
    """Steps, joined ones too, that real numbers have used conjugate for complex ones after these, each once."""
    program = """
import {library} as torch
x = torch.tensor([0.5, -1.5], requires_grad=True)
def run(x):
    parts = torch.cat([x, x * x, torch.stack([x, x.sin()]).sum(0)]).unbind()
    return sum(p * p for p in parts)
run(x).backward()
z = torch.tensor([0.5 + 1j, -1.5 + 2j], requires_grad=True)
run(z).abs().backward()
first, = torch.autograd.grad(run(z).abs(), z, create_graph=True)
second, = torch.autograd.grad(first.abs().sum(), z)
print(x.grad.tolist(), [[round(v.real, 3), round(v.imag, 3)] for t in (z.grad, first, second) for v in t.tolist()])
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", program.format(library=library)], capture_output=True, text=True, check=True
        ).stdout
        for library in ("torch", "engine")
    ]
    assert found[0] == found[1]
