"""Autograd's semantics: each test runs on torch itself first, so that it is true of PyTorch before it is ours."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

import engine

LIBRARIES = ["torch", "engine"]


@pytest.fixture(params=LIBRARIES)
def lib(request: pytest.FixtureRequest) -> Any:
    """Real PyTorch, then the engine."""
    return engine if request.param == "engine" else request.getfixturevalue("torch")


def leaf(lib: Any, values: Any, **options: Any) -> Any:
    return lib.tensor(values, requires_grad=True, **options)


def test_accumulates(lib: Any) -> None:
    """A second pass adds to .grad, in place: the same object stays."""
    x = leaf(lib, [1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    before = x.grad
    y.backward()
    assert x.grad is before
    assert x.grad.tolist() == [4, 8]


def test_freed_graph(lib: Any) -> None:
    """A graph that saved values runs once; one that saved none runs again."""
    x = leaf(lib, [1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    z = (x + 1).sum()
    z.backward()
    z.backward()
    assert x.grad.tolist() == [4, 6]


def test_freed_saved_values(lib: Any) -> None:
    """What a freed node saved can be read no more."""
    x = leaf(lib, [1.0, 2.0])
    y = x * x
    assert y.grad_fn._saved_self.tolist() == [1, 2]
    y.sum().backward()
    with pytest.raises(RuntimeError, match="already been freed"):
        _ = y.grad_fn._saved_self


def test_only_what_is_needed_is_saved(lib: Any) -> None:
    """x * 3 saves 3 for x and nothing for 3: it runs twice."""
    x = leaf(lib, [1.0, 2.0])
    y = x * x.detach()
    y.backward(lib.ones_like(x))
    with pytest.raises(RuntimeError, match="second time"):
        y.backward(lib.ones_like(x))


def test_next_functions(lib: Any) -> None:
    """Edges by input: a leaf's cell, None where no gradient is wanted."""
    x = leaf(lib, [1.0, 2.0])
    y = x * 2
    names = [f[0].name() if f[0] else None for f in y.grad_fn.next_functions]
    assert names == ["torch::autograd::AccumulateGrad", None]
    assert y.grad_fn is y.grad_fn
    assert y.grad_fn.next_functions[0][0].variable is x
    assert repr(y.grad_fn).startswith("<MulBackward0 object at 0x")


def test_dropped_leaf_lives_in_the_graph(lib: Any) -> None:
    """A leaf without a name keeps its values and its .grad in the graph."""
    y = leaf(lib, [5.0]) * 2
    y.backward()
    assert y.grad_fn.next_functions[0][0].variable.grad.tolist() == [2]


def test_sequence_numbers(lib: Any) -> None:
    """Newer nodes have larger numbers, and the next number bounds them from above."""
    x = leaf(lib, [1.0])
    before = lib.autograd._get_sequence_nr()
    y = x * 2
    z = y + 1
    after = lib.autograd._get_sequence_nr()
    assert before <= y.grad_fn._sequence_nr() < z.grad_fn._sequence_nr() < after
    assert y.grad_fn.next_functions[0][0]._sequence_nr() == 2**64 - 1


def test_gradient_is_not_v_itself(lib: Any) -> None:
    """y = z; y.backward(z): .grad is a fresh tensor with z's values."""
    z = lib.linspace(-1, 1, steps=5, requires_grad=True)
    z.backward(z)
    assert z.grad is not z
    assert z.grad.tolist() == z.tolist()
    z.grad.mul_(2)
    assert z.tolist() == [-1, -0.5, 0, 0.5, 1]


def test_gradients_share_no_memory(lib: Any) -> None:
    """p + q sends one gradient to both; each leaf owns its copy, and v keeps its own."""
    p, q, v = leaf(lib, [1.0, 2.0]), leaf(lib, [3.0, 4.0]), lib.tensor([1.0, 1.0])
    (p + q).backward(v)
    p.grad.mul_(5)
    assert (q.grad.tolist(), v.tolist()) == ([1, 1], [1, 1])


def test_hooks_on_tensors(lib: Any) -> None:
    """A hook sees the gradient, may replace it, and retain_grad keeps what the hook left."""
    x = leaf(lib, [1.0, 2.0])
    seen = []
    y = x * 3
    handle = y.register_hook(lambda g: seen.append(g.tolist()) or g * 10)
    y.retain_grad()
    (y * y).sum().backward(retain_graph=True)
    assert seen == [[6, 12]]
    assert y.grad.tolist() == [60, 120]
    assert x.grad.tolist() == [180, 360]
    handle.remove()
    handle.remove()
    assert y.retains_grad


