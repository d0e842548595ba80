"""The order of dimensions as PyTorch calls it: ``transpose``, ``permute``, ``movedim``, and the letters T and H."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..mode import here, outside, overridable, overridden
from ..ops import shape as rows
from ..table.kernel import PUBLIC, RAW
from ..tensor import Tensor
from .shape import dim_of, dims_of, sizes


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged."""
    if RAW["BUSY"] and here.modes:
        return overridden(transpose, (input, dim0, dim1), {})
    n = input._d.ndim
    if 0 <= dim0 < n and 0 <= dim1 < n:
        return rows.transpose(input, dim0, dim1)
    return rows.transpose(input, dim_of(dim0, n), dim_of(dim1, n))


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; vectors stay as they are."""
    if RAW["BUSY"] and here.modes:
        return overridden(t, (input,), {})
    if input._d.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._d.ndim}D")
    return rows.t(input)


def permute(self: Tensor, *dims: Any, **named: Any) -> Tensor:
    """The dimensions in another order."""
    if RAW["BUSY"] and here.modes:
        return overridden(permute, (self, *dims), named)
    n = self._d.ndim
    if len(dims) == n > 1 and sorted(dims) == _ORDERS[:n]:
        return rows.permute(self, dims)
    given = sizes("permute", "dims", dims, named.get("dims"))
    if len(given) != n:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {n} is not equal to len(dims) = {len(given)}"
        )
    return rows.permute(self, dims_of(given, n, "permute(): duplicate dims are not allowed."))


_ORDERS = list(range(64))


def _permute(input: Tensor, dims: Any) -> Tensor:
    return permute(input, dims)


_permute.__name__ = _permute.__qualname__ = "permute"


@overridable
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions ``source`` at ``destination``, the others in their order."""
    n = input._d.ndim
    given = [list(d) if isinstance(d, tuple | list) else [d] for d in (source, destination)]
    if len(given[0]) != len(given[1]):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({given[0]} dims) should contain the same number of "
            f"dims as destination ({given[1]} dims)"
        )
    taken, put = (
        dims_of(d, n, f"movedim: repeated dim in `{name}` ({d})")
        for d, name in zip(given, ("source", "destination"), strict=True)
    )
    if not n:
        return rows.permute(input, ())
    order = [d for d in range(n) if d not in taken]
    for at, d in sorted(zip(put, taken, strict=True)):
        order.insert(at, d)
    return rows.permute(input, tuple(order))


def _warn_of_numbers(name: str) -> None:
    instead = "Consider using x.conj()." if "H" in name else "This function is the identity in these cases."
    warnings.warn(f"Tensor.{name} is deprecated on 0-D tensors. {instead}", UserWarning, outside())


def _matrices(name: str) -> Callable[[Tensor], Tensor]:
    def read(self: Tensor) -> Tensor:
        n = self._d.ndim
        if name == "H" and n not in (0, 2):
            raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {n}-D tensor.")
        if n == 1:
            raise RuntimeError(f"tensor.{name} is only supported on matrices or batches of matrices. Got {n}-D tensor.")
        if not n:
            _warn_of_numbers(name)
        turned = transpose(self, -2, -1) if n else self
        return PUBLIC["conj"](turned) if "H" in name and self._d.dtype.kind == "c" else turned

    return read


FUNCTIONS: dict[str, Any] = {
    "transpose": transpose, "swapaxes": transpose, "swapdims": transpose, "t": t, "permute": _permute,
    "movedim": movedim, "moveaxis": movedim,
}  # fmt: skip
METHODS = {
    **FUNCTIONS, "permute": permute, "mT": property(_matrices("mT")),
    "H": property(_matrices("H")), "mH": property(_matrices("mH")),
}  # fmt: skip
IN_PLACE: dict[str, Any] = {}
