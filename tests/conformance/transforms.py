"""Two more columns: forward mode, and batches. Each yields ``None`` for a pass or what went wrong.

forward: tangents of dual numbers in float64, against PyTorch's, where it has them. batch: the entry under ``vmap``,
over its first tensor and over all of them, against PyTorch run once for each entry of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.opinfo.core import OpInfo

import engine

from .translate import callable_of, compare, fresh, sample_of, tensors_in

MOST = 12  # samples of an entry


def chosen(entry: OpInfo) -> list[Any]:
    """Samples in float64, taken evenly from all."""
    torch.manual_seed(0)
    found = [s for s in entry.sample_inputs("cpu", torch.float64) if _strided(s)]
    return found if len(found) <= MOST else [found[i * len(found) // MOST] for i in range(MOST)]


def _strided(sample: Any) -> bool:
    return all(t.layout == torch.strided for t in tensors_in((sample.input, sample.args, sample.kwargs), torch.Tensor))


def told(sample: Any, error: BaseException) -> str:
    """A sample and an error, in a line."""
    shapes = [tuple(t.shape) for t in tensors_in((sample.input, sample.args, sample.kwargs), torch.Tensor)]
    said = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
    plain = [a for a in sample.args if not isinstance(a, torch.Tensor)]
    return f"{shapes} {plain} {sample.kwargs}: {type(error).__name__}: {said}"[:600]


# ------------------------------------------------------------------------------------------------------- forward mode
def forward(entry: OpInfo) -> Iterator[str | None]:
    """Tangents of dual numbers."""
    if not entry.supports_forward_ad or torch.float64 not in entry.supported_dtypes("cpu"):
        return
    ours = callable_of(entry.op, entry.name)
    for sample in chosen(entry):
        memo: dict[int, Any] = {}
        a = (fresh(sample.input, memo), fresh(sample.args, memo), {k: fresh(v, memo) for k, v in sample.kwargs.items()})
        try:
            expected = tangents(torch, entry.op, a, sample.output_process_fn_grad)
        except Exception:  # PyTorch has none there
            continue
        try:
            b = sample_of(a)
            got = tangents(engine, ours, b, callable_of(sample.output_process_fn_grad))
            compare(*without_zeros(got, expected), loose=100.0)
        except Exception as error:
            yield told(sample, error)
        else:
            yield None


def without_zeros(ours: list[Any], theirs: list[Any]) -> tuple[list[Any], list[Any]]:
    """Both lists, with None for zeros where the other has None: how a formula is written decides between the two."""
    pairs = list(zip(ours, theirs, strict=True))

    def shown(t: Any, other: Any) -> Any:
        return None if other is None and t is not None and not np.any(t.detach().numpy()) else t

    return [shown(a, b) for a, b in pairs], [shown(b, a) for a, b in pairs]


def tangents(library: Any, function: Callable[..., Any], arguments: Any, process: Callable[..., Any]) -> list[Any]:
    """The tangent of each output, None where there is none, for fixed tangents of all floating-point inputs."""
    F = library.autograd.forward_ad
    library.manual_seed(0)
    with F.dual_level():
        made: dict[int, Any] = {}
        value = mapped(library, arguments, lambda t: _dual(library, t, made))
        out = process(function(value[0], *value[1], **value[2]))
        return [F.unpack_dual(t).tangent for t in tensors_in(out, library.Tensor)]


def _dual(library: Any, t: Any, made: dict[int, Any]) -> Any:
    if not t.is_floating_point():
        return t
    if id(t) not in made:
        draw = np.random.default_rng(len(made)).standard_normal(tuple(t.shape))
        tangent = library.from_numpy(np.asarray(draw, str(t.dtype).removeprefix("torch.")))
        made[id(t)] = library.autograd.forward_ad.make_dual(t, tangent)
    return made[id(t)]


def mapped(library: Any, value: Any, one: Callable[[Any], Any]) -> Any:
    """A tree of tuples, lists and dicts with each tensor replaced."""
    if isinstance(value, library.Tensor):
        return one(value)
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        made = [mapped(library, v, one) for v in value]
        return made if isinstance(value, list) else tuple(made)
    return {k: mapped(library, v, one) for k, v in value.items()} if isinstance(value, dict) else value


# ------------------------------------------------------------------------------------------------------------- batches
def batch(entry: OpInfo) -> Iterator[str | None]:
    """The entry under ``vmap``: PyTorch's results for each entry of the batch, stacked."""
    if torch.float64 not in entry.supported_dtypes("cpu"):
        return
    ours = callable_of(entry.op, entry.name)
    for sample in chosen(entry):
        tensors = list(tensors_in((sample.input, sample.args, sample.kwargs), torch.Tensor))
        for count in {1, len(tensors)} if tensors else ():
            try:
                expected = loop(entry.op, sample, count)
            except Exception:  # PyTorch refuses, or the results are of several shapes
                continue
            try:
                compare(vmapped(ours, sample, count), expected, loose=100.0)
            except Exception as error:
                yield f"over {count}: " + told(sample, error)
            else:
                yield None


def entries_of(t: torch.Tensor) -> list[torch.Tensor]:
    """Two entries of a batch: the tensor, and another a little different."""
    return [t, t * 0.99 if t.is_floating_point() else t.clone()]


def loop(function: Callable[..., Any], sample: Any, count: int) -> Any:
    """What the function gives for each entry, stacked; the first ``count`` tensors of the sample have a batch."""
    outs = []
    for k in range(2):
        number = iter(range(10000))

        def one(t: Any, k: int = k, number: Any = number) -> Any:
            return entries_of(t)[k] if next(number) < count else t

        value = mapped(torch, (sample.input, sample.args, sample.kwargs), one)
        outs.append(list(tensors_in(function(value[0], *value[1], **value[2]), torch.Tensor)))
    if not outs[0]:
        raise ValueError("no tensors")
    return [torch.stack(column) for column in zip(*outs, strict=True)]


def vmapped(function: Callable[..., Any], sample: Any, count: int) -> Any:
    """The same in the engine, as one call under ``vmap``."""
    found: list[Any] = []

    def collected(t: Any) -> Any:
        found.append(sample_of(torch.stack(entries_of(t)) if len(found) < count else t))
        return t

    mapped(torch, (sample.input, sample.args, sample.kwargs), collected)
    dims = tuple([0 if i < count else None for i in range(len(found))])

    def call(*given: Any) -> Any:
        rest = iter(given)
        value = mapped(torch, (sample.input, sample.args, sample.kwargs), lambda t: next(rest))
        plain = sample_of((value[1], value[2]))
        return list(tensors_in(function(value[0], *plain[0], **plain[1]), engine.Tensor))

    return engine.vmap(call, in_dims=dims)(*found)
