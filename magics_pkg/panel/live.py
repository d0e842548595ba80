"""v -> `x.grad`: what the cell would have left there, had it been written with this v, set under one lock.

A move runs the kept graph once, adds the result to what `.grad` held before the cell's backward, and assigns it once.
It never runs the cell again, and never touches v's tensor, the user's graph or the thread's grad mode.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import accumulated_hooks, is_gone, plain, version_of
from ..backends.arrays import combined, entries, entries_of, joined
from ..graphs.linear import Array, Linear, Sweeps, again, build, found, pick, take, values, whole
from ..graphs.seed import Seed, Weighting
from ..style.elements import leaf_nodes
from ..words import listed, say
from .latest import Latest

if TYPE_CHECKING:
    from ..backends import Backend, Snapshot
    from ..graphs.graph import Graph
    from ..style.elements import Quantity


class Closed(RuntimeError):
    """The panel that this belonged to was closed."""


@dataclass
class Leaf:
    """One tensor whose `.grad` follows the sliders, unless the cell itself had the last word on it."""

    tensor: Any
    node: Any
    name: str
    before: Any  # a copy of `.grad` before the backward call, or None
    later: list[Any] = field(default_factory=list)  # what backward calls after it added, in order
    reason: str = ""  # why `.grad` is left alone, "" where it follows
    left: Any = None  # the object that we, or the cell, left in `.grad` last
    version: int = 0

    def remember(self) -> None:
        """This is what `.grad` is now, by our doing or the cell's."""
        self.left = self.tensor.grad
        self.version = version_of(self.left)

    @property
    def changed(self) -> bool:
        """Whether somebody else has written to `.grad` since."""
        now = self.tensor.grad
        return now is not self.left or version_of(now) != self.version

    def parts(self, gradient: Any) -> tuple[Any, ...]:
        """What accumulates in `.grad`, in this order."""
        return (self.before, gradient, *self.later)


