"""What a card says: a name, a sign, the source behind it, and no name twice."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

from ..backends import custom_function
from ..cells.source import Position, Source
from ..style import notation
from ..tracing.trace import Call, Site, Trace
from .fold import Part
from .groups import Group, Tree
from .names import Namespace, label, operand, tensors_in

OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
}


class Wording:
    """The words for the parts of one trace."""

    def __init__(self, trace: Trace, names: Namespace) -> None:
        self.trace, self.names = trace, names

    # ---------------------------------------------------------------- operations
    def source(self, part: Part) -> str:
        """The exact expression behind a part; a whole line where that was folded."""
        if part.middle or part.call is None or (part.group is not None and not _callers(part.call.site, part.group)):
            return ""
        found = self._at(part)
        if found is None:
            return ""
        if part.level == 0 and len(part.sites) > 1:
            return found[0].lines[found[1][0] - 1].strip()
        return found[0].expression(found[0].whole(found[1]))

    def _at(self, part: Part) -> tuple[Source, tuple[int, int, int, int]] | None:
        assert part.call is not None
        site = part.call.site
        if part.group is not None:
            return self.trace.span(site, _callers(site, part.group)[-1])
        if part.level is None or len(part.sites) == 1 or not site.user:
            return self.trace.span(site)
        return self.trace.span(site, site.user[min(max(part.level, 1), len(site.user)) - 1])

    def position(self, part: Part) -> Position | None:
        """Where in the cell a part is, if it is."""
        if part.middle or part.call is None or self.trace.cell is None:
            return None
        if part.group is not None and part.group.span is not None:
            return part.group.span
        found = self.trace.position(part.call.site, part.group.place if part.group is not None else None)
        return found if found is not None and found.filename == self.trace.cell.filename else None

    def sign(self, part: Part, node_name: str) -> str:
        """The sign on an operation's card; a folded module's class."""
        if part.group is not None:
            return part.group.title
        if part.middle or (len(part.sites) > 1 and part.level is not None):
            return "⋯"
        if part.call is None:
            custom = custom_function(part.arrival[0]) if part.arrival is not None else ""
            return custom or notation.symbol(notation.word_of(node_name))
        call, record = part.call, part.call.record
        name = call.name
        arguments = [self._plain(each) for each in record.args or ()]
        syntax = self._syntax(call)
        if isinstance(syntax, ast.BinOp) and type(syntax.op) in OPERATORS:
            name = OPERATORS[type(syntax.op)]
            left, right = _literal(syntax.left), _literal(syntax.right)
            if left is not None:
                name = "r" + name if name in ("sub", "div", "pow") else name
            literal = left if left is not None else right
            arguments = [None, literal] if literal is not None else arguments
        elif isinstance(syntax, ast.Call) and call.unit != call.index:
            name = _called(syntax) or name
        dim = (record.kwargs or {}).get("dim")
        return notation.symbol(name, arguments, self._lone_operand(call), dim)

    def _syntax(self, call: Call) -> ast.AST | None:
        if call.site.below_module:
            return None
        found = self.trace.span(call.site)
        return found[0].node(found[1]) if found else None

    def _plain(self, argument: Any) -> Any:
        return None if self.trace.backend and isinstance(argument, self.trace.backend.tensor) else argument

    def _lone_operand(self, call: Call) -> str:
        places = self.places(call)
        return operand(self.trace, call, places[0], places) if len(places) == 1 else ""

    def places(self, call: Call) -> list[int | str]:
        """Where among a call's arguments there are tensors."""
        if call.record.args is None or self.trace.backend is None:
            return []
        return [place for place, _ in tensors_in(call.record.args, call.record.kwargs, self.trace.backend.tensor)]

    def label(self, part: Part, nr: int) -> str:
        """The name that the code gives to a part's value."""
        if part.middle or part.call is None:
            return ""
        call = self.trace.calls[part.call.unit]
        if part.group is not None:
            outside = len(_callers(call.site, part.group))
            return label(self.trace, call, 0, outside) if outside else ""
        if part.level is None or len(part.sites) == 1:
            return label(self.trace, call, nr)
        return label(self.trace, call, 0, part.level) if part.level else ""


def module_names(parts: Iterable[Part], tree: Tree) -> dict[Part, str]:
    """``model.0`` for an operation that is all that a module of a library's does inside of another one: its only
    source is ``model(x)``, as that of all others there."""
    alone: dict[Site, Part | None] = {}
    for part in parts:
        if part.call is None or part.group is not None or part.middle or not part.call.site.below_module:
            continue
        site: Site | None = part.call.site
        while site is not None and site.frames[-1].kind != "module":
            site = site.outer
        if site is not None:
            alone[site] = part if site not in alone else None
    named = {}
    for site, only in alone.items():
        first = site.user[-1] + 1 if site.user else 0
        if only is not None and sum(frame.kind == "module" for frame in site.frames[first:]) > 1:
            named[only] = tree.modules.get(id(site.frames[-1].module), "")
    return named


def _callers(site: Site, group: Group) -> list[int]:
    """The levels of the user's own frames that led to a group, where the last of them is what called it."""
    levels = [level for level in site.user if level < group.place]
    outer = -1 if group.parent is None else group.parent.place
    return levels if levels and levels[-1] > outer else []


def numbered(names: Sequence[str], owners: set[int]) -> list[str]:
    """Names in the order in which the values were made, told apart: "y #1", "y #2", ... and "y" for the one in
    ``owners``, which the name stands for after the cell."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    made: dict[str, int] = {}
    told = []
    for i, name in enumerate(names):
        if name and counts[name] > 1:
            made[name] = made.get(name, 0) + 1
            told.append(name if i in owners else f"{name} #{made[name]}")
        else:
            told.append(name)
    return told


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _literal(node: ast.AST) -> Any:
    """The number that a literal stands for, else None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _literal(node.operand)
        return None if inner is None else -inner
    number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return node.value if number and isinstance(node, ast.Constant) else None
