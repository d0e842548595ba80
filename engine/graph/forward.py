"""Forward mode from the table: the tangent of a row's output, from those of its inputs.

A diagonal (elementwise) derivative is its own transpose, so the reverse formula serves; a linear row is its own
derivative; a multilinear one is a sum over its inputs. Only the rest say it in ``jvp=``.

``jvp`` runs that on arrays, ``tangents_of`` on Tensors, recorded: from the same rule, bound to the other world.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..table.kernel import PUBLIC, RAW, public, raw
from ..table.op import DIAGONAL, LINEAR, MULTILINEAR
from ..tensor import Tensor, wrap

if TYPE_CHECKING:
    from ..table.op import Row


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
        found = _tangents(row, values, tangents)
        given = [found.get(p) for p in row.formulas]  # None for an optional input that was not given
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


# ------------------------------------------------------------------------------------------------------ on Tensors
# Rows without a derivative whose results are of a floating-point type, and constant as far as they are smooth
CONSTANT = {"zeros_as", "ties"}


def tangents_of(
    row: Row, call: Callable[..., Any], values: dict[str, Any], tangents: dict[str, Any], outs: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The tangent of each output, None where it has none; Tensors all, recorded as any operation is.

    call: the row's public function. values: its arguments, Tensors and numbers, by parameter. tangents: those that
    inputs have. Errors: NotImplementedError where the row has a derivative that forward mode cannot run.
    """
    __tracebackhide__ = True
    if outs[0]._d.dtype.kind not in "fc":
        return (None,) * len(outs)
    if row.node_name == "NotImplemented" or (not row.formulas and row.name not in CONSTANT):
        raise no_forward(row)
    given = {p: t for p, t in tangents.items() if p in row.formulas}
    if not given:
        return (None,) * len(outs)
    kind = row.jvp
    if kind is None:
        raise no_forward(row)
    if kind == LINEAR:
        found = call(*{**values, **_all_tangents(row, values, given)}.values())
    elif kind == MULTILINEAR:
        terms = [call(*{**values, p: t}.values()) for p, t in given.items()]
        found = functools.reduce(PUBLIC["add"], terms)
    else:
        named = _named(row, values, outs)
        if kind == DIAGONAL:
            found = _diagonal_of(row, named, given, outs[0])
        else:
            names = _parameters(row.jvp)
            every = _all_tangents(row, values, given)
            ordered = [every.get(p) for p in row.formulas]  # None for an optional input that was not given
            found = public(row.jvp)(*ordered, *[named[n] for n in names[len(ordered) :]])
    several = found if isinstance(found, tuple) else (found,)
    padded = (*several[: len(outs)], *(None,) * (len(outs) - len(several)))
    return tuple([t if out._d.dtype.kind in "fc" else None for t, out in zip(padded, outs, strict=True)])


@functools.cache
def _parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def no_forward(row: Any) -> NotImplementedError:
    """PyTorch's error for an operation, a row or its name, that forward mode cannot run."""
    name = row if isinstance(row, str) else getattr(row, "called", row.name)
    return NotImplementedError(
        f"Trying to use forward AD with {name} that does not support it because it has not "
        "been implemented yet.\nPlease file an issue to PyTorch at https://github.com/pytorch/pytorch/issues/new?"
        "template=feature-request.yml so that we can prioritize its implementation or submit a PR adding the "
        "implementation to derivatives.yaml"
    )


def zeros_of(t: Any) -> Tensor:
    """Zeros in the shape and dtype of ``t``."""
    d = t._d
    return wrap(np.zeros(d.shape, d.dtype) if d.shape else d.dtype.type(0))


def _all_tangents(row: Row, values: dict[str, Any], tangents: dict[str, Any]) -> dict[str, Any]:
    return {
        p: tangents[p] if p in tangents else zeros_of(values[p]) if isinstance(values[p], Tensor) else values[p]
        for p in row.formulas
        if values[p] is not None
    }


def _named(row: Row, values: dict[str, Any], outs: tuple[Any, ...]) -> dict[str, Any]:
    """What a rule may ask for by name: inputs as the operation computed with them, outputs, shapes, sizes, dtypes."""
    named = dict(values)
    d = outs[0]._d.dtype
    for p in row.inputs:
        value = values[p]
        if isinstance(value, Tensor):
            named[f"{p}_shape"], named[f"{p}_size"], named[f"{p}_dtype"] = value._d.shape, value._d.size, value._d.dtype
            own = value._d.dtype
            if row.elementwise and p not in row.apart and own is not d and (own.kind == "c") <= (d.kind == "c"):
                named[p] = value if row.to_complex else PUBLIC["cast"](value, d)
        elif row.elementwise and value is not None and p not in row.apart:
            named[p] = wrap(np.array(value).astype(d)[()])
        else:
            named[f"{p}_shape"] = named[f"{p}_size"] = named[f"{p}_dtype"] = None
    named |= dict(zip(row.outputs, outs, strict=True))
    return named


def _diagonal_of(row: Row, named: dict[str, Any], tangents: dict[str, Any], out: Any) -> Any:
    shape, d = out._d.shape, out._d.dtype
    terms = []
    for p, t in tangents.items():
        if t._d.dtype is not d:
            t = PUBLIC["cast"](t, d)
        if t._d.shape != shape:
            t = PUBLIC["expand_to"](t, shape)
        formula = RAW[f"{row.name}_D_{p}"]
        arguments = [named[n] for n in row.needs[p]]
        try:
            terms.append(formula(t, *arguments))
        except (NotImplementedError, RuntimeError) as error:
            if "derivative for" not in str(error):
                raise
            raise no_forward(row) from None  # a formula that only says that there is none
    return functools.reduce(PUBLIC["add"], terms)
