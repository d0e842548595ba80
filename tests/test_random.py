"""The random numbers are PyTorch's for the same seed, bit for bit."""

from __future__ import annotations

import copy
import itertools
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.random as random

torch = pytest.importorskip("torch")

SIZES = [(), (0,), (1,), (2,), (3,), (15,), (16,), (17,), (31,), (32,), (100,), (624,), (1000,), (3, 5), (4, 7, 9)]
SEEDS = [0, 1, 42, 2**32 - 1, 2**32 + 5, -1]
CPU = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
# On Intel's processors torch.Tensor.bernoulli_(p) with a number p draws from MKL's streams instead.
MKL_STREAMS = "GenuineIntel" in CPU
# torch's float32 Box and Muller is the AVX2 one, with fused steps, where the processor has them.
FUSED = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def both(seed: int) -> tuple[random.Generator, Any]:
    """A generator of each library with the same seed."""
    return random.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)


def assert_equal(mine: np.ndarray, theirs: Any, close: float = 0.0) -> None:
    """Same dtype, shape and bits; ``close`` allows for processors whose torch rounds otherwise."""
    expected = theirs.numpy()
    assert mine.dtype == expected.dtype
    assert mine.shape == expected.shape
    if FUSED or not close:
        np.testing.assert_array_equal(mine, expected)
    else:
        np.testing.assert_allclose(mine, expected, rtol=close, atol=close)


def assert_same_place(mine: random.Generator, theirs: Any) -> None:
    """Both streams stand at the same word, with the same normal kept back."""
    left, right = (np.frombuffer(s.tobytes(), random.STATE)[0] for s in (mine.get_state(), theirs.get_state().numpy()))
    for field in ("seed", "left", "next", "key", "normal_is_valid"):
        np.testing.assert_array_equal(left[field], right[field])
    if left["normal_is_valid"]:
        assert left["normal_y"] == right["normal_y"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_rand_and_randn(seed: int, dtype: str) -> None:
    """``rand`` and ``randn`` of every size, one after the other on one stream."""
    mine, theirs = both(seed)
    kind = getattr(torch, dtype)
    for shape in SIZES:
        assert_equal(random.randn(shape, dtype, mine), torch.randn(shape, dtype=kind, generator=theirs), 1e-5)
        assert_equal(random.rand(shape, dtype, mine), torch.rand(shape, dtype=kind, generator=theirs))
    assert_same_place(mine, theirs)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(-0.3, 0.7), (-1 / 3, 1 / 3), (1.1, 7.7), (0, 0), (5, 5), (-1e-3, 6e4)])
def test_uniform_range(dtype: str, low: float, high: float) -> None:
    """A range scales with one rounding, and the upper bound never comes."""
    mine, theirs = both(3)
    for size in (1, 10, 5000):
        expected = torch.empty(size, dtype=getattr(torch, dtype)).uniform_(low, high, generator=theirs)
        assert_equal(random.uniform(size, low, high, dtype, mine), expected, 1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_normal_mean_and_deviation(dtype: str) -> None:
    """Mean and deviation, for few and many, contiguous and strided."""
    mine, theirs = both(4)
    kind = getattr(torch, dtype)
    for size in (1, 7, 15, 16, 40, 3000):
        expected = torch.empty(size, dtype=kind).normal_(0.3, 0.7, generator=theirs)
        assert_equal(random.normal(size, 0.3, 0.7, dtype, mine), expected, 1e-5)
    strided = torch.empty(40, 2, dtype=kind)[:, 0].normal_(2, 3, generator=theirs)
    assert_equal(random.normal(40, 2, 3, dtype, mine, contiguous=False), strided.contiguous(), 1e-5)
    assert_same_place(mine, theirs)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_huge_deviation(dtype: str) -> None:
    """Numbers that overflow are inf, as in torch, and NumPy says nothing about it."""
    mine, theirs = both(10)
    std = float(np.finfo(dtype).max)
    for size in (7, 40):
        expected = torch.empty(size, dtype=getattr(torch, dtype)).normal_(0, std, generator=theirs)
        assert_equal(random.normal(size, 0, std, dtype, mine), expected, 1e-5)


def test_randn_of_a_million() -> None:
    """The polynomials agree with torch's in every bit of a million normals."""
    mine, theirs = both(5)
    assert_equal(random.randn(1_000_003, generator=mine), torch.randn(1_000_003, generator=theirs), 1e-5)
    assert_same_place(mine, theirs)


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "int8", "uint8", "bool", "float32", "float64"])
def test_randint(dtype: str) -> None:
    """Ranges of every width, also where 64 bits are drawn for each number."""
    mine, theirs = both(6)
    ranges = [(0, 1), (0, 2), (0, 10), (-5, 5), (-128, 127), (3, 30000), (0, 2**24), (0, 2**28 - 1), (0, 2**28)]
    ranges += [(-(2**31), 2**31 - 1), (0, 2**32), (-(2**40), 2**50), (-(2**63), 2**63 - 1)]
    kind = np.dtype(dtype)
    least, most = (0, 1) if dtype == "bool" else (-(2**24), 2**24)
    if kind.kind in "iu":
        least, most = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    for low, high in ranges:
        if least <= low and high - 1 <= most:
            expected = torch.randint(low, high, (2, 9), dtype=getattr(torch, dtype), generator=theirs)
            assert_equal(random.randint(low, high, (2, 9), dtype, mine), expected)
    assert_same_place(mine, theirs)


