"""Short-time Fourier transforms: ``stft`` and its inverse."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..mode import overridable
from ..ops import arithmetic, fourier, index, padding, shape
from ..ops.complexes import has_complex
from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .complexes import view_as_complex, view_as_real

_SPECTRAL_LEAK = (
    "A window was not provided. A rectangular window will be applied,which is known to cause spectral leakage. Other "
    "windows such as torch.hann_window or torch.hamming_window are recommended to reduce spectral leakage.To suppress "
    "this warning and use a rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`."
)
_NO_WINDOW = (
    "A window was not provided. A rectangular window will be applied.Please provide the same window used by stft to "
    "make the inversion lossless.To suppress this warning and use a rectangular window, explicitly set "
    "`window=torch.ones(n_fft, device=<device>)`."
)
_OLD_FORMAT = (
    "stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex tensors for "
    "all inputs, and return_complex=False will raise an error.\nNote: you can still call torch.view_as_real on the "
    "complex output to recover the old return format."
)
_SHORTER = (
    "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. Please "
    "check your center and hop_length settings."
)
_ONESIDED = "Cannot have onesided output if window or input is complex"


def _kind(x: Tensor) -> str:
    return f"torch.{x.dtype.title}Tensor"


def _shown(window: Tensor | None) -> str:
    return "None" if window is None else f"{_kind(window)}{{{list(window._d.shape)}}}"


def _flag(value: bool | None) -> str:
    return "None" if value is None else str(int(value))


@overridable
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The Fourier transform of windows of ``n_fft`` numbers, one every ``hop_length``.

    Shapes: (batch, length) or (length,) -> (batch, frequencies, windows).
    """
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if center:
        from ..nn.functional import pad

        d = input._d.shape
        half = n_fft // 2
        padded = pad(shape.view_as(input, (*[1] * (3 - len(d)), *d)), [half, half], pad_mode)
        input = shape.view_as(padded, padded._d.shape[3 - len(d) :])
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if window is None:
        warnings.warn(_SPECTRAL_LEAK, UserWarning, stacklevel=3)
    whole = has_complex(input) or (window is not None and has_complex(window))
    _check(input, n_fft, hop, width, window, (normalized, onesided, return_complex, align_to_window), whole)
    if align_to_window and width < n_fft:
        raise NotImplementedError("this engine has no stft with align_to_window=True and win_length < n_fft")
    x = shape.unsqueeze(input, 0) if input._d.ndim == 1 else input
    x = x if x.is_contiguous() else shape.clone(x, "C")
    length = x._d.shape[1]
    places = ((x._d.shape[0], 1 + (length - n_fft) // hop, n_fft), (length, hop, 1), 0)
    frames = index.as_strided_view(x, places)
    weights = _centred(window, width, n_fft, frames)
    if weights is not None:
        frames = arithmetic.mul(frames, weights)
    if has_complex(frames):
        if onesided:
            raise RuntimeError(_ONESIDED)
        out = fourier.fft_c2c(frames, (2,), int(normalized), True)
    else:
        out = fourier.fft_r2c(frames, (2,), int(normalized), onesided is not False)
    out = shape.transpose(out, 1, 2)
    out = PUBLIC["squeeze"](out, 0) if input._d.ndim == 1 else out
    return out if return_complex or (return_complex is None and whole) else view_as_real(out)


def _check(x: Tensor, n: int, hop: int, width: int, window: Tensor | None, flags: Any, whole: bool) -> None:
    normalized, onesided, return_complex, align = flags
    if return_complex is None and not whole:
        raise RuntimeError(
            "stft requires the return_complex parameter be given for real inputs, and will further require that "
            "return_complex=True in a future PyTorch release."
        )
    if return_complex is False:
        warnings.warn(_OLD_FORMAT, UserWarning, stacklevel=4)
    call = (
        f"stft({_kind(x)}{list(x._d.shape)}, n_fft={n}, hop_length={hop}, win_length={width}, window={_shown(window)}, "
        f"normalized={int(normalized)}, onesided={_flag(onesided)}, return_complex={_flag(return_complex)}, "
        f"align_to_window={_flag(align)}) "
    )
    if x._d.dtype.kind not in "fc":
        raise RuntimeError(call + ": expected a tensor of floating point or complex values")
    if x._d.ndim not in (1, 2):
        raise RuntimeError(call + ": expected a 1D or 2D tensor")
    length = x._d.shape[-1]
    if not 0 < n <= length:
        raise RuntimeError(call + f": expected 0 < n_fft < {length}, but got n_fft={width}")
    if hop <= 0:
        raise RuntimeError(call + f": expected hop_length > 0, but got hop_length={hop}")
    if not 0 < width <= n:
        raise RuntimeError(call + f": expected 0 < win_length <= n_fft, but got win_length={width}")
    if window is not None and window._d.shape != (width,):
        raise RuntimeError(
            call + f": expected a 1D window tensor of size equal to win_length={width}, but got window with size "
            f"{list(window._d.shape)}"
        )


def _centred(window: Tensor | None, width: int, n: int, like: Tensor) -> Tensor | None:
    """``window``, or ones, in the middle of ``n`` numbers; None where that changes nothing."""
    if width == n:
        return window
    weights = wrap(np.ones(width, like._d.dtype)) if window is None else window
    left = (n - width) // 2
    return padding.constant_pad_nd(weights, (left, n - width - left), 0)


@overridable
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The inverse of ``stft``: windows transformed back and added up, over the sum of the squared weights."""
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if window is None:
        warnings.warn(_NO_WINDOW, UserWarning, stacklevel=3)
    if not has_complex(input):
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    sizes = input._d.shape
    call = (
        f"istft(CPU{input.dtype.title}Type{list(sizes)}, n_fft={n_fft}, hop_length={hop}, win_length={width}, "
        f"window={_shown(window)}, center={int(center)}, normalized={int(normalized)}, onesided={_flag(onesided)}, "
        f"length={length}, return_complex={int(return_complex)}) "
    )
    half = onesided if onesided is not None else sizes[-2:-1] != (n_fft,)
    _check_inverse(call, input, n_fft, hop, width, window, half)
    halves = view_as_real(input)
    if input._d.ndim == 2:
        halves = shape.unsqueeze(halves, 0)
    x = view_as_complex(shape.transpose(halves, 1, 2))
    norm = fourier_scale(normalized)
    if return_complex:
        if half:
            raise RuntimeError(_ONESIDED)
        x = fourier.fft_c2c(x, (2,), norm, False)
    else:
        if window is not None and has_complex(window):
            raise RuntimeError("Complex windows are incompatible with return_complex=False")
        x = fourier.fft_c2r(x if half else shape.slice_of(x, 2, 0, n_fft // 2 + 1, 1), (2,), norm, n_fft)
    weights = _centred(window, width, n_fft, x)
    if weights is None:
        weights = wrap(np.ones(n_fft, x._d.real.dtype))
    y = _overlapped(call, arithmetic.mul(x, shape.view_as(weights, (1, 1, n_fft))), weights, hop, center, length)
    return PUBLIC["squeeze"](y, 0) if input._d.ndim == 2 else y


def fourier_scale(normalized: bool) -> int:
    """The scale of an inverse transform: ``1/√n`` if the transform was scaled so, else ``1/n``."""
    return 1 if normalized else 2


def _check_inverse(call: str, x: Tensor, n: int, hop: int, width: int, window: Tensor | None, onesided: bool) -> None:
    if not x._d.size:
        raise RuntimeError(call + ": input tensor cannot be empty.")
    if x._d.ndim not in (2, 3):
        raise RuntimeError(call + f": expected a tensor with 3 or 4 dimensions, but got {x._d.ndim + 1}")
    found, wanted, name = x._d.shape[-2], n // 2 + 1 if onesided else n, "n_fft / 2 + 1" if onesided else "n_fft"
    if found != wanted:
        raise RuntimeError(
            call + ": expected the frequency dimension (3rd to the last) of the input tensor to match "
            f"{name} when onesided={onesided}, but got {found}"
        )
    if not 0 < hop <= width:
        raise RuntimeError(call + ": expected 0 < hop_length <= win_length")
    if not 0 < width <= n:
        raise RuntimeError(call + ": expected 0 < win_length <= n_fft")
    if window is not None and window._d.shape != (width,):
        raise RuntimeError(call + ": Invalid window shape. window has to be 1D and length of `win_length`")


def _overlapped(call: str, frames: Tensor, weights: Tensor, hop: int, center: bool, length: int | None) -> Tensor:
    """The windows added up, over the sum of the squared weights, without what ``center`` put around."""
    batch, count, n = frames._d.shape
    total = n + hop * (count - 1)
    start = n // 2 if center else 0
    end = start + length if length is not None else total - n // 2 if center else total
    squares = shape.expand_to(arithmetic.pow_number(weights, 2), (1, count, n))
    y, envelope = (
        shape.slice_of(shape.unfold_back(w, (b, total), 1, n, hop), 1, start, end, 1)
        for w, b in ((frames, batch), (squares, 1))
    )
    if envelope._d.size and np.abs(envelope._d).min() < 1e-11:
        raise RuntimeError(call + "window overlap add min: 1\n[ CPUBoolType{} ]")
    y = arithmetic.div(y, envelope)
    if end > total:
        warnings.warn(_SHORTER, UserWarning, stacklevel=4)
        y = padding.constant_pad_nd(y, (0, end - total), 0)
    return y


FUNCTIONS = {"stft": stft, "istft": istft}
METHODS = dict(FUNCTIONS)
IN_PLACE: dict[str, Any] = {}
