"""In-place operations, writes into views and ``x[...] = value`` against PyTorch: values, graphs, versions, errors."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

from .inplace_programs import Run, make, rounded

PROGRAMS = """
z = T.ones(3, 4); a = z[0]; z.requires_grad_(); r = a * v
z = T.ones(3, 4); a = z[0]; z.requires_grad_(); z.requires_grad_(False); r = a
z = T.ones(3, 4); a = z[0]; z.requires_grad_(); a.requires_grad_(); r = a * v
a = y[0]; b = y[1]; a.unsqueeze_(0); r = b
a = y[0]; y.transpose_(0, 1); r = a
r = y[0, 0] @ y[0].t()
r = y[0, 0] @ y[0].t(); r.mul_(2)
y[0] = 1.; r = y
y[0] = v; r = y
y[0] = w; r = y
y[0, 1:3] = w; r = y
y[:] = 0.; r = y
y[...] = 0.; r = y
y[...] = w; r = y
y[-2:] = 0.; r = y
y[0:2] = 0.; r = y
y[-2:, [0]] = 0.; r = y
y[[0, 1]] = w; r = y
y[[0, 1]] = 0.; r = y
y[y > 0] = 0.; r = y
y[y > 0] = s; r = y
y[0, [0, 1]] = w; r = y
y[:, [0, 1]] = w; r = y
y[0, 0, 0] = s; r = y
y[T.tensor(0)] = 1.; r = y
y[None] = 1.; r = y
y[True] = 1.; r = y
y[False] = 1.; r = y
y[0] = y[1]; r = y
y[0] = y[0] * 2; r = y
y[0] += 1; r = y
y[1:] *= 2; r = y
y[1:] *= v; r = y
y[[0]] *= v; r = y
z[...] = 1.; r = z
z[()] = 1.; r = z
z[None] = 1.; r = z
z.mul_(3); r = z
q = y[0]; q[1] = 0.; r = y
q = y[0]; q[1] = 0.; r = q
q = y[0]; q.mul_(v); r = y
q = y[0]; q.mul_(v); r = q
q = y[0]; q.mul_(2); r = y
q = y[0]; q.zero_(); r = q
q = y[0]; y.mul_(v); r = q
q = y.view(6, 4); y.mul_(v); r = q
q = y.transpose(0, 1); y.mul_(2); r = q
q = y.transpose(0, 1); q.mul_(2); r = q
q = y.view(-1); q.mul_(2); q.mul_(3); r = y
q = y.view(-1); p = q[0:3]; p.mul_(2); r = q
q = (M.t() * 2); q[0].mul_(w[:3]); r = q
r = T.zeros(3); r[0] = s
r = T.zeros(3); r[1:] = s
r = T.zeros(3); q = r[1:]; r[1] = s; r = q
r = T.zeros(3, dtype=T.long); r[0] = 1.7
r = T.zeros(3, dtype=T.long); r[0] = s
r = T.zeros(3, dtype=T.bool); r[0] = 2
r = T.zeros(2, 3); r[0] = T.ones(1, 3)
y.copy_(w); r = y
y.copy_(2.); r = y
y.fill_(2.); r = y
y.fill_(s); r = y
y.zero_(); r = y
y[0].zero_(); r = y
y[0].fill_(3.); r = y
y[0].fill_(s); r = y
y.masked_fill_(y > 0, 1.); r = y
y.masked_fill_(y > 0, s); r = y
y[0].masked_fill_(y[0] > 0, 1.); r = y
y.index_put_((T.tensor([0]),), w); r = y
y.scatter_(0, T.zeros(1, 1, 1, dtype=T.long), 0.); r = y
y.index_add_(0, T.tensor([0]), y[:1].clone()); r = y
M.tril_(); r = M
M.diagonal().fill_(1.); r = M
w.unsqueeze_(0); r = w
w.squeeze_(); r = w
y.squeeze_(0); r = y
M.t_(); r = M
y.transpose_(0, 1); r = y
y.sigmoid_(); r = y
y.add_(1, alpha=2); r = y
y.neg_(); r = y
w.mul_(w); r = w
w.exp_(); w.mul_(2); r = w
w[1:].tanh_(); r = w
w[1:].exp_(); w[0] = 3.; r = w
y.data.zero_(); r = y
y.detach().mul_(2); r = y
x.grad = T.ones(2, 3, 4); x.grad.data.zero_(); r = x.grad
x.grad = T.ones(2, 3, 4); x.grad[0] = 5.; r = x.grad
y.retain_grad(); y.mul_(2); r = y.retains_grad
q = y[0]; q.retain_grad(); q.mul_(2); r = q.retains_grad
q = y.detach(); q.mul_(2); r = (y._version, q._version, q._is_view())
q = y.data; q.mul_(2); r = y._version
q = y.data; y.mul_(2); r = (y._version, q._version)
q = y.view(-1); q.zero_(); r = (y._version, q._version)
q = y.unbind()[0]; r = q * 2; y.mul_(2)
q = y.data; q.mul_(2); r = (q._version, y._version)
q = y.data; p = q[0]; p.mul_(2); r = (q._version, y._version, p._version, q._is_view())
y.mul_(2); q = y.data; r = q._version
q = T.ones(3); y.data = q; q.mul_(2); r = y._version
r = (y * y); q = y.data; q.mul_(2)
with T.no_grad():\\n  r = (x[0].requires_grad, x[0].is_leaf, repr(x[0, 0, 0]), x[[0]].requires_grad)
with T.no_grad():\\n  q = y[0]\\nr = (q.requires_grad, q.grad_fn, q.grad)
with T.no_grad():\\n  q = y[0]\\nr = q * 2
with T.no_grad():\\n  q = y[0]\\ny.mul_(2)\\nr = (repr(q), q.requires_grad, q.detach().tolist())
with T.no_grad():\\n  q = y[0]\\ny.mul_(2)\\nwith T.no_grad():\\n  r = q * 2
q = y.unbind()[0]; y.mul_(2); r = (repr(q), q.requires_grad)
"""

ERRORS = """
y[9] = 1.
y[[9]] = 1.
y[0] = 'a'
y[0] = [1., 2., 3., 4.]
y[0] = np.ones(4)
y[0] = T.ones(5)
y[0] = y
y[y > 5] = w
r = T.zeros(3); r[0] = T.tensor([1., 2.])
r = T.zeros(3); r[[0, 1]] = T.ones(3)
r = T.zeros(3); r[[0, 1]] = T.ones(2, dtype=T.float64)
y[::-1] = 1.
x[0] = 1.
x[[0]] = 1.
x[x > 0] = 1.
x.add_(1)
x[0].add_(1)
x.zero_()
x.fill_(1)
x.copy_(y)
y.copy_(T.ones(5))
y.fill_(w)
y.add_(T.ones(2, 2, 3, 4))
w.add_(y)
T.tensor([1, 2]).add_(1.5)
T.tensor([1, 2]).div_(2)
q = y.unbind()[0]; q.mul_(2)
q = y.chunk(2)[0]; q.mul_(2)
q = y.split(1)[1]; q.mul_(2)
q = y.unbind()[0][0]; q.mul_(2)
q = w.expand(3, 4); q.mul_(2)
q = w.expand(3, 4); q.copy_(w)
w[1:] = w[:-1]
w[1:].add_(w[:-1])
w.mul_(w[0])
M.copy_(M.t())
with T.no_grad():\\n  q = y[0]\\nq.mul_(2)
with T.no_grad():\\n  q = y[0]\\nq.mul_(v)
with T.no_grad():\\n  q = x[0]\\nq.mul_(2)
y.t_()
y[0].detach_()
with T.no_grad():\\n  q = T.ones(2, 2)[0]\\nq.mul_(s)
with T.no_grad():\\n  q = y[0]\\ny.mul_(2)\\nq * 2
with T.no_grad():\\n  q = y[0]\\ny.mul_(2)\\nq.grad_fn
with T.no_grad():\\n  q = y[0]\\ny.mul_(2)\\nq.mul_(2)
with T.no_grad():\\n  q = x[0]\\nq.numpy()
q = y.unbind()[0]; y.mul_(2); q * 2
q = y.unbind()[0]; y.mul_(2); q.sum()
q = y.unbind()[0]; y.mul_(2); q.is_leaf
q = y.unbind()[0]; y.mul_(2); q.mul_(2)
q = y.unbind()[0]; p = q[0]; y.mul_(2); p * 2
q = y.split(1)[1]; y.mul_(2); q.backward(T.ones(1, 3, 4))
q = y.unbind()[0]\\nwith T.no_grad():\\n  q.mul_(2)\\nq.grad_fn
"""


def _lines(table: str) -> list[str]:
    return [line.replace("\\n", "\n").replace("; ", "\n") for line in table.strip().splitlines()]


def execute(T: ModuleType, program: str) -> tuple[Any, list[Any]]:
    """What a program leaves in ``r``, and the leaves it started from."""
    rng = np.random.default_rng(0)
    shapes = {"x": (2, 3, 4), "v": (4,), "s": (), "m": (3, 3)}
    leaves = {k: T.tensor(rng.standard_normal(shape).tolist(), requires_grad=True) for k, shape in shapes.items()}
    names = {"T": T, "np": np, **leaves, "y": leaves["x"] * 1, "w": leaves["v"] * 1, "z": leaves["s"] * 1}
    names["M"] = leaves["m"] * 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        exec(program, names)
    return names.get("r"), list(leaves.values())


def graph(node: Any) -> Any:
    """A graph as nested tuples of names."""
    return None if node is None else (node.name(), *[graph(f) for f, _ in node.next_functions])


def seen(T: ModuleType, program: str) -> list[Any]:
    """Everything about the result that both libraries should agree on."""
    r, leaves = execute(T, program)
    if not isinstance(r, engine.Tensor) and not hasattr(r, "grad_fn"):
        return [r]
    facts = [tuple(r.shape), str(r.dtype), rounded(r), r._version, r.requires_grad, graph(r.grad_fn)]
    if r.requires_grad:
        try:
            loss = (r * r * 0.5).sum()
            first = T.autograd.grad(loss, leaves, allow_unused=True, create_graph=True)
            grown = [g for g in first if g is not None and g.requires_grad]
            second = T.autograd.grad(sum((g * g).sum() for g in grown), leaves, allow_unused=True) if grown else ()
            facts += [g if g is None else short(g) for g in (*first, *second)]
        except RuntimeError as error:
            facts.append(str(error).split(", which is")[0])
    return facts


def short(t: Any) -> str:
    """Values to 4 digits: float32 sums in another order differ in the last ones."""
    return " ".join(f"{v:.3e}" if abs(v) > 1e-6 else "0" for v in t.detach().numpy().ravel().tolist())


def error(T: ModuleType, program: str) -> str:
    """The error that a program ends with."""
    with pytest.raises(Exception) as caught:
        execute(T, program)
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.parametrize("program", _lines(PROGRAMS))
def test_programs(torch: ModuleType, program: str) -> None:
    """Value, version, graph with every node's name, first and second gradients."""
    ours, theirs = seen(engine, program), seen(torch, program)
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(a, str) and isinstance(b, str) and a != b and a[:1] in "-0123456789":
            np.testing.assert_allclose(np.fromstring(a, sep=" "), np.fromstring(b, sep=" "), rtol=2e-3, atol=1e-6)
        else:
            assert a == b


