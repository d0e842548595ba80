"""Seeded random numbers: the ones that PyTorch's CPU generator gives for the same seed.

On NumPy arrays and NumPy's MT19937; what is done with its bits, and how many each call takes, follow PyTorch 2.13
(``ATen/core/DistributionsHelper.h``, ``ATen/native/cpu/DistributionTemplates.h``), so that mixed calls agree too.
"""

from __future__ import annotations

import math
import operator
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .box_muller import BLOCK, fused_multiply_add, normal_blocks, normal_pair
from .naming import absent

__all__ = [
    "Generator", "bernoulli", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed",
    "normal", "rand", "randint", "randn", "randperm", "seed", "set_rng_state", "uniform",
]  # fmt: skip

Shape = int | Sequence[int]
DType = str | type | np.dtype

DEFAULT_SEED = 67280421310721  # of a new torch.Generator()
WORDS = 624  # in the state of MT19937
WIDE_RANGE = 1 << 28  # from here on, randint takes 64 bits for each number

# What torch.get_rng_state() returns: the bytes of this structure.
STATE = np.dtype(
    [
        ("seed", np.uint64),
        ("left", np.int32),
        ("seeded", np.int32),
        ("next", np.uint64),
        ("key", np.uint64, WORDS),
        ("normal_x", np.float64),
        ("normal_y", np.float64),
        ("normal_rho", np.float64),
        ("normal_is_valid", np.int32),
        ("float_normal", np.float32),
        ("float_normal_is_valid", np.int32),
        ("padding", np.int32),
    ]
)

# PyTorch's names of dtypes in its errors, and C's.
SCALAR_NAMES = {"int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool"}
SCALAR_NAMES |= {"float16": "Half", "float32": "Float", "float64": "Double"}
INTEGERS = {"int32": "int", "int16": "short", "int8": "signed char", "uint8": "unsigned char", "bool": "bool"}
C_NAMES = INTEGERS | {"float32": "float", "float64": "double", "float16": "c10::Half"}


class Generator:
    """A stream of random bits with a seed; ``torch.Generator`` on the CPU. Every method is thread-safe."""

    __slots__ = ("__weakref__", "_bits", "_lock", "_next_normal", "_seed", "device")

    def __init__(self, device: Any = "cpu") -> None:
        self.device = device
        self._lock = threading.RLock()
        self._bits = np.random.MT19937(0)
        self._next_normal: float | None = None
        self._seed = DEFAULT_SEED
        self.manual_seed(DEFAULT_SEED)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of ``seed`` from its beginning; negative seeds count down from 2**64.

        Errors: ``RuntimeError`` when it is not an int, ``ValueError`` when it does not fit into 64 bits.
        """
        try:
            seed = operator.index(seed)
        except TypeError:
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}") from None
        if not -(1 << 63) <= seed < 1 << 64:
            raise ValueError("Overflow when unpacking long long")
        seed %= 1 << 64
        # NumPy's legacy seeding of 32 bits is MT19937's own init_genrand, which is also PyTorch's.
        state = np.random.RandomState(seed & 0xFFFFFFFF).get_state(legacy=False)
        with self._lock:
            self._bits.state = state  # type: ignore[assignment]  # the stubs of both sides disagree
            self._seed = seed
            self._next_normal = None
        return self

    def seed(self) -> int:
        """Seed from the operating system's entropy; returns the seed, of 53 bits."""
        seed = int.from_bytes(os.urandom(8), "little") & ((1 << 53) - 1)
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the stream was started with."""
        return self._seed

    def get_state(self) -> np.ndarray:
        """The stream's place as 5056 bytes (uint8), in PyTorch's own layout: either library reads the other's."""
        state = np.zeros((), STATE)
        with self._lock:
            bits: Any = self._bits.state["state"]
            key, position, cached = bits["key"], bits["pos"], self._next_normal
            state["seed"] = self._seed
        # PyTorch counts a stream that was not drawn from as at word 0 with one left.
        untouched = position == WORDS and int(key[0]) == int(state["seed"]) & 0xFFFFFFFF
        state["left"] = WORDS + 1 - position
        state["seeded"] = 1
        state["next"] = 0 if untouched else position
        state["key"] = key
        if cached is not None:
            state["normal_y"], state["normal_is_valid"] = cached, 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, state: np.ndarray) -> Generator:
        """Go to the place that ``get_state`` noted."""
        if not isinstance(state, np.ndarray):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(state).__name__}")
        if state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if state.size != STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE.itemsize} "
                f"but found the input RNG state size to be {state.size}"
            )
        fields = np.frombuffer(state.tobytes(), STATE)[0]
        position = WORDS + 1 - int(fields["left"])
        if not fields["seeded"] or not 0 < position <= WORDS:
            raise RuntimeError("Invalid mt19937 state")
        with self._lock:
            key = fields["key"].astype(np.uint32)
            self._bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}
            self._seed = int(fields["seed"])
            self._next_normal = float(fields["normal_y"]) if fields["normal_is_valid"] else None
        return self

    def clone_state(self) -> Generator:
        """A new generator at the same place."""
        return type(self)(self.device).set_state(self.get_state())

    def words(self, count: int) -> np.ndarray:
        """The next ``count`` words of 32 bits, as uint64."""
        return self._bits.random_raw(count)

    def double_words(self, count: int) -> np.ndarray:
        """The next ``count`` words of 64 bits, each from two of 32, the higher half first."""
        words = self._bits.random_raw(2 * count)
        return (words[::2] << np.uint64(32)) | words[1::2]

    def uniforms(self, count: int, dtype: np.dtype) -> np.ndarray:
        """``count`` numbers k / 2**24 (float32) or k / 2**53 (float64) in [0, 1)."""
        if dtype == np.float64:
            return (self.double_words(count) & np.uint64((1 << 53) - 1)) * 2.0**-53
        # At most 24 bits: the float64 product is exact, and so is its float32 value.
        return ((self.words(count) & np.uint64((1 << 24) - 1)) * 2.0**-24).astype(np.float32)

    def normals(self, count: int, mean: float, std: float) -> np.ndarray:
        """``count`` float64 normals one by one: pairs by Box and Muller, the second kept for the next call."""
        values = []
        with self._lock:
            for _ in range(count):
                value, self._next_normal = self._next_normal, None
                if value is None:
                    value, self._next_normal = normal_pair(*self.uniforms(2, np.dtype(np.float64)).tolist())
                values.append(value)
        standard = np.array(values, np.float64)
        if mean == 0 and std == 1:
            return standard
        return fused_multiply_add(standard, np.float64(std), np.float64(mean))

    def __reduce__(self) -> Any:
        return _restored, (type(self), self.device, Generator.get_state(self))

    def __enter__(self) -> Generator:
        """Hold the lock: the words of one tensor are not shared out between threads."""
        self._lock.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()


