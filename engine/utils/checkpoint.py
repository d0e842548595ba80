"""``torch.utils.checkpoint``: what a function saves is computed again in the backward pass, not kept."""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ..autograd import backward
from ..autograd.function import Function
from ..autograd.graph import saved_tensors_hooks
from ..autograd_errors import modified
from ..graph.versions import version
from ..mode import enable_grad, here, no_grad, outside
from ..naming import absent
from ..random import fork_rng, get_rng_state, set_rng_state
from ..tensor import Tensor, box, wrap


class CheckpointError(RuntimeError):
    """Computing again went otherwise than computing."""


_TIP = """
Tip: To see a more detailed error message, either pass `debug=True` to
`torch.utils.checkpoint.checkpoint(...)` or wrap the code block
with `with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):` to
enable checkpoint‑debug mode globally.

If this error occurs under torch.compile with automatic_dynamic_shapes enabled,
it may be because the recomputation selected a different compiled graph than the
forward pass (e.g., a dynamic graph instead of the original static graph).
To fix this, either:
  - Use torch._dynamo.mark_dynamic() to explicitly mark varying dimensions as
    dynamic upfront, avoiding the static-to-dynamic transition.
  - Call torch._C._dynamo.eval_frame._set_lru_cache(False) to disable LRU cache
    reordering, which can change which graph is checked first between forward
    and recompute.
See https://github.com/pytorch/pytorch/issues/166926 for more details and
workaround examples.
"""


def detach_variable(inputs: Any) -> tuple[Any, ...]:
    """The tensors of a tuple as leaves of their own."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}"
        )  # fmt: skip
    return tuple([t.detach().requires_grad_(t.requires_grad) if isinstance(t, Tensor) else t for t in inputs])


def check_backward_validity(inputs: Sequence[Any]) -> None:
    """Warn where no input wants a gradient."""
    if not any(t.requires_grad for t in inputs if isinstance(t, Tensor)):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=outside()
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ reentrant
class CheckpointFunction(Function):
    """The reentrant kind: a custom function whose backward computes again, and runs a pass of its own."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
        """Run the function, unrecorded."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.state = get_rng_state() if preserve_rng_state else None
        ctx.inputs = [None if isinstance(a, Tensor) else a for a in args]
        ctx.indices = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.save_for_backward(*[args[i] for i in ctx.indices])
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *args: Any) -> Any:
        """Run it again, recorded, and backward."""
        if here.passing is not None and here.passing.only is not None:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.inputs)
        for i, t in zip(ctx.indices, ctx.saved_tensors, strict=True):
            inputs[i] = t
        detached = detach_variable(tuple(inputs))
        with fork_rng(ctx.state is not None), enable_grad():
            if ctx.state is not None:
                set_rng_state(ctx.state)
            outputs = ctx.run_function(*detached)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        wanted = [(o, g) for o, g in zip(outputs, args, strict=True) if isinstance(o, Tensor) and o.requires_grad]
        if not wanted:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([o for o, _ in wanted], [g for _, g in wanted])
        return (None, None, *(t.grad if isinstance(t, Tensor) else None for t in detached))


# -------------------------------------------------------------------------------------------------------- not reentrant
def noop_context_fn() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """No context around computing, none around computing again."""
    return nullcontext(), nullcontext()


_early_stop: bool | None = None


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Whether computing again stops as soon as all that was saved is there."""
    global _early_stop
    before, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = before


class _Stop(Exception):
    """Everything is there."""


class _Holder:
    """What the graph keeps in place of a tensor."""

    __slots__ = ("__weakref__",)


class _Input:
    """A tensor that the function was given: memory, version, place in the graph, but not the Tensor."""

    def __init__(self, t: Tensor) -> None:
        self.data, self.version, self.edge, self.ref = box(t), version(t._d), t._n, weakref.ref(t)

    def tensor(self) -> Tensor:
        """The tensor again. Errors: RuntimeError if it was written since."""
        now = version(self.data)
        t = self.ref()
        if now != self.version:
            title = wrap(self.data).dtype.title
            raise modified(title, self.data.shape, "", now, self.version)
        if t is None or t._n is not self.edge:
            t = wrap(self.data)
            t._n = self.edge
        return t