def test_randperm() -> None:
    """Permutations of every length."""
    mine, theirs = both(7)
    for n in (0, 1, 2, 3, 10, 1000):
        assert_equal(random.randperm(n, generator=mine), torch.randperm(n, generator=theirs))
    assert_equal(random.randperm(9, "int32", mine), torch.randperm(9, dtype=torch.int32, generator=theirs))
    assert_same_place(mine, theirs)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_bernoulli_of_tensor(dtype: str) -> None:
    """One chance for each entry, whatever the order of its memory."""
    mine, theirs = both(8)
    chances = random.rand((3, 4, 5), dtype, mine)
    torch.rand(3, 4, 5, dtype=getattr(torch, dtype), generator=theirs)
    for axes in itertools.permutations(range(3)):
        p = chances.transpose(axes)
        expected = torch.bernoulli(torch.from_numpy(chances).permute(axes), generator=theirs)
        assert_equal(random.bernoulli(p, generator=mine), expected)
    p = np.ones((), dtype)
    assert_equal(random.bernoulli(p, generator=mine), torch.bernoulli(torch.from_numpy(p), generator=theirs))
    assert_same_place(mine, theirs)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bool", "int64"])
def test_bernoulli_of_number(p: float, dtype: str) -> None:
    """One chance for all, as dropout draws them."""
    mine, theirs = both(9)
    drawn = random.bernoulli(p, (40, 50), dtype, mine)
    expected = torch.empty(40, 50, dtype=getattr(torch, dtype)).bernoulli_(p, generator=theirs)
    if MKL_STREAMS:
        assert abs(drawn.mean() - expected.double().mean()) < 0.1
    else:
        assert_equal(drawn, expected)
        assert_same_place(mine, theirs)


CALLS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (lambda n, g: random.rand(n, generator=g), lambda n, g: torch.rand(n, generator=g)),
    (lambda n, g: random.rand(n, "float64", g), lambda n, g: torch.rand(n, dtype=torch.float64, generator=g)),
    (lambda n, g: random.randn(n, generator=g), lambda n, g: torch.randn(n, generator=g)),
    (lambda n, g: random.randn(n, "float64", g), lambda n, g: torch.randn(n, dtype=torch.float64, generator=g)),
    (lambda n, g: random.randint(-3, 99, n, generator=g), lambda n, g: torch.randint(-3, 99, (n,), generator=g)),
    (lambda n, g: random.randint(0, 2**40, n, generator=g), lambda n, g: torch.randint(0, 2**40, (n,), generator=g)),
    (lambda n, g: random.randperm(n, generator=g), lambda n, g: torch.randperm(n, generator=g)),
    (
        lambda n, g: random.bernoulli(np.full(n, 0.3, np.float32), generator=g),
        lambda n, g: torch.bernoulli(torch.full((n,), 0.3), generator=g),
    ),
]


