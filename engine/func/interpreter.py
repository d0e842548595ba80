"""Where every call lands while a level is open: the deepest level among the arguments says how it is run.

A row of the table is run by ``dual.py`` (tangents) or ``batching.py`` (batches). Of PyTorch's call forms above the rows
the body is run, with the rows still seen; where a body wants to look at values that a batch hides, ``vmap`` falls back
on a loop over the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import grad
from ..table.kernel import RAW
from . import batching, custom, dual, forms, randomness  # noqa: F401  custom registers itself
from .levels import FORWARD, INTERPRETERS, VMAP, below, levels
from .lifted import deepest
from .looping import attempt, body


class Interpreter:
    """The function mode of the open levels."""

    def direct(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run ``function`` as the deepest level among its arguments wants it."""
        __tracebackhide__ = True
        level = deepest(args)
        if kwargs:
            level = deepest(kwargs.values(), level)
        if randomness.is_random(function) and any(each.kind == VMAP for each in levels()):
            return randomness.run(function, args, kwargs, level)
        if level is None:
            return below(function, args, kwargs)
        if function is grad:  # outputs and inputs say in whose graph the pass is; the vectors may be of deeper levels
            level = deepest((args[:2], kwargs.get("outputs"), kwargs.get("inputs"))) or level
        handler = (dual if level.kind == FORWARD else forms).SPECIAL.get(function)
        if handler is not None:
            return attempt(lambda *a, **k: handler(level, function, *a, **k), args, kwargs)
        inplace = getattr(function, "front", None)
        if inplace is not None:
            run = (dual if level.kind == FORWARD else batching).in_place
            return attempt(lambda *a, **k: run(level, function, inplace, *a, **k), args, kwargs)
        row = getattr(function, "row", None)
        if row is not None and (row.front is function or function.__globals__ is RAW):
            run_row = (dual if level.kind == FORWARD else batching).run_row
            if level.kind == VMAP:
                return run_row(level, row, function, args, kwargs)
            return attempt(lambda *a, **k: run_row(level, row, function, a, k), args, kwargs)
        return attempt(body(function), args, kwargs)


INTERPRETER = Interpreter()
INTERPRETERS.append(INTERPRETER)
