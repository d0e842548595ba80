"""``torch.autograd.Function``: operations of a program's own, with derivatives of its own.

``apply`` runs ``forward`` unrecorded and hangs one node on the result, whose step calls ``backward``. The context that
both see is no part of the node: whatever a program keeps on it, ``ctx.key = 3``, cannot get in the engine's way. Node
and context share one dictionary, so that ``y.grad_fn.key`` shows it as PyTorch does.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from .. import autograd_errors as errors
from ..errors import freed
from ..graph.anomaly import state as anomaly
from ..graph.anomaly import store_stack
from ..graph.custom import CustomStep, Kept, refusing
from ..graph.node import Node, rest_of
from ..mode import here, record
from ..naming import absent
from ..table.kernel import tick
from ..tensor import Tensor

# torch.func takes part here: (function, arguments, named arguments) -> outputs, or NotImplemented; before each apply
TRANSFORMS: list[Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]] = []


class FunctionCtx:
    """What ``forward`` and ``backward`` call ``ctx``: a place to keep things between the two."""

    needs_input_grad: tuple[bool, ...] = ()
    to_save: Any = None
    saved_for_forward: Any = None
    dirty_tensors: Any = None
    non_differentiable: Any = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for ``backward``, where ``ctx.saved_tensors`` has them; call it once."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for ``jvp``, where ``ctx.saved_tensors`` has them; call it once."""
        for t in tensors:
            if not (isinstance(t, Tensor) or t is None):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes "
                    "on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say which inputs ``forward`` changed in place; each must be an output too."""
        self.dirty_tensors = args

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Nothing: PyTorch finds shared memory by itself."""
        warnings.warn(
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically tracked. Note that "
            "calls to `set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which outputs have no derivative; ``backward`` gets zeros for them."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros, not None, for outputs that no gradient arrived at."""
        if not isinstance(value, bool):
            raise TypeError(
                "set_materialize_grads received an invalid combination of arguments - got (), but expected (bool)"
            )
        vars(self)["_materialize"] = value


class BackwardCFunction(FunctionCtx):
    """What contexts and nodes of custom functions have in common."""

    _forward_cls: Any

    def _saved(self) -> tuple[Kept, ...] | None:
        raise NotImplementedError

    def _node(self) -> Any:
        raise NotImplementedError

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors of ``save_for_backward``. Errors: RuntimeError if one was written since, or the graph freed."""
        kept = self._saved()
        if kept is None:
            raise freed()
        if vars(self).get("_accessed") and getattr(self._forward_cls, "clear_saved_tensors_on_access", False):
            raise errors.accessed_twice()
        vars(self)["_accessed"] = True
        at = self._node()
        return tuple([k.tensor(at) for k in kept])

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """What ``saved_tensors`` was called before PyTorch 0.4."""
        warnings.warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2)
        return self.saved_tensors

    @property
    def _raw_saved_tensors(self) -> tuple[Any, ...]:
        kept = self._saved()
        if kept is None:
            raise freed()
        return kept

    def _user_function(self) -> Callable[..., Any]:
        cls = self._forward_cls
        if cls.backward is not Function.backward and cls.vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return cls.vjp if cls.vjp is not Function.vjp else cls.backward

    def apply(self, *args: Any) -> Any:
        """Call the program's ``backward`` on gradients of the outputs."""
        if getattr(self._forward_cls, "boxed_grads_call", False):
            return self._user_function()(self, list(args))
        return self._user_function()(self, *args)

    def apply_jvp(self, *args: Any) -> Any:
        """Call the program's ``jvp`` on tangents of the inputs."""
        return self._forward_cls.jvp(self, *args)

    def name(self) -> str:
        """The function's name with ``Backward`` after it."""
        return type(self).__name__


class _Node(Node, BackwardCFunction):
    """The node of a custom function; its ``__dict__`` is the context's. saved: (that, the tensors that were saved)."""

    def _saved(self) -> tuple[Kept, ...] | None:
        return self.saved[1]

    def _node(self) -> Any:
        return self

    def name(self) -> str:
        """The function's name with ``Backward`` after it."""
        return type(self).__name__

    def __repr__(self) -> str:
        return object.__repr__(self)


class _Context(BackwardCFunction):
    """The ``ctx`` of one call of ``forward``, ``backward`` or ``jvp``."""

    __slots__ = ("_at", "_kept")
    _kept: Any
    _at: Any

    def _saved(self) -> tuple[Kept, ...] | None:
        return self._kept

    def _node(self) -> Any:
        return self._at


