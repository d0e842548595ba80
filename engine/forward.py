"""Forward mode from the table: the tangent of a row's output, from those of its inputs.

A diagonal (elementwise) derivative is its own transpose, so the reverse formula serves; a linear row is its own
derivative; a multilinear one is a sum over its inputs. Only the rest say it in ``jvp=``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from .kernel import RAW, raw
from .op import DIAGONAL, LINEAR, MULTILINEAR

if TYPE_CHECKING:
    from .op import Row


def jvp(row: Row, arguments: dict[str, Any], tangents: dict[str, Any]) -> Any:
    """The tangent of ``row``'s first output at ``arguments``, arrays by parameter, in the direction ``tangents``."""
    values = dict(arguments)
    with np.errstate(all="ignore"):
        if row.jvp == LINEAR:
            return _first(row, {**values, **_tangents(row, values, tangents)})
        if row.jvp == MULTILINEAR:
            terms = [_first(row, {**values, p: t}) for p, t in tangents.items()]
            return sum(terms[1:], start=terms[0])
        results = row.kernel(*[values[p] for p in row.params])
        values |= dict(zip(row.outputs, results if len(row.outputs) > 1 else (results,), strict=True))
        for p in row.inputs:
            for what in ("shape", "size", "dtype"):
                values[f"{p}_{what}"] = getattr(values[p], what, None)
        if row.jvp == DIAGONAL:
            return _diagonal(row, values, tangents)
        names = list(inspect.signature(row.jvp).parameters)
        given = [t for _, t in sorted(_tangents(row, values, tangents).items(), key=lambda i: row.params.index(i[0]))]
        return raw(row.jvp)(*given, *[values[n] for n in names[len(given) :]])


def _tangents(row: Row, values: dict[str, Any], tangents: dict[str, Any]) -> dict[str, Any]:
    """A tangent for every differentiable input that was given: zeros where none is."""
    return {p: tangents.get(p, np.zeros_like(values[p])) for p in row.formulas if values[p] is not None}


def _first(row: Row, values: dict[str, Any]) -> Any:
    result = row.kernel(*[values[p] for p in row.params])
    return result[0] if len(row.outputs) > 1 else result


def _diagonal(row: Row, values: dict[str, Any], tangents: dict[str, Any]) -> Any:
    terms = []
    for p, t in tangents.items():
        spread = np.broadcast_to(t, values["out"].shape)
        terms.append(RAW[f"{row.name}_d_{p}"](spread, *[values[n] for n in row.needs[p]]))
    return sum(terms[1:], start=terms[0])
