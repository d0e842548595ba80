"""The first number that is none: found wherever it is in a large tensor, and not where it does no harm."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.backends.arrays import first_bad
from tests import cells


def said(magics: InteractiveShell, cell: str) -> str:
    """A cell's notes."""
    ran = cells.run(magics, "%%backward -o e\n" + cell)
    assert ran.error is None, ran.error
    return "\n".join(magics.user_ns["e"].notes)


def test_a_value_that_no_card_shows(magics: InteractiveShell) -> None:
    """One of 900 entries: the operation that made it, and which entry it is."""
    notes = said(
        magics,
        "w = torch.full((30, 30), 2., requires_grad=True)\na = torch.ones(30, 30)\na[20, 21] = -1.\n"
        "p = w * a\nl = torch.log(p)\nloss = l.mean()\nloss.backward()",
    )
    assert "torch.log(p) made the first NaN in line 6 (l[20, 21]): it came from finite numbers." in notes


def test_a_gradient_that_no_card_shows(magics: InteractiveShell) -> None:
    """One of 500 entries: the operation that made it; and the rows of J are not added up, for they hold it too."""
    cell = "x = torch.ones(500)\nx[300] = 0.\nx.requires_grad_()\nh = torch.sqrt(x)\ny = h.sum()\ny.backward()"
    notes = said(magics, cell)
    assert "Going back, torch.sqrt(x) in line 5 made the first inf gradient out of a finite one." in notes
    assert "every move asks the kernel" in notes
    exploration, x = magics.user_ns["e"], magics.user_ns["x"]
    for v, there in ((-2.0, -np.inf), (0.0, np.nan)):
        exploration.weights = v
        assert np.array_equal(x.grad.numpy()[299:302], [v / 2, there, v / 2], equal_nan=True)


def test_the_mask_of_attention(magics: InteractiveShell) -> None:
    """-inf before a softmax harms nothing, so nothing is said of it; before a sum it does."""
    cell = (
        "q = torch.ones(4, 3, requires_grad=True)\nmask = torch.triu(torch.ones(4, 4), 1) > 0\n"
        "s = (q @ q.T).masked_fill(mask, float('-inf'))\n"
    )
    quiet = said(magics, cell + "out = (torch.softmax(s, -1) @ q).sum()\nout.backward()")
    assert "inf" not in quiet
    loud = said(magics, cell + "out = s.sum()\nout.backward()")
    assert "made the first inf in line 4" in loud


def test_what_is_gone_accuses_nobody(magics: InteractiveShell) -> None:
    """Where a value was written over since, nobody knows whether it was finite; what came from it is not blamed."""
    notes = said(
        magics,
        "x = torch.tensor([0., 1.], requires_grad=True)\nh = torch.log(x)\nk = h + 1\nh.zero_()\ny = k.sum()\n"
        "y.backward()",
    )
    assert "h + 1 made the first" not in notes


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "bfloat16", "complex64"])
@pytest.mark.parametrize("bad", [None, np.nan, np.inf, -np.inf])
def test_every_dtype_and_place(library: ModuleType, kind: str, bad: float | None) -> None:
    """Against a look at every entry: of numbers whose sum is too large, in any order in memory, of none at all."""
    if kind == "bfloat16" and library.__name__ == "engine":
        assert not hasattr(library, kind)  # NumPy has none
        return
    draws = np.random.default_rng(0)
    for size in (0, 1, 7, 100):
        numbers = draws.choice([6e4, -1.0, 0.0, 3.0], (size, 3), p=[0.7, 0.1, 0.1, 0.1])
        places = sorted(draws.choice(3 * size, 2, replace=False)) if bad is not None and size else []
        numbers.reshape(-1)[places] = bad
        tensor = library.tensor(numbers.tolist(), dtype=getattr(library, kind)).reshape(size, 3)
        word = "NaN" if bad is np.nan else "inf"
        assert first_bad(tensor) == ((word, places[0]) if places else None)
        turned = [place % 3 * size + place // 3 for place in places]
        assert first_bad(tensor.transpose(0, 1)) == ((word, min(turned)) if places else None)


def test_what_is_always_finite(library: ModuleType) -> None:
    """Integers and truth values are not even looked at."""
    assert first_bad(library.arange(100)) is None
    assert first_bad(library.arange(100) > 50) is None
