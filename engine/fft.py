"""``torch.fft``: Fourier transforms of one dimension (``fft``), of two (``fft2``) and of many (``fftn``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import dtypes
from .calls.arrange import roll
from .calls.cast import converted
from .calls.complexes import conj, conj_physical
from .calls.creation import arange
from .mode import overridable
from .naming import absent
from .ops import fourier as rows
from .ops.padding import constant_pad_nd
from .ops.shape import slice_of
from .tensor import Tensor

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ifftshift",
    "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip
Dims = Sequence[int] | int | None
_NONE, _ROOT, _BY_N = 0, 1, 2


# ------------------------------------------------ what arguments mean
def _seen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function mode sees one call named as PyTorch's, ``fft_rfft``."""
    front = overridable(function)
    front.__name__ = f"fft_{function.__name__}"
    return front


def _scale(norm: str | None, forward: bool) -> int:
    if norm is None or norm == "backward":
        return _NONE if forward else _BY_N
    if norm == "forward":
        return _BY_N if forward else _NONE
    if norm == "ortho":
        return _ROOT
    raise RuntimeError(f'Invalid normalization mode: "{norm}"')


def _promoted(x: Tensor, to_complex: bool = False) -> Tensor:
    """``x`` in a dtype that can be transformed."""
    d = x._d.dtype
    if d.kind in "biu":
        d = dtypes.get_default_dtype().numpy
    if d.itemsize == 2 and d.kind == "f":
        raise RuntimeError("Unsupported dtype Half")
    if to_complex and d.kind == "f":
        d = dtypes.complex128.numpy if d is dtypes.float64.numpy else dtypes.complex64.numpy
    return converted(x, d)


def _wrapped(dim: int, ndim: int) -> int:
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if not -ndim <= dim < ndim:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})")
    return dim % ndim


def _points(n: int) -> None:
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")


def _listed(value: Dims) -> list[int] | None:
    return None if value is None else [value] if isinstance(value, int) else list(value)


def _canonical(x: Tensor, s: Dims, dim: Dims) -> tuple[list[int], list[int]]:
    """Sizes and dimensions of a transform of several dimensions."""
    sizes, dims = _listed(s), _listed(dim)
    shape, n = x._d.shape, x._d.ndim
    if dims is not None:
        dims = [_wrapped(d, n) for d in dims]
        if len(set(dims)) < len(dims):
            raise RuntimeError("FFT dims must be unique")
    if sizes is not None:
        if dims is not None and len(dims) != len(sizes):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
        if len(sizes) > n:
            raise RuntimeError(f"Got shape with {len(sizes)} values but input tensor only has {n} dimensions.")
        dims = list(range(n - len(sizes), n)) if dims is None else dims
        sizes = [shape[d] if size == -1 else size for size, d in zip(sizes, dims, strict=True)]
    else:
        dims = list(range(n)) if dims is None else dims
        sizes = [shape[d] for d in dims]
    for size in sizes:
        _points(size)
    return sizes, dims


def _resized(x: Tensor, sizes: Sequence[int], dims: Sequence[int]) -> Tensor:
    """``x`` cut off, or filled up with zeros, to ``sizes`` along ``dims``."""
    missing = [0] * (2 * x._d.ndim)
    for n, d in zip(sizes, dims, strict=True):
        if x._d.shape[d] > n:
            x = slice_of(x, d, 0, n, 1)
        missing[2 * (x._d.ndim - d) - 1] = n - x._d.shape[d]
    return constant_pad_nd(x, tuple(missing), 0) if any(missing) else x


def _real(name: str, x: Tensor) -> Tensor:
    if x._d.dtype.kind == "c":
        if name == "ihfftn":
            raise RuntimeError(f"Only supports floating-point dtypes, but found: {x.dtype.title}")
        kind = "real input tensor" if name.endswith("t") else "real-valued input tensor"
        raise RuntimeError(f"{name} expects a {kind}, but got {x.dtype.title}")
    return _promoted(x)


# ------------------------------------------------ one dimension
def _along(x: Tensor, n: int | None, dim: int) -> tuple[Tensor, int]:
    d = _wrapped(dim, x._d.ndim)
    size = x._d.shape[d] if n is None else n
    _points(size)
    return (_resized(x, [n], [d]) if n is not None else x), d


def _from_real(x: Tensor, n: int | None, dim: int, norm: str | None, forward: bool, onesided: bool) -> Tensor:
    x, d = _along(x, n, dim)
    out = rows.fft_r2c(x, (d,), _scale(norm, forward), onesided)
    return out if forward else conj(out)