@settings(deadline=None, max_examples=150)
@given(
    st.integers(-(2**63), 2**64 - 1),
    st.lists(st.tuples(st.sampled_from(range(len(CALLS))), st.integers(0, 40)), max_size=12),
)
def test_mixed_calls(seed: int, calls: list[tuple[int, int]]) -> None:
    """Any sequence of calls from any seed gives torch's numbers and ends at torch's place."""
    mine, theirs = both(seed)
    for call, size in calls:
        ours, reference = CALLS[call]
        assert_equal(ours(size, mine), reference(size, theirs), 1e-5)
    assert_same_place(mine, theirs)


def test_default_generator() -> None:
    """The module's functions draw from one generator, which ``manual_seed`` returns and seeds."""
    assert random.manual_seed(11) is random.default_generator
    torch.manual_seed(11)
    assert random.initial_seed() == 11
    assert_equal(random.randn(3), torch.randn(3))
    assert_equal(random.randn(()), torch.randn(()))
    drawn = random.seed()
    assert 0 <= drawn < 2**53
    assert random.initial_seed() == drawn
    assert random.Generator().initial_seed() == torch.Generator().initial_seed()


def test_state_goes_both_ways() -> None:
    """A place noted is a place returned to, and torch's bytes are understood, as ours are by torch."""
    mine, theirs = both(12)
    for draws in (0, 3, 621, 5, 700):
        random.rand(draws, generator=mine)
        torch.randn(3, generator=theirs)
        mine.set_state(theirs.get_state().numpy())
        place = mine.get_state()
        first = random.randn(5, generator=mine)
        assert_equal(first, torch.randn(5, generator=theirs))
        np.testing.assert_array_equal(random.randn(5, generator=mine.set_state(place)), first)
        theirs.set_state(torch.from_numpy(place))
        assert_equal(first, torch.randn(5, generator=theirs))
    copy = mine.clone_state()
    np.testing.assert_array_equal(random.rand(9, generator=copy), random.rand(9, generator=mine))


def test_fork_rng() -> None:
    """A fork leaves the default generator where it was, unless it is switched off."""
    random.manual_seed(1)
    before = random.get_rng_state()
    with random.fork_rng():
        random.manual_seed(2)
        random.randn(3)
    np.testing.assert_array_equal(random.get_rng_state(), before)
    with random.fork_rng(enabled=False):
        random.rand(3)
    assert (random.get_rng_state() != before).any()
    random.set_rng_state(before)
    np.testing.assert_array_equal(random.get_rng_state(), before)


WRONG: Any = 1.7  # neither a seed nor a state


def empty(dtype: str = "float32") -> Any:
    """A torch tensor to fill."""
    return torch.empty(2, dtype=getattr(torch, dtype))


