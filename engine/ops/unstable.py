"""In what order PyTorch leaves equal elements: its sorts and selections are those of the C++ library, step by step.

Where no two elements are equal the order is that of any sort, and NumPy's is used; nobody but a program that compares
indices with PyTorch's sees the rest, so very long rows are spared it. Everything works on whole numbers, the ranks of
the elements, and returns what stands where afterwards. Source: GCC's ``bits/stl_algo.h`` and ``bits/stl_heap.h``, and
``quick_select_template`` of PyTorch's ``Sorting.cpp`` (the algorithms, not the code).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

LONGEST = 20_000  # elements of a row; about 0.1 s


class Row:
    """Ranks that are moved about, and where each came from."""

    def __init__(self, ranks: list[int]) -> None:
        self.a = [(rank, i) for i, rank in enumerate(ranks)]

    def indices(self) -> list[int]:
        return [i for _, i in self.a]

    # ------------------------------------------------ parts that sorting and selecting share
    def insertion(self, first: int, last: int) -> None:
        """Sort a short range, stably."""
        self.a[first:last] = sorted(self.a[first:last], key=lambda e: e[0])

    def partition(self, first: int, last: int) -> int:
        """Split a range at the median of three; where the upper part begins."""
        a = self.a
        one, mid, end = first + 1, first + (last - first) // 2, last - 1
        x, y, z = a[one][0], a[mid][0], a[end][0]
        middle = (mid if y < z else end if x < z else one) if x < y else one if x < z else end if y < z else mid
        a[first], a[middle] = a[middle], a[first]
        pivot = a[first][0]
        i, j = first + 1, last
        while True:
            while a[i][0] < pivot:
                i += 1
            j -= 1
            while pivot < a[j][0]:
                j -= 1
            if i >= j:
                return i
            a[i], a[j] = a[j], a[i]
            i += 1

    def sift(self, first: int, hole: int, size: int, value: Any) -> None:
        """Put ``value`` into a heap of the largest, from ``hole`` down and up again."""
        a, top, child = self.a, hole, hole
        while child < (size - 1) // 2:
            child = 2 * (child + 1)
            if a[first + child][0] < a[first + child - 1][0]:
                child -= 1
            a[first + hole] = a[first + child]
            hole = child
        if size % 2 == 0 and child == (size - 2) // 2:
            child = 2 * (child + 1)
            a[first + hole] = a[first + child - 1]
            hole = child - 1
        parent = (hole - 1) // 2
        while hole > top and a[first + parent][0] < value[0]:
            a[first + hole] = a[first + parent]
            hole, parent = parent, (parent - 1) // 2
        a[first + hole] = value

    def heap_select(self, first: int, middle: int, last: int) -> None:
        """The smallest of a range into a heap at its front."""
        a, size = self.a, middle - first
        for parent in range((size - 2) // 2, -1, -1):
            self.sift(first, parent, size, a[first + parent])
        for i in range(middle, last):
            if a[i][0] < a[first][0]:
                value, a[i] = a[i], a[first]
                self.sift(first, 0, size, value)

    # ------------------------------------------------ the algorithms
    def sort(self, first: int, last: int) -> None:
        """``std::sort``: quicksort down to 16 elements, then insertion."""
        if last - first > 1:
            self._quicksort(first, last, 2 * (last - first).bit_length() - 2)
            self.insertion(first, last)

    def _quicksort(self, first: int, last: int, depth: int) -> None:
        while last - first > 16:
            if not depth:
                self.partial_sort(first, last, last)
                return
            depth -= 1
            cut = self.partition(first, last)
            self._quicksort(cut, last, depth)
            last = cut

    def partial_sort(self, first: int, middle: int, last: int) -> None:
        """``std::partial_sort``: the smallest, in order, at the front."""
        self.heap_select(first, middle, last)
        a = self.a
        for end in range(middle - 1, first, -1):
            value, a[end] = a[end], a[first]
            self.sift(first, 0, end - first, value)

    def nth_element(self, nth: int, first: int, last: int) -> None:
        """``std::nth_element``: what is ``nth`` in order at its place, smaller before it, larger behind."""
        depth = 2 * (last - first).bit_length() - 2
        while last - first > 3:
            if not depth:
                self.heap_select(first, nth + 1, last)
                self.a[first], self.a[nth] = self.a[nth], self.a[first]
                return
            depth -= 1
            cut = self.partition(first, last)
            first, last = (cut, last) if cut <= nth else (first, cut)
        self.insertion(first, last)

    def quick_select(self, k: int) -> None:
        """PyTorch's own selection, of ``kthvalue``."""
        a, low, high = self.a, 0, len(self.a) - 1
        while high > low + 1:
            mid = low + (high - low) // 2
            a[mid], a[low + 1] = a[low + 1], a[mid]
            for i, j in ((low + 1, high), (low, high), (low + 1, low)):
                if a[i][0] > a[j][0]:
                    a[i], a[j] = a[j], a[i]
            i, j, pivot = low + 1, high, a[low][0]
            while True:
                i += 1
                while pivot > a[i][0]:
                    i += 1
                j -= 1
                while a[j][0] > pivot:
                    j -= 1
                if j < i:
                    break
                a[i], a[j] = a[j], a[i]
            a[low], a[j] = a[j], a[low]
            if j <= k:
                low = i
            if j >= k:
                high = j - 1
        if high == low + 1 and a[low][0] > a[high][0]:
            a[low], a[high] = a[high], a[low]


# ------------------------------------------------------------------------------------------------ along a dimension
def along(x: Any, order: Any, dim: int, run: Callable[[Row], None], count: int, start: int = 0) -> Any:
    """Where an algorithm of PyTorch's, ``run(row)``, takes elements ``start`` to ``start + count`` of each row from.

    order: indices that sort ``x`` along ``dim`` stably, up or down: the truth for rows that have no equal elements.
    """
    order = np.moveaxis(order, dim, -1)
    found = np.take_along_axis(np.moveaxis(x, dim, -1), order, -1)
    up, down = found[..., 1:], found[..., :-1]
    same = (up == down) | ((up != up) & (down != down))
    out = order[..., start : start + count]
    tied = np.argwhere(same.any(-1)) if found.shape[-1] <= LONGEST else ()
    if len(tied):
        out = np.array(out)
    for at in map(tuple, tied):
        ranks = np.empty(order.shape[-1], np.int64)
        ranks[order[at]] = np.concatenate([[0], np.cumsum(~same[at])])
        row = Row(ranks.tolist())
        run(row)
        out[at] = row.indices()[start : start + count]
    return np.moveaxis(out, -1, dim)


def sorted_order(x: Any, order: Any, dim: int) -> Any:
    """Indices that sort, as ``torch.sort`` without ``stable`` gives them; ``order`` as in ``along``."""
    n = x.shape[dim]
    return order if n <= 16 else along(x, order, dim, lambda row: row.sort(0, n), n)


def top(x: Any, order: Any, dim: int, k: int, in_order: bool = True) -> Any:
    """Indices of the first ``k`` of ``order``, as ``torch.topk`` gives them."""
    n = x.shape[dim]

    def run(row: Row) -> None:
        if k * 64 <= n:
            row.partial_sort(0, k, n)
        elif k:
            row.nth_element(k - 1, 0, n)
            if in_order:
                row.sort(0, k - 1)

    return along(x, order, dim, run, k)


def kth(x: Any, order: Any, dim: int, k: int) -> Any:
    """The index of the ``k``-th smallest, from 0, as ``torch.kthvalue`` gives it; the dimension stays, of size 1."""
    return along(x, order, dim, lambda row: row.quick_select(k), 1, k)