class Session:
    """One backward call whose v can be moved."""

    def __init__(
        self,
        backend: Backend,
        snapshot: Snapshot,
        sweeps: Sweeps,
        graph: Graph,
        leaves: Sequence[Leaf],
        *,
        create_graph: bool = False,
        weights: Array | Seed | None = None,
        beside: Sequence[Snapshot] = (),
    ) -> None:
        self.backend, self.snapshot, self.sweeps, self.graph = backend, snapshot, sweeps, graph
        self.leaves = list(leaves)
        self.create_graph = create_graph
        self._beside = tuple(beside)  # graphs of other outputs, which end with this one
        self.told: Any = None  # what each backward call of the cell did; see `several.py`
        self.closed = False
        self.exact = True
        # v, the numbers shown, state, message, the graph that the numbers are for
        self.report: Callable[[Array, Array, str, str, Graph], None] | None = None
        self._lock = threading.RLock()
        self._v = Seed.of(self.weighting.v)
        self._rest = self._v  # v as it was when the part without a slider was computed
        self._known: Array | None = None  # the numbers shown, as the last move gave them
        self._last: Any = snapshot.observed  # the pass that gave them; at first the user's own
        self._names: Mapping[str, Any] = {}
        self._latest = Latest(self._follow)
        self.inspection: Any = None  # looks into one node of the graph when it is asked to
        self.linear: Linear = self._build()
        for leaf in self.leaves:
            leaf.remember()
        if weights is not None:
            self.set(weights)
            self.linear = self.renewed()

    @property
    def weighting(self) -> Weighting:
        """The call's gradients as written."""
        return self.sweeps.weighting

    @property
    def v(self) -> Array:
        """The weights at present, in the output's shape, float64."""
        with self._lock:
            self._open()
            return np.array(self._v).reshape(tuple(self.weighting.v.shape))

    @property
    def seeded(self) -> Seed:
        """The same, wherever it is."""
        return self._v

    def order(self) -> list[Any]:
        """The graph's nodes in the order in which a pass runs them; empty where none is known."""
        with self._lock:
            self._open()
            known = (*self.sweeps.rows, self.sweeps.rest, self._last)
            sweep = next((each for each in known if each is not None), None)
            return [] if sweep is None else list(sweep.nodes)

    def submit(self, sliders: Sequence[float]) -> None:
        """The sliders stand here now; called on any thread, returns soon; the last call always counts."""
        self._latest.put(tuple(float(each) for each in sliders))

    def settle(self) -> None:
        """Wait until the last submitted v has been followed."""
        self._latest.settle()

    def set(self, v: Array | Seed) -> None:
        """Follow this v (flat or in the output's shape) now; Errors: whatever the backward pass raises."""
        with self._lock:
            self._open()
            flat = Seed.of(v)
            if flat.size != self._v.size:
                raise ValueError(say("v_has_entries", wanted=self._v.size, found=flat.size))
            self._move(flat)

    def pick(self, entries: Sequence[int]) -> Linear:
        """Give these entries of v the sliders; Errors: as `set`, where the graph's values have changed since."""
        with self._lock:
            self._open()
            weighting = self.weighting
            moved = Weighting(tuple(weighting.at(self._v)), weighting.root)
            with self._grad_mode(False):
                sweeps = take(self.snapshot, moved, entries)
            self.sweeps, self._rest = replace(sweeps, weighting=weighting), self._v
            self.linear = self._build()
            return self.linear

    def regraph(self, graph: Graph) -> Linear:
        """Show another graph of the same call: its numbers are picked out of the passes that were run."""
        with self._lock:
            self._open()
            self.graph = graph
            self.linear = self._build()
            if self._known is not None and self.exact:
                self._known = values(graph, self._last, self._before())
            elif self._known is not None:
                self._known = self.linear.shown(self.linear.start)
            return self.linear

    def row(self, leaf: Leaf, index: int, count: int) -> Array:
        """∂output[index]/∂leaf, both flat: the first ``count`` entries."""
        with self._lock:
            self._open()
            known = next((s for i, s in zip(self.sweeps.picked, self.sweeps.rows, strict=True) if i == index), None)
            with self._grad_mode(False):
                sweep = known if known is not None else self.snapshot.run(self.weighting.one_hot(index))
            terms = found(sweep, ("leaf", leaf.node))
            return entries(terms, range(count)) if terms else np.zeros(count)

    def hot(self, index: int) -> Any:
        """The gradient of the output alone that is 1 at one entry, as the library's own tensor."""
        with self._lock:
            self._open()
            root = self.weighting.root
            return self.snapshot.gradient(root, self.weighting.one_hot(index)[root])

    def seed(self, v: Array | Seed | None = None) -> Any:
        """A v, or the present one, as the library's own tensor."""
        with self._lock:
            self._open()
            root = self.weighting.root
            return self.snapshot.gradient(root, self.weighting.at(self._v if v is None else v)[root])

    def vjp(self, node: Any, nr: int, gradient: Any) -> tuple[Any, ...]:
        """What one node of the graph sends back; see `Snapshot.vjp`."""
        with self._lock, self._grad_mode(False):
            self._open()
            return self.snapshot.vjp(node, nr, gradient)

    def jacobian(self, leaf: Leaf) -> Array:
        """∂output/∂leaf, row i of which is the sweep of the one-hot v with 1 at i."""
        with self._lock:
            self._open()
            weighting = self.weighting
            size = self._v.size
            rows = np.zeros((size, leaf.tensor.numel()))
            with self._grad_mode(False):
                for index in range(size):
                    sent = self.snapshot.run(weighting.one_hot(index)).leaves.get(leaf.node)
                    if sent is not None:
                        rows[index] = plain(sent).reshape(-1)
            return rows.reshape(*weighting.v.shape, *leaf.tensor.shape)

    def renewed(self) -> Linear:
        """`linear` starting at the present v, whatever has become of the entries without a slider."""
        with self._lock:
            self._open()
            entries = self.linear.weights
            if not self._rest.finite:  # what was NaN then had no slider, and may have one now
                entries = pick(self._v.size)
            movable = tuple(i for i, v in zip(entries, self._v.at(entries), strict=True) if np.isfinite(v))
            if movable != self.linear.weights or (self.sweeps.linear and not self._have_rows(self._v)):
                return self.pick(movable)
            self.linear = self._build()
            return self.linear

    def present(self) -> Linear:
        """`linear` with the sliders at the present v; nothing is run for it, and the panel's own stays."""
        with self._lock:
            linear, v = self.linear, self._v
            base = linear.base if linear.linear else self.shown()
            start = tuple(v.at(linear.weights).tolist())
            return replace(linear, v=v.shown, start=start, base=base, written=linear.as_written)

    def shown(self) -> Array:
        """The N numbers of the graph at the present v."""
        with self._lock:
            self._open()
            if self._known is not None:
                return self._known
            return self.linear.shown(self._v.at(self.linear.weights).tolist())

    def check(self, names: Mapping[str, Any]) -> str:
        """What other cells have done to the gradients since, as a sentence, "" when nothing; `names`: the user's."""
        with self._lock:
            if self.closed:
                return ""
            self._names = names
            touched = [leaf.name for leaf in self.leaves if leaf.changed]
        if not touched:
            return ""
        return say("changed_since", n=len(touched), grads=listed([f"{name}.grad" for name in touched]))

    def renamed(self) -> str:
        """Which names of leaves stand for other tensors by now: worth a word to who moves the cell's own."""
        found = [
            leaf.name
            for leaf in self.leaves
            if leaf.name.isidentifier() and self._names.get(leaf.name, leaf.tensor) is not leaf.tensor
        ]
        if not found:
            return ""
        return say("renamed", n=len(found), names=listed(found))

    def close(self) -> None:
        """Let go of everything: no tensor, graph, timer or callback stays."""
        self._latest.close()
        with self._lock:
            if self.closed:
                return
            self.closed = True
            for each in (self.snapshot, *self._beside):
                each.close()
            self.report, self._beside = None, ()
            self.leaves.clear()
            self._known = self._last = self.inspection = None
            self._names = {}
            del self.backend, self.snapshot, self.sweeps, self.graph, self.linear

    def _open(self) -> None:
        if self.closed:
            raise Closed(say("panel_closed"))

    def _before(self) -> dict[Any, Any]:
        return {leaf.node: leaf.before for leaf in self.leaves}

    def whole(self, quantity: Quantity) -> Any:
        """Every entry of a gradient at the present v, flat, where the numbers are; NaN where it is not known."""
        with self._lock:
            self._open()
            if quantity.key[0] == "leaf" and (hooked := self._hooked().get(quantity.key[1])) is not None:
                return joined([hooked])
            is_known = self._known is not None and self.exact
            if self._last is not None and (is_known or not self.linear.linear):
                return whole(quantity, self._last, self._before())
            if self.linear.linear:
                parts = [(1.0, whole(quantity, self.sweeps.rest, self._before()))]
                for v, row in zip(self._v.at(self.sweeps.picked).tolist(), self.sweeps.rows, strict=True):
                    parts.append((v, whole(quantity, row, None)))
                return combined(parts)
            held, nodes = self._held(), leaf_nodes(quantity.key)
            known = bool(nodes) and all(node in held for node in nodes)
            return whole(quantity, None, held) if known else np.broadcast_to(np.nan, math.prod(quantity.shape))

    def _build(self, graph: Graph | None = None) -> Linear:
        graph = graph or self.graph
        after = self._held()
        made = build(graph, self.sweeps, self._before(), after, self._last)
        if not made.linear and self._last is None and self.snapshot.linear:
            with self._grad_mode(False):  # no hook that would notice
                self._last = again(self.snapshot, self.sweeps, self._v)
            made = build(graph, self.sweeps, self._before(), after, self._last)
        self._tell_hooked(made.base, graph)
        start = tuple(self._v.at(made.weights).tolist())
        return replace(made, v=self._v.shown, start=start, written=made.v)

    def _held(self) -> dict[Any, Any]:
        """What each `.grad` holds."""
        return {leaf.node: leaf.tensor.grad for leaf in self.leaves if leaf.tensor.grad is not None}

    def _hooked(self) -> dict[Any, Any]:
        """The `.grad` of which only itself knows what hooks made of it after it had been added to."""
        return {leaf.node: leaf.tensor.grad for leaf in self.leaves if accumulated_hooks(leaf.tensor)}

    def _grad_mode(self, enabled: bool) -> Any:
        """Explicit, because a slider's callback may come on a thread of its own."""
        module = self.backend.module
        return module.enable_grad() if enabled else module.no_grad()

    def _follow(self, sliders: tuple[float, ...]) -> None:
        """One coalesced move; an error is shown in the panel, since nobody else would see it."""
        with self._lock:
            if self.closed:
                return
            flat = self._v.moved_to(self.linear.weights, sliders)
            report, graph = self.report, self.graph
            try:
                shown = self._move(flat)
                state, message = "ready", self.renamed() if self.exact else say("stale")
            except Exception as error:  # a hook of the user's may raise anything
                shown, state, message = self._unknown(), "error", f"{type(error).__name__}: {error}"
        if report is not None:
            report(np.array(sliders), shown, state, message, graph)

    def _move(self, flat: Seed) -> Array:
        """Run the graph at v, set every leaf that follows, return the numbers shown."""
        with self._grad_mode(self.create_graph):
            try:
                sweep = self.snapshot.run(self.weighting.at(flat), create_graph=self.create_graph)
                self.exact = True
            except RuntimeError as error:
                if not is_gone(error) or not self._have_rows(flat):
                    raise
                sweep, self.exact = None, False
            results = [(leaf, self._result(leaf, sweep, flat)) for leaf in self.leaves if not leaf.reason]
            for leaf, result in results:
                leaf.tensor.grad = result
                for hook in accumulated_hooks(leaf.tensor) if result is not None else ():
                    hook(leaf.tensor)
                leaf.remember()
        for tensor, kept in () if sweep is None else sweep.retained:
            tensor.grad = kept  # retain_grad
        self._v = flat
        if sweep is None:
            self._known = self.linear.shown(flat.at(self.linear.weights).tolist())
        else:
            self._known, self._last = values(self.graph, sweep, self._before()), sweep
            self._tell_hooked(self._known, self.graph)
        return self._known

    def _tell_hooked(self, numbers: Array, graph: Graph) -> None:
        """What hooks made of `.grad` after it had been added to is known to `.grad` alone."""
        hooked, at = self._hooked(), 0
        for quantity in graph.quantities if hooked else ():
            count = len(quantity.indices)
            grad = hooked.get(quantity.key[1]) if quantity.key[0] == "leaf" else None
            if grad is not None:
                numbers[at : at + count] = entries_of(grad, quantity.indices)
            at += count

    def _have_rows(self, flat: Seed) -> bool:
        """Whether v differs from what the rows were taken at only where there is a row."""
        return self.sweeps.linear and flat.is_same(self._rest, self.sweeps.picked)

    def _result(self, leaf: Leaf, sweep: Any, flat: Seed) -> Any:
        """The tensor that accumulation would leave in this leaf's `.grad`."""
        gradient = self._combined(leaf, flat) if sweep is None else sweep.leaves.get(leaf.node)
        return self.backend.accumulate(leaf.parts(gradient), leaf.tensor)

    def _combined(self, leaf: Leaf, flat: Seed) -> Any:
        """`rest + Σ v[i]·row[i]`, right to rounding: what is left when the graph's values were overwritten."""
        parts = [(1.0, self.sweeps.rest)]
        parts += zip(flat.at(self.sweeps.picked).tolist(), self.sweeps.rows, strict=True)
        key = ("leaf", leaf.node)
        return combined([(weight, term) for weight, s in parts if s is not None for term in found(s, key)])

    def _unknown(self) -> Array:
        return np.full(self.linear.base.shape, np.nan)