@pytest.mark.parametrize(
    ("ours", "reference"),
    [
        (lambda: random.Generator().manual_seed(WRONG), lambda: torch.Generator().manual_seed(WRONG)),
        (lambda: random.manual_seed(2**64), lambda: torch.manual_seed(2**64)),
        (lambda: random.manual_seed(-(2**63) - 1), lambda: torch.manual_seed(-(2**63) - 1)),
        (lambda: random.uniform(2, 2.5, 1e-7), lambda: empty().uniform_(2.5, 1e-7)),
        (lambda: random.uniform(2, 0, 1e9, "float16"), lambda: empty("float16").uniform_(0, 1e9)),
        (lambda: random.uniform(2, 1, float("nan")), lambda: empty().uniform_(1, float("nan"))),
        (lambda: random.uniform(2, -3e38, 3e38), lambda: empty().uniform_(-3e38, 3e38)),
        (lambda: random.normal(2, 0, -1), lambda: empty().normal_(0, -1)),
        (lambda: random.normal(2, 0, float("nan")), lambda: empty().normal_(0, float("nan"))),
        (lambda: random.rand(2, "int64"), lambda: torch.rand(2, dtype=torch.int64)),
        (lambda: random.randn(2, "int32"), lambda: torch.randn(2, dtype=torch.int32)),
        (lambda: random.randint(5, 5, 2), lambda: torch.randint(5, 5, (2,))),
        (lambda: random.randint(0, 300, 2, "uint8"), lambda: torch.randint(0, 300, (2,), dtype=torch.uint8)),
        (lambda: random.randint(-5, 3, 2, "uint8"), lambda: torch.randint(-5, 3, (2,), dtype=torch.uint8)),
        (lambda: random.randint(0, 3, 2, "bool"), lambda: torch.randint(0, 3, (2,), dtype=torch.bool)),
        (lambda: random.randint(0, 2**40, 2, "int32"), lambda: torch.randint(0, 2**40, (2,), dtype=torch.int32)),
        (lambda: random.randperm(-1), lambda: torch.randperm(-1)),
        (lambda: random.bernoulli(1.5, 2), lambda: empty().bernoulli_(1.5)),
        (lambda: random.bernoulli(np.array([1.5])), lambda: torch.bernoulli(torch.tensor([1.5]))),
        (lambda: random.bernoulli(np.array([np.nan])), lambda: torch.bernoulli(torch.tensor([float("nan")]))),
        (lambda: random.bernoulli(np.array([1])), lambda: torch.bernoulli(torch.tensor([1]))),
        (lambda: random.set_rng_state(WRONG), lambda: torch.set_rng_state(WRONG)),
        (lambda: random.set_rng_state(np.zeros(5056)), lambda: torch.set_rng_state(torch.zeros(5056))),
        (lambda: random.set_rng_state(np.zeros(3, "u1")), lambda: torch.set_rng_state(torch.zeros(3).byte())),
        (lambda: random.set_rng_state(np.zeros(5056, "u1")), lambda: torch.set_rng_state(torch.zeros(5056).byte())),
    ],
)
def test_errors(ours: Callable[[], Any], reference: Callable[[], Any]) -> None:
    """What torch refuses is refused with the same error and text."""
    with pytest.raises(Exception) as expected:
        reference()
    with pytest.raises(expected.type) as raised:
        ours()
    assert str(raised.value) == str(expected.value)


def test_threads() -> None:
    """Threads that share a generator share out its words: every tensor is drawn whole, none twice."""
    generator = random.Generator().manual_seed(13)
    rows: list[bytes] = []

    def draw() -> None:
        rows.extend(random.rand(10, "float64", generator).tobytes() for _ in range(200))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = random.rand((800, 10), "float64", random.Generator().manual_seed(13))
    assert sorted(rows) == sorted(row.tobytes() for row in whole)


def test_seeded_before_it_is_used() -> None:
    """torch.random.manual_seed in a fresh process holds for the first draw, and states are tensors at once."""
    program = (
        "import engine as torch; torch.random.manual_seed(5); state = torch.random.get_rng_state(); "
        "first = torch.rand(3); torch.random.set_rng_state(state); "
        "print(first.tolist(), torch.equal(first, torch.rand(3)), type(state).__name__)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    torch.manual_seed(5)
    assert told.strip() == f"{torch.rand(3).tolist()} True Tensor"


def test_fork_rng_takes_devices() -> None:
    """The arguments of torch.random.fork_rng."""
    mine = random.manual_seed(3)
    before = random.Generator.get_state(mine)
    with random.fork_rng(devices=[], device_type="cpu"):
        random.rand(4)
    np.testing.assert_array_equal(random.Generator.get_state(mine), before)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_copies_go_on_alone(again: Callable[[Any], Any]) -> None:
    """A copy, or what comes out of a pickle, draws the same numbers, and leaves the other where it is."""
    mine = random.Generator().manual_seed(8)
    random.rand(3, generator=mine)
    other = again(mine)
    np.testing.assert_array_equal(random.rand(5, generator=other), random.rand(5, generator=mine))
    assert other.initial_seed() == 8
