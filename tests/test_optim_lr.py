"""Learning rate schedulers: PyTorch's rates, epoch by epoch, states and words."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import pytest

import engine

from .against import cases
from .test_nn import told
from .test_optim import same_states

# `o` is SGD with momentum and two groups, `a` Adam; S is lr_scheduler
SCHEDULERS = """
S.LambdaLR(o, lambda e: 0.95 ** e) ; S.LambdaLR(o, [lambda e: 1 / (e + 1), lambda e: e])
S.MultiplicativeLR(o, lambda e: 0.9) ; S.StepLR(o, 3) ; S.StepLR(o, step_size=2, gamma=0.5)
S.MultiStepLR(o, [2, 5, 5], 0.3) ; S.ConstantLR(o) ; S.ConstantLR(o, 0.5, 4) ; S.LinearLR(o)
S.LinearLR(o, 0.1, 0.7, 6) ; S.ExponentialLR(o, 0.9) ; S.PolynomialLR(o, 6, 2.0) ; S.CosineAnnealingLR(o, 5)
S.CosineAnnealingLR(o, 4, eta_min=0.01) ; S.CosineAnnealingWarmRestarts(o, 3)
S.CosineAnnealingWarmRestarts(o, 2, 2, 0.01) ; S.CyclicLR(o, 0.01, 0.1, 3) ; S.CyclicLR(o, 0.01, [0.1, 0.2], 2, 4)
S.CyclicLR(o, 0.01, 0.1, 2, mode="triangular2") ; S.CyclicLR(o, 0.01, 0.1, 2, mode="exp_range", gamma=0.9)
S.CyclicLR(a, 0.01, 0.1, 2) ; S.CyclicLR(o, 0.01, 0.1, 2, cycle_momentum=False, scale_fn=lambda x: 1 / (5 * x))
S.OneCycleLR(o, 0.3, total_steps=12) ; S.OneCycleLR(a, 0.3, epochs=3, steps_per_epoch=5)
S.OneCycleLR(o, [0.3, 0.1], 13, anneal_strategy="linear", three_phase=True) ; S.OneCycleLR(o, 0.3, 3)
S.SequentialLR(o, [S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)], [3])
S.SequentialLR(o, [S.LinearLR(o, 0.1), S.CosineAnnealingLR(o, 5), S.StepLR(o, 2)], [2, 6])
S.ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)])
S.ReduceLROnPlateau(o, patience=1) ; S.ReduceLROnPlateau(o, "max", 0.5, 0, 0.1, "abs", 1, [0.01, 0.02])
S.ReduceLROnPlateau(o, "min", 0.2, 1, threshold_mode="abs", min_lr=0.05, cooldown=2) ; S.LRScheduler(o)
S.StepLR(3, 1) ; S.StepLR(o, 3, last_epoch=2) ; S.LambdaLR(o, [len]) ; S.MultiplicativeLR(o, 3) ; S.ConstantLR(o, 2)
S.LinearLR(o, 0) ; S.LinearLR(o, 0.5, 2) ; S.CyclicLR(o, [0.1], 0.2) ; S.CyclicLR(o, 0.1, 0.2, mode="x")
S.OneCycleLR(o, 0.1) ; S.OneCycleLR(o, 0.1, total_steps=-1) ; S.OneCycleLR(o, 0.1, 10, pct_start=2.0)
S.OneCycleLR(o, 0.1, 10, anneal_strategy="x") ; S.CosineAnnealingWarmRestarts(o, 0)
S.CosineAnnealingWarmRestarts(o, 2, 0) ; S.ReduceLROnPlateau(o, "x") ; S.ReduceLROnPlateau(o, factor=1.0)
S.ReduceLROnPlateau(o, threshold_mode="x") ; S.ReduceLROnPlateau(o, min_lr=[1]) ; S.SequentialLR(o, [], [])
S.SequentialLR(o, [S.StepLR(o, 1)], [1]) ; S.SequentialLR(o, [S.ReduceLROnPlateau(o)], []) ; S.ChainedScheduler([])
S.SequentialLR(o, [S.StepLR(a, 1)], []) ; S.ChainedScheduler([S.ReduceLROnPlateau(o)])
S.CyclicLR(T.optim.Adagrad([w]), 0.1, 0.2) ; S.OneCycleLR(T.optim.Adagrad([w]), 0.1, 3)
S.LambdaLR(l, lambda e: 0.5 ** e) ; S.CosineAnnealingLR(l, 3) ; S.CyclicLR(l, 0.01, 0.1, 2)
"""
METRICS = [3.0, 2.0, 2.0, 2.5, 1.9, 1.9, 1.9, 1.9, 1.0, 1.0, 1.0, 1.0]


def scheduled(T: ModuleType, expression: str) -> Any:
    """Learning rates and momenta of 12 epochs, warnings, and the state with that of the optimizer; or the error."""
    w, v, u = (T.nn.Parameter(T.ones(2)) for _ in range(3))
    o = T.optim.SGD([{"params": [w]}, {"params": [v], "lr": 0.2}], lr=0.1, momentum=0.5)
    a, one = T.optim.Adam([u], lr=0.1), T.optim.SGD([u], lr=T.tensor(0.1), momentum=0.5)
    names = {"T": T, "S": T.optim.lr_scheduler, "o": o, "a": a, "w": w, "l": one}
    seen: list[Any] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            scheduler = eval(expression, names)
            optimizer = scheduler.optimizer
            for metric in METRICS:
                for group in optimizer.param_groups:
                    seen.append([group["lr"], group.get("momentum"), group.get("betas")])
                optimizer.step()
                scheduler.step(*([metric] if "Plateau" in expression else []))
                seen.append(scheduler.get_last_lr())
        except Exception as error:
            seen.append(f"{type(error).__name__}: {error}".replace("\n", " "))
            return seen, [str(m.message) for m in caught], None
    state = {name: value for name, value in scheduler.state_dict().items() if not name.startswith("_scale")}
    return seen, [str(m.message) for m in caught], (state, optimizer.state_dict())


@pytest.mark.parametrize("expression", cases(SCHEDULERS))
def test_rates_are_torch_s(torch: ModuleType, expression: str) -> None:
    """The same rates, momenta, warnings and states over 12 epochs, or the same error."""
    (ours, our_words, our_state), (theirs, their_words, their_state) = (
        scheduled(library, expression) for library in (engine, torch)
    )
    assert our_words == their_words
    same_states(ours, theirs, 1e-7 if "(l," in expression else 1e-12)
    if their_state is None:
        assert our_state is None
        return
    for a, b in zip(our_state, their_state, strict=True):
        same_states(dict(sorted(a.items())), dict(sorted(b.items())), 1e-6)


@pytest.mark.parametrize(
    "expression", ["S.StepLR(o, 2)", "S.LambdaLR(o, lambda e: 0.5 ** e)", "S.ReduceLROnPlateau(o, patience=0)"]
)
@pytest.mark.parametrize("library", ["engine", "torch"])
def test_states_are_carried_over(library: str, expression: str, torch: ModuleType) -> None:
    """A scheduler that loads another's state goes on as that one does."""
    T = engine if library == "engine" else torch
    rates = []
    made = []
    for _ in range(2):
        o = T.optim.SGD([T.nn.Parameter(T.ones(2))], lr=1.0)
        made.append((o, eval(expression, {"S": T.optim.lr_scheduler, "o": o})))
    (o, first), (p, second) = made
    given = [1.0] if "Plateau" in expression else []
    for _ in range(3):
        o.step()
        first.step(*given)
    second.load_state_dict(first.state_dict())
    p.load_state_dict(o.state_dict())
    for optimizer, scheduler in made:
        for _ in range(3):
            optimizer.step()
            scheduler.step(*given)
        rates.append(scheduler.get_last_lr())
    assert rates[0] == rates[1]