class FunctionMeta(type):
    """Gives each function the classes of its nodes and contexts, called ``<name>Backward``."""

    def __init__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> None:
        made = {"_forward_cls": cls, "__module__": "torch.autograd.function"}
        cls._backward_cls: Any = type(name + "Backward", (_Node,), dict(made))
        cls._context_cls: Any = type(name + "Backward", (_Context,), dict(made))
        super().__init__(name, bases, attrs)


class Function(metaclass=FunctionMeta):
    """An operation with a derivative of its own: subclass, define ``forward`` and ``backward``, call ``apply``.

    ``forward(ctx, *args)``, or ``forward(*args)`` with ``setup_context(ctx, inputs, output)``, computes, unrecorded.
    ``backward(ctx, *grads)`` gets a gradient for each output and returns one for each argument, None where there is
    none. All are static methods.
    Source: torch.autograd.Function.
    """

    clear_saved_tensors_on_access = False
    boxed_grads_call = False
    generate_vmap_rule = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{self.__class__} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the result; with ``ctx`` first unless ``setup_context`` is defined."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keep on ``ctx`` what ``backward`` needs, where ``forward`` takes no ``ctx``."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient for each argument of ``forward`` from one for each output."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangent of each output from one for each argument of ``forward``."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """What ``torch.vmap`` makes of this function: ``(output, out_dims)``."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` on ``args``; the result's ``grad_fn`` runs ``backward``."""
        __tracebackhide__ = True
        if here.modes or here.levels:
            for transformed in TRANSFORMS:
                if (found := transformed(cls, args, kwargs)) is not NotImplemented:
                    return found
        ctx, output = cls.applied(args, kwargs)
        ctx.saved_for_forward = None  # an output here would be a cycle
        return output

    @classmethod
    def applied(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """The context of ``forward``, and what ``apply`` returns."""
        __tracebackhide__ = True
        two_parts = cls.setup_context is not Function.setup_context
        if two_parts:
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        ctx = cls._context_cls()
        ctx._kept, ctx._at = (), None
        given = (*args, *kwargs.values())
        ctx.needs_input_grad = tuple([isinstance(a, Tensor) and a._n is not None for a in given])
        recorded = here.grad and True in ctx.needs_input_grad
        before = record(False)
        try:
            if two_parts:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args, **kwargs)
        finally:
            record(before)
        return ctx, _finish(cls, ctx, given, output, recorded)


def _finish(cls: Any, ctx: Any, args: tuple[Any, ...], output: Any, recorded: bool) -> Any:
    """Give the outputs of ``forward`` their history, and save what is to be saved."""
    outputs = output if isinstance(output, tuple) else (output,)
    step = CustomStep(cls, args, outputs)
    node = None
    if recorded:
        node = cls._backward_cls()
        node.__dict__ = vars(ctx)
        node.key, node.step = tick(), step
        edges = [args[i]._n for i in step.positions]
        node.edge, node.others = edges[0], rest_of(edges)
        node.saved = (vars(ctx), ())
    outputs = step.outputs_of(node, ctx, outputs)
    if node is not None:
        kept = _kept(ctx, outputs, node)
        node.saved = (vars(ctx), kept)
        if anomaly.on:
            store_stack(node)
    vars(ctx).update(to_save=None, dirty_tensors=None, non_differentiable=None)  # an output here would be a cycle
    return outputs if isinstance(output, tuple) else outputs[0]


def _kept(ctx: Any, outputs: tuple[Any, ...], node: Any) -> tuple[Kept, ...]:
    kept = []
    for i, t in enumerate(ctx.to_save or ()):
        if not (isinstance(t, Tensor) or t is None):
            raise errors.not_saveable(i, t)
        nr = next((j for j, o in enumerate(outputs) if o is t and t is not None), None)
        kept.append(Kept(t, node, nr))
    return tuple(kept)


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a ``backward`` that cannot be differentiated: doing so raises."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        recording = record(False)
        try:
            outputs = fn(ctx, *args, **kwargs)
        finally:
            record(recording)
        if not recording or not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            return outputs
        several = outputs if isinstance(outputs, tuple) else (outputs,)
        marked = tuple([None if t is None else refusing(t, errors.differentiated_twice()) for t in several])
        return marked if isinstance(outputs, tuple) else marked[0]

    return wrapper


class InplaceFunction(Function):
    """A Function with ``inplace`` as its option; kept, as in PyTorch, for old programs."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class NestedIOFunction(Function):
    """PyTorch's way, before 0.4, to take and return nested tuples. Use Function."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("NestedIOFunction has no static forward: write a Function, and flatten its arguments")


__all__ = [
    "BackwardCFunction", "Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "NestedIOFunction",
    "once_differentiable",
]  # fmt: skip


__getattr__ = absent.lookup("torch.autograd.function", lambda: __all__)
