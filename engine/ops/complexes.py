"""Complex numbers: parts, conjugates, angles, and how they are put together.

None of these is holomorphic; so their formulas are PyTorch's whole gradient, conjugates included.
"""

import numpy as np

from ..table.kernel import PUBLIC, RAW, on_arrays, raw, rule
from ..table.op import elementwise, op, view


def has_complex(x):
    """Whether an array or a Tensor holds complex numbers."""
    return getattr(x, "_d", x).dtype.kind == "c"


RAW["has_complex"] = PUBLIC["has_complex"] = has_complex


# ------------------------------------------------ the same memory
def halved(x):
    """The memory of a complex array as real numbers, with a last dimension of two: real part, imaginary part."""
    memory = owner(x)
    if not memory.flags.c_contiguous:
        memory = memory.transpose(sorted(range(memory.ndim), key=lambda i: -memory.strides[i]))
    offset = x.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    n = x.itemsize // 2
    return np.ndarray((*x.shape, 2), real_of[x.dtype], memory, offset, (*x.strides, n))


RAW["halved"] = raw(halved)


@view(x=lambda g: view_as_complex(clone(g, "C")), holomorphic=False)
def view_as_real(x):
    """Real and imaginary part, along a new last dimension: the same memory."""
    return halved(x) if type(x) is ndarray and x.size else np.stack([x.real, x.imag], -1)


@view(x=lambda g: view_as_real(g), holomorphic=False, to_complex=True)
def view_as_complex(x):
    """Pairs along the last dimension as complex numbers: the same memory."""
    return x.view(complex_of[x.dtype])[..., 0]


# ------------------------------------------------ conjugates
@op(x=lambda g: conj(g), jvp="linear", holomorphic=False)
def conj(x):
    """The complex conjugate."""
    return np.conjugate(x) if x.dtype.kind != "b" else x


@op(x=lambda g: conj_physical(g), jvp="linear", holomorphic=False)
def conj_physical(x):
    """The complex conjugate, in memory of its own."""
    return np.conjugate(x) if x.dtype.kind != "b" else x.copy()


# ------------------------------------------------ parts
PUBLIC["real"] = lambda x: PUBLIC["select"](PUBLIC["view_as_real"](x), x._d.ndim, 0) if has_complex(x) else x
PUBLIC["imag"] = lambda x: PUBLIC["select"](PUBLIC["view_as_real"](x), x._d.ndim, 1)


@on_arrays("real", PUBLIC["real"])
def _real(x):
    return x.real


@on_arrays("imag", PUBLIC["imag"])
def _imag(x):
    return x.imag


@elementwise(
    x=lambda g, x: angle_slope(g, x), jvp=lambda t, x: real(conj(angle_slope(1.0, x)) * t),
    floating=True, holomorphic=False,
)  # fmt: skip
def angle(x):
    """The angle of a complex number in the plane; of a real one 0 or π."""
    if x.dtype.kind == "c":
        return np.angle(x)
    if x.dtype.kind != "f":
        raise TypeError
    return np.where(np.isnan(x), x, np.where(np.less(x, 0), x.dtype.type(math.pi), x.dtype.type(0)))


@rule
def angle_slope(g, x):
    """``g · i x / |x|²``, 0 at 0."""
    if not has_complex(x):
        return zeros_as(x)
    size = abs(x)
    return where(x == 0, 0.0, g * (x / (size * size) * 1j))


# ------------------------------------------------ putting together
@elementwise(
    x=lambda g: real(g), y=lambda g: imag(g), node="ComplexBackward0", called="complex", predicate=True,
    jvp=lambda dx, dy, x, y: dx + 1j * dy, holomorphic=False, to_complex=True,
)  # fmt: skip
def complex_from(x, y):
    """``x + i y``."""
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), complex_of[x.dtype])
    out.real, out.imag = x, y
    return out if out.ndim else out[()]


@elementwise(
    x=lambda g, out: real(conj(g) * sgn(out)), y=lambda g, out: real(conj(g) * (out * 1j)), predicate=True,
    jvp=lambda dx, dy, x, y: (dx + 1j * dy * x) * exp(1j * y), holomorphic=False, to_complex=True,
)  # fmt: skip
def polar(x, y):
    """The complex number of absolute value ``x`` and angle ``y``."""
    return complex_from(x * np.cos(y), x * np.sin(y))