class _Frame:
    """One checkpointed call: how to do it again, and what it saved."""

    def __init__(self, function: Callable[..., Any], args: Sequence[Any], context: Any, early_stop: bool) -> None:
        self.function, self.context, self.early_stop = function, context, early_stop
        self.inputs = [_Input(a) if isinstance(a, Tensor) else a for a in args]
        self.holders: list[Any] = []
        self.described: list[Any] = []
        self.describe: Callable[[Any], Any] = _described
        self.complete = False
        self.found: weakref.WeakKeyDictionary[_Holder, Tensor] = weakref.WeakKeyDictionary()
        self.lock = threading.RLock()

    def pack(self, t: Tensor) -> _Holder:
        """Forward: keep nothing but what the tensor looks like."""
        holder = _Holder()
        self.holders.append(weakref.ref(holder))
        self.described.append(self.describe(t))
        return holder

    def unpack(self, holder: _Holder) -> Tensor:
        """Backward: compute again, once for all that is asked for."""
        with self.lock:
            if holder not in self.found:
                self.again()
            return self.found.pop(holder)

    def again(self) -> None:
        """Run the function once more, and take what it saves."""
        self.found.clear()
        count = 0

        def take(t: Tensor) -> Tensor:
            nonlocal count
            number, count = count, count + 1
            if number >= len(self.holders):
                if not self.complete:
                    return t.detach()
                raise CheckpointError(
                    "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                    f"forward pass.\n{_TIP}"
                )
            holder = self.holders[number]()
            if holder is not None:
                self.found[holder] = t.detach()
            if self.early_stop and count == len(self.holders):
                raise _Stop
            return t.detach()

        args = [a.tensor() if isinstance(a, _Input) else a for a in self.inputs]
        try:
            with saved_tensors_hooks(take, lambda t: t), enable_grad():
                self.function(*args)
        except _Stop:
            pass
        self._compare(count)

    def _compare(self, count: int) -> None:
        if not self.complete:
            return
        if count != len(self.holders):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.holders)}\nNumber of tensors saved "
                f"during recomputation: {count}.\n{_TIP}"
            )
        other = ""
        for i, (reference, before) in enumerate(zip(self.holders, self.described, strict=True)):
            holder = reference()
            if holder is None:
                continue
            now = self.describe(self.found[holder])
            if now != before:
                other += f"tensor at position {i}:\nsaved metadata: {before}\nrecomputed metadata: {now}\n"
        if other:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{other}.\n{_TIP}"
            )


def _described(t: Tensor) -> dict[str, Any]:
    return {"shape": t.shape, "dtype": t.dtype, "device": t.device}


_CHECKS: dict[str, Callable[[Any], Any]] = {"default": _described, "none": lambda t: None}
_EXPLICIT = (
    "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, calling "
    "checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but if you need to "
    "preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
    "differences between the two variants."
)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Any] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args)``, whose saved tensors are computed again when a backward pass needs them.

    Random numbers are drawn again as they were, unless ``preserve_rng_state=False``.
    Errors: CheckpointError where computing again saves other tensors.
    Source: torch.utils.checkpoint.checkpoint.
    """
    if use_reentrant is None:
        warnings.warn(_EXPLICIT, stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in _CHECKS:
        raise ValueError(f"determinism_check should be one of {list(_CHECKS)}, but got {determinism_check}")
    if debug:
        raise NotImplementedError("checkpoint(debug=True): this engine keeps no log of operations; leave it out")
    if not here.grad:
        return function(*args, **kwargs)
    forward, recompute = context_fn()
    state = get_rng_state() if preserve else None

    def run(*again: Any) -> None:
        with fork_rng(preserve), recompute:
            if state is not None:
                set_rng_state(state)
            function(*again, **kwargs)

    frame = _Frame(run, args, recompute, early_stop if _early_stop is None else _early_stop)
    frame.describe = _CHECKS[determinism_check]
    with saved_tensors_hooks(frame.pack, frame.unpack), forward:
        result = function(*args, **kwargs)
    frame.complete = True
    return result


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """``functions``, one after the other, in so many segments, each but the last checkpointed."""
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In "
            "version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is "
            "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True. "
            "Refer to docs for more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions.children()) if hasattr(functions, "children") else list(functions)

    def run(some: Sequence[Any]) -> Callable[[Any], Any]:
        def forward(input: Any) -> Any:
            for step in some:
                input = step(input)
            return input

        return forward

    size = len(steps) // segments
    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(run(steps[start:end]), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return run(steps[end:])(input)


__all__ = [
    "CheckpointError", "CheckpointFunction", "check_backward_validity", "checkpoint", "checkpoint_sequential",
    "detach_variable", "noop_context_fn", "set_checkpoint_early_stop",
]  # fmt: skip

__getattr__ = absent.lookup("torch.utils.checkpoint", lambda: __all__)
