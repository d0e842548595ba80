"""The autograd graph under some nodes, gone through once for everybody who asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Reached:
    """Every node under some, ``starts``, with where its gradients go."""

    starts: tuple[Any, ...]
    ways: dict[Any, tuple[tuple[Any, int], ...]]

    @staticmethod
    def under(starts: Iterable[Any], known: Reached | None = None) -> Reached:
        """Without recursion; ``known``: what was found before, which does not change."""
        starts = tuple(dict.fromkeys(starts))
        if known is not None and known.starts == starts:
            return known
        before = known.ways if known is not None else {}
        ways: dict[Any, tuple[tuple[Any, int], ...]] = {}
        pending, seen = list(starts), set(starts)
        while pending:
            node = pending.pop()
            ways[node] = found = before.get(node) or node.next_functions
            for each, _ in found:
                if each is not None and each not in seen:
                    seen.add(each)
                    pending.append(each)
        return Reached(starts, ways)

    @cached_property
    def leaves(self) -> list[Any]:
        """The leaves' nodes."""
        return [node for node, ways in self.ways.items() if not ways and hasattr(node, "variable")]