def test_hooks_on_leaves_and_nodes(lib: Any) -> None:
    """Leaf hooks change what is added; node hooks see gradients in and out; hooks after accumulation see the leaf."""
    x = leaf(lib, [1.0, 2.0])
    seen: list[Any] = []
    x.register_hook(lambda g: g * 2)
    x.register_post_accumulate_grad_hook(lambda t: seen.append(("leaf", t.grad.tolist())))
    y = x * 3
    y.grad_fn.register_prehook(lambda gs: seen.append(("before", gs[0].tolist())))
    y.grad_fn.register_hook(lambda ins, outs: seen.append(("after", ins[0].tolist(), outs[0].tolist())))
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]
    assert seen == [("before", [1, 1]), ("after", [3, 3], [1, 1]), ("leaf", [6, 6])]


def test_grad_of_inner_tensors(lib: Any) -> None:
    """autograd.grad runs to a tensor in the middle and leaves every .grad alone."""
    x = leaf(lib, [2.0])
    u = x * x
    v = u * u
    (g,) = lib.autograd.grad(v.sum(), u)
    assert g.tolist() == [8]
    assert x.grad is None


def test_grad_unused(lib: Any) -> None:
    """An input that was not used: an error, None, or zeros, as asked."""
    x, w = leaf(lib, [2.0]), leaf(lib, [3.0])
    y = x * x
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        lib.autograd.grad(y, [x, w], retain_graph=True)
    assert lib.autograd.grad(y, [x, w], retain_graph=True, allow_unused=True)[1] is None
    assert lib.autograd.grad(y, [x, w], materialize_grads=True)[1].tolist() == [0]


def test_second_derivative(lib: Any) -> None:
    """d²(x⁴)/dx² = 12 x², by grad of grad and by backward with create_graph."""
    x = leaf(lib, [2.0])
    (g,) = lib.autograd.grad((x**4).sum(), x, create_graph=True)
    (g2,) = lib.autograd.grad(g.sum(), x)
    assert g2.tolist() == [48]
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    assert lib.autograd.grad(x.grad.sum(), x)[0].tolist() == [12]


def test_backward_inputs(lib: Any) -> None:
    """backward(inputs=[w]) fills w.grad alone."""
    x, w = leaf(lib, [2.0]), leaf(lib, [3.0])
    (x * w).backward(inputs=[w])
    assert x.grad is None
    assert w.grad.tolist() == [2]


def test_several_outputs(lib: Any) -> None:
    """autograd.backward of two outputs sums, each with its own v."""
    x = leaf(lib, [1.0, 2.0])
    lib.autograd.backward([x * 2, (x * x).sum()], [lib.tensor([1.0, 10.0]), None])
    assert x.grad.tolist() == [4, 24]


def test_gradient_sums_to_the_leaf(lib: Any) -> None:
    """Broadcasting is undone and the dtype is the leaf's."""
    x, w = leaf(lib, [[1.0], [2.0]]), leaf(lib, [1.0, 2.0, 3.0], dtype=lib.float64)
    (x * w).sum().backward()
    assert x.grad.tolist() == [[6], [6]]
    assert x.grad.dtype is lib.float32
    assert w.grad.tolist() == [3, 3, 3]
    assert w.grad.dtype is lib.float64


def test_no_grad(lib: Any) -> None:
    """Nothing is recorded under no_grad, as context and decorator; enable_grad inside turns it on again."""
    x = leaf(lib, [1.0])
    with lib.no_grad():
        assert not (x * 2).requires_grad
        with lib.enable_grad():
            assert (x * 2).requires_grad
        x.add_(1)
    assert (x * 2).requires_grad

    @lib.no_grad()
    def double(t: Any) -> Any:
        return t * 2

    assert not double(x).requires_grad
    with lib.set_grad_enabled(False):
        assert not lib.is_grad_enabled()
    assert lib.is_grad_enabled()


def test_grad_mode_is_thread_local(lib: Any) -> None:
    """Another thread records while this one does not."""
    x = leaf(lib, [1.0])
    seen: list[bool] = []
    with lib.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_detach_and_data_share_memory(lib: Any) -> None:
    """Writes through detach() count as changes, writes through .data do not."""
    x = leaf(lib, [1.0, 2.0])
    y = x * 1
    z = y * y
    y.data.mul_(3)
    z.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [6, 12]
    y.detach().mul_(3)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


@pytest.mark.parametrize("change", ["add_", "mul_", "zero_"])
def test_in_place_change_is_found_out(lib: Any, change: str) -> None:
    """A saved value that was written to raises, with versions, and names the output that it was."""
    x = leaf(lib, [1.0, 2.0])
    a = x * 1
    b = a.exp()
    c = b * b
    getattr(b, change)(*([] if change == "zero_" else [1]))
    with pytest.raises(RuntimeError, match=r"is at version 1; expected version 0 instead"):
        c.sum().backward()


