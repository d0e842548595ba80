"""Every row of the table against finite differences, and against itself run forward, backward and twice.

``examples.py`` has arguments for every row; a row without any fails here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import autograd, func
from engine.graph.forward import jvp
from engine.naming import families
from engine.table.kernel import PUBLIC, RAW
from engine.table.lists import ListRow
from engine.table.op import TABLE
from engine.tensor import Tensor, wrap

from .example import Example
from .examples import EXAMPLES

families.read_all()
EPSILON = 1e-6


def derived(row: Any) -> set[str]:
    """The inputs that have a derivative: where PyTorch has none, a formula raises its error."""
    raising = {"underivable", "not_derived"}
    return {p for p, formula in row.formulas.items() if not raising & set(formula.__code__.co_names)}


# By convention no derivative of the value: PyTorch's is that by the scores before log_softmax (test_functional.py), or
# has the gradient where what it is of was overwritten (test_ops_statistics.py)
CONVENTIONS = {"ctc_loss", "as_strided_scatter"}
DIFFERENTIABLE = sorted(
    name for name, row in TABLE.items() if (isinstance(row, ListRow) or derived(row)) and name not in CONVENTIONS
)
UNDERIVABLE = sorted(
    name for name, row in TABLE.items() if row.formulas and name not in {*DIFFERENTIABLE, *CONVENTIONS}
)
CASES = [
    pytest.param(name, case, id=f"{name}-{i}")
    for name in DIFFERENTIABLE
    for i, case in enumerate(EXAMPLES.get(name, ()))
]


def inner(a: Any, b: Any) -> float:
    """Σ a·b over all entries of all arrays; of complex ones the real part of Σ conj(a)·b."""
    return float(sum(np.sum(np.conj(x) * np.asarray(y)).real for x, y in zip(a, b, strict=True)))


class Function:
    """One example of a row as a function of its differentiable inputs alone, on float64 arrays."""

    def __init__(self, name: str, case: Example) -> None:
        self.row, self.case, self.name = TABLE[name], case, name
        self.wanted = [
            i for i, a in enumerate(case.tensors()) if a.dtype in (np.float64, np.complex128) and i not in case.fixed
        ]
        self.start = [case.tensors()[i] for i in self.wanted]

    def call(self, inputs: list[Tensor]) -> Tensor:
        """The row's public function, on Tensors."""
        tensors = [wrap(np.array(a)) for a in self.case.tensors()]
        for i, t in zip(self.wanted, inputs, strict=True):
            tensors[i] = t
        out = PUBLIC[self.name](*self.case.arguments(tensors))
        if isinstance(out, tuple):
            if isinstance(self.row, ListRow) or self.row.several:  # several outputs: one vector of all their entries
                several = [t for t in out if t._d.dtype.kind in "fc" and not self.case.first]
                if several:
                    return PUBLIC["cat"]([PUBLIC["view_as"](PUBLIC["clone"](t), (t._d.size,)) for t in several])
            out = out[0]
        return out

    def directions(self, rng: np.random.Generator) -> list[Any]:
        """A random direction for each of ``start``."""
        return [self.case.along(i, like(rng, a)) for i, a in zip(self.wanted, self.start, strict=True)]

    def in_one(self, tangent: Any) -> Any:
        """The tangents of several outputs as one vector, as ``call`` gives the outputs."""
        if not isinstance(tangent, tuple):
            return tangent
        return tangent[0] if self.case.first else np.concatenate([np.ravel(t) for t in tangent])

    def bound(self, tangents: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The call's arguments on arrays, and ``tangents``, one for each of ``start``: both by parameter."""
        tensors = [wrap(np.array(a)) for a in self.case.tensors()]
        call = self.row.signature.bind(*self.case.arguments(tensors))
        call.apply_defaults()
        by_tensor = {id(tensors[i]): d for i, d in zip(self.wanted, tangents, strict=True)}
        arguments = {p: v._d if isinstance(v, Tensor) else v for p, v in call.arguments.items()}
        return arguments, {p: by_tensor[id(v)] for p, v in call.arguments.items() if id(v) in by_tensor}

    def leaves(self, arrays: list[np.ndarray[Any, Any]]) -> list[Tensor]:
        return [wrap(np.array(a)).requires_grad_() for a in arrays]

    def value(self, arrays: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        return np.asarray(self.call([wrap(np.array(a)) for a in arrays])._d)

    def vjp(self, arrays: list[Any], u: Any, create_graph: bool = False) -> list[Any]:
        leaves = self.leaves(arrays)
        y = self.call(leaves)
        return [np.asarray(g._d) for g in autograd.grad(y, leaves, wrap(np.array(u)), create_graph=create_graph)]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


def like(rng: np.random.Generator, array: Any) -> np.ndarray[Any, Any]:
    """Random numbers, complex where ``array`` is."""
    drawn = rng.standard_normal(np.shape(array))
    return drawn + 1j * rng.standard_normal(np.shape(array)) if np.iscomplexobj(array) else drawn


def close(a: float, b: float, scale: float = 1.0, tolerance: float = 2e-6) -> None:
    assert abs(a - b) <= tolerance * max(1.0, abs(a), abs(b), scale), (a, b)


def test_every_row_has_an_example() -> None:
    """A row with a derivative and no example in examples.py is an error, and so is an example without a row."""
    assert sorted(EXAMPLES) == DIFFERENTIABLE


@pytest.mark.parametrize("name", [name for name in DIFFERENTIABLE if not isinstance(TABLE[name], ListRow)])
def test_every_formula_is_wanted(name: str) -> None:
    """Each formula of a row is asked for by some example: an example that fixes an input leaves its formula out."""
    wanted: set[str] = set()
    for case in EXAMPLES[name]:
        f = Function(name, case)
        wanted |= f.bound(f.start)[1].keys()
    assert wanted == derived(TABLE[name])


@pytest.mark.parametrize("name, case", CASES)
def test_first_order(name: str, case: Example, random: np.random.Generator) -> None:
    """<Jᵀu, w> from the formulas equals the central difference of <f, u> along a random w."""
    f = Function(name, case)
    w = f.directions(random)
    u = like(random, f.value(f.start))
    up = f.value([a + EPSILON * d for a, d in zip(f.start, w, strict=True)])
    down = f.value([a - EPSILON * d for a, d in zip(f.start, w, strict=True)])
    close(inner(f.vjp(f.start, u), w), inner([(up - down) / (2 * EPSILON)], [u]), case.scale)


@pytest.mark.parametrize("name, case", CASES)
def test_recorded_formula_equals_the_raw_one(name: str, case: Example, random: np.random.Generator) -> None:
    """The formula on Tensors (create_graph) gives the numbers of the formula on arrays."""
    f = Function(name, case)
    u = like(random, f.value(f.start))
    for raw, recorded in zip(f.vjp(f.start, u), f.vjp(f.start, u, create_graph=True), strict=True):
        np.testing.assert_allclose(raw, recorded, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name, case", CASES)
def test_second_order(name: str, case: Example, random: np.random.Generator) -> None:
    """The gradient of <Jᵀu, w> by x and u equals its central difference along a random direction."""
    f = Function(name, case)
    u = like(random, f.value(f.start))
    w = f.directions(random)
    dx, du = f.directions(random), like(random, u)
    leaves, v = f.leaves(f.start), wrap(np.array(u)).requires_grad_()
    y = f.call(leaves)
    if y._n is None:
        pytest.fail("the output has no graph")
    first = autograd.grad(y, leaves, v, create_graph=True)
    grown = [(g, d) for g, d in zip(first, w, strict=True) if g.requires_grad]
    targets = [*leaves, v]
    got = autograd.grad([g for g, _ in grown], targets, [wrap(d) for _, d in grown], allow_unused=True)
    analytic = sum(inner([g._d], [d]) for g, d in zip(got, [*dx, du], strict=True) if g is not None)
    up = inner(f.vjp([a + EPSILON * d for a, d in zip(f.start, dx, strict=True)], u + EPSILON * du), w)
    down = inner(f.vjp([a - EPSILON * d for a, d in zip(f.start, dx, strict=True)], u - EPSILON * du), w)
    close(analytic, (up - down) / (2 * EPSILON), case.scale, 2e-5)


@pytest.mark.parametrize("name, case", [p for p in CASES if not isinstance(TABLE[p.values[0]], ListRow)])
def test_forward_equals_reverse(name: str, case: Example, random: np.random.Generator) -> None:
    """<Jw, u> run forward equals <w, Jᵀu> run backward."""
    f = Function(name, case)
    w = f.directions(random)
    forward = f.in_one(jvp(f.row, *f.bound(w)))
    u = like(random, forward)
    close(inner([forward], [u]), inner(f.vjp(f.start, u), w), case.scale, 1e-9)


def pushed(f: Function, at: list[Any], along: list[Any]) -> Any:
    """The tangent of an example's output, as a Tensor."""
    return func.jvp(lambda *xs: f.call(list(xs)), tuple(at), tuple([wrap(np.array(a)) for a in along]))[1]


@pytest.mark.parametrize("name, case", CASES)
def test_tangents_of_every_row(name: str, case: Example, random: np.random.Generator) -> None:
    """A row on dual Tensors gives the tangent that its rule gives on arrays; for lists, that of differences."""
    f = Function(name, case)
    along = f.directions(random)
    found = pushed(f, [wrap(np.array(a)) for a in f.start], along)._d
    if not isinstance(f.row, ListRow):
        np.testing.assert_allclose(found, f.in_one(jvp(f.row, *f.bound(along))), rtol=1e-9, atol=1e-9)
        return
    up, down = (f.value([a + s * EPSILON * d for a, d in zip(f.start, along, strict=True)]) for s in (1, -1))
    np.testing.assert_allclose(found, (up - down) / (2 * EPSILON), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name, case", CASES)
def test_tangents_are_recorded(name: str, case: Example, random: np.random.Generator) -> None:
    """The gradient of a tangent, forward over reverse, equals the difference of tangents along a direction."""
    f = Function(name, case)
    along = f.directions(random)
    leaves = f.leaves(f.start)
    tangent = pushed(f, leaves, along)
    u, step = like(random, tangent._d), f.directions(random)
    got = 0.0
    if tangent.requires_grad:
        found = autograd.grad(tangent, leaves, wrap(np.array(u)), allow_unused=True)
        got = sum(inner([g._d], [d]) for g, d in zip(found, step, strict=True) if g is not None)

    def moved(s: float) -> float:
        at = [wrap(a + s * d) for a, d in zip(f.start, step, strict=True)]
        return inner([pushed(f, at, along)._d], [u])

    close(got, (moved(EPSILON) - moved(-EPSILON)) / (2 * EPSILON), case.scale, 2e-5)


def test_formulas_name_only_what_exists() -> None:
    """Every global name in a formula, kernel or rule is a row, a rule, or NumPy, in both worlds."""
    import builtins

    missing = []
    for name, row in TABLE.items():
        for f in [f for f in row.formulas.values() if f is not None]:
            code = getattr(f, "__code__", None)
            names = code.co_names if code else ()
            missing += [
                (name, n)
                for n in names
                if not ((n in RAW and n in PUBLIC) or hasattr(builtins, n)) and not _is_attribute(n)
            ]
    assert missing == []


def _is_attribute(name: str) -> bool:
    return any(hasattr(kind, name) for kind in (np.ndarray, Tensor, np, dict))