def _to_real(x: Tensor, n: int | None, dim: int, norm: str | None, forward: bool) -> Tensor:
    x = _promoted(x, to_complex=True)
    d = _wrapped(dim, x._d.ndim)
    last = 2 * (x._d.shape[d] - 1) if n is None else n
    _points(last)
    if n is not None:
        x = _resized(x, [last // 2 + 1], [d])
    return rows.fft_c2r(conj(x) if forward else x, (d,), _scale(norm, forward), last)


def _whole(x: Tensor, n: int | None, dim: int, norm: str | None, forward: bool) -> Tensor:
    x = _promoted(x)
    if x._d.dtype.kind != "c":
        return _from_real(x, n, dim, norm, forward, onesided=False)
    x, d = _along(x, n, dim)
    return rows.fft_c2c(x, (d,), _scale(norm, forward), forward)


@_seen
def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """``out[k] = Σ_j input[j] · e^(-2πi jk/n)``."""
    return _whole(input, n, dim, norm, forward=True)


@_seen
def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of ``fft``: ``out[j] = 1/n Σ_k input[k] · e^(2πi jk/n)``."""
    return _whole(input, n, dim, norm, forward=False)


@_seen
def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """``fft`` of real numbers, the half that says all."""
    return _from_real(_real("rfft", input), n, dim, norm, forward=True, onesided=True)


@_seen
def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of ``rfft``; ``n`` numbers, by default an even count."""
    return _to_real(input, n, dim, norm, forward=False)


@_seen
def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """``fft`` of what is the half of a Hermitian-symmetric signal; the result is real."""
    return _to_real(input, n, dim, norm, forward=True)


@_seen
def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of ``hfft``."""
    return _from_real(_real("ihfft", input), n, dim, norm, forward=False, onesided=True)


# ------------------------------------------------ several dimensions
def _whole_n(x: Tensor, s: Dims, dim: Dims, norm: str | None, forward: bool) -> Tensor:
    sizes, dims = _canonical(x, s, dim)
    x = _resized(_promoted(x, to_complex=True), sizes, dims)
    return rows.fft_c2c(x, tuple(dims), _scale(norm, forward), forward)


def _to_real_n(name: str, x: Tensor, s: Dims, dim: Dims) -> tuple[Tensor, list[int], int]:
    sizes, dims = _canonical(x, s, dim)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    listed = _listed(s)
    last = 2 * (x._d.shape[dims[-1]] - 1) if listed is None or listed[-1] == -1 else sizes[-1]
    _points(last)
    sizes[-1] = last // 2 + 1
    return _resized(_promoted(x, to_complex=True), sizes, dims), dims, last


@_seen
def fftn(input: Tensor, s: Dims = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """``fft`` along each of ``dim``."""
    return _whole_n(input, s, dim, norm, forward=True)


@_seen
def ifftn(input: Tensor, s: Dims = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """The inverse of ``fftn``."""
    return _whole_n(input, s, dim, norm, forward=False)


@_seen
def rfftn(input: Tensor, s: Dims = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """``rfft`` along the last of ``dim``, ``fft`` along the others."""
    x = _real("rfftn", input)
    sizes, dims = _canonical(x, s, dim)
    if not dims:
        raise RuntimeError("rfftn must transform at least one axis")
    return rows.fft_r2c(_resized(x, sizes, dims), tuple(dims), _scale(norm, True), True)


@_seen
def irfftn(input: Tensor, s: Dims = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """The inverse of ``rfftn``."""
    x, dims, last = _to_real_n("irfftn", input, s, dim)
    return rows.fft_c2r(x, tuple(dims), _scale(norm, False), last)


@_seen
def hfftn(input: Tensor, s: Dims = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """``hfft`` along the last of ``dim``, ``fft`` along the others."""
    x, dims, last = _to_real_n("hfftn", input, s, dim)
    scale = _scale(norm, True)
    if len(dims) > 1:
        x = rows.fft_c2c(x, tuple(dims[:-1]), scale, True)
    return rows.fft_c2r(conj(x), (dims[-1],), scale, last)


@_seen
def ihfftn(input: Tensor, s: Dims = None, dim: Dims = None, norm: str | None = None) -> Tensor:
    """The inverse of ``hfftn``."""
    x = _real("ihfftn", input)
    sizes, dims = _canonical(x, s, dim)
    if not dims:
        raise RuntimeError("ihfftn must transform at least one axis")
    scale = _scale(norm, False)
    out = conj_physical(rows.fft_r2c(_resized(x, sizes, dims), (dims[-1],), scale, True))
    return rows.fft_c2c(out, tuple(dims[:-1]), scale, False) if len(dims) > 1 else out


def _in_two(many: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def transform(input: Tensor, s: Dims = None, dim: Dims = (-2, -1), norm: str | None = None) -> Tensor:
        return many(input, s, dim, norm)

    name = many.__name__.removeprefix("fft_")
    transform.__name__ = name[:-1] + "2"
    transform.__doc__ = f"``{name}`` along two dimensions, the last two unless ``dim`` says others."
    return _seen(transform)


fft2, ifft2, rfft2, irfft2, hfft2, ihfft2 = map(_in_two, (fftn, ifftn, rfftn, irfftn, hfftn, ihfftn))


# ------------------------------------------------ frequencies
@_seen
def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, requires_grad: bool = False, **like: Any) -> Tensor:
    """The frequencies of ``fft``, in cycles per unit of the sample spacing ``d``."""
    out = arange(n, dtype=dtype or dtypes.get_default_dtype(), **like)
    out._d[n - n // 2 :] = range(-(n // 2), 0)
    return (out * (1.0 / (n * d))).requires_grad_(requires_grad)


@_seen
def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, requires_grad: bool = False, **like: Any) -> Tensor:
    """The frequencies of ``rfft``."""
    out = arange(n // 2 + 1, dtype=dtype or dtypes.get_default_dtype(), **like)
    return (out * (1.0 / (n * d))).requires_grad_(requires_grad)


def _shifted(x: Tensor, dim: Dims, back: bool) -> Tensor:
    dims = list(range(x._d.ndim)) if dim is None else _listed(dim) or []
    halves = [x._d.shape[_wrapped(d, x._d.ndim)] for d in dims]
    return roll(x, [(n + 1) // 2 if back else n // 2 for n in halves], dims)


@_seen
def fftshift(input: Tensor, dim: Dims = None) -> Tensor:
    """The frequency 0 moved to the middle."""
    return _shifted(input, dim, back=False)


@_seen
def ifftshift(input: Tensor, dim: Dims = None) -> Tensor:
    """The inverse of ``fftshift``."""
    return _shifted(input, dim, back=True)


__getattr__ = absent.lookup("torch.fft", lambda: __all__)
