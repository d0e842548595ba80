"""Functions of vectors: norms, distances, angles, and the bilinear form."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes, errors
from ...calls.shape import broadcast_shapes
from ...mode import no_grad, overridable
from ...ops import distances as _distances  # noqa: F401  fills the table
from ...table.kernel import PUBLIC
from ...tensor import Tensor


@overridable
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """``x / max(‖x‖, eps)`` along ``dim``."""
    value = input / input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return value if out is None else out.copy_(value)


@overridable
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """``x1 · x2 / (max(‖x1‖, eps) · max(‖x2‖, eps))`` along ``dim`` of their common shape."""
    for name, position, x in (("x1", 1, x1), ("x2", 2, x2)):
        if not isinstance(x, Tensor):
            raise errors.argument("cosine_similarity", name, position, x)
    d = dtypes.OF[dtypes.promote(x1._d.dtype, x2._d.dtype)]
    if d.numpy.kind != "f":
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {d.title}")
    x1, x2 = _together(x1, x2, d)
    units = []
    for x in (x1, x2):
        length = x.norm(2, dim, keepdim=True).clone()
        with no_grad():
            length.clamp_min_(eps)
        units.append(x / length)
    return (units[0] * units[1]).sum(dim)


def _together(x1: Tensor, x2: Tensor, d: Any) -> tuple[Tensor, Tensor]:
    shape = broadcast_shapes(x1.shape, x2.shape)
    first, second = (x.to(d) if x.shape == shape else x.to(d).expand(shape) for x in (x1, x2))
    return first, second


def cosine_terms(x1: Tensor, x2: Tensor, dim: int) -> Tensor:
    """The cosine as ``cosine_embedding_loss`` has it: 1e-12 is added to each squared length."""
    lengths = ((x1 * x1).sum(dim) + 1e-12) * ((x2 * x2).sum(dim) + 1e-12)
    return (x1 * x2).sum(dim) / lengths.sqrt()


@overridable
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """``‖x1 - x2 + eps‖`` in the p-norm over the last dimension."""
    return PUBLIC["distance_norm"](x1 - x2 + eps, p, max(x1.dim(), x2.dim()) - 1, keepdim)


@overridable
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The distance of each pair of rows, in the p-norm: (0, 1), (0, 2), ..., (1, 2), ..."""
    if input.dim() != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.dim()}D")
    if input._d.dtype.kind != "f":
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    return PUBLIC["pdist"](input.contiguous(), p)


@overridable
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``out[..., o] = Σ_ij input1[..., i] · weight[o, i, j] · input2[..., j] + bias[o]``."""
    shape1, shape2, kernel = input1.shape, input2.shape, weight.shape
    if bias is not None and bias._d.shape[0] != kernel[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.size(0)} but expected {kernel[0]}"
        )
    if len(shape1) != len(shape2):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(shape1)} and {len(shape2)}")
    for i, (a, b) in enumerate(zip(shape1[:-1], shape2[:-1], strict=True)):
        if a != b:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {i}: got {a} and {b}")
    for k, shape in ((1, shape1), (2, shape2)):
        if shape[-1] != kernel[k]:
            raise RuntimeError(
                f"bilinear(): input{k} size does not match weight size: got {shape[-1]} but expected {kernel[k]}"
            )
    lead = math.prod(shape1[:-1])
    first, second = input1.reshape((lead, shape1[-1])), input2.reshape((lead, shape2[-1]))
    out = PUBLIC["trilinear"](first, weight, second).reshape((*shape1[:-1], kernel[0]))
    return out if bias is None else out + bias
