"""The scripts run unchanged but for the import, and follow PyTorch's loss curves to float32 rounding."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine
from tests.both import bound, plain, same
from tests.test_nn import CPU

HERE = Path(__file__).parent
# The named results of each, with the relative difference that rounding has grown to by the last step
SCRIPTS: dict[str, dict[str, float]] = {
    "linear_regression": {"losses": 1e-5, "slope": 1e-6, "intercept": 1e-6},
    "xor": {"losses": 2e-4, "probabilities": 1e-4, "answers": 0},
    "spiral": {"losses": 2e-4, "rates": 1e-12, "accuracy": 0.01},
    "digits": {"losses": 2e-4, "score": 0.005, "state": 1e-4},
    "names": {"bigram_losses": 1e-5, "counted": 1e-6, "losses": 1e-4, "names": 0},
}
# What a script has to reach: nothing shows that a network learns but that it has learned
REACHED = {
    "linear_regression": lambda n: abs(n["slope"] - 3) < 0.2 and abs(n["intercept"] - 2) < 0.2,
    "xor": lambda n: n["answers"] == [0, 1, 1, 0],
    "spiral": lambda n: n["accuracy"] > 0.95,
    "digits": lambda n: n["score"] > 0.9,
    "names": lambda n: n["bigram_losses"][-1] < n["bigram_losses"][0] and n["losses"][-1] < 3,
}


def run(name: str, library: ModuleType) -> tuple[dict[str, Any], str]:
    """The names of a script after it ran with a library, and what it printed."""
    source = bound((HERE / f"{name}.py").read_text(encoding="utf-8"), library)
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, f"<{name}>", "exec"), names)
    return names, printed.getvalue()


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(torch: ModuleType, name: str) -> None:
    """The first tenth of the loss curve agrees to float32 rounding, every result to what that grows to."""
    (ours, _), (theirs, _) = run(name, engine), run(name, torch)
    assert REACHED[name](theirs)
    assert REACHED[name](ours)
    first = len(ours["losses"]) // 10
    np.testing.assert_allclose(ours["losses"][:first], theirs["losses"][:first], rtol=2e-5)
    for result, tolerance in SCRIPTS[name].items():
        if result == "names" and "GenuineIntel" in CPU:  # there PyTorch draws letters with MKL's numbers
            continue
        same(plain(ours[result]), plain(theirs[result]), tolerance, result)


@pytest.mark.parametrize("name", ["linear_regression", "xor"])
def test_printed(torch: ModuleType, name: str) -> None:
    """A script prints the same text."""
    assert run(name, engine)[1] == run(name, torch)[1]