def test_output_named_in_version_error(lib: Any) -> None:
    """An overwritten output is named by its operation, without Backward0 in what follows `of`."""
    x = leaf(lib, [1.0, 2.0])
    b = (x * 1).exp()
    b += 1
    with pytest.raises(RuntimeError, match=r"\[torch\.FloatTensor \[2\]\], which is output 0 of Exp, is at version 1"):
        b.sum().backward()


def test_in_place_keeps_gradients(lib: Any) -> None:
    """y.mul_(x) records what y was."""
    x = leaf(lib, [1.0, 2.0])
    a = x * 3
    a.mul_(x)
    a.sum().backward()
    assert x.grad.tolist() == [6, 12]


def test_in_place_through_views(lib: Any) -> None:
    """A write into a view reaches the base's history, and the other way round."""
    x = leaf(lib, [1.0, 2.0, 3.0])
    y = x * 2
    first = y[0:1]
    first.mul_(x[2])
    assert y.grad_fn.name() == "torch::autograd::CopySlices"
    y.sum().backward()
    assert x.grad.tolist() == [6, 2, 4]
    x.grad = None
    base = x * 1
    part = base[1:]
    base.mul_(x)
    assert part.grad_fn.name() == "AsStridedBackward0"
    part.sum().backward()
    assert x.grad.tolist() == [0, 4, 6]


def test_leaf_in_place(lib: Any) -> None:
    """A leaf that requires grad may not be written while recording, nor may a view of it."""
    x = leaf(lib, [1.0, 2.0])
    with pytest.raises(
        RuntimeError, match=r"^a leaf Variable that requires grad is being used in an in-place operation"
    ):
        x.add_(1)
    with pytest.raises(
        RuntimeError, match=r"^a view of a leaf Variable that requires grad is being used in an in-place"
    ):
        x[0:1].add_(1)


def test_requires_grad_flag(lib: Any) -> None:
    """Only floats may require gradients; only leaves may stop."""
    with pytest.raises(RuntimeError, match=r"only Tensors of floating point"):
        lib.tensor([1, 2]).requires_grad_()
    y = leaf(lib, [1.0]) * 2
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
        y.requires_grad_(False)


def test_function_mode(lib: Any) -> None:
    """A function mode sees each call once, off while its handler runs, and may replace results."""
    seen: list[str] = []

    class Log(lib.overrides.TorchFunctionMode):  # type: ignore[name-defined]  # the base is a parameter
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    x = leaf(lib, [1.0])
    with Log():
        y = (x * 2 + x).exp()
        y.backward()
        lib.autograd.grad((x * x).sum(), x)
    assert seen == ["mul", "add", "exp", "backward", "mul", "sum", "grad"]
    assert (x * 2).requires_grad


def test_long_chain(lib: Any) -> None:
    """100,000 operations run backward and are destroyed without recursion."""
    x = leaf(lib, [1.0])
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.backward()
    assert x.grad.tolist() == [1]
    z = x
    for _ in range(100_000):
        z = z + x
    del y, z


def test_no_cycles(lib: Any) -> None:
    """A graph dies with its last name, with the collector off."""
    gc.collect()
    gc.disable()
    try:
        x = leaf(lib, [1.0, 2.0])
        z = x * x
        y = (z.exp() * z).sum()
        alive = [weakref.ref(t) for t in (x, y, z)]
        y.backward(retain_graph=True)
        del x, y, z
        assert [r() for r in alive] == [None, None, None]
    finally:
        gc.enable()


def test_threads_lose_no_update(lib: Any) -> None:
    """Sixteen threads run backward on one leaf; every contribution arrives."""
    x = leaf(lib, [1.0, 2.0])

    def work() -> None:
        for _ in range(50):
            (x * 1).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert x.grad.tolist() == [800, 800]


def test_non_leaf_grad_warns(lib: Any) -> None:
    """Reading .grad of something computed gives None and PyTorch's warning."""
    y = leaf(lib, [1.0]) * 2
    with pytest.warns(UserWarning, match="that is not a leaf Tensor is being accessed"):
        assert y.grad is None


def test_none_before_backward(lib: Any) -> None:
    """Before any pass .grad is None; assigning takes a tensor of the same shape or None."""
    x = leaf(lib, [1.0, 2.0])
    assert x.grad is None
    with pytest.raises(TypeError, match="assigned grad expected to be a Tensor or None but got grad of type"):
        x.grad = 1.0
    x.grad = lib.zeros(2)
    (x * 1).sum().backward()
    assert x.grad.tolist() == [1, 1]
    x.grad = None
