"""Every number shown is `base + Σ v[i]·row[i]`: the rows are taken by sweeping the graph once for each slider.

`take` runs the sweeps (at the time of the cell's own backward call, before anything can change what they need);
`build` picks out of them the numbers that the graph shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import Backend, Snapshot, address_of, is_gone
from ..backends.arrays import Terms, combined, entries, joined, products, raw, side_by_side, total
from ..cells.uncollected import uncollected
from ..cells.walk import Path
from ..style import format
from ..tracing.passes import BackwardPasses
from ..tracing.trace import Backward
from ..words import say
from .found import found, members, sent, value_in
from .seed import Seed, Weighting, weighting_of

if TYPE_CHECKING:
    from .graph import Graph, Quantity

SLIDERS = 16  # at most so many entries of v have a slider at once
BUDGET = 0.25  # seconds that the sweeps of one backward call may take together
SHARE = 0.5  # of the cell's own time, that all sweeps in it may take beyond that
MEMORY = 256 * 2**20  # bytes that the rows may hold together
MANY = 32  # gradients shown as one that are joined before anything else is done with them
SMALL = 4096  # entries of one of many parameters, up to which their inner products are taken together

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Sweeps:
    """What the graph gave for each one-hot v, and for the rest of v held constant."""

    weighting: Weighting
    picked: tuple[int, ...]
    rest: Any  # Sweep of v with zeros at the picked entries, None when that is zero everywhere
    rows: tuple[Any, ...]  # one Sweep for each picked entry
    linear: bool
    products: dict[Any, tuple[Array, Array]] = field(default_factory=dict)  # of what was shown once, see `_products`


@dataclass(frozen=True)
class Linear:
    """The numbers shown as a function of the sliders: `base + Σ start[i]·rows[i]` at the start."""

    weights: tuple[int, ...]  # flat indices of v that have sliders
    names: tuple[str, ...]  # "v[0]", "v[0, 1]", "v"
    v: Any  # all of v at first, flat, float64: an array, or a Seed where most of it is elsewhere
    start: tuple[float, ...]  # of that, where the sliders stand
    offsets: tuple[int, ...]  # where each quantity begins in the flat vector of N numbers
    base: Array  # (N,)
    rows: Array  # (m, N)
    gram: Array  # (Q, m+1, m+1): inner products of [base, rows...] over all entries of each quantity
    sums: Array  # (Q, m+1): their totals, whose weighted sum has the sign of the quantity
    linear: bool = True
    written: Any = None  # all of v as the cell wrote it, where the sliders start elsewhere

    @property
    def as_written(self) -> Any:
        """v as the cell wrote it, flat."""
        return self.v if self.written is None else self.written

    def shown(self, values: Sequence[float]) -> Array:
        """The N numbers at these slider values; where v does not act linearly, those known at the start."""
        if not self.linear:
            return self.base
        with np.errstate(all="ignore"):
            return self.base + np.asarray(values, dtype=np.float64) @ self.rows


def pick(size: int, wanted: Sequence[int] | None = None) -> tuple[int, ...]:
    """The entries of v that get sliders: those wanted, else all of a small v, else the first ones."""
    if wanted is not None:
        return tuple(dict.fromkeys(index for index in wanted if 0 <= index < size))[:SLIDERS]
    return tuple(range(min(size, SLIDERS)))


def take(
    snapshot: Any,
    weighting: Weighting,
    picked: Sequence[int] | None = None,
    budget: float = BUDGET,
    *,
    done: Any = None,
) -> Sweeps:
    """Sweep once for each picked entry, for as many as time and memory allow, and once for the rest of v.

    ``done``: the pass of v as written, where all of it is known; of a v that is 1 it is the only row already.
    Where a hook makes the gradient other than linear in v, or could be noticed, no sweep is run at all."""
    v = Seed.of(weighting.v)
    # a slider cannot stand at NaN or inf: such an entry is held with the rest
    asked = pick(v.size, picked)
    chosen = tuple(index for index, number in zip(asked, v.at(asked), strict=True) if np.isfinite(number))
    if not snapshot.linear:
        return Sweeps(weighting, chosen, None, (), linear=False)
    if done is not None and len(weighting.gradients) == 1 and v.size == 1 and chosen and v.at(chosen)[0] == 1:
        return Sweeps(weighting, chosen, None, (done,), linear=True)
    began = time.perf_counter()
    rows: list[Any] = []
    size = 0
    for index in chosen:
        done = len(rows)
        spent = time.perf_counter() - began
        size = size or sum(map(_nbytes, rows))
        if done and (spent + spent / done > budget or size * (done + 1) > MEMORY):
            break
        rows.append(snapshot.run(weighting.one_hot(index)))
    chosen = chosen[: len(rows)]  # what got no row is held constant with the rest
    rest = v.moved_to(chosen, 0.0)
    outside = snapshot.run(weighting.at(rest)) if len(weighting.gradients) > 1 or rest.any else None
    return Sweeps(weighting, chosen, outside, tuple(rows), linear=True)


class RowPasses(BackwardPasses):
    """A cell's backward calls, the rows of the latest taken at once: a later `optimizer.step()` would spoil them.

    sweeps: by the id of the kept graph. overtaken: a call from the named output was followed by one from another."""

    def __init__(self, output: Callable[[], Any] | None = None) -> None:
        super().__init__(output)
        self.sweeps: dict[int, Sweeps] = {}
        self.overtaken = False
        self._called = False
        self._began, self._spent = time.perf_counter(), 0.0

    def before(self, backend: Backend, noted: Backward) -> None:
        """Sweep first where the call would write over what its own graph needs: a `.grad` that has a graph itself."""
        if noted.kind != "autograd.grad" and any(getattr(leaf.grad, "requires_grad", False) for leaf in noted.before):
            self._take(backend, noted, self.named())

    def run(self, backend: Backend, func: Any, args: Any, kwargs: dict[str, Any], path: Path) -> Any:
        """Run the user's call as it is, then sweep the graph that was kept."""
        result = super().run(backend, func, args, kwargs, path)
        latest = self.passes[-1]
        named = self.named()
        if named is not None and latest.kind != "autograd.grad":
            from_it = any(each is named for each in latest.roots)
            self.overtaken = self._called and not from_it
            self._called = self._called or from_it
        kept = {id(each.snapshot) for each in map(self.passes.__getitem__, self._open)}
        self.sweeps = {key: sweeps for key, sweeps in self.sweeps.items() if key in kept}
        began = time.perf_counter()
        if self._spent <= BUDGET + SHARE * (began - self._began):
            with uncollected():
                self._take(backend, latest, named)
        self._spent += time.perf_counter() - began
        return result

    def _take(self, backend: Backend, backward: Backward, named: Any) -> None:
        root = next((i for i, each in enumerate(backward.roots) if each is named), 0)
        try:
            if backward.snapshot is not None and id(backward.snapshot) not in self.sweeps:
                weighting = weighting_of(backend, backward.roots, backward.gradients, root)
                kept = backward.snapshot
                self.sweeps[id(kept)] = take(kept, weighting, done=kept.whole_pass if ran_whole(backward) else None)
            for kept in backward.snapshots.values() if not self.overtaken else ():
                self.sweeps[id(kept)] = take(kept, weighting_of(backend, (named,), None))
        except Exception as error:  # the user's own call has gone through, and that is what counts
            self.notes.append(say("rows_not_taken", error=error or type(error).__name__))


