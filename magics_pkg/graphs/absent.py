"""What has no gradient, as facts: leaves that no path reaches, and names whose ``.grad`` a cell reads in vain."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from ..tracing.trace import Backward, Trace
from .facts import maker_of, name_of, where
from .names import NAME_LIKE, label, look_up


@dataclass(frozen=True, eq=False)
class Missing:
    """A name whose ``.grad`` the cell reads though that is None.

    kind: "not_a_leaf"; "overwritten", ``leaf`` being what it stood for before; "not_a_leaf_inside", ``leaf`` being a
    part of the expression that made it; "not_asked": it wants no gradient; "read_early", in ``line``."""

    name: str
    tensor: Any
    kind: str
    leaf: Any = None
    line: int = 0


def missing(trace: Trace) -> list[Missing]:
    """Names whose ``.grad`` the cell reads, and which have none."""
    backward = trace.backward
    if trace.cell is None or backward is None or backward.error is not None or trace.backend is None:
        return []
    found: dict[str, Missing] = {}
    for name, line in _read(trace, "grad"):
        try:
            tensor = look_up(trace.namespace, name)
        except (LookupError, ValueError):
            continue
        if not isinstance(tensor, trace.backend.tensor):
            continue
        if tensor.is_leaf:
            if not tensor.requires_grad and tensor.is_floating_point() and tensor.grad is None:
                found.setdefault(name, Missing(name, tensor, "not_asked"))
            elif line and _is_early(trace, tensor, line):
                found.setdefault(name, Missing(name, tensor, "read_early", line=line))
        elif not tensor.retains_grad:
            found.setdefault(name, _without(trace, backward, name, tensor))
    return list(found.values())


def _without(trace: Trace, backward: Backward, name: str, tensor: Any) -> Missing:
    """Why what is no leaf has no ``.grad``."""
    others = [each for each in backward.before if each is not tensor]
    leaf = next((each for each in others if _was_called(trace, each, name)), None)
    if leaf is not None:
        return Missing(name, tensor, "overwritten", leaf)
    inside = next((each for each in others if not name_of(trace, each) and _is_inside(trace, each, tensor)), None)
    return Missing(name, tensor, "not_a_leaf" if inside is None else "not_a_leaf_inside", inside)


def _is_inside(trace: Trace, leaf: Any, tensor: Any) -> bool:
    """Whether a leaf was made by a part of the expression that made a tensor."""
    inner, outer = maker_of(trace, leaf), maker_of(trace, tensor)
    if inner is None or outer is None or where(trace, inner) != where(trace, outer):
        return False
    return trace.expression(inner.site) in trace.expression(outer.site)


def _is_early(trace: Trace, leaf: Any, line: int) -> bool:
    """Whether this line stands before the first backward of the cell, and the leaf's ``.grad`` was None then."""
    first = trace.backwards[0]
    empty = any(each is leaf and before is None for each, before, _ in first.told)
    return empty and first.position is not None and line < trace.line(first.position)


def _was_called(trace: Trace, leaf: Any, name: str) -> bool:
    maker = maker_of(trace, leaf)
    return maker is not None and label(trace, maker) == name


def _read(trace: Trace, attribute: str) -> list[tuple[str, int]]:
    """Names in the cell, also ``m.h`` and ``hs[0]``, whose attribute of this name is read, with the line; 0 in what
    may run later."""
    mentioned = rf"\.[\s\\]*{attribute}\b"  # to walk a long cell's tree takes 0.1 s
    if trace.cell is None or not re.search(mentioned, trace.cell.compiled):
        return []
    later = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda)
    found = []
    for statement in trace.cell.tree.body:
        for node in ast.walk(statement):
            is_read = isinstance(node, ast.Attribute) and node.attr == attribute and isinstance(node.ctx, ast.Load)
            if isinstance(node, ast.Attribute) and is_read and isinstance(node.value, NAME_LIKE):
                found.append((ast.unparse(node.value), 0 if isinstance(statement, later) else node.lineno))
    return found


def unused(trace: Trace, backward: Backward) -> list[Any]:
    """Leaves of this cell, and of a module that has others in its graph, that no path leads from to the output."""
    if trace.backend is None or backward.error is not None or not trace.calls:
        return []
    reached = {id(leaf) for leaf in backward.before}
    if backward.kind == "autograd.grad":  # it gives what it was asked for
        given = {id(leaf) for leaf, *_ in backward.told}
        return [each for each in backward.inputs or () if id(each) not in reached | given and each.is_leaf]
    values = list(trace.namespace.values())
    used = {id(each) for call in trace.calls for each in call.record.args or ()}
    used |= {id(ref()) for call in trace.calls for ref in call.record.sources}
    used |= {id(each) for each in backward.inputs or ()}
    used |= {id(trace.namespace.get(name)) for name, _ in _read(trace, "grad")}
    found = {id(each): each for each in values if isinstance(each, trace.backend.tensor) and id(each) in used}
    kind: Any = trace.backend.module_type or ()
    for module in values:
        if isinstance(module, kind):
            own = {id(each): each for each in module.parameters()}
            found |= own if own.keys() & reached else {}
    return [leaf for key, leaf in found.items() if key not in reached and _wants(leaf)]


def _wants(leaf: Any) -> bool:
    return bool(leaf.is_leaf and leaf.requires_grad and leaf.grad is None)


def materialized(backward: Backward) -> list[Any]:
    """Inputs of autograd.grad that no path leads from, and whose gradient is zeros nevertheless."""
    given = [leaf for leaf, *_ in backward.told] if backward.kind == "autograd.grad" else []
    return [each for each in given if each.is_leaf and all(each is not leaf for leaf in backward.before)]
