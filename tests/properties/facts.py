"""What a program shows in a library: values, dtypes, shapes, strides, graphs, gradients of both orders, errors.

The number of examples per property comes from ``PROPERTY_EXAMPLES``. They are the same in every run, unless
``PROPERTY_SEED`` names another seed.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, seed, settings

import engine

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "150"))
SEED = os.environ.get("PROPERTY_SEED")
LIMIT = 1e6  # beyond it a difference in the last digit of an early value decides about the first of a late one


def examples(test: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator below ``given``: as many examples as the environment asks for."""
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    made = settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=SEED is None, suppress_health_check=checks
    )(test)
    return made if SEED is None else seed(int(SEED))(made)


def graph(node: Any, depth: int = 12) -> str:
    """A graph by the names of its nodes."""
    if node is None:
        return "-"
    if depth == 0:
        return "..."
    inside = ", ".join(graph(below, depth - 1) for below, _ in node.next_functions)
    return node.name() + (f"({inside})" if inside else "")


def strides(t: Any) -> tuple[int, ...] | None:
    """The strides that mean something: those of dimensions of more than one entry."""
    if not t.numel():
        return None
    return tuple([s for s, n in zip(t.stride(), t.shape, strict=True) if n > 1])


def of(value: Any, graphs: bool = True) -> list[Any]:
    """Facts about a result: a tensor, several, or something plain."""
    if isinstance(value, tuple | list):
        return [type(value).__name__ if type(value) in (tuple, list) else "named", *[of(v, graphs) for v in value]]
    if not hasattr(value, "grad_fn"):
        return [type(value).__name__, str(value) if type(value).__name__ == "dtype" else value]
    facts = [str(value.dtype), tuple(value.shape), strides(value), value.requires_grad, value.is_leaf]
    facts += [graph(value.grad_fn) if graphs else "", value.output_nr, value._version]
    return [*facts, np.array(value.numpy(force=True))]


def caught(error: BaseException) -> list[Any]:
    """Facts about an error: its type, and its first line without what we add as a hint."""
    kind = type(error).__name__.lstrip("_").replace("LinAlgError", "RuntimeError")
    text = str(error).split("\n")[0]
    if "modified by an inplace operation" in text:
        text = "modified by an inplace operation"
    return ["error", kind, text]


def quietly(run: Callable[[], Any]) -> Any:
    """What ``run`` gives, or the facts about its error; warnings aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return run()
        except (Exception, RecursionError) as error:
            return caught(error)


def gradients(T: ModuleType, result: Any, leaves: list[Any]) -> list[Any]:
    """First and second gradients of a weighted sum of what a program computed, each None or an array."""

    def run() -> list[Any]:
        outs = [t for t in (result if isinstance(result, tuple | list) else [result]) if getattr(t, "requires_grad", 0)]
        if not leaves or not any(o.numel() for o in outs):
            return []  # and where there is nothing, PyTorch stumbles now and then
        weights = [T.tensor(weight(o.shape), dtype=o.dtype) for o in outs]
        total = sum(((o * w).sum() for o, w in zip(outs[1:], weights[1:], strict=True)), (outs[0] * weights[0]).sum())
        total = total + sum((o.abs() ** 2 * 0.25).sum() for o in outs)
        total = total.abs() if total.is_complex() else total  # not more: NaN would hide every gradient behind it
        first = T.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
        grown = [g for g in first if g is not None and g.requires_grad]
        found: list[Any] = ["first", *[array(g) for g in first]]
        if grown:
            again = sum(((g.abs() ** 2).sum() for g in grown[1:]), (grown[0].abs() ** 2).sum())
            second = [array(g) for g in T.autograd.grad(again, leaves, allow_unused=True)]
            found += ["second", *second] if any(g is not None for g in second) else []
        return found

    return quietly(run)


def weight(shape: Any) -> Any:
    """Numbers of a shape that are all different."""
    count = int(np.prod(shape, dtype=int))
    return (np.arange(count) % 7 * 0.25 - 0.6).reshape(tuple(shape)).tolist()


def array(g: Any) -> Any:
    """A gradient's values; zeros, up to rounding, count as no gradient: each library sends them along other paths."""
    if g is None:
        return None
    values = np.array(g.numpy(force=True))
    return (
        values if (~(np.abs(values) < (1e-12 if values.dtype in ("float64", "complex128") else 1e-6))).any() else None
    )


def same(ours: Any, theirs: Any, tolerance: float, where: str) -> None:
    """Fail unless two facts agree; numbers within ``tolerance`` of the largest of them."""
    assert type(ours) is type(theirs), f"{where}: {ours!r}, in torch {theirs!r}"
    if isinstance(ours, list | tuple):
        assert len(ours) == len(theirs), f"{where}: {ours!r}, in torch {theirs!r}"
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            same(a, b, tolerance, f"{where}.{i}")
    elif isinstance(ours, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), f"{where}: {ours!r}, in torch {theirs!r}"
        if tolerance and ours.dtype.kind in "fc":
            finite = np.abs(theirs[np.isfinite(theirs)])
            scale = float(finite.max()) if finite.size else 0.0
            np.testing.assert_allclose(ours, theirs, tolerance, tolerance * max(scale, 1e-3), err_msg=where)
        else:
            np.testing.assert_array_equal(ours, theirs, where)
    elif isinstance(ours, float | complex):
        np.testing.assert_allclose(ours, theirs, tolerance, err_msg=where)
    else:
        assert ours == theirs, f"{where}: {ours!r}, in torch {theirs!r}"


def execute(T: ModuleType, program: str, arrays: dict[str, np.ndarray], graphs: bool = True) -> list[Any]:
    """Everything that a program shows; it finds ``T``, ``np`` and a leaf for each array, and leaves ``r``."""
    leaves = {k: T.tensor(v) for k, v in arrays.items()}
    for leaf in leaves.values():
        if leaf.is_floating_point() or leaf.is_complex():
            leaf.requires_grad_()
    names: dict[str, Any] = {"T": T, "np": np, **leaves}

    def run() -> list[Any]:
        exec(program, names)
        return of(names["r"], graphs)

    found = quietly(run)
    if found[:1] == ["error"]:
        return found
    wanting = [leaf for leaf in leaves.values() if leaf.requires_grad]
    grads = [array(leaf.grad) for leaf in wanting]
    return [*found, grads, gradients(T, names["r"], wanting)]


def agree(
    torch: ModuleType, program: str, arrays: dict[str, np.ndarray], tolerance: float = 1e-9, graphs: bool = True
) -> None:
    """Hold a program in the engine against PyTorch."""
    theirs = execute(torch, program, arrays, graphs)
    ours = execute(engine, program, arrays, graphs)
    same(ours, theirs, tolerance, program)