def ran_whole(backward: Backward) -> bool:
    """Whether the call went to every leaf."""
    return backward.kind != "autograd.grad" and backward.inputs is None and not backward.create_graph


def _nbytes(sweep: Any) -> int:
    found = (each for group in (sweep.edges, sweep.leaves) for each in group.values())
    return sum(address_of(each)[1] if hasattr(each, "data_ptr") else each.nbytes for each in found)


def build(
    graph: Graph,
    sweeps: Sweeps,
    before: Mapping[Any, Any] | None = None,
    after: Mapping[Any, Any] | None = None,
    last: Any = None,
) -> Linear:
    """Pick the numbers that the graph shows out of the sweeps.

    `before` and `after`: what was in each leaf's `.grad` before and after the call. Where the rows cannot be added up
    there is only `last`, the pass of the present v; without it only `after` is known, and the rest is NaN.

    Units: gradients as the library gave them, widened to float64 without rounding."""
    v = sweeps.weighting.v
    picked = sweeps.picked
    offsets = np.cumsum([0, *(len(quantity.indices) for quantity in graph.quantities)])
    height, count = len(sweeps.rows) + 1, len(graph.quantities)
    table = np.zeros((height, int(offsets[-1])))
    gram, sums = np.zeros((count, height, height)), np.zeros((count, height))
    grads = before if sweeps.linear or last is not None else after
    with np.errstate(all="ignore"):
        joint: dict[Any, tuple[list[Sequence[Terms]], tuple[Array, Array]]] = {}
        for place, quantity in enumerate(graph.quantities):
            shown = table[:, int(offsets[place]) : int(offsets[place + 1])]
            rows = _at_once(sweeps, quantity, grads, last, joint)
            if rows is None:
                gram[place], sums[place] = _one_by_one(sweeps, quantity, grads, last, shown)
                continue
            for row, groups in enumerate(rows[0]):
                shown[row] += entries(groups[0], quantity.indices) if groups else 0
            gram[place], sums[place] = rows[1]
    if sweeps.linear and not (np.isfinite(table).all() and np.isfinite(sums).all()):
        # 0 × inf is NaN in a sum of rows, where a real pass may have met no inf at all: only the kernel knows then
        return build(graph, replace(sweeps, rest=None, rows=(), linear=False), before, after, last)
    flat = Seed.of(v)
    return Linear(
        weights=tuple(picked),
        names=tuple(format.entry("v", format.unravel(index, tuple(v.shape))) for index in picked),
        v=flat.shown,
        start=tuple(flat.at(picked).tolist()),
        offsets=tuple(int(each) for each in offsets[:-1]),
        base=table[0],
        rows=table[1:],
        gram=gram,
        sums=sums,
        linear=sweeps.linear,
    )


