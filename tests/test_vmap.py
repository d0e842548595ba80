"""``torch.vmap``: every row in a batch equals the row on each entry; programs, random numbers, errors as PyTorch's."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine
from engine.table.kernel import PUBLIC
from engine.tensor import wrap

from .example import Example
from .same import same
from .test_gradients import CASES
from .vmap_programs import PROGRAMS, A


# ----------------------------------------------------------------------------------------------- every row of the table
def batches(case: Example, which: int) -> list[np.ndarray[Any, Any]]:
    """An example's arrays; those that the bits of ``which`` name three times over, numbers a little apart."""
    out = []
    for i, a in enumerate(case.tensors()):
        if which >> i & 1:
            a = np.stack([a * (1 + 0.001 * k) if a.dtype.kind in "fc" else a for k in range(3)])
        out.append(a)
    return out


@pytest.mark.parametrize("name, case", CASES)
def test_every_row(name: str, case: Example) -> None:
    """A row under vmap, over each choice of its tensors, gives what the row gives for each entry, dtypes too."""

    def call(*tensors: Any) -> Any:
        return PUBLIC[name](*case.arguments(list(tensors)))

    count = len(case.tensors())
    for which in range(1, 1 << min(count, 3)):
        arrays = batches(case, which)
        in_dims = tuple([0 if which >> i & 1 else None for i in range(count)])
        got = engine.vmap(call, in_dims=in_dims)(*[wrap(np.array(a)) for a in arrays])
        rows = [call(*[wrap(np.array(a[k] if which >> i & 1 else a)) for i, a in enumerate(arrays)]) for k in range(3)]
        several = isinstance(got, tuple)
        columns = zip(*rows, strict=True) if several else [rows]
        for found, column in zip(got if several else [got], columns, strict=True):
            wanted = np.stack([t._d for t in column])
            assert found._d.dtype == wanted.dtype, which
            np.testing.assert_allclose(found._d, wanted, rtol=1e-9, atol=1e-9)


# ------------------------------------------------------------------------------------------- the same program on torch
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(torch: ModuleType, name: str) -> None:
    """Values, shapes and dtypes are PyTorch's."""
    same(torch, PROGRAMS[name], 1e-6)


