"""Modules, layers, losses: the same texts, weights, losses and gradients as PyTorch's."""

from __future__ import annotations

import copy
import gc
import pickle
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn

from .against import agree
from .nn_expressions import FUNCTIONS, MODULES, NAMES

WORDS = [
    pytest.param(line, id=f"{topic}: {line}")
    for topic, table in {"modules": MODULES, "functions": FUNCTIONS}.items()
    for line in table.strip().splitlines()
]
CPU = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""


def told(library: ModuleType, expression: str) -> tuple[str, list[str]]:
    """What an expression says of itself in ``library``: its repr or its error, and its warnings."""
    library.manual_seed(0)
    names: dict[str, Any] = {"torch": library, "nn": library.nn, "F": library.nn.functional, "O": library.optim}
    exec(NAMES, names)
    library.manual_seed(1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            text = repr(eval(expression, names))
        except Exception as error:
            text = f"{type(error).__name__}: {error}".rstrip()
    text = text.replace("DivBackward1", "DivBackward0")  # C++ divides by a number there, Python by a tensor
    return text, [re.sub(r" \(Triggered internally.*", "", str(w.message), flags=re.DOTALL) for w in caught]


@pytest.mark.parametrize("expression", WORDS)
def test_as_torch(torch: ModuleType, expression: str) -> None:
    """An expression gives the same repr, or the same error, and the same warnings, as in PyTorch."""
    (ours, our_warnings), (theirs, their_warnings) = told(engine, expression), told(torch, expression)
    assert ours == theirs
    assert our_warnings == their_warnings


# Each with x (4, 3) and t of the same shape, c classes, p between 0 and 1, w a weight for each class
GRADIENTS = """
F.mse_loss(x, t) ; F.mse_loss(x, t, reduction="sum") ; F.mse_loss(x, t, reduction="none") ; F.mse_loss(x, t[0])
F.mse_loss(x, t, weight=p) ; F.l1_loss(x, t) ; F.l1_loss(x, t, reduction="none") ; F.huber_loss(x, t, delta=0.4)
F.smooth_l1_loss(x, t, beta=0.3) ; F.smooth_l1_loss(x, t, beta=0) ; F.smooth_l1_loss(x, t, reduction="none")
F.cross_entropy(x, c) ; F.cross_entropy(x, c, weight=w.detach()) ; F.cross_entropy(x, c, reduction="none")
F.cross_entropy(x, c, ignore_index=1) ; F.cross_entropy(x, c, reduction="sum") ; F.cross_entropy(x[0], c[0])
F.cross_entropy(x, c, label_smoothing=0.2) ; F.cross_entropy(x, c, label_smoothing=0.2, weight=w.detach())
F.cross_entropy(x, c, label_smoothing=0.2, reduction="none", ignore_index=2)
F.cross_entropy(x, p) ; F.cross_entropy(x, p, weight=w.detach(), label_smoothing=0.1)
F.cross_entropy(x, p, reduction="none") ; F.cross_entropy(x.view(2, 3, 2), c.view(2, 2))
F.cross_entropy(x.view(1, 3, 2, 2), c.view(1, 2, 2)) ; F.cross_entropy(x.view(2, 3, 2), c.view(2, 2), reduction="none")
F.nll_loss(F.log_softmax(x, 1), c) ; F.nll_loss(x * x, c, ignore_index=0, reduction="sum")
F.binary_cross_entropy(p, p.detach().flip(0)) ; F.binary_cross_entropy(p, p.detach().flip(0), weight=w.detach())
F.binary_cross_entropy_with_logits(x, p) ; F.binary_cross_entropy_with_logits(x, p.detach(), pos_weight=w.detach())
F.binary_cross_entropy_with_logits(x, p.detach(), weight=w.detach(), reduction="none")
F.kl_div(x, p, reduction="sum") ; F.kl_div(x, t, log_target=True, reduction="batchmean")
F.linear(x, t) ; F.linear(x, t, w[:1].expand(4)) ; F.linear(x[0], t) ; F.linear(x[0], t, p.view(-1)[:4])
F.linear(x.view(2, 2, 3), t) ; F.linear(x.view(2, 2, 3), t, p.view(-1)[:4]) ; F.linear(x, w)
F.softmax(x, 1) ; F.log_softmax(x, 0) ; F.softmin(x, -1) ; F.normalize(x) ; F.glu(x.t()) ; F.prelu(x, w) ; F.relu(x)
F.prelu(x, w[:1]) ; F.embedding(c, x) ; F.embedding(c, x, padding_idx=1) ; F.leaky_relu(x, 0.3) ; F.gelu(x)
F.elu(x, 0.5) ; F.silu(x) ; F.softplus(x, 2.0) ; F.hardtanh(x, -0.5, 0.5) ; F.threshold(x, 0.1, 0.2) ; F.mish(x)
F.relu(x * 2, inplace=True) ; F.silu(x * 2, inplace=True) ; F.one_hot(c) ; F.dropout(x, 0.3, training=False)
"""
CALLS = [part.strip() for line in GRADIENTS.strip().splitlines() for part in line.split(" ; ")]
# Where PyTorch composes in C++ (MulBackward1 for a number's product), the graphs are ours.
GRAPHS_DIFFER = ("label_smoothing", "F.cross_entropy(x, p", "weight=p")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients(torch: ModuleType, call: str, dtype: str) -> None:
    """Values, gradients, second gradients and graphs of the functional form agree with PyTorch's."""
    rng = np.random.default_rng(2)
    arrays = {name: rng.standard_normal((4, 3)).astype(dtype) for name in "xt"}
    arrays |= {"p": rng.uniform(0.1, 0.9, (4, 3)).astype(dtype), "w": rng.uniform(0.5, 1.5, 3).astype(dtype)}
    arrays["c"] = np.array([0, 2, 1, 2])
    second = dtype == "float64" and "inplace" not in call
    agree(torch, call, arrays, 2e-5 if dtype == "float32" else 1e-9, second, not any(k in call for k in GRAPHS_DIFFER))


def test_program_b2() -> None:
    """The module of the second page: |A · -2 + 1| summed is 9, its gradient 2 everywhere."""
    torch = engine

    class Linear(nn.Module):
        def __init__(self, inc: float, mult: float) -> None:
            super(Linear, self).__init__()  # noqa: UP008  as the page writes it
            self.intc = inc
            self.mult = mult

        def forward(self, input0: Any) -> Any:
            return torch.sum(torch.abs(input0 * self.mult + self.intc))

    A = torch.ones([3, 3], requires_grad=True)
    f = Linear(1, -2)
    b = f(A)
    b.backward()
    assert A.requires_grad
    assert b.item() == 9
    assert A.grad.tolist() == [[2, 2, 2]] * 3


def layers(library: ModuleType) -> list[Any]:
    """One of each layer with weights, from the same seed."""
    library.manual_seed(11)
    made = library.nn
    return [made.Linear(20, 30), made.Linear(3, 2, bias=False), made.Embedding(7, 5, padding_idx=2), made.PReLU(3)]


def test_initial_weights_bit_by_bit(torch: ModuleType) -> None:
    """The same seed gives PyTorch's initial weights."""
    for ours, theirs in zip(layers(engine), layers(torch), strict=True):
        for (name, p), (other, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            assert name == other
            np.testing.assert_array_max_ulp(p.detach().numpy(), q.detach().numpy(), 1)


def test_initialisers(torch: ModuleType) -> None:
    """Each function of nn.init draws PyTorch's numbers."""
    for name in ("uniform_", "normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"):
        drawn = []
        for library in (engine, torch):
            library.manual_seed(4)
            drawn.append(getattr(library.nn.init, name)(library.empty(8, 5, 3)).numpy())
        np.testing.assert_allclose(*drawn, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("inplace", [False, True])
def test_dropout_drops_what_torch_drops(torch: ModuleType, inplace: bool) -> None:
    """Dropout's holes are PyTorch's, in place if asked; on Intel, where PyTorch draws otherwise, as many."""
    out = []
    for library in (engine, torch):
        library.manual_seed(2)
        x = library.ones(2000)
        y = library.nn.Dropout(0.3, inplace)(x)
        assert (y is x) == inplace
        out.append(y.numpy())
    if "GenuineIntel" in CPU:
        assert abs((out[0] == 0).mean() - 0.3) < 0.04
        assert set(np.unique(out[0])) == set(np.unique(out[1]))
    else:
        np.testing.assert_array_equal(*out)


def test_call_shows_the_module_in_its_frame() -> None:
    """``self`` is a local of the frame that calls forward, which is how a tracer finds the module."""
    seen: list[Any] = []

    class Look(nn.Module):
        def forward(self, x: Any) -> Any:
            frame = sys._getframe(1)
            seen.append((frame.f_code.co_name, frame.f_locals["self"]))
            return x

    look = Look()
    look(1)
    assert seen == [("_call_impl", look)]


def test_forward_hooks() -> None:
    """Pre-hooks change arguments, hooks change results, both can be removed and prepended."""
    layer = nn.Identity()
    log: list[Any] = []
    first = layer.register_forward_hook(lambda m, args, out: log.append(("hook", out)))
    layer.register_forward_hook(lambda m, args, out: out * 10, prepend=True)
    layer.register_forward_pre_hook(lambda m, args: args[0] + 1)
    assert layer(1) == 20
    assert log == [("hook", 20)]
    first.remove()
    assert layer(2) == 30
    assert len(log) == 1


def test_forward_hooks_see_keywords() -> None:
    """With with_kwargs=True hooks get the keyword arguments, and may change them."""

    class Two(nn.Module):
        def forward(self, x: Any, *, k: int = 0) -> Any:
            return x + k

    two = Two()
    two.register_forward_pre_hook(lambda m, args, kwargs: (args, {"k": kwargs["k"] * 2}), with_kwargs=True)
    two.register_forward_hook(lambda m, args, kwargs, out: (out, kwargs), with_kwargs=True)
    assert two(1, k=3) == (7, {"k": 6})


def test_state_moves_between_libraries(torch: ModuleType) -> None:
    """A state_dict of PyTorch's, as arrays, loads into the engine's modules and gives the same outputs."""
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    ours = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    ours.load_state_dict({name: engine.from_numpy(t.numpy()) for name, t in theirs.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((5, 3)).astype("f4")
    y, expected = ours(engine.from_numpy(x)), theirs(torch.from_numpy(x))
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_copies_are_apart() -> None:
    """deepcopy and pickle give modules with parameters of their own, registered and equal."""
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert [n for n, _ in other.named_parameters()] == ["0.weight", "0.bias"]
        assert other[0].weight.tolist() == net[0].weight.tolist()
        assert other[0].weight is not net[0].weight
        other(engine.ones(1, 2)).sum().backward()
        assert net[0].weight.grad is None
        assert other[0].weight.grad is not None


def test_casting_keeps_the_parameters() -> None:
    """double() changes the values' dtype, not the objects that an optimizer holds, and gradients with them."""
    layer = nn.Linear(2, 1)
    weight = layer.weight
    layer(engine.ones(1, 2)).sum().backward()
    layer.double()
    assert layer.weight is weight
    assert weight.dtype is weight.grad.dtype is engine.float64
    layer(engine.ones(1, 2, dtype=engine.float64)).sum().backward()
    assert weight.grad.tolist() == [[2, 2]]


def one_epoch() -> None:
    """A small network trained with all that a program uses: hooks, a loader, an optimizer, a schedule, states."""
    data = engine.utils.data
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2))
    net[2].register_full_backward_hook(lambda module, inputs, outputs: None)
    net[2].register_forward_hook(lambda module, args, out: None)
    optimizer = engine.optim.Adam(net.parameters())
    schedule = engine.optim.lr_scheduler.StepLR(optimizer, 1)
    for x, y in data.DataLoader(data.TensorDataset(engine.randn(8, 4), engine.arange(8) % 2), 4, shuffle=True):
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(net(x), y).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    schedule.step()
    net.load_state_dict(net.state_dict())
    optimizer.load_state_dict(optimizer.state_dict())


def test_training_leaves_no_cycles() -> None:
    """With the collector off, all that an epoch made is gone by reference counts alone."""
    one_epoch()
    gc.collect()
    gc.disable()
    try:
        one_epoch()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_training_flag_and_zero_grad() -> None:
    """eval() reaches every submodule; zero_grad forgets, or fills the same tensor with zeros."""
    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.9)))
    assert not net.eval()[1][0].training
    net(engine.ones(1, 2)).sum().backward()
    kept = net[0].bias.grad
    net.zero_grad(set_to_none=False)
    assert net[0].bias.grad is kept
    assert kept.tolist() == [0, 0]
    net.zero_grad()
    assert net[0].bias.grad is None


def calls_seen(library: ModuleType) -> list[str]:
    """The functions that a function mode sees of a small network's forward pass and losses."""
    seen = []

    class Log(library.overrides.TorchFunctionMode):  # type: ignore[name-defined]  # a class per library
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    net = library.nn.Sequential(library.nn.Linear(3, 4), library.nn.ReLU(), library.nn.Dropout(0.5))
    x, c = library.ones(2, 3), library.tensor([0, 1])
    with Log():
        y = net(x)
        library.nn.CrossEntropyLoss()(y, c)
        library.nn.functional.mse_loss(y, y.detach())
        library.nn.functional.softmax(y, dim=1)
        library.nn.functional.relu(y, inplace=True)
    return [n for n in seen if n not in ("__get__", "size")]


def test_modules_are_seen_as_single_calls(torch: ModuleType) -> None:
    """A function mode sees each functional once, under PyTorch's name."""
    assert calls_seen(engine) == calls_seen(torch)
