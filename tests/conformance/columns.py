"""The columns of the table: what is asked of an entry, and how. Each yields ``None`` for a pass or what went wrong."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.opinfo.core import BinaryUfuncInfo, OpInfo, SampleInput, UnaryUfuncInfo

import engine
from tests.seeding import no_absent_devices

from .translate import SHARED, Differs, callable_of, compare, fresh, sample_of, tensors_in

no_absent_devices(torch)

MOST = 60  # samples of one dtype in one column; those of an entry that has more are taken evenly from all
UNWRITTEN = {  # memory that nobody has written: no values to compare
    "empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "empty_permuted",
}  # fmt: skip
# How much looser results are compared where PyTorch itself is less exact than SciPy (held against mpmath): its Bessel
# functions beyond 5 are off by up to 7e-7 in float64, its trigamma near negative whole numbers by 4e-4 in float32
PYTORCH_IS_OFF = {
    **dict.fromkeys(("special.bessel_j0", "special.bessel_j1", "special.bessel_y0", "special.bessel_y1"), 1000.0),
    "polygamma": 25.0,
    "special.polygamma": 25.0,
}
Outcome = str | None


def samples(entry: OpInfo, dtype: torch.dtype, requires_grad: bool = False) -> list[Any]:
    """The entry's samples, the same in every run; at most ``MOST``."""
    torch.manual_seed(0)
    found = [s for s in entry.sample_inputs("cpu", dtype, requires_grad=requires_grad) if _strided(s)]
    if len(found) <= MOST:
        return found
    return [found[i * len(found) // MOST] for i in range(MOST)]


def _strided(sample: Any) -> bool:
    return all(t.layout == torch.strided for t in tensors_in((sample.input, sample.args, sample.kwargs), torch.Tensor))


def _arguments(sample: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """(PyTorch's, the engine's): each ``(input, args, kwargs)``."""
    whole = (sample.input, sample.args, dict(sample.kwargs))
    memo: dict[int, Any] = {}
    theirs = (fresh(whole[0], memo), fresh(whole[1], memo), {k: fresh(v, memo) for k, v in whole[2].items()})
    return theirs, sample_of(theirs)


def _called(library: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    library.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(arguments[0], *arguments[1], **arguments[2])


def _told(sample: Any, error: BaseException) -> str:
    def brief(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        if isinstance(value, list | tuple):
            return "(" + ", ".join(map(brief, value)) + ")"
        return (
            f"{{{', '.join(f'{k}={brief(v)}' for k, v in value.items())}}}" if isinstance(value, dict) else str(value)
        )

    said = str(error).strip().splitlines()[0][:240] if str(error).strip() else ""
    return f"{brief((sample.input, sample.args, sample.kwargs))}: {type(error).__name__}: {said}"


def _agree(entry: OpInfo, ours: Callable[..., Any], theirs: Callable[..., Any], sample: Any) -> Outcome:
    """Whether both give the same; an engine that raises where PyTorch does agrees too."""
    a, b = _arguments(sample)
    try:
        expected = _called(torch, theirs, a)
    except Exception:
        try:
            _called(engine, ours, b)
        except Exception:
            return None
        return _told(sample, Differs("PyTorch raises"))
    try:
        got = _called(engine, ours, b)
        post = entry_postprocessing(entry, sample)
        loose = PYTORCH_IS_OFF.get(entry.name, 1.0)
        compare(post[1](got), post[0](expected), values=entry.name not in UNWRITTEN, loose=loose)
    except Exception as error:
        return _told(sample, error)
    return None


def entry_postprocessing(entry: OpInfo, sample: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What ``op_db`` does to a result before it looks: drops what is not unique, such as the signs of vectors."""
    process = sample.output_process_fn_grad
    return process, callable_of(process)


def _values(entry: OpInfo, dtypes: tuple[torch.dtype, ...]) -> Iterator[Outcome]:
    ours = callable_of(entry.op, entry.name)
    for dtype in dtypes:
        if dtype in entry.dtypes:
            for sample in samples(entry, dtype):
                yield _agree(entry, ours, entry.op, sample)


def value(entry: OpInfo) -> Iterator[Outcome]:
    """Values, dtype and shape, in float64 and float32."""
    return _values(entry, (torch.float64, torch.float32))


def whole(entry: OpInfo) -> Iterator[Outcome]:
    """The same for inputs of whole numbers and bools."""
    return _values(entry, (torch.int64, torch.int32, torch.uint8, torch.bool))


def complex_values(entry: OpInfo) -> Iterator[Outcome]:
    """The same for complex inputs."""
    return _values(entry, (torch.complex128,))


# ------------------------------------------------ derivatives
def gradient(entry: OpInfo) -> Iterator[Outcome]:
    """Gradients in float64 of every input, for a random v."""
    return _derivatives(entry, second=False)


def second(entry: OpInfo) -> Iterator[Outcome]:
    """Second derivatives in float64, by the inputs and by v."""
    return _derivatives(entry, second=True)


def complex_gradient(entry: OpInfo) -> Iterator[Outcome]:
    """Gradients of complex inputs."""
    return _derivatives(entry, second=False, dtype=torch.complex128)


def _derivatives(entry: OpInfo, second: bool, dtype: torch.dtype = torch.float64) -> Iterator[Outcome]:
    supported = entry.supports_gradgrad if second else entry.supports_autograd
    if not supported or dtype not in entry.supported_backward_dtypes("cpu"):
        return
    ours = callable_of(entry.op, entry.name)
    for sample in samples(entry, dtype, requires_grad=True):
        try:
            a, b = _arguments(sample)
            post = entry_postprocessing(entry, sample)
            try:
                expected = _gradients(torch, entry.op, a, post[0], second)
            except Exception:
                continue  # no gradient there for PyTorch itself
            got = _gradients(engine, ours, b, post[1], second)
            _compare_gradients(got, expected, second)
        except Exception as error:
            yield _told(sample, error)
        else:
            yield None


def _gradients(library: Any, function: Any, arguments: Any, process: Any, second: bool) -> list[Any]:
    out = process(_called(library, function, arguments))
    inputs = [t for t in tensors_in(arguments, library.Tensor) if t.requires_grad]
    outputs = [t for t in tensors_in(out, library.Tensor) if t.requires_grad]
    if not outputs:
        return [None] * len(inputs)
    weights = [_random(library, t, i, second) for i, t in enumerate(outputs)]
    first = library.autograd.grad(outputs, inputs, weights, create_graph=second, allow_unused=True)
    if not second:
        return list(first)
    again = [g for g in first if g is not None and g.requires_grad]
    if not again:
        return [None] * len(inputs + weights)
    weights2 = [_random(library, g, 9 + i, False) for i, g in enumerate(again)]
    return list(library.autograd.grad(again, inputs + weights, weights2, allow_unused=True))


def _random(library: Any, like: Any, seed: int, requires_grad: bool) -> Any:
    draw = np.random.default_rng(seed)
    array = draw.standard_normal(tuple(like.shape))
    name = str(like.dtype).removeprefix("torch.")
    if name.startswith("complex"):
        array = array + 1j * draw.standard_normal(tuple(like.shape))
    return library.from_numpy(np.asarray(array, name)).requires_grad_(requires_grad)


def _compare_gradients(ours: list[Any], theirs: list[Any], second: bool) -> None:
    if len(ours) != len(theirs):
        raise Differs(f"{len(ours)} gradients, not {len(theirs)}")
    for a, b in zip(ours, theirs, strict=True):
        if second and (
            a is None or b is None
        ):  # None or zeros: what PyTorch says depends on how its formula is written
            some = a if a is not None else b
            if some is not None and np.nan_to_num(some.detach().numpy()).any():
                raise Differs(f"{'None' if a is None else 'not zero'}, where PyTorch has {'None' if b is None else b}")
            continue
        if (a is None) != (b is None):
            raise Differs(f"gradient {'None' if a is None else 'a tensor'}, not {'None' if b is None else 'a tensor'}")
        compare(a, b, loose=20)


# ------------------------------------------------ other ways of calling
def method(entry: OpInfo) -> Iterator[Outcome]:
    """``x.name(...)`` for ``torch.name(x, ...)``."""
    yield from _variant(entry, entry.get_method())


def operator(entry: OpInfo) -> Iterator[Outcome]:
    """Python's operator, and its in-place form."""
    yield from _variant(entry, entry.get_operator())
    yield from _in_place(entry, entry.get_inplace_operator())


def in_place(entry: OpInfo) -> Iterator[Outcome]:
    """``x.name_(...)``: the value, and that it is written into x itself."""
    yield from _in_place(entry, entry.get_inplace())


def alias(entry: OpInfo) -> Iterator[Outcome]:
    """The entry's other names."""
    for other in entry.aliases:
        yield from _variant(entry, other.op, other.name)
        yield from _variant(entry, other.method_variant)
        yield from _in_place(entry, other.inplace_variant)


def _variant(entry: OpInfo, function: Any, name: str = "") -> Iterator[Outcome]:
    if function is None:
        return
    ours = callable_of(function, name)
    for sample in _few(entry):
        yield _agree(entry, ours, function, sample)


def _few(entry: OpInfo) -> list[Any]:
    dtype = next((d for d in (torch.float64, torch.int64, torch.bool) if d in entry.dtypes), None)
    return [] if dtype is None else samples(entry, dtype)[:12]


def _in_place(entry: OpInfo, function: Any) -> Iterator[Outcome]:
    if function is None:
        return
    ours = callable_of(function)
    for sample in _few(entry):
        if not isinstance(sample.input, torch.Tensor) or sample.broadcasts_input:
            continue
        written = _agree(entry, _first_of(ours), _first_of(function), sample)
        yield written
        if written is None:
            yield _agree(entry, _same_object(ours), _same_object(function), sample)


def _first_of(write: Callable[..., Any]) -> Callable[..., Any]:
    def written(x: Any, *args: Any, **kwargs: Any) -> Any:
        write(x, *args, **kwargs)
        return x

    return written


def _same_object(write: Callable[..., Any]) -> Callable[..., bool]:
    return lambda x, *args, **kwargs: write(x, *args, **kwargs) is x


# ------------------------------------------------ promotion and errors
def promotion(entry: OpInfo) -> Iterator[Outcome]:
    """Results for every pair of dtypes: dimensioned, 0-d and Python numbers; for one input, every dtype."""
    if isinstance(entry, BinaryUfuncInfo):
        operands = [*_operands(), True, 2, 1.5]
        pairs = [p for p in itertools.product(operands, repeat=2) if isinstance(p[0], torch.Tensor)]
    elif isinstance(entry, UnaryUfuncInfo):
        pairs = [(t,) for t in _operands()]
    else:
        return
    ours = callable_of(entry.op, entry.name)
    for pair in pairs:
        yield _agree(entry, ours, entry.op, SampleInput(pair[0], args=pair[1:]))


def _operands() -> list[torch.Tensor]:
    kinds = (torch.bool, torch.uint8, torch.int32, torch.int64, torch.float32, torch.float64)
    return [t for d in kinds for t in (torch.tensor([1, 0, 1], dtype=d), torch.tensor(1, dtype=d))]


def _raises(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    try:
        _called(torch, function, arguments)
    except Exception:
        return True
    return False


def errors(entry: OpInfo) -> Iterator[Outcome]:
    """``op_db``'s inputs that are wrong: the same type of error, and a text that its pattern finds."""
    if entry.error_inputs_func is None:
        return
    ours = callable_of(entry.op, entry.name)
    torch.manual_seed(0)
    for case in entry.error_inputs("cpu"):
        if not _strided(case.sample_input):
            continue
        try:
            sample = case.sample_input
            theirs, _ = _arguments(sample)
            arguments = sample_of((sample.input, sample.args, dict(sample.kwargs)), {SHARED: {}})
        except Exception:
            continue  # an argument of a kind that is out of scope: half, sparse, another device
        if case.error_type is Exception and not _raises(entry.op, theirs):
            continue  # op_db says so of every function of its kind, PyTorch does not
        try:
            _called(engine, ours, arguments)
        except Exception as error:
            wanted = case.error_type
            if not isinstance(error, wanted):
                yield _told(case.sample_input, error) + f" (PyTorch: {wanted.__name__}: {case.error_regex})"
            elif not re.search(case.error_regex, str(error)):
                yield _told(case.sample_input, error) + f" (PyTorch: {case.error_regex})"
            else:
                yield None
        else:
            yield _told(case.sample_input, Differs(f"no error (PyTorch: {case.error_regex})"))


COLUMNS: dict[str, Callable[[OpInfo], Iterator[Outcome]]] = {
    "value": value, "ints": whole, "grad": gradient, "second": second, "method": method, "in-place": in_place,
    "operator": operator, "alias": alias, "promotion": promotion, "errors": errors, "complex": complex_values,
    "complex grad": complex_gradient,
}  # fmt: skip
