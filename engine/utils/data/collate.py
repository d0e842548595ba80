"""How items become a batch: tensors stacked, numbers in a tensor, the rest part by part.

Source: torch.utils.data._utils.collate, PyTorch 2.13.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ...calls.creation import as_tensor, tensor
from ...dtypes import float64
from ...ops import join as rows
from ...tensor import Tensor

_WHAT = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def _is_text(data: Any) -> bool:
    """Whether an array holds text or objects."""
    return data.dtype.kind in "SUO" or "a" in data.dtype.str


def _mapped(data: Mapping[Any, Any], make: Callable[[Any], Any]) -> Any:
    """A mapping of the same kind with ``make(key)`` for each key; a dict where it cannot be made."""
    try:
        if isinstance(data, MutableMapping):
            clone = copy.copy(data)
            clone.update({key: make(key) for key in data})
            return clone
        return type(data)({key: make(key) for key in data})  # type: ignore[call-arg]  # as PyTorch tries
    except TypeError:
        return {key: make(key) for key in data}


def _listed(data: Any, parts: list[Any]) -> Any:
    """A sequence of the kind of ``data`` with ``parts``; a list where it cannot be made."""
    try:
        if isinstance(data, MutableSequence):
            clone = copy.copy(data)
            for i, part in enumerate(parts):
                clone[i] = part
            return clone
        return type(data)(parts)
    except TypeError:
        return parts


def default_convert(data: Any) -> Any:
    """Arrays and NumPy's numbers as tensors, within whatever holds them; anything else as it is."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, np.ndarray | np.generic) and not isinstance(data, str | bytes):
        return data if isinstance(data, np.ndarray) and _is_text(data) else as_tensor(data)
    if isinstance(data, Mapping):
        return _mapped(data, lambda key: default_convert(data[key]))
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*[default_convert(d) for d in data])
    if isinstance(data, tuple):
        return [default_convert(d) for d in data]
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _listed(data, [default_convert(d) for d in data])
    return data


def default_collate(batch: Any) -> Any:
    """Items as one batch: a new first dimension for tensors, arrays and numbers, part by part within what holds them.

    Errors: TypeError for what cannot be put together, RuntimeError for lists of different lengths.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return rows.stack(list(batch), 0)
    if isinstance(first, np.ndarray):
        if _is_text(first):
            raise TypeError(_WHAT.format(first.dtype))
        return rows.stack([as_tensor(b) for b in batch], 0)
    if isinstance(first, float) and not isinstance(first, np.floating):
        return tensor(batch, dtype=float64)
    if isinstance(first, np.bool_ | np.number):
        return as_tensor(np.asarray(batch))
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _mapped(first, lambda key: default_collate([d[key] for d in batch]))
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*[default_collate(part) for part in zip(*batch, strict=False)])
    if isinstance(first, Sequence):
        if any(len(item) != len(first) for item in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = [default_collate(part) for part in zip(*batch, strict=False)]
        return parts if isinstance(first, tuple) else _listed(first, parts)
    raise TypeError(_WHAT.format(type(first)))
