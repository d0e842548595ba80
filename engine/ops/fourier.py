"""Fourier transforms: of complex numbers, of real ones, and back to real ones.

Source: torch's ``_fft_c2c``, ``_fft_r2c``, ``_fft_c2r`` (the rules, not the code).

``norm``: 0 scales nothing, 1 by ``1/√n``, 2 by ``1/n``. NumPy names the same by direction.
"""

import numpy as np

from ..table.kernel import RAW
from ..table.op import op

FORWARD, BACKWARD = ("backward", "ortho", "forward"), ("forward", "ortho", "backward")
RAW["FORWARD"], RAW["BACKWARD"] = FORWARD, BACKWARD


@op(
    x=lambda g, dim, norm, forward: fft_c2c(g, dim, norm, not forward),
    node="FftC2CBackward0",
    jvp="linear",
    holomorphic=False,
)
def fft_c2c(x, dim, norm, forward):
    """The transform of complex numbers along the dimensions ``dim``, or its inverse but for the scale."""
    if not dim:
        return x.copy()
    if len(dim) == 1:  # a fifth of the time of what takes several
        return np.fft.fft(x, None, dim[0], FORWARD[norm]) if forward else np.fft.ifft(x, None, dim[0], BACKWARD[norm])
    return np.fft.fftn(x, axes=dim, norm=FORWARD[norm]) if forward else np.fft.ifftn(x, axes=dim, norm=BACKWARD[norm])


@op(
    x=lambda g, x_shape, dim, norm, onesided: real(
        fft_c2c(
            slice_back(g, x_shape, dim[-1], 0, g.shape[dim[-1]], 1) if g.shape[dim[-1]] < x_shape[dim[-1]] else g,
            dim, norm, False,
        )
    ),
    node="FftR2CBackward0",
    jvp="linear",
    holomorphic=False,
    to_complex=True,
)  # fmt: skip
def fft_r2c(x, dim, norm, onesided):
    """The transform of real numbers; ``onesided``: the half of it that says all."""
    if len(dim) == 1:
        return (np.fft.rfft if onesided else np.fft.fft)(x, None, dim[0], FORWARD[norm])
    return (np.fft.rfftn if onesided else np.fft.fftn)(x, axes=dim, norm=FORWARD[norm])


@op(
    x=lambda g, x_shape, dim, norm: twice_inside(fft_r2c(g, dim, norm, True), dim[-1], g.shape[dim[-1]]),
    node="FftC2RBackward0",
    jvp="linear",
    holomorphic=False,
)
def fft_c2r(x, dim, norm, last):
    """The inverse of the onesided transform, but for the scale, ``last`` numbers long in the last of ``dim``."""
    if len(dim) == 1:
        return np.fft.irfft(x, last, dim[0], BACKWARD[norm])
    sizes = [*(x.shape[d] for d in dim[:-1]), last]
    return np.fft.irfftn(x, s=sizes, axes=dim, norm=BACKWARD[norm])


@op(
    x=lambda g, dim, full: twice_inside(g, dim, full),
    node="MulBackward0",
    jvp="linear",
)
def twice_inside(x, dim, full):
    """``x``, half of a transform of ``full`` numbers, with what stands for two numbers of the whole taken twice."""
    out = np.array(x)
    out[(slice(None),) * dim + (slice(1, 1 + full - x.shape[dim]),)] *= 2
    return out
