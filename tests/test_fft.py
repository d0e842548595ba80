"""``torch.fft``, ``stft`` and ``istft`` against torch: values, dtypes, gradients, graphs and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .against import agree, cases, run

DRAW = np.random.default_rng(4)
ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    "x": DRAW.standard_normal((3, 6)), "s": DRAW.standard_normal((2, 20)), "w": DRAW.uniform(0.5, 1, 4),
    "z": DRAW.standard_normal((3, 6)) + 1j * DRAW.standard_normal((3, 6)),
    "i": np.arange(6).reshape(2, 3), "f": DRAW.standard_normal((3, 6)).astype("f4"),
}  # fmt: skip
ONE = """
T.fft.fft(x) ; T.fft.fft(z) ; T.fft.fft(z, 4) ; T.fft.fft(z, 9, norm='ortho')
T.fft.fft(x, dim=0, norm='forward') ; T.fft.fft(f)
T.fft.ifft(x) ; T.fft.ifft(z) ; T.fft.ifft(z, norm='forward') ; T.fft.rfft(x) ; T.fft.rfft(x, 5)
T.fft.rfft(f, norm='ortho')
T.fft.irfft(z) ; T.fft.irfft(z, 5) ; T.fft.irfft(x) ; T.fft.hfft(z) ; T.fft.hfft(x, 7) ; T.fft.ihfft(x)
T.fft.ihfft(x, 5, 0)
"""
SEVERAL = """
T.fft.fft2(x) ; T.fft.fftn(z) ; T.fft.fftn(z, (2, 8)) ; T.fft.fftn(z, dim=()) ; T.fft.ifftn(z, norm='ortho')
T.fft.ifft2(z)
T.fft.rfftn(x) ; T.fft.rfft2(x, (4, 4)) ; T.fft.irfftn(z) ; T.fft.irfftn(z, (4, 5)) ; T.fft.irfft2(x) ; T.fft.hfftn(z)
T.fft.hfft2(x) ; T.fft.ihfftn(x) ; T.fft.ihfft2(x, norm='forward') ; T.fft.fftshift(x) ; T.fft.fftshift(x, 1)
T.fft.ifftshift(x, (0,))
"""
PLAIN = """
T.fft.fftfreq(5) ; T.fft.fftfreq(6, 0.5) ; T.fft.rfftfreq(5, d=2) ; T.fft.fft(i) ; T.fft.rfft(i) ; T.fft.irfft(i)
"""
SHORT = """
T.stft(s, 4, return_complex=True) ; T.stft(s[0], 4, return_complex=True) ; T.stft(s, 4, window=w, return_complex=True)
T.stft(s, 8, 3, 4, w, return_complex=True, normalized=True)
T.stft(s, 4, return_complex=True, onesided=False, center=False)
T.stft(s * 1j, 4) ; T.stft(s, 4, window=w, return_complex=False) ; T.istft(T.stft(s, 4, return_complex=True), 4)
T.istft(T.stft(s, 4, window=w, return_complex=True), 4, window=w, length=18)
T.istft(T.stft(s * 1j, 4), 4, return_complex=True)
T.istft(T.stft(s[0], 4, return_complex=True, onesided=False), 4, onesided=False, length=25)
"""
ERRORS = """
T.fft.rfft(z) ; T.fft.ihfft(z) ; T.fft.rfftn(z) ; T.fft.ihfftn(z) ; T.fft.fft(x, 0) ; T.fft.fft(x, dim=2)
T.fft.irfft(z, 0)
T.fft.fft(x, norm='no') ; T.fft.fftn(x, (2, 2), (0,)) ; T.fft.fftn(x, (2, 2, 2)) ; T.fft.fftn(x, dim=(0, 0))
T.fft.fftn(x, (0, 2))
T.fft.fft(T.tensor(1.0)) ; T.fft.irfftn(z, dim=()) ; T.fft.rfftn(x, dim=()) ; T.stft(s, 4)
T.stft(s, 40, return_complex=True, center=False)
T.stft(s, 4, hop_length=0, return_complex=True) ; T.stft(s, 4, win_length=5, return_complex=True)
T.stft(s, 4, window=w[:3], return_complex=True)
T.stft(s * 1j, 4, onesided=True) ; T.istft(s, 4) ; T.istft(T.stft(s, 4, return_complex=True), 6)
T.stft(T.ones(2, 2, 9), 4, return_complex=True, center=False)
T.istft(T.stft(s, 4, return_complex=True), 4, hop_length=9)
T.istft(T.stft(s, 4, return_complex=True), 4, window=T.zeros(4))
T.istft(T.stft(s, 4, return_complex=True), 4, return_complex=True)
T.stft(s, 4, return_complex=True, align_to_window=True)
"""


@pytest.mark.parametrize("call", cases(ONE) + cases(SEVERAL))
def test_transforms(torch: Any, call: str) -> None:
    """Of one dimension and of several; float32 stays float32."""
    agree(torch, call, ARRAYS, 3e-6 if "(f" in call else 1e-9)


@pytest.mark.parametrize("call", cases(PLAIN) + cases(ERRORS))
def test_numbers_and_errors(torch: Any, call: str) -> None:
    """Frequencies, whole numbers, and what is refused, in PyTorch's words."""
    agree(torch, call, ARRAYS, 1e-6)


@pytest.mark.parametrize("call", cases(SHORT))
def test_short_time(torch: Any, call: str) -> None:
    """``stft`` and its inverse; torch transposes in place there, so the graph has another name for that."""
    agree(torch, call, ARRAYS, 1e-9, second="window=w" in call, graphs=False)


def test_names_of_functions() -> None:
    """The module is read late, and has every name of torch's."""
    import torch

    import engine

    assert [n for n in torch.fft.__all__ if n != "Tensor" and not hasattr(engine.fft, n)] == []
    assert run(engine, "T.fft.fft2(x)", ARRAYS)[0].grad_fn.name() == "FftC2CBackward0"