def _restored(kind: type[Generator], device: Any, state: np.ndarray) -> Generator:
    """A generator from a pickle, or a copy."""
    made = kind(device)
    Generator.set_state(made, state)
    return made


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, and return it."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system's entropy; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The default generator's seed."""
    return default_generator.initial_seed()


def get_rng_state() -> np.ndarray:
    """The default generator's place, as bytes."""
    return default_generator.get_state()


def set_rng_state(new_state: np.ndarray) -> None:
    """Put the default generator to a place noted before."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, device_type: str = "cpu") -> Iterator[None]:
    """What is drawn in the block leaves the default generator where it was; there are no devices with others."""
    before = default_generator.get_state()
    try:
        yield
    finally:
        if enabled:
            default_generator.set_state(before)


def rand(shape: Shape, dtype: DType = "float32", generator: Generator | None = None) -> np.ndarray:
    """Uniform numbers in [0, 1)."""
    return uniform(shape, 0.0, 1.0, dtype, generator)


def uniform(
    shape: Shape, low: float = 0.0, high: float = 1.0, dtype: DType = "float32", generator: Generator | None = None
) -> np.ndarray:
    """Uniform numbers in [low, high): ``x * (high - low) + low``, with one rounding; ``Tensor.uniform_``."""
    dtype = _floating(dtype, "check_uniform_bounds")
    most = float(np.finfo(dtype).max)
    for name, bound in (("from", low), ("to", high)):
        if not -most <= bound <= most:
            raise RuntimeError(f"{name} is out of bounds for {C_NAMES.get(dtype.name, dtype.name)}")
    if not low <= high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if dtype.kind == "c":
        return _complex(uniform((*_sizes(shape), 2), low, high, _real(dtype), generator), dtype)
    if high - low > most:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{SCALAR_NAMES[dtype.name]}>::max(), but found "
            f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )
    kind = np.float64 if dtype == np.float64 else np.float32
    shape = _sizes(shape)
    with generator or default_generator as source:
        values = source.uniforms(math.prod(shape), np.dtype(kind))
    if low != 0 or high != 1:
        values = fused_multiply_add(values, kind(high) - kind(low), kind(low))
    values = _cast(values, dtype)
    # Rounding may reach the upper bound, which is excluded.
    values[values == dtype.type(high)] = low
    return values.reshape(shape)


def randn(shape: Shape, dtype: DType = "float32", generator: Generator | None = None) -> np.ndarray:
    """Standard normal numbers; complex ones have variance 1, half of it in each part."""
    return normal(shape, 0.0, 1.0, dtype, generator)


def normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    dtype: DType = "float32",
    generator: Generator | None = None,
    contiguous: bool = True,
) -> np.ndarray:
    """Normal numbers ``n * std + mean``; ``Tensor.normal_``, whose ways differ below 16 and for strided tensors."""
    dtype = _floating(dtype, "normal_kernel_cpu")
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    shape = _sizes(shape)
    if dtype.kind == "c":
        parts = normal((*shape, 2), mean, std / math.sqrt(2), _real(dtype), generator, contiguous)
        return _complex(parts, dtype)
    count = math.prod(shape)
    kind = np.dtype(np.float64 if dtype == np.float64 else np.float32)
    whole = count - count % BLOCK
    values = np.empty(count, kind)
    with generator or default_generator as source:
        if count < BLOCK or not contiguous:
            return _cast(source.normals(count, mean, std), dtype).reshape(shape)
        # Half precision draws block by block; the others draw for the incomplete block too, and then again.
        uniforms = source.uniforms(whole if dtype == np.float16 else count, kind)
        tail = source.uniforms(BLOCK, kind) if whole != count else None
    values[:whole] = normal_blocks(uniforms[:whole].reshape(-1, BLOCK), mean, std).ravel()
    if tail is not None:
        # What does not fill a block is made with its neighbours once more: the last 16, from new numbers.
        values[-BLOCK:] = normal_blocks(tail.reshape(1, BLOCK), mean, std)[0]
    return _cast(values, dtype).reshape(shape)


def randint(
    low: int, high: int, shape: Shape, dtype: DType = "int64", generator: Generator | None = None
) -> np.ndarray:
    """Whole numbers in [low, high): ``low + word % (high - low)``."""
    dtype, shape = np.dtype(dtype), _sizes(shape)
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if dtype.name in INTEGERS:
        least, most = (0, 1) if dtype == np.bool_ else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        for name, value in (("from", low), ("to - 1", high - 1)):
            if not least <= value <= most:
                raise RuntimeError(f"{name} is out of bounds for {C_NAMES[dtype.name]}")
    span = high - low
    with generator or default_generator as source:
        draw = source.double_words if span >= WIDE_RANGE else source.words
        words = draw(math.prod(shape))
    # Two's complement on purpose: low may be negative, and the sum wraps as in C.
    values = (words % np.uint64(span)).view(np.int64) + np.int64(low)
    return values.astype(dtype, copy=False).reshape(shape)


def randperm(n: int, dtype: DType = "int64", generator: Generator | None = None) -> np.ndarray:
    """0 .. n - 1 in random order (Fisher and Yates, from the front)."""
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    with generator or default_generator as source:
        words = source.words(max(n - 1, 0))
    order = list(range(n))
    steps = (words % np.arange(n, 1, -1).astype(np.uint64)).tolist()
    for i, step in enumerate(steps):
        order[i], order[i + step] = order[i + step], order[i]
    return np.array(order, dtype)


def bernoulli(
    p: float | np.ndarray,
    shape: Shape | None = None,
    dtype: DType | None = None,
    generator: Generator | None = None,
) -> np.ndarray:
    """1 with probability p, else 0.

    With an array p, one for each entry, in p's dtype: ``torch.bernoulli(p)``. With a number and a shape:
    ``Tensor.bernoulli_(p)``, which dropout uses and which draws 64 bits for each number.
    """
    if shape is not None:
        p, shape = float(p), _sizes(shape)
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        with generator or default_generator as source:
            drawn = source.uniforms(math.prod(shape), np.dtype(np.float64)) < p
        return drawn.astype(dtype or "float32").reshape(shape)
    chances = np.asarray(p)
    _floating(chances.dtype, "bernoulli_tensor_cpu_p_")
    if not ((chances >= 0) & (chances <= 1)).all():
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  "
            "(Could this error message be improved?  If so, please report an enhancement request to PyTorch.)"
        )
    with generator or default_generator as source:
        uniforms = source.uniforms(chances.size, np.dtype(np.float64 if chances.dtype == np.float64 else np.float32))
    return (uniforms.reshape(chances.shape) < chances).astype(dtype or chances.dtype)


def _sizes(shape: Shape) -> tuple[int, ...]:
    """A shape as a tuple."""
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)


def _floating(dtype: DType, kernel: str) -> np.dtype:
    """The dtype; ``NotImplementedError`` with PyTorch's text when it is not a floating or complex one."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "fc":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{SCALAR_NAMES.get(dtype.name, dtype.name)}'")
    return dtype


def _cast(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Values in a dtype, too large ones as inf without NumPy's warning."""
    with np.errstate(over="ignore"):
        return values.astype(dtype, copy=False)


def _real(dtype: np.dtype) -> np.dtype:
    """The dtype of a complex one's parts."""
    return np.dtype(np.float32 if dtype == np.complex64 else np.float64)


def _complex(parts: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """(..., 2) real numbers as (...) complex ones."""
    return parts.view(dtype).reshape(parts.shape[:-1])


__getattr__ = absent.lookup("torch.random", lambda: __all__)
