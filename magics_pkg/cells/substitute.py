"""`--as torch`: what a cell's own text imports as torch is the engine, and torch is what it was for all other code.

The statements are rewritten before they are compiled. They then hold for functions of the cell that later cells call,
and leave nothing behind, in `sys.modules` or in `builtins`, by which a library could take the engine for PyTorch.
"""

from __future__ import annotations

import ast
import importlib
import sys
from typing import Any

from ..words import say

LIBRARY = "torch"
STAND_IN = "engine"
HOME = f"{STAND_IN}.imports"  # what it has for torch's modules; its frames are not shown


def substitute(tree: ast.Module) -> None:
    """Rewrite, in place, each import of torch in a cell; one that says torch and imports nothing has it too."""
    importlib.import_module(STAND_IN)  # before the cell runs: it is watched from its first call on
    named = any(
        isinstance(each, ast.Name) and each.id == LIBRARY and isinstance(each.ctx, ast.Load) for each in ast.walk(tree)
    )
    _Imports().visit(tree)
    if named:  # then something stands in the body that is no import from __future__
        first = next(i for i, each in enumerate(tree.body) if not _is_future(each))
        tree.body.insert(first, _bind(LIBRARY, _ask("module", LIBRARY), tree.body[first]))


def add_hint(error: BaseException, names: dict[str, Any], asked: bool) -> None:
    """Attach what can be done where torch is not installed. ``names``: the user's, ``asked``: whether by --as torch."""
    if not isinstance(error, ModuleNotFoundError) or getattr(error, "__notes__", None):
        return
    if (error.name or "").partition(".")[0] != LIBRARY or sys.modules.get(LIBRARY) is not None:
        return
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    if asked:
        error.add_note(say("hint", text=say("hint_others")))
    elif innermost is not None and innermost.tb_frame.f_globals is names:  # else a library's, which no option reaches
        error.add_note(say("hint", text=say("hint_as_torch")))


class _Imports(ast.NodeTransformer):
    """Imports of torch become assignments, on the same lines and with the same effect on names."""

    def visit_Import(self, node: ast.Import) -> ast.stmt | list[ast.stmt]:
        if not any(_is_ours(each.name) for each in node.names):
            return node
        made: list[ast.stmt] = []
        for each in node.names:
            if not _is_ours(each.name):
                made.append(ast.copy_location(ast.Import([each]), node))
            elif each.asname is not None:
                made.append(_bind(each.asname, _ask("module", each.name), node))
            else:  # import torch.nn: reads torch.nn, binds torch
                if each.name != LIBRARY:
                    made.append(_placed(ast.Expr(_ask("module", each.name)), node))
                made.append(_bind(LIBRARY, _ask("module", LIBRARY), node))
        return made

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        owner = node.module or ""
        if node.level or not _is_ours(owner):
            return node
        if node.names[0].name == "*":
            ours = STAND_IN + owner.removeprefix(LIBRARY)
            return [
                _placed(ast.Expr(_ask("module", owner)), node),
                _placed(ast.ImportFrom(ours, node.names, 0), node),
            ]
        return [_bind(each.asname or each.name, _ask("member", owner, each.name), node) for each in node.names]


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == LIBRARY


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _ask(function: str, *words: str) -> ast.expr:
    """A call of `engine.imports`; it needs no name in the user's namespace, so it works for as long as the code lives.

    The function is no attribute: Python gives a call of a method that runs over several lines to the last of them."""
    found = ast.parse(f"__import__('{HOME}', fromlist=('{function}',)).__dict__['{function}']", mode="eval").body
    return ast.Call(found, [ast.Constant(each) for each in words], [])


def _bind(name: str, value: ast.expr, where: ast.stmt) -> ast.stmt:
    return _placed(ast.Assign([ast.Name(name, ast.Store())], value), where)


def _placed(statement: ast.stmt, where: ast.stmt) -> ast.stmt:
    for each in ast.walk(statement):
        if "lineno" in each._attributes:
            ast.copy_location(each, where)
    return statement
