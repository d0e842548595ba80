"""One expression, run in the engine and in PyTorch: values, dtypes, gradients, graphs and errors agree."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np

import engine
import engine.linalg
import engine.nn.functional


def cases(table: str) -> list[str]:
    """The expressions of a table, one per line or parted by ``" ; "``."""
    return [part.strip() for line in table.strip().splitlines() for part in line.split(" ; ") if part.strip()]


def run(T: ModuleType, call: str, arrays: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The value of ``call`` with tensors of ``arrays``, those that can want gradients, and the tensors."""
    tensors = {k: T.tensor(v, requires_grad=v.dtype.kind in "fc") for k, v in arrays.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # those of PyTorch's have C++ file names in them
        return eval(
            call, {"T": T, "F": T.nn.functional, "L": T.linalg, "inf": float("inf"), "nan": float("nan")}, dict(tensors)
        ), tensors


def chain(node: Any) -> str:
    """A graph as text: ``MulBackward0(leaf, ExpBackward0(leaf))``."""
    if node is None:
        return "None"
    if node.name().endswith("AccumulateGrad"):
        return "leaf"
    return f"{node.name()}({', '.join(chain(f) for f, _ in node.next_functions)})"


def flat(out: Any) -> list[Any]:
    """The tensors of a result, one or several."""
    return list(out) if isinstance(out, tuple) else [out]


def describe(T: ModuleType, call: str, arrays: dict[str, Any], second: bool) -> tuple[list[Any], str]:
    """Arrays that both libraries should agree on, and the graph; or the error."""
    try:
        out, tensors = run(T, call, arrays)
    except Exception as error:
        kind = type(error).__name__.lstrip("_").replace("LinAlgError", "RuntimeError")
        return [], f"{kind}: {str(error).splitlines()[0]}"
    outs = flat(out)
    facts: list[Any] = [o.detach().numpy(force=True) if hasattr(o, "detach") else o for o in outs]
    y = outs[0]
    if not getattr(y, "requires_grad", False):
        return facts, "no graph"
    graph = chain(y.grad_fn)
    leaves = [t for t in tensors.values() if t.requires_grad]
    weights = _weights(facts[0])
    first = T.autograd.grad(y, leaves, T.tensor(weights), create_graph=second, allow_unused=True)
    facts += [g if g is None else g.detach().numpy(force=True) for g in first]
    grown = [g for g in first if g is not None and g.requires_grad]
    if second and grown:
        grown = [T.view_as_real(g) if g.is_complex() else g for g in grown]
        inner = sum(((g * g).sum() for g in grown[1:]), start=(grown[0] * grown[0]).sum())
        facts += [g if g is None else g.numpy(force=True) for g in T.autograd.grad(inner, leaves, allow_unused=True)]
    return facts, graph


def _weights(like: Any) -> np.ndarray[Any, Any]:
    """A random v of that shape and dtype."""
    draw = np.random.default_rng(5)
    real = draw.standard_normal(np.shape(like))
    return (real + 1j * draw.standard_normal(np.shape(like)) if np.iscomplexobj(like) else real).astype(like.dtype)


def agree(
    torch: ModuleType, call: str, arrays: dict[str, Any], tolerance: float, second: bool = True, graphs: bool = True
) -> None:
    """Hold ``call`` in the engine against PyTorch; ``graphs``: every node by name."""
    theirs, graph = describe(torch, call, arrays, second)
    ours, own = describe(engine, call, arrays, second)
    if "dtype=" in call or "T.float32" in call:  # a sum in another dtype is one node there, a cast and a sum here
        own, graph = own.partition("(")[0], graph.partition("(")[0]
    if not graphs and theirs and ours:
        own = graph
    assert own == graph, call
    assert len(ours) == len(theirs), call
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if isinstance(b, np.ndarray) and isinstance(a, np.ndarray | np.generic):
            assert (a.dtype, a.shape) == (b.dtype, b.shape), (call, i)
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=f"{call}, {i}")
        else:
            if (
                b is None or a is None
            ):  # PyTorch sends zeros along some paths that we leave out, and the other way round
                a, b = (np.zeros(1) if v is None else np.unique(v) for v in (a, b))
                assert np.array_equal(a, b), (call, i)
            else:
                assert a == b, (call, i)
