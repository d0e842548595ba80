"""``torch.testing``: ``assert_close``, with PyTorch's tolerances and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .naming import absent
from .tensor import Tensor

__all__ = ["assert_close"]

# rtol, atol
_TOLERANCE = {
    "float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7), "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}  # fmt: skip
_NUMBERS = (int, float, complex, np.number)


class _Options:
    """What one call of ``assert_close`` allows."""

    def __init__(
        self, rtol: float | None, atol: float | None, equal_nan: bool, msg: Any, checks: dict[str, bool]
    ) -> None:
        if (rtol is None) != (atol is None):
            missing = "atol" if atol is None else "rtol"
            raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")
        self.rtol, self.atol, self.equal_nan, self.msg, self.checks = rtol, atol, equal_nan, msg, checks

    def tolerances(self, *kinds: str) -> tuple[float, float]:
        """``rtol`` and ``atol`` for values of these dtypes."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        known = [_TOLERANCE.get(kind, (0.0, 0.0)) for kind in kinds]
        return max(r for r, _ in known), max(a for _, a in known)

    def fail(self, text: str, place: tuple[Any, ...], error: type[Exception] = AssertionError) -> Exception:
        """The error, which says at which item of a sequence or mapping it was."""
        if place:
            text += "\n\nThe failure occurred for item " + "".join(f"[{key!r}]" for key in place)
        if error is AssertionError and self.msg is not None:
            text = self.msg(text) if callable(self.msg) else self.msg
        return error(text)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError unless ``|actual - expected| ≤ atol + rtol · |expected|`` everywhere.

    For tensors, arrays, numbers, and sequences and mappings of them. Without ``rtol`` and ``atol`` the dtype says how
    close is close: 1.3e-6 and 1e-5 for float32, 1e-7 twice for float64, 0 for whole numbers and bools.
    """
    __tracebackhide__ = True
    checks = {"dtype": check_dtype, "stride": check_stride}
    _compare(actual, expected, _Options(rtol, atol, equal_nan, msg, checks), ())


def _compare(actual: Any, expected: Any, options: _Options, place: tuple[Any, ...]) -> None:
    __tracebackhide__ = True
    if _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            raise options.fail(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", place)
        for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
            _compare(a, b, options, (*place, i))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        missing, more = [k for k in expected if k not in actual], [k for k in actual if k not in expected]
        if missing or more:
            text = "The keys of the mappings do not match:\n"
            text += f"Missing keys in the actual mapping: {sorted(missing)}\n" if missing else ""
            text += f"Additional keys in the actual mapping: {sorted(more)}\n" if more else ""
            raise options.fail(text.rstrip("\n"), place)
        for k in sorted(expected, key=str):
            _compare(actual[k], expected[k], options, (*place, k))
    else:
        _compare_pair(actual, expected, options, place)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _compare_pair(actual: Any, expected: Any, options: _Options, place: tuple[Any, ...]) -> None:
    __tracebackhide__ = True
    if isinstance(actual, Tensor | np.ndarray) and isinstance(expected, Tensor | np.ndarray):
        a, b = (np.asarray(v._d if isinstance(v, Tensor) else v) for v in (actual, expected))
        _compare_arrays(a, b, options, place)
    elif actual is None or expected is None:
        if actual is not expected:
            raise options.fail(f"None mismatch: {actual} is not {expected}", place)
    elif isinstance(actual, bool | np.bool_) and isinstance(expected, bool | np.bool_):
        if bool(actual) is not bool(expected):
            raise options.fail(f"Booleans mismatch: {actual} is not {expected}", place)
    elif isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS):
        if options.checks["dtype"] and type(actual) is not type(expected):
            raise options.fail(f"The (d)types do not match: {type(actual)} != {type(expected)}.", place)
        kinds = {complex: "complex128", float: "float64", int: "int64"}
        tolerances = options.tolerances(*(kinds[type(_plain(v))] for v in (actual, expected)))
        _compare_numbers(_plain(actual), _plain(expected), tolerances, options, place)
    else:
        raise options.fail(
            f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.",
            place,
            TypeError,
        )


def _plain(number: Any) -> Any:
    return number.item() if isinstance(number, np.generic) else number


def _close(a: Any, b: Any, tolerances: tuple[float, float], equal_nan: bool) -> Any:
    with np.errstate(all="ignore"):
        near = np.equal(a, b) | (np.isfinite(b) & (np.abs(a - b) <= tolerances[1] + tolerances[0] * np.abs(b)))
    return near | (np.isnan(a) & np.isnan(b)) if equal_nan else near


def _compare_numbers(
    a: Any, b: Any, tolerances: tuple[float, float], options: _Options, place: tuple[Any, ...]
) -> None:
    __tracebackhide__ = True
    rtol, atol = tolerances
    if _close(np.asarray(a), np.asarray(b), tolerances, options.equal_nan):
        return
    gap = abs(a - b)
    ratio = gap / abs(b) if b else float("inf")
    exact = not rtol and not atol
    text = f"Scalars are not {'equal' if exact else 'close'}!\n\nExpected {b} but got {a}.\nAbsolute difference: {gap}"
    text += "" if exact else f" (up to {atol} allowed)"
    text += f"\nRelative difference: {ratio}" + ("" if exact else f" (up to {rtol} allowed)")
    raise options.fail(text, place)


def _compare_arrays(a: Any, b: Any, options: _Options, place: tuple[Any, ...]) -> None:
    __tracebackhide__ = True
    facts = [("shape", *(f"torch.Size({list(v.shape)})" for v in (a, b)))]
    if options.checks["dtype"]:
        facts += [("dtype", *(repr(dtypes.OF[v.dtype]) for v in (a, b)))]
    if options.checks["stride"]:
        facts += [("stride()", *(str(tuple(s // v.itemsize for s in v.strides)) for v in (a, b)))]
    for name, ours, theirs in facts:
        if ours != theirs:
            raise options.fail(f"The values for attribute '{name}' do not match: {ours} != {theirs}.", place)
    tolerances = options.tolerances(dtypes.OF[a.dtype].name, dtypes.OF[b.dtype].name)
    together = dtypes.promote(a.dtype, b.dtype) or a.dtype
    a, b = (v.astype(np.int64 if v.dtype.kind in "biu" and together.kind in "biu" else together) for v in (a, b))
    near = _close(a, b, tolerances, options.equal_nan)
    if near.all():
        return
    if not a.ndim:
        _compare_numbers(a.item(), b.item(), tolerances, options, place)
    raise options.fail(_differences(a, b, near, tolerances), place)


def _differences(a: Any, b: Any, near: Any, tolerances: tuple[float, float]) -> str:
    """How many entries differ, and where the most."""
    rtol, atol = tolerances
    exact = not rtol and not atol
    count = int((~near).sum())
    with np.errstate(all="ignore"):
        gap = np.where(near, 0, np.abs(a - b)).astype(np.abs(a).dtype)
        size = np.abs(b).astype(np.float32 if b.dtype.kind in "iu" else np.abs(b).dtype)
        ratio = np.where(near, size.dtype.type(0), gap.astype(size.dtype) / size)
    lines = [f"Tensor-likes are not {'equal' if exact else 'close'}!", ""]
    lines += [f"Mismatched elements: {count} / {near.size} ({count / near.size:.1%})"]
    for name, differences, allowed in (("absolute", gap, atol), ("relative", ratio, rtol)):
        where = np.unravel_index(int(np.argmax(differences)), differences.shape)
        most = f"{differences[where].item()} at index {tuple(int(i) for i in where)}"
        lines += [f"Greatest {name} difference: {most}" + ("" if exact else f" (up to {allowed} allowed)")]
    return "\n".join(lines)


__getattr__ = absent.lookup("torch.testing", lambda: __all__)
