"""Complex numbers as PyTorch calls them. A conjugate is computed at once, so ``is_conj()`` is never true."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..mode import overridable
from ..ops import complexes as rows
from ..table.kernel import PUBLIC
from ..tensor import Tensor
from .out import accepts_out


def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself."""
    return rows.conj(input) if rows.has_complex(input) else input


def conj_physical(input: Tensor) -> Tensor:
    """The complex conjugate, in memory of its own; a real tensor itself."""
    return rows.conj_physical(input) if rows.has_complex(input) else input


@overridable
def adjoint(input: Tensor) -> Tensor:
    """The conjugate of the last two dimensions transposed."""
    n = input._d.ndim
    if n < 2:
        raise RuntimeError(f"tensor.adjoint() is only supported on matrices or batches of matrices. Got {n}-D tensor.")
    return conj(PUBLIC["transpose"](input, n - 2, n - 1))


@overridable
def resolve(input: Tensor) -> Tensor:
    """The tensor itself: no conjugate and no minus sign is ever outstanding."""
    return input


@overridable
def real(input: Tensor) -> Tensor:
    """The real part, a view; a real tensor itself."""
    return PUBLIC["real"](input)


@overridable
def imag(input: Tensor) -> Tensor:
    """The imaginary part, a view."""
    if not rows.has_complex(input):
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return PUBLIC["imag"](input)


def view_as_real(input: Tensor) -> Tensor:
    """Real and imaginary part, along a new last dimension: the same memory."""
    if not rows.has_complex(input):
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return rows.view_as_real(input)


def view_as_complex(input: Tensor) -> Tensor:
    """Pairs along the last dimension as complex numbers: the same memory."""
    d = input._d
    if d.dtype.kind != "f":
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            + input.dtype.title
        )
    if not d.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if d.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    steps = input.stride()
    if steps[-1] != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    if any(s % 2 for s in steps[:-1]):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    return rows.view_as_complex(input)


def _both(x: Tensor, y: Tensor) -> None:
    if x._d.dtype.kind != "f" or y._d.dtype.kind != "f":
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {x.dtype.title} and {y.dtype.title}"
        )
    if x._d.dtype is not y._d.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {x.dtype.title} but got scalar type {y.dtype.title} for second argument"
        )


def complex_of(real: Tensor, imag: Tensor) -> Tensor:
    """``real + i imag``."""
    _both(real, imag)
    return rows.complex_from(real, imag)


complex_of.__name__ = "complex"


def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """The complex number of absolute value ``abs`` and angle ``angle``, in radians."""
    _both(abs, angle)
    return rows.polar(abs, angle)


def _never(self: Tensor) -> bool:
    """Whether a conjugate, or a minus sign, is outstanding: never."""
    return False


def _set_real(self: Tensor, value: Any) -> None:
    real(self).copy_(value)


def _set_imag(self: Tensor, value: Any) -> None:
    imag(self).copy_(value)


def _complex_out(result: Any, out: Any) -> RuntimeError:
    a, b = (dtypes.OF[d].title for d in (result, out))
    return RuntimeError(f"Expected object of scalar type {a} but got scalar type {b} for argument 'out'")


FUNCTIONS = {
    "conj": conj, "conj_physical": conj_physical, "adjoint": adjoint, "resolve_conj": resolve, "resolve_neg": resolve,
    "real": real, "imag": imag, "view_as_real": view_as_real, "view_as_complex": view_as_complex,
    "complex": accepts_out(complex_of, mismatch=_complex_out), "polar": accepts_out(polar, mismatch=_complex_out),
    "angle": accepts_out(rows.angle),
}  # fmt: skip
METHODS: dict[str, Any] = {
    name: FUNCTIONS[name] for name in ("conj", "conj_physical", "adjoint", "resolve_conj", "resolve_neg", "angle")
}
METHODS |= {
    "real": property(real, _set_real), "imag": property(imag, _set_imag), "is_conj": _never, "is_neg": _never,
}  # fmt: skip
IN_PLACE = {"conj_physical_": conj_physical}
FUNCTIONS |= {"is_conj": _never, "is_neg": _never}
