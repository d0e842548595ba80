"""A graph that can be drawn anew, with other functions and modules open; what it holds it holds until it is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import errors
from ..graphs.depth import Folding
from ..graphs.graph import drawn
from ..graphs.linear import Linear
from ..graphs.subject import Subject
from ..style.elements import Graph
from ..words import say
from . import search


class Canvas:
    """The subject of one panel, and how it is folded at present. ``finish``: gives each graph its
    numbers where no session does.

    Errors: UsageError for a name that is no function or module in it."""

    def __init__(
        self,
        subject: Subject,
        wrt: Iterable[Any] | None,
        most: int,
        folding: Folding,
        finish: Callable[[Graph], tuple[Graph, Linear | None]],
    ) -> None:
        self._subject: Subject | None = subject
        self._wrt, self._most, self._finish = None if wrt is None else tuple(wrt), most, finish
        self.folding = folding
        self._places: list[search.Place] | None = None
        self.told: tuple[Callable[[Graph, Linear | None], list[str]], ...] = ()  # what makes notes that name cards

    @property
    def names(self) -> tuple[str, ...]:
        """The functions and modules that can be opened and folded, as they were first called."""
        return () if self._subject is None else tuple(self._subject.tree.groups)

    def draw(self) -> tuple[Graph, Linear | None]:
        """The graph as it is folded now, and its numbers where nothing can be moved."""
        assert self._subject is not None  # whoever draws has not closed it
        return self._finish(drawn(self._subject, self._wrt, self._most, self.folding))

    def keep(self) -> Canvas | None:
        """This, to be drawn again, with nothing of the user's namespace that it does not need.

        None where no function or module could be opened."""
        if self._subject is None or not self.names:
            return None
        self._subject.narrow()
        return self

    def search(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Where the graph has what the page asks for, and what must be opened to see it."""
        subject = self._subject
        if subject is None:
            return {"text": asked.get("text"), "found": [], "more": 0}
        if self._places is None:  # a fifth of a second for 10,000 operations, once
            self._places = search.places(subject)
        return search.answer(subject, self._places, self.folding, self._most, asked)

    def open(self, name: str) -> None:
        """Open a function or module, and those that it stands in."""
        group, inner = self._group(name), None
        while group is not None:
            # what stands in a loop is seen as well while the loop's rounds are drawn as one
            if group.kind != "loop" or inner is None or inner.kind in ("round", "rounds"):
                self.folding = self.folding.open(group.name)
            group, inner = group.parent, group

    def fold(self, name: str) -> None:
        """Fold it to one card."""
        group = self._group(name)  # a loop goes back to its body drawn once
        self.folding = (self.folding.close if group.kind == "loop" else self.folding.fold)(group.name)

    def _group(self, name: str) -> Any:
        groups = {} if self._subject is None else self._subject.tree.groups
        if name not in groups:
            raise errors.unknown(say("function_or_module"), name, list(groups))
        return groups[name]

    def close(self) -> None:
        """Let go of the trace and of every tensor in it."""
        self._subject, self._wrt, self._finish = None, None, _finished
        self._places = None


def _finished(graph: Graph) -> tuple[Graph, Linear | None]:
    return graph, None
