"""The general path of a call: whatever a front did not recognise, with the same meaning and no shortcuts.

Python and NumPy numbers as operands, mixed dtypes, shapes that do not fit, wrong types: promotion happens here, and so
do PyTorch's error texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes, errors
from ..graph.node import Node, Output, rest_of
from ..mode import here
from ..tensor import Tensor, tensor_of, wrap
from .codegen import ABOUT, PUBLIC_NAMES
from .kernel import PUBLIC, RAW, raw, tick

if TYPE_CHECKING:
    from .op import Row

_NUMBERS = (float, int, bool, complex, np.generic)

NUMBERS32: dict[Any, Any] = {}  # Python number -> 0-d array, never zero: 0.0 == -0.0
NUMBERS64: dict[Any, Any] = {}
ZERO = {d: np.zeros((), d) for d in (dtypes.float32.numpy, dtypes.float64.numpy)}


def number(value: Any, like: Any) -> Any:
    """A Python number as an operand beside ``like``; None if it changes the dtype, or is for the general path."""
    d = like.dtype
    if d is not dtypes.float32.numpy and d is not dtypes.float64.numpy:
        if d.kind == "c":
            with np.errstate(over="ignore"):
                return np.array(value, d)
        return np.array(value, d) if type(value) is int and d.kind == "i" and abs(value) < 128 else None
    if type(like) is not np.ndarray:
        return value
    cache = NUMBERS32 if d is dtypes.float32.numpy else NUMBERS64
    if value in cache:
        return cache[value]
    if not value and type(value) is int:
        return ZERO[d]
    with np.errstate(over="ignore"):
        array = np.array(value, d)
    if value and value == value and len(cache) < 4096:
        cache[value] = array
    return array


def alike(*data: Any) -> bool:
    """Whether all have one dtype and one shape."""
    first = data[0]
    return all(d.dtype is first.dtype and d.shape == first.shape for d in data)


def like(data: Any) -> tuple[Any, Any]:
    """What a gradient has to be summed and cast to: shape and dtype."""
    return data.shape, data.dtype


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """``g`` summed over what broadcasting added."""
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    if extra:
        g = np.add.reduce(g, tuple(range(extra)))  # not g.sum: its Python wrapper costs as much as the sum
    if 1 not in shape:
        return g
    ones = tuple([i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1])
    return np.add.reduce(g, ones, keepdims=True) if ones else g


def fit(g: Any, to: tuple[Any, Any]) -> Any:
    """A gradient summed to an input's shape and cast to its dtype."""
    g = sum_to(g, to[0])
    return g if g.dtype is to[1] else recast(g, to[1])


def recast(data: Any, d: np.dtype[Any]) -> Any:
    """``data`` in another dtype; of complex numbers the real part, unless that is complex or bool."""
    return (data.real if data.dtype.kind == "c" and d.kind not in "cb" else data).astype(d)


def fit_tensor(g: Any, to: tuple[Any, Any]) -> Any:
    """``fit``, recorded."""
    shape, d = to
    extra = g.ndim - len(shape)
    if extra:
        g = PUBLIC["sum"](g, tuple(range(extra)))
    ones = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    if ones:
        g = PUBLIC["sum"](g, ones, True)
    return g if g._d.dtype is d else PUBLIC["cast"](g, d)


def general(row: Row, args: tuple[Any, ...]) -> Any:
    """Run ``row`` on any arguments; slower than its front, with the same meaning."""
    __tracebackhide__ = True
    a = dict(zip(row.params, args, strict=True))
    for value in args:
        if hasattr(type(value), "__torch_function__") and not isinstance(value, Tensor):
            return RAW["dispatch"](row.front, args, {})
    for p in row.inputs:
        _check_operand(row, p, a)
    if row.refuse and (told := row.refuse(*a.values())) is not None:
        raise told
    tensors = {p: a[p] for p in row.inputs if isinstance(a[p], Tensor)}
    if not tensors:
        raise errors.argument(row.called, "input", 1, a[row.inputs[0]])
    before = {p: t._d for p, t in tensors.items()}
    data = {p: a[p]._d if p in tensors else a[p] for p in row.inputs}
    with np.errstate(all="ignore"):
        if row.elementwise:
            _promote(row, data, tensors)
        else:
            _same_dtype(row, tensors)
        if row.real and data[row.inputs[0]].dtype.kind == "c":
            raise _unreal(row.real, data[row.inputs[0]].dtype)
        result = _run(row, [data[p] if p in data else a[p] for p in row.params], before)
    extras: dict[str, Any] = {}
    if len(row.outputs) > 1:
        result, *rest = result
        extras = dict(zip(row.outputs[1:], rest, strict=True))
    out = wrap(result)
    wanted = tuple(p for p in row.formulas if p in tensors and tensors[p]._n is not None and here.grad)
    if wanted and result.dtype.kind in "fc":
        if result.dtype.kind == "c":
            RAW["complex_graph"]()
        out._n = _node(row, wanted, {**a, **data, **extras, "out": result}, tensors, before)
    if row.view:
        RAW["track"](tensors[row.inputs[0]], out)
    outs = (out, *map(wrap, extras.values()))
    if row.several and out._n is not None:
        relays(out._n, outs)
    return outs if extras else out


