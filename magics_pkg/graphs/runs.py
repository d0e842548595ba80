"""Runs of elementwise operations: what one expression does entry by entry, as a group that is drawn as one card.

A run is a part of the expression's own tree: an operation, with those of its operands that are elementwise too. Nothing
but its last result leaves it, so one card for it makes no cycle.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from ..cells.source import Span
from ..tracing.trace import Call, Frame, Site, Trace
from .groups import Group

NAMES = (
    "add sub mul div true_divide multiply subtract divide neg negative positive pow square sqrt rsqrt reciprocal abs"
    " absolute exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh"
    " sinc sigmoid relu relu6 elu celu selu gelu silu mish softplus softsign logsigmoid leaky_relu hardtanh hardswish"
    " hardsigmoid tanhshrink clamp clip maximum minimum where lerp addcmul addcdiv sign erf erfc erfinv lgamma digamma"
    " logit hypot xlogy floor ceil round trunc frac remainder fmod"
)
ELEMENTWISE = frozenset(NAMES.split())
DEEPEST = 1 << 30  # a run stands below all frames of its sites


@dataclass
class Run:
    """Sites of one run, and the span of the whole expression."""

    span: Span
    sites: list[Site]
    elementwise: bool


@dataclass
class Runs:
    """The run around each site of a trace; none where all places can be drawn."""

    trace: Trace
    groups: dict[Hashable, Run] = field(default_factory=dict)  # by the place of each of its sites
    _known: dict[int, Group] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def find(self, calls: Iterable[Call], most: float) -> None:
        """Look for runs where calls were made at more places than this."""
        sites: dict[Hashable, Site] = {}
        names: dict[Hashable, set[str]] = {}
        for call in calls:
            plain = call.name.removeprefix("__r").strip("_") if call.alone and not call.wrote else ""
            sites[call.site.place] = call.site
            names.setdefault(call.site.place, set()).add(plain)
        if len(sites) <= most:
            return
        frames: dict[Hashable, list[tuple[Frame, Site, bool]]] = {}
        bodies: dict[Hashable, int] = {}  # by the site of a user's frame, and by what makes two of them one
        taken: set[Site] = set()  # frames that only call: of thousands of calls below one says it
        for key, site in sites.items():
            inside = names[key] <= ELEMENTWISE and not site.below_module
            innermost = at = site.caller
            while at is not None and at.frame is not None and (at is innermost or at not in taken):
                operation = inside and at is innermost
                if operation or at not in taken:
                    frames.setdefault(_body(at, bodies), []).append((at.frame, site, operation))
                if not operation:
                    taken.add(at)
                at = at.outer.caller if at.outer is not None else None
        for members in frames.values():
            self._read(sorted(members, key=lambda each: each[0].lasti))

    def _read(self, members: list[tuple[Frame, Site, bool]]) -> None:
        """Put the operations of one function's body together: operands come before what takes them."""
        done: list[Run] = []
        for frame, site, inside in members:
            span = self.trace.sources.span(frame.code, frame.lasti)
            if span is None:
                continue
            run = Run(span, [site] if inside else [], inside)
            while done and _holds(span, done[-1].span):
                operand = done.pop()
                if run.elementwise and operand.elementwise:
                    run.sites += operand.sites
                else:
                    self._keep(operand)
            if done and done[-1].span == span:
                run.elementwise = False
            done.append(run)
        for run in done:
            self._keep(run)

    def _keep(self, run: Run) -> None:
        if run.elementwise and len(run.sites) > 1:
            text = self._text(run)
            if ":=" not in text:  # what has a name of its own may be used elsewhere
                self.groups.update((site.place, run) for site in run.sites)

    def around(self, site: Site, outer: Group | None) -> Group | None:
        """The group of the run that a site is in."""
        run = self.groups.get(site.place)
        if run is None:
            return None
        known = self._known.get(id(run))
        if known is None:
            text = self._text(run)
            self._counts[text] = times = self._counts.get(text, 0) + 1
            name = text if times == 1 else f"{text} #{times}"
            known = self._known[id(run)] = Group(name, "run", DEEPEST, outer)
        return known

    def _text(self, run: Run) -> str:
        found = self.trace.span(run.sites[0])
        return " ".join(found[0].text(run.span).split()) if found is not None else ""


def _body(site: Site, known: dict[Hashable, int]) -> int:
    """Equal for sites in one function's code that are called from one place of the user's."""
    above: list[Site] = []
    at: Site | None = site
    while at is not None and at not in known:
        above.append(at)
        at = at.outer.caller if at.outer is not None else None
    for each in reversed(above):
        assert each.frame is not None  # a caller has one
        outer = each.outer.caller if each.outer is not None else None
        around: Hashable = 0 if outer is None or outer.frame is None else (known[outer], outer.frame.lasti)
        known[each] = known.setdefault((around, id(each.frame.code)), len(known))
    return known[site]


def _holds(outer: Span, inner: Span) -> bool:
    """Whether one span lies in another, and is not the same."""
    begins = (outer[0], outer[2]) <= (inner[0], inner[2])
    return begins and (inner[1], inner[3]) <= (outer[1], outer[3]) and outer != inner