def _one_by_one(
    sweeps: Sweeps, quantity: Quantity, grads: Mapping[Any, Any] | None, last: Any, table: Array
) -> tuple[Array, Array]:
    """Put the entries of a quantity that are shown into the rows of ``table``; inner products of all of them."""
    height = len(table)
    gram, sums = np.zeros((height, height)), np.zeros(height)
    small: list[tuple[tuple[Any, ...], int]] = []
    for key, size, indices, shown in members(quantity):
        known = sweeps.products.get(key) if sweeps.linear else None
        together = known is None and size <= SMALL and quantity.key[0] == "all"
        parts = _parts(sweeps, key, grads, last) if len(indices) or not (known or together) else []
        for row, groups in enumerate(parts if len(indices) else ()):
            for terms in groups:
                table[row, shown] += entries(terms, indices)
        if size and not (sweeps.linear or last is not None or _held(key, grads)):
            table[0, shown] = gram[0, 0] = sums[0] = np.nan
        if together:
            small.append((key, size))
            continue
        known = known or _products(sweeps, key, parts, grads)
        gram += known[0]
        sums += known[1]
    if small:
        columns = zip(*(_given(sweeps, key, grads, last) for key, _ in small), strict=True)
        known = products(side_by_side([size for _, size in small], list(columns)))
        gram += known[0]
        sums += known[1]
    return gram, sums


def _at_once(
    sweeps: Sweeps, quantity: Quantity, grads: Mapping[Any, Any] | None, last: Any, joint: dict[Any, Any]
) -> tuple[list[Sequence[Terms]], tuple[Array, Array]] | None:
    """The rows of thousands of small gradients that are shown as one, each joined, and their inner products.

    ``joint``: what was joined before: a leaf's gradient is mostly what the only edge to it brought. None where it has
    to be gone through key by key."""
    if quantity.key[0] != "all" or not (sweeps.linear or last is not None):
        return None
    sizes = [size for _, size in quantity.key[1:]]
    kinds = {key[0] for key, _ in quantity.key[1:]}
    if len(sizes) < MANY or max(sizes) > SMALL or not kinds <= {"leaf", "edge"}:
        return None
    if grads and any(key[0] == "leaf" and grads.get(key[1]) is not None for key, _ in quantity.key[1:]):
        return None
    arrived = []
    for sweep in (sweeps.rest if sweeps.linear else last, *sweeps.rows):
        values = [None if sweep is None else value_in(sweep, key) for key, _ in quantity.key[1:]]
        arrived.append([] if all(each is None for each in values) else values)
    same = tuple(id(each) for values in arrived for each in values)
    if same not in joint:
        rows: list[Sequence[Terms]] = []
        for values in arrived:
            filled = [np.zeros(size) if each is None else each for size, each in zip(sizes, values, strict=False)]
            rows.append(((joined(filled),),) if filled else ())
        joint[same] = rows, products(rows)
    made: tuple[list[Sequence[Terms]], tuple[Array, Array]] = joint[same]
    return made


def _parts(sweeps: Sweeps, key: tuple[Any, ...], grads: Mapping[Any, Any] | None, last: Any) -> list[tuple[Terms, ...]]:
    """What the rest of v and each row sent to one key; what a leaf's `.grad` held before is with the rest.

    Each a sum of groups, each of terms: `arrays.products`."""
    return [tuple(tuple(map(raw, terms)) for terms in groups) for groups in _given(sweeps, key, grads, last)]