@pytest.mark.parametrize("program", _lines(ERRORS))
def test_errors(torch: ModuleType, program: str) -> None:
    """PyTorch's type and text."""
    assert error(engine, program) == error(torch, program)


@pytest.mark.parametrize("start", range(0, 240, 40))
def test_random_programs(torch: ModuleType, start: int) -> None:
    """Random views, writes and reads: what is seen after each line, and gradients of both orders at the end."""
    for seed in range(start, start + 40):
        program = make(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs, ours = Run(torch, program).log, Run(engine, program).log
        assert ours == theirs, seed


def test_a_view_that_may_not_follow() -> None:
    """One of several views, its base written since: it stays a Tensor, of its class, and good where nothing records."""
    y = engine.ones(3, 2, requires_grad=True) * 1
    q = y.unbind()[0]
    y.mul_(2)
    with pytest.raises(RuntimeError, match="Output 0 of Unbind is a view and its base or another view of its base has"):
        q.sum()
    assert isinstance(q, engine.Tensor)
    assert type(q).__name__ == "Tensor"
    with engine.no_grad():
        assert (q * 2).tolist() == [4.0, 4.0]


def test_views_do_not_pile_up() -> None:
    """A base forgets its views when they are gone."""
    y = engine.ones(4) * 1
    for _ in range(1000):
        y[0]
    assert len(y._views) < 130
    w = engine.ones(1, requires_grad=True)
    for i in range(4):
        y[i] = w[0]
    assert not y._views


def test_graph_of_writes_dies() -> None:
    """No cycles: a base, its views and their graph go with their last name."""
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        y = engine.ones(4, requires_grad=True) * 1
        q = y[1:]
        q.mul_(2)
        y[0] = q.sum()
        seen = [weakref.ref(t) for t in (y, q, y.grad_fn)]
        del y, q
        assert [r() for r in seen] == [None] * 3
    finally:
        gc.enable()


def test_every_in_place_form_of_a_row(torch: ModuleType) -> None:
    """Generated in-place methods, one for each row that has one: the value, recorded and not, is the function's."""
    from engine.table.in_place_source import row_of

    names = [n for n in dir(engine.Tensor) if n.endswith("_") and not n.startswith("_") and hasattr(torch.Tensor, n)]
    rows = {
        n: row_of(engine.Tensor.__dict__[n].front) for n in names if hasattr(engine.Tensor.__dict__.get(n), "front")
    }
    found = {n: row for n, row in rows.items() if row is not None}
    assert len(found) > 50
    for name, row in found.items():
        for wants in (False, True):
            results = []
            for lib in (engine, torch):
                x = lib.tensor([0.25, 0.5, 0.75], dtype=lib.float64, requires_grad=wants)
                y = x * 1
                operands = [lib.tensor([0.5, 1.0, 2.0], dtype=lib.float64)] * (len(row.inputs) - 1)
                try:
                    r = getattr(y, name)(*operands)
                    results.append((r.tolist(), y._version, r is y, r.grad_fn and r.grad_fn.name()))
                except Exception:
                    results.append("an error")
            (ours, theirs) = results
            if isinstance(ours, tuple) and isinstance(theirs, tuple):
                np.testing.assert_allclose(ours[0], theirs[0], 1e-7, err_msg=name)
                ours, theirs = ours[1:], theirs[1:]
                # acosh_, asinh_ and atanh_ stand twice in PyTorch's table: AcoshBackward1, with the same derivative
                ours, theirs = (
                    tuple(str(fact).rpartition("::")[2].rstrip("01") for fact in facts) for facts in (ours, theirs)
                )
            assert ours == theirs, (name, wants)
