"""All parameters as one vector, and back.

Source: torch.nn.utils.convert_parameters, PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...calls import join
from ...tensor import Tensor
from ..module import typename


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all ``parameters`` in a row."""
    return join.cat([p.view(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give ``parameters`` the elements of ``vec``, whose memory they share from then on."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {typename(vec)}")
    start = 0
    for p in parameters:
        p.data = vec[start : start + p.numel()].view_as(p).data
        start += p.numel()
