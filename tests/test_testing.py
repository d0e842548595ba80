"""``torch.testing.assert_close`` says what PyTorch's says."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import engine

CALLS = """
a, a + T.tensor([0, 0.1, 0])
a, a
a, a.double()
a, a[:2]
a, [1.0, 2.0, 3.0]
a, 1.0
1.0, 1.1
1.0, 1.0 + 1e-9
1, 2
1, 1.0
True, False
True, True
None, None
None, a
"a", "b"
[1.0, 2.0], [1.0, 3.0]
[a], [a, a]
[a, (a, a)], [a, (a, a + 1)]
{"a": 1.0}, {"a": 2.0}
{"a": 1.0}, {"b": 2.0}
{"a": [a, {"b": a}]}, {"a": [a, {"b": a + 1}]}
T.tensor([1, 2]), T.tensor([1, 3])
T.tensor([True]), T.tensor([False])
T.tensor(1.0), T.tensor(2.0)
T.tensor(3), T.tensor(5)
T.tensor(float("nan")), T.tensor(float("nan"))
T.tensor(float("nan")), T.tensor(float("nan")), equal_nan=True
T.tensor([1.0, float("inf")]), T.tensor([1.0, float("inf")])
a, a + 0.01, rtol=0, atol=0.02
a, a + 0.1, rtol=0
a, a + 0.1, atol=0
a, a + 1, rtol=0, atol=0
a, a + 1, msg="told"
a, a + 1, msg=lambda text: "told: " + text
a, a.double() + 1, check_dtype=False
a.view(3, 1), a.view(3, 1) + T.tensor([[0.0], [0.0], [1.0]])
a.double(), a.double() + 1e-6
T.tensor([1 + 2j]), T.tensor([1 + 3j])
T.ones(2, 2), T.ones(2, 2).t(), check_stride=True
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_assert_close(torch: ModuleType, call: str) -> None:
    """The same outcome: no error, or an error of the same type with the same text."""
    assert _told(engine, call) == _told(torch, call).replace("torch.Tensor", "engine.tensor.Tensor")


def _told(T: Any, call: str) -> str:
    names = {"T": T, "a": T.tensor([1.0, 2.0, 3.0])}
    try:
        return str(eval(f"T.testing.assert_close({call})", names))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