WORDS = """
[O.lr_scheduler.StepLR(O.SGD([p], lr=.1), 1).step() for _ in range(2)]
(lambda s: (s.step(), s.step()))(O.lr_scheduler.ExponentialLR(O.SGD([p], lr=.1), .5))
(lambda s: (s.optimizer.step(), s.step(3), s.get_last_lr()))(O.lr_scheduler.StepLR(O.SGD([p], lr=.1), 2, .5))
(lambda s: (s.optimizer.step(), s.step(3), s.get_last_lr()))(O.lr_scheduler.CosineAnnealingLR(O.SGD([p], lr=.1), 5))
(lambda s: (s.optimizer.step(), s.step(7.5), s.get_last_lr()))(
    O.lr_scheduler.CosineAnnealingWarmRestarts(O.SGD([p], lr=.1), 2, 2))
O.lr_scheduler.ExponentialLR(O.SGD([p], lr=.1), .5).get_lr()
O.lr_scheduler.foo
""".replace("\n    ", "")


@pytest.mark.parametrize("expression", WORDS.strip().splitlines())
def test_as_torch(torch: ModuleType, expression: str) -> None:
    """What a scheduler says when it is used in another order, with an epoch, or by its insides, is PyTorch's."""
    assert told(engine, expression) == told(torch, expression)
