"""``torch.nn.utils.rnn``: sequences of several lengths, padded to one, or packed step by step.

Source: torch.nn.utils.rnn, ``aten/src/ATen/native/PackedSequence.cpp``, PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...calls import join
from ...calls.creation import as_tensor, full
from ...dtypes import int64
from ...naming import absent
from ...ops import join as rows
from ...tensor import Tensor, wrap

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence",
    "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """The rows of all first steps, then of all second ones, ...; ``batch_sizes``: how many of each."""

    __slots__ = ()

    def __new__(
        cls, data: Tensor, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, list | tuple) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with ``data.to(...)``."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def double(self) -> PackedSequence:
        """The same in float64."""
        return type(self)(self.data.double(), *self[1:])

    def float(self) -> PackedSequence:
        """The same in float32."""
        return type(self)(self.data.float(), *self[1:])

    def cpu(self) -> PackedSequence:
        """This sequence: it is on the CPU."""
        return self

    @property
    def is_cuda(self) -> bool:
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Where each place went."""
    return None if permutation is None else wrap(np.argsort(permutation._d).astype(np.int64))


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences of several lengths as one tensor, the short ones filled up with ``padding_value``.

    Shapes: a list of (L_i, ...) to (longest, N, ...), or (N, longest, ...) with ``batch_first``.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    given = tuple(sequences)
    if not given:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(len(row) for row in given)
    filled = []
    for row in given:
        gap = longest - len(row)
        if gap:
            fill = full((gap, *row.shape[1:]), padding_value, dtype=row.dtype)
            row = join.cat([row, fill] if padding_side == "right" else [fill, row])
        filled.append(row)
    return rows.stack(filled, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences that ``pad_sequence`` filled up."""
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [batch[i][:n] for i, n in enumerate(lengths.tolist())]


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """The steps of a padded batch without its padding; ``enforce_sorted=False``: lengths in any order."""
    counts = np.asarray(as_tensor(lengths, dtype=int64)._d)
    order = None
    if not enforce_sorted:
        order = wrap(np.argsort(-counts, kind="stable").astype(np.int64))
        counts = counts[order._d]
        input = input.index_select(0 if batch_first else 1, order)
    steps_first = input.transpose(0, 1) if batch_first else input
    _check(steps_first, counts)
    sizes = (counts[None] > np.arange(counts[0])[:, None]).sum(1)
    data = join.cat([steps_first[t, :n] for t, n in enumerate(sizes.tolist())])
    return PackedSequence(data, wrap(sizes.astype(np.int64)), order, None)


def _check(steps_first: Tensor, counts: Any) -> None:
    batch = steps_first.size(1)
    if len(counts) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={batch})"
        )
    if (counts <= 0).any():
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if (np.diff(counts) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    if counts[0] > steps_first.size(0):
        raise RuntimeError(f"Expected length of all samples to be at most {steps_first.size(0)}, but got {counts[0]}")


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences of several lengths, packed."""
    return pack_padded_sequence(pad_sequence(sequences), [len(s) for s in sequences], enforce_sorted=enforce_sorted)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """(padded batch, lengths) of a packed one."""
    sizes = sequence.batch_sizes.tolist()
    if total_length is not None and total_length < len(sizes):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {len(sizes)}"
        )
    lengths = (np.array(sizes)[:, None] > np.arange(sizes[0])[None]).sum(0)
    ends = np.cumsum([0, *sizes])
    columns = [[sequence.data[ends[t] + i] for t in range(n)] for i, n in enumerate(lengths.tolist())]
    longest = len(sizes) if total_length is None else total_length
    stacked = [rows.stack(column) for column in columns]
    gap = longest - len(sizes)
    if gap:
        kind = {"dtype": sequence.data.dtype}
        stacked[0] = join.cat([stacked[0], full((gap, *sequence.data.shape[1:]), padding_value, **kind)])
    out = pad_sequence(stacked, batch_first, padding_value)
    if sequence.unsorted_indices is None:
        return out, wrap(lengths.astype(np.int64))
    back = sequence.unsorted_indices
    return out.index_select(0 if batch_first else 1, back), wrap(lengths.astype(np.int64)[back._d])


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that ``pack_sequence`` packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


__getattr__ = absent.lookup("torch.nn.utils.rnn", lambda: __all__)