def _given(sweeps: Sweeps, key: tuple[Any, ...], grads: Mapping[Any, Any] | None, last: Any) -> list[tuple[Terms, ...]]:
    """The same as the library gave it."""
    constant = sweeps.rest if sweeps.linear else last
    parts = [() if sweep is None else sent(sweep, key) for sweep in (constant, *sweeps.rows)]
    groups: list[tuple[Terms, ...]] = [(terms,) if terms else () for terms in parts]
    held = _before(key, grads)
    return groups if held is None else [((held,), *groups[0]), *groups[1:]]


def _before(key: tuple[Any, ...], grads: Mapping[Any, Any] | None) -> Any:
    """What a leaf's `.grad` held; None for anything but a leaf, and for an empty `.grad`."""
    return grads.get(key[1]) if grads and key[0] == "leaf" else None


def _held(key: tuple[Any, ...], grads: Mapping[Any, Any] | None) -> Terms:
    """The same where the numbers are."""
    held = _before(key, grads)
    return () if held is None else (raw(held),)


def still(graph: Graph, after: Mapping[Any, Any]) -> tuple[Graph, Linear]:
    """A graph that cannot be moved, with only what each leaf's `.grad` holds, and the numbers for that."""
    known = [i for i, each in enumerate(graph.quantities) if any(_held(key, after) for key, *_ in members(each))]
    place = {index: new for new, index in enumerate(known)}
    kept = replace(
        graph,
        output="",  # nothing has a v
        quantities=tuple(graph.quantities[index] for index in known),
        nodes=tuple(replace(node, grad=None if node.grad is None else place.get(node.grad)) for node in graph.nodes),
        edges=tuple(replace(edge, grad=None) for edge in graph.edges),
    )
    nothing = Sweeps(Weighting((np.zeros(0),)), (), None, (), linear=False)
    return kept, build(kept, nothing, None, after)


def _products(
    sweeps: Sweeps, key: tuple[Any, ...], parts: Sequence[Sequence[Terms]], grads: Mapping[Any, Any] | None
) -> tuple[Array, Array]:
    """The inner products of one key's parts: worked out once, also where a leaf and an edge into it share memory."""
    if not sweeps.linear:
        return products(parts)
    marks: Any = None
    if key[0] != "sum" and not _held(key, grads):
        marks = tuple(None if sweep is None else _mark(value_in(sweep, key)) for sweep in (sweeps.rest, *sweeps.rows))
    known = sweeps.products.get(marks) if marks is not None else None
    made = sweeps.products[key] = known or products(parts)
    if marks is not None:
        sweeps.products[marks] = made
    return made


def _mark(value: Any) -> Any:
    """Equal for gradients in the same memory, which the sweeps hold on to; what has no such address is itself alone."""
    if isinstance(value, np.ndarray):
        return value.ctypes.data, value.shape, value.strides, value.dtype.str
    if hasattr(value, "data_ptr"):
        strides = tuple(value.stride()) if str(value.layout) == "torch.strided" else value.layout
        return address_of(value)[0], tuple(value.shape), strides, str(value.dtype)
    return None if value is None else id(value)


def again(snapshot: Snapshot, sweeps: Sweeps, v: Seed) -> Any:
    """The pass of v once more; where its values were written over since, the one row that is it, else None."""
    try:
        return snapshot.run(sweeps.weighting.at(v))
    except RuntimeError as error:
        if not is_gone(error):
            raise
    alone = sweeps.rest is None and len(sweeps.rows) == 1
    return sweeps.rows[0] if alone and v.at(sweeps.picked).tolist() == [1.0] else None


def values(graph: Graph, sweep: Any, before: Mapping[Any, Any] | None = None) -> Array:
    """The N numbers shown, as this one sweep gives them; NaN for a quantity that it does not know."""
    shown: list[Array] = []
    for quantity in graph.quantities:
        for key, _, indices, _ in members(quantity):
            if not len(indices):
                continue
            terms, held = found(sweep, key), _held(key, before)
            numbers = entries(terms, indices) if terms else np.zeros(len(indices))
            if held:
                old = entries(held, indices)
                numbers = old + numbers.astype(old.dtype) if terms else old  # in the leaf's dtype, as accumulation does
            shown.append(numbers.astype(np.float64))
    return np.concatenate(shown) if shown else np.zeros(0)


def whole(quantity: Quantity, sweep: Any, before: Mapping[Any, Any] | None) -> Any:
    """Every entry of a quantity as this one sweep gives it, flat, where the numbers are."""
    parts: list[Any] = []
    for key, size, *_ in members(quantity):
        terms, held = () if sweep is None else found(sweep, key), _held(key, before)
        numbers = total(terms) if terms else None
        if held:
            numbers = held[0] if numbers is None else combined([(1.0, numbers), (1.0, held[0])])
        parts.append(np.zeros(size) if numbers is None else numbers)
    return joined(parts)
