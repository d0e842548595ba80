"""How deep a graph is opened: which functions and modules are drawn as one card each."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..tracing.trace import Call
from .groups import Chain, Group, Tree
from .web import Web

LEGIBLE = 30  # cards: where there are more, modules are folded


@dataclass(frozen=True)
class Folding:
    """What is asked for: ``depth`` levels of functions and modules are open, `math.inf` for all that fit, None for as
    many levels of modules as are legible; what was opened or folded by name is so whatever its level."""

    depth: float | None = None
    opened: frozenset[str] = frozenset()
    folded: frozenset[str] = frozenset()

    def open(self, name: str) -> Folding:
        """With this group open, and those around it."""
        return replace(self, opened=self.opened | {name}, folded=self.folded - {name})

    def close(self, name: str) -> Folding:
        """With this group as if nobody had asked for it."""
        return replace(self, opened=self.opened - {name}, folded=self.folded - {name})

    def fold(self, name: str) -> Folding:
        """With this group folded."""
        return replace(self, opened=self.opened - {name}, folded=self.folded | {name})


class Home(NamedTuple):
    """The groups that a node was made in, and a call that was made in the same calls of them."""

    chain: Chain = ()
    call: Call | None = None


def homes_of(web: Web, owned: dict[Any, Call], tree: Tree) -> dict[Any, Home]:
    """Each node's home. A node that no recorded call made is in the groups that the calls before and after it share."""
    homes: dict[Any, Home] = {}
    strays: list[Any] = []
    before: Call | None = None
    for node in web.nodes:
        call = owned.get(node)
        if call is None:
            strays.append(node)
            continue
        homes[node] = Home(tree.chain(call.site), call)
        if strays:
            homes.update(dict.fromkeys(strays, _shared(tree, before, call)))
            strays = []
        before = call
    homes.update(dict.fromkeys(strays, Home()))
    return homes


def _shared(tree: Tree, before: Call | None, after: Call) -> Home:
    if before is None:
        return Home()
    chain: list[Group] = []
    for one, other in zip(tree.chain(before.site), tree.chain(after.site), strict=False):
        if one is not other or tree.visit(before, one) != tree.visit(after, one):
            break
        chain.append(one)
    return Home(tuple(chain), after)


@dataclass(frozen=True)
class Plan:
    """The groups that are drawn as cards: ``card`` gives the one around a chain. leaves: cards of leaves, about."""

    card: Callable[[Chain], Group | None]
    leaves: int
    folds: bool  # whether anything is folded


def plan_of(web: Web, homes: dict[Any, Home], folding: Folding, most: int, base: dict[Any, Home]) -> Plan:
    """The plan that a folding asks for, of a graph that may have ``most`` cards. ``base``: the homes with no loop open,
    which decide what is folded unasked."""
    drawn = _Drawn(web, base)
    shown = drawn if homes is base else _Drawn(web, homes)
    modules = {group.modules for chain in drawn.chains for group in chain if group.kind == "module"}
    depth, unasked = folding.depth, Folding()  # opening one group by hand must not fold others
    bases: tuple[Rule, ...] = (_lines, _lines_and_runs)
    # where runs do not suffice, whole functions and lines are folded in their place
    rule = inner = next((each for each in bases if drawn.fits(_card(folding, each), most, drawn.places)), _lines)
    if depth is not None and depth != math.inf:
        rule = _by_level(depth, shown, inner)
    elif modules:
        limit = most if depth == math.inf else min(LEGIBLE, most)
        levels = sorted(modules, reverse=True)
        rules: tuple[Rule, ...] = (inner, *(_by_modules(level, drawn, inner) for level in levels))
        place = next(
            (i for i, each in enumerate(rules) if drawn.fits(_card(unasked, each), limit, drawn.sizes)), len(levels)
        )
        rule = rules[place] if shown is drawn or not place else _by_modules(levels[place - 1], shown, inner)
    card = _card(folding, rule)
    return Plan(card, shown.leaves(card), any(card(chain) is not None for chain in shown.chains))


Rule = Callable[[Group], bool]


def _lines(group: Group) -> bool:
    """Groups of lines are made only where there are too many, those of rounds where a loop is open."""
    return group.kind in ("lines", "round", "rounds")


def _lines_and_runs(group: Group) -> bool:
    return group.kind == "run" or _lines(group)


def _by_level(depth: float, drawn: _Drawn, base: Rule) -> Rule:
    return lambda group: base(group) or (drawn.holds_much(group) and (group.level >= depth or drawn.is_layer(group)))


def _by_modules(level: int, drawn: _Drawn, base: Rule) -> Rule:
    """Functions stay open: only modules are folded unasked."""
    return lambda group: (
        base(group)
        or (group.kind == "module" and drawn.holds_much(group) and (group.modules >= level or drawn.is_layer(group)))
    )


def _card(folding: Folding, rule: Rule) -> Callable[[Chain], Group | None]:
    known: dict[Chain, Group | None] = {}

    def is_folded(group: Group) -> bool:
        if group.name in folding.folded:
            return True
        return group.name not in folding.opened and group.kind != "loop" and rule(group)

    def card(chain: Chain) -> Group | None:
        if chain not in known:
            known[chain] = next((group for group in chain if is_folded(group)), None)
        return known[chain]

    return card


class _Drawn:
    """What a graph has to draw, to be counted under one plan after the other."""

    def __init__(self, web: Web, homes: dict[Any, Home]) -> None:
        units: dict[Hashable, Chain] = {}
        for node, home in homes.items():
            units[home.call.unit if home.call is not None else node] = home.chain
        self.sizes: dict[Chain, int] = {}  # operations
        sites: dict[Chain, set[Hashable]] = {}
        for node, home in homes.items():
            sites.setdefault(home.chain, set()).add(home.call.site.place if home.call is not None else node)
        self.places = {chain: len(found) for chain, found in sites.items()}  # where all visits to a place are one
        for chain in units.values():
            self.sizes[chain] = self.sizes.get(chain, 0) + 1
        self.chains = list(self.sizes)
        self.held: dict[Group, int] = {}
        for chain, size in self.sizes.items():
            for group in chain:
                self.held[group] = self.held.get(group, 0) + size
        self.uses = {leaf: homes[node].chain for node in web.nodes for _, (leaf, _) in web.takes(node)}
        self.single = len(web.leaves) - len(self.uses)

    def holds_much(self, group: Group) -> bool:
        """Whether there would be more to see were it open: not in a module with one operation and no parameters."""
        return self.held[group] > 1 or bool(group.parameters)

    def is_layer(self, group: Group) -> bool:
        """One operation with parameters, as `Linear`: beside folded modules it is a card with them."""
        return self.held[group] == 1 and bool(group.parameters)

    def leaves(self, card: Callable[[Chain], Group | None]) -> int:
        found: set[Hashable] = set()
        for leaf, chain in self.uses.items():
            group = card(chain)
            found.add(group if group is not None and id(leaf.variable) in group.parameters else leaf)
        return len(found) + self.single

    def fits(self, card: Callable[[Chain], Group | None], most: int, sizes: dict[Chain, int]) -> bool:
        """Whether there are no more cards than ``most``, of ``sizes`` what is open; stops as soon as there are more."""
        groups: set[Group] = set()
        loose = 0
        for chain, size in sizes.items():
            group = card(chain)
            if group is None:
                loose += size
            else:
                groups.add(group)
            if loose + len(groups) > most:
                return False
        return loose + len(groups) + self.leaves(card) <= most
