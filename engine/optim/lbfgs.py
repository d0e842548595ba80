"""L-BFGS: Newton's direction, from the last few gradients in place of a Hessian, with a line search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..graph.versions import wrote
from ..mode import enable_grad, no_grad
from ..tensor import Tensor, box, wrap
from .optimizer import Optimizer
from .stepping import Array, check
from .wolfe import strong_wolfe

_ORDER = ("al", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")  # of PyTorch's state


class LBFGS(Optimizer):
    """``p ← p - t · H g``, H from the last ``history_size`` changes of p and g; t is lr, or found by line search.

    A step calls its closure up to ``max_eval`` times. One group of parameters only.
    Source: torch.optim.LBFGS; Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 3.5.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        check(defaults, "lr")
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def _gradient(self) -> Array:
        """All gradients in a row, complex ones as pairs."""
        parts = [box(p.grad) if p.grad is not None else np.zeros_like(box(p)) for p in self._params]
        return np.concatenate([d.ravel().view(d.real.dtype) for d in parts])

    def _go(self, t: Any, d: Array) -> None:
        """Move all parameters by ``t · d``."""
        start = 0
        for p in self._params:
            values = box(p)
            pairs = values if values.dtype.kind != "c" else values[None].view(values.real.dtype)
            pairs += t * d[start : start + pairs.size].reshape(pairs.shape)
            start += pairs.size
            wrote(values)

    def _set(self, values: list[Array]) -> None:
        for p, value in zip(self._params, values, strict=True):
            box(p)[...] = value
            wrote(box(p))

    @np.errstate(all="ignore")
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters until the loss is low, steps are small, or the closure was called often enough."""
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        evaluate = enable_grad()(closure)
        with no_grad():
            loss = self._minimise(evaluate, self.param_groups[0])
        state = self.state[self._params[0]]
        for name in _ORDER:
            if name in state:
                state[name] = state.pop(name)
        return loss

    def _minimise(self, closure: Callable[[], Any], group: dict[str, Any]) -> Any:
        lr, most_steps, most_calls = float(group["lr"]), group["max_iter"], group["max_eval"]
        flat_enough, close_enough = group["tolerance_grad"], group["tolerance_change"]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = closure()
        loss, calls, steps = float(first_loss), 1, 0
        state["func_evals"] += 1
        g = self._gradient()
        if np.abs(g).max() <= flat_enough:
            return first_loss
        while steps < most_steps:
            steps += 1
            state["n_iter"] += 1
            d = self._direction(g, state, group["history_size"])
            before, state["prev_loss"] = loss, loss
            state["prev_flat_grad"] = wrap(g.copy())
            t = min(1.0, 1.0 / np.abs(g).sum()) * lr if state["n_iter"] == 1 else lr
            slope = g @ d
            state["d"], state["t"] = wrap(d), t if isinstance(t, float) else wrap(t)
            if slope > -close_enough:
                break
            more = 0
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                loss, g, t, more = self._search(closure, t, d, loss, g, slope, most_calls - calls)
                state["t"] = float(t)
                self._go(t, d)
            else:
                self._go(t, d)
                if steps != most_steps:
                    loss, g, more = float(closure()), self._gradient(), 1
            calls += more
            state["func_evals"] += more
            if steps == most_steps or calls >= most_calls or np.abs(g).max() <= flat_enough:
                break
            if np.abs(d * t).max() <= close_enough or abs(loss - before) < close_enough:
                break
        return first_loss

    def _direction(self, g: Array, state: dict[str, Any], history: int) -> Array:
        """``-H g`` by the two loops over what was remembered."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -g
        changes, moves, inverse = state["old_dirs"], state["old_stps"], state["ro"]
        y, s = g - state["prev_flat_grad"]._d, state["d"]._d * _number(state["t"])
        if (ys := y @ s) > 1e-10:
            if len(changes) == history:
                for kept in (changes, moves, inverse):
                    kept.pop(0)
            changes.append(wrap(y))
            moves.append(wrap(s))
            inverse.append(wrap(1.0 / ys))
            state["H_diag"] = wrap(ys / (y @ y))
        weights = state.setdefault("al", [None] * history)
        q = -g
        for i in range(len(changes) - 1, -1, -1):
            weights[i] = wrap((moves[i]._d @ q) * inverse[i]._d)
            q -= changes[i]._d * weights[i]._d
        q = q * _number(state["H_diag"])
        for i in range(len(changes)):
            q += moves[i]._d * (weights[i]._d - (changes[i]._d @ q) * inverse[i]._d)
        return q

    def _search(self, closure: Any, t: Any, d: Array, loss: float, g: Array, slope: Any, calls: int) -> Any:
        start = [np.array(box(p)) for p in self._params]

        def at(t: Any) -> tuple[float, Array]:
            self._go(t, d)
            value, gradient = float(closure()), self._gradient()
            self._set(start)
            return value, gradient

        return strong_wolfe(at, t, d, loss, g, slope, most=calls)


def _number(value: Any) -> Any:
    return value._d if isinstance(value, Tensor) else value