ERRORS = {
    "no inputs": lambda T: T.vmap(lambda: T.ones(3))(),
    "in_dims too short": lambda T: T.vmap(lambda x, y: x, in_dims=(0,))(A(T, 3), A(T, 3)),
    "in_dims a list": lambda T: T.vmap(lambda x, y: x, in_dims=[0, 0])(A(T, 3), A(T, 3)),
    "in_dims of another structure": lambda T: T.vmap(lambda x, y: x, in_dims=({}, 0))(A(T, 3), A(T, 3)),
    "in_dims of another nested structure": lambda T: T.vmap(lambda x, y: x, in_dims=({"a": 0}, 0))(
        {"b": [A(T, 3), A(T, 3)]}, A(T, 3)
    ),
    "in_dims None": lambda T: T.vmap(lambda x: x, in_dims=(None,))(A(T, 3)),
    "in_dims too large": lambda T: T.vmap(lambda x: x, in_dims=1)(A(T, 3)),
    "in_dims of a number": lambda T: T.vmap(lambda x, y: x)(A(T, 3), 3),
    "in_dims a float": lambda T: T.vmap(lambda x: x, in_dims=0.5)(A(T, 3)),
    "a float in in_dims": lambda T: T.vmap(lambda x, y: x, in_dims=(0, 0.5))(A(T, 3), A(T, 3)),
    "sizes": lambda T: T.vmap(lambda x, y: x)(A(T, 3), A(T, 2)),
    "a number returned": lambda T: T.vmap(lambda x: 3)(A(T, 3)),
    "None returned": lambda T: T.vmap(lambda x: None)(A(T, 3)),
    "out_dims too large": lambda T: T.vmap(lambda x: x, out_dims=1)(A(T, 3)),
    "out_dims too few": lambda T: T.vmap(lambda x: (x, x), out_dims=(0,))(A(T, 3)),
    "out_dims text": lambda T: T.vmap(lambda x: (x, x), out_dims="a")(A(T, 3)),
    "out_dims None": lambda T: T.vmap(lambda x: (x, x), out_dims=(0, None))(A(T, 3)),
    "item": lambda T: T.vmap(lambda x: x.item())(A(T, 3)),
    "float": lambda T: T.vmap(lambda x: x * float(x))(A(T, 3)),
    "if": lambda T: T.vmap(lambda x: x if x > 0 else -x)(A(T, 3)),
    "mask": lambda T: T.vmap(lambda x: x[x > 0])(A(T, 2, 3)),
    "tolist": lambda T: T.vmap(lambda x: x.tolist())(A(T, 3)),
    "numpy": lambda T: T.vmap(lambda x: x.numpy())(A(T, 3)),
    "chunk_size": lambda T: T.vmap(lambda x: x, chunk_size=0)(A(T, 3)),
    "randomness": lambda T: T.vmap(lambda x: x, randomness="maybe"),
    "random": lambda T: T.vmap(lambda x: x + T.randn(2))(A(T, 3)),
    "random in place": lambda T: T.vmap(lambda x: x.normal_())(A(T, 3)),
    "dropout": lambda T: T.vmap(lambda x: T.nn.functional.dropout(x))(A(T, 3, 2)),
    "unbatched random in place": lambda T: T.vmap(lambda x: T.ones(2).normal_(), randomness="different")(A(T, 3)),
    "backward": lambda T: T.vmap(lambda x: x.sum().backward())(A(T, 3, 2)),
    "requires_grad_": lambda T: T.vmap(lambda x: x.requires_grad_())(A(T, 3)),
    "data": lambda T: T.vmap(lambda x: x.data)(A(T, 2, 3)),
    "as_strided": lambda T: T.vmap(lambda x: x.as_strided((2, 2), (1, 2), 1))(A(T, 2, 3, 4)[:, 1:]),
    "as_strided further": lambda T: T.vmap(lambda x: x.as_strided((13,), (1,)))(A(T, 2, 3, 4)),
    "as_strided of nothing": lambda T: T.vmap(lambda x: x.as_strided((1,), (1,)))(A(T, 2, 0, 4)),
    "as_strided_scatter": lambda T: T.vmap(lambda x: x.as_strided_scatter(x[0, :2], (2,), (1,)))(A(T, 2, 3, 4)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(torch: ModuleType, name: str) -> None:
    """What PyTorch refuses is refused in its words."""
    same(torch, ERRORS[name])


REFUSED = {  # the same refusal, in words of our own: PyTorch's depend on its dispatcher
    "captured in place": lambda T: (lambda w: T.vmap(lambda x: w.add_(x))(A(T, 3, 2)))(T.zeros(2, dtype=T.float64)),
    "captured set": lambda T: T.vmap(lambda x: T.zeros(2, dtype=x.dtype).__setitem__(0, x))(A(T, 3)),
    "nonzero": lambda T: T.vmap(lambda x: (x > 0).nonzero())(T.tensor([[1, 0, 1], [0, 0, 1]])),
    "equal": lambda T: T.vmap(lambda x: T.equal(x, x))(A(T, 2, 3)),
    "allclose": lambda T: T.vmap(lambda x: T.allclose(x, x))(A(T, 2, 3)),
    "gradient of captured": lambda T: captured_gradient(T),
}


def captured_gradient(T: ModuleType) -> Any:
    """``autograd.grad`` inside by a tensor from outside."""
    w = A(T, 2).requires_grad_()
    return T.vmap(lambda x: T.autograd.grad((x * w).sum(), w)[0])(A(T, 3, 2))


def test_gradients_among_others() -> None:
    """What as_strided shows of the batch's other entries has no gradient here: that is said."""
    with pytest.raises(RuntimeError, match="no gradient for a tensor inside vmap whose memory lies between"):
        engine.vmap(engine.func.grad(lambda x: x.as_strided((2, 2), (1, 2)).sum()), in_dims=1)(engine.ones(3, 2))


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(torch: ModuleType, name: str) -> None:
    """Where PyTorch refuses, so does the engine: RuntimeError, never a silent answer."""
    for T in (torch, engine):
        with pytest.raises(RuntimeError):
            REFUSED[name](T)


# ------------------------------------------------------------------------------------------------------- random numbers
RANDOM = {
    "randn": lambda T, x: x + T.randn(2, 20),
    "rand": lambda T, x: x + T.rand((20,)),
    "randint": lambda T, x: x + T.randint(0, 9, (20,)),
    "randn_like": lambda T, x: T.randn_like(x),
    "normal_": lambda T, x: x.clone().normal_(),
    "bernoulli": lambda T, x: T.bernoulli(x.abs() / 2),
    "dropout": lambda T, x: T.nn.functional.dropout(x, 0.5),
    "no dropout": lambda T, x: T.nn.functional.dropout(x, 0.5, training=False),
}


@pytest.mark.parametrize("name", RANDOM)
def test_different_randomness(torch: ModuleType, name: str) -> None:
    """``randomness="different"`` draws the very numbers that PyTorch draws."""

    def program(T: ModuleType) -> Any:
        T.manual_seed(3)
        return T.vmap(lambda x: RANDOM[name](T, x), randomness="different")(A(T, 3, 20).float())

    same(torch, program)


@pytest.mark.parametrize("name", [n for n in RANDOM if n not in ("bernoulli",)])
def test_same_randomness(torch: ModuleType, name: str) -> None:
    """``randomness="same"`` draws once for all entries, PyTorch's numbers."""

    def program(T: ModuleType) -> Any:
        T.manual_seed(3)
        return T.vmap(lambda x: RANDOM[name](T, x), randomness="same")(A(T, 3, 20).float())

    same(torch, program)


def test_batch_norm(torch: ModuleType) -> None:
    """Statistics that all entries share are not updated: an error; without them each entry has its own."""

    def program(T: ModuleType) -> Any:
        x, norm = A(T, 2, 4, 3).float(), T.nn.BatchNorm1d(3)
        found = []
        try:
            T.vmap(norm)(x)
        except RuntimeError as error:
            found += [str(error), norm.running_mean]
        T.func.replace_all_batch_norm_modules_(norm)
        return [*found, T.vmap(norm)(x), T.vmap(norm.eval())(x)]

    same(torch, program, 1e-4)