def relay(node: Node, nr: int) -> Output:
    """What stands for output ``nr`` of a node that has several."""
    return Output(node, nr, tick())


def relays(node: Node, outs: tuple[Tensor, ...]) -> None:
    """Hang the outputs of one node on it."""
    for i, out in enumerate(outs):
        if out._d.dtype.kind in "fc":
            out._n = relay(node, i)


def _unreal(said: str, d: np.dtype[Any]) -> Exception:
    """What a row says of complex numbers: the name of PyTorch's kernel that lacks them, or the whole sentence."""
    if " " not in said:
        return errors.not_implemented(said, d)
    return (NotImplementedError if said.startswith("clamp") else RuntimeError)(said)


def _check_operand(row: Row, p: str, a: dict[str, Any]) -> None:
    __tracebackhide__ = True
    value = a[p]
    if isinstance(value, Tensor) or (value is None and p in row.optional):
        return
    if isinstance(value, np.ndarray) and row.elementwise and p in row.apart:  # a mask in a formula
        a[p] = wrap(value)
        return
    if not (row.elementwise and isinstance(value, _NUMBERS)):
        name = PUBLIC_NAMES.get(p, p)
        raise errors.argument(row.called, name, row.params.index(p) + 1, value)


def _promote(row: Row, data: dict[str, Any], tensors: dict[str, Any]) -> None:
    """Cast the operands to the dtype in which PyTorch computes."""
    __tracebackhide__ = True
    operands = [p for p in row.inputs if p not in row.apart]
    d = dtypes.result_type(
        [tensors[p]._d.dtype for p in operands if p in tensors and tensors[p]._d.ndim],
        [tensors[p]._d.dtype for p in operands if p in tensors and not tensors[p]._d.ndim],
        [dtypes.number_dtype(_python(data[p])) for p in operands if p not in tensors],
    )
    if row.floating and d.kind not in "fc":
        d = dtypes.get_default_dtype().numpy
    for p in operands:
        value = data[p]
        data[p] = value.astype(d, copy=False) if type(value) is np.ndarray else _wrapped_around(value, d)
    for p in row.apart:
        if p not in tensors:
            data[p] = np.asarray(data[p])


def _wrapped_around(value: Any, d: np.dtype[Any]) -> Any:
    """A number in dtype ``d``; one that is too large wraps around, as PyTorch's do."""
    return np.array(value).astype(d)[()]


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _same_dtype(row: Row, tensors: dict[str, Any]) -> None:
    __tracebackhide__ = True
    found = [tensors[p]._d.dtype for p in row.formulas if p in tensors and p not in row.apart]
    if len(set(found)) > 1:
        names = " != ".join({"f": "float", "d": "double"}.get(d.char, dtypes.OF[d].name) for d in found)
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {names}")


def _run(row: Row, args: list[Any], before: dict[str, Any]) -> Any:
    __tracebackhide__ = True
    try:
        return row.kernel(*args)
    except Exception as error:
        told = row.diagnose(*args) if row.diagnose else None
        if told is not None:
            raise told from None
        shapes = [d.shape for d in before.values()]
        if row.elementwise and len(shapes) > 1 and isinstance(error, ValueError):
            raise _no_broadcast(shapes) from None
        raise


def _no_broadcast(shapes: list[tuple[int, ...]]) -> Exception:
    """PyTorch's error for the first shape that does not fit those before it."""
    common = shapes[0]
    for shape in shapes[1:]:
        try:
            common = np.broadcast_shapes(common, shape)
        except ValueError:
            return errors.no_broadcast(common, shape)
    return errors.no_broadcast(*shapes[-2:])


def _node(row: Row, wanted: tuple[str, ...], values: dict[str, Any], tensors: Any, before: dict[str, Any]) -> Node:
    step = row.step(wanted, fit=row.elementwise and len(row.inputs) > 1)
    for p in row.inputs:
        for what in ABOUT:
            values[f"{p}_{what}"] = getattr(values[p], what, None)
    n = Node()
    n.key, n.step = tick(), step.run
    edges = [tensors[p]._n for p in wanted]
    n.edge, n.others = edges[0], rest_of(edges)
    n.saved = tuple([values[name] for name in step.kept] + [like(before[p]) for p in wanted if step.fit])
    return n


RAW.update(
    relay=relay, relays=relays,
    general=general, number=number, NUMBERS=NUMBERS32, alike=alike, like=like, fit=fit, recast=raw(recast),
    fit_tensor=fit_tensor, tensor_of=tensor_of, freed=errors.freed, new=object.__new__, Node=Node, rest_of=rest_of,
    Tensor=Tensor, wrap=wrap,
)  # fmt: skip
