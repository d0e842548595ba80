"""Module: a function with parameters, made of other modules."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..graph.hooks import Hooks
from ..mode import no_grad
from ..size import device as Device
from ..tensor import Tensor, wrap
from .hooking import REGISTRATION, Hookable, everywhere
from .parameter import Buffer, Parameter
from .state import Stateful


def typename(value: Any) -> str:
    """What PyTorch calls the type of ``value`` in its messages."""
    if isinstance(value, Tensor):
        return f"torch.{value.dtype.title}Tensor"
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


_COMPLEX = (
    "Complex modules are a new feature under active development whose design may change, and some modules might not "
    "work as expected when using complex tensors as parameters or buffers. Please file an issue at "
    "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml if a complex module does not work as "
    "expected."
)


def forget_gradient(p: Tensor, set_to_none: bool) -> None:
    """``p.grad`` becomes None, or zeros in the same tensor."""
    if p.grad is None:
        return
    if set_to_none:
        p.grad = None
        return
    if p.grad.requires_grad:
        p.grad = p.grad.detach()
    p.grad.zero_()


class Module(Hookable, Stateful):
    """Base class: define ``__init__``, which sets parameters and submodules as attributes, and ``forward``.

    Source: torch.nn.Module.
    """

    training: bool
    call_super_init = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if self.call_super_init is False:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        self.__dict__.update(
            training=True, _parameters={}, _buffers={}, _non_persistent_buffers_set=set(), _modules={}, _hooked=False,
            _backward_pre_hooks=Hooks(), _backward_hooks=Hooks(), _is_full_backward_hook=None, _forward_hooks=Hooks(),
            _forward_hooks_with_kwargs={}, _forward_hooks_always_called={}, _forward_pre_hooks=Hooks(),
            _forward_pre_hooks_with_kwargs={}, _state_dict_hooks=Hooks(), _state_dict_pre_hooks=Hooks(),
            _load_state_dict_pre_hooks=Hooks(), _load_state_dict_post_hooks=Hooks(),
        )  # fmt: skip
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module computes; every subclass defines it."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        """``forward``, with hooks before and after where there are any."""
        if self._hooked or everywhere.used:
            return self._call_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    __call__: Callable[..., Any] = _call_impl

    # ------------------------------------------------------------------------------------------------ attributes
    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            self._need("_parameters", "parameters")
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif name in own.get("_parameters", ()):
            if value is not None:
                self._refuse(value, "parameter", name, "torch.nn.Parameter")
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            self._need("_modules", "module")
            self._forget(name, "_modules")
            self._modules[name] = _seen("module", self, name, value)
        elif name in own.get("_modules", ()):
            if value is not None:
                self._refuse(value, "child module", name, "torch.nn.Module")
            self._modules[name] = _seen("module", self, name, value)
        elif isinstance(value, Buffer) or name in own.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                self._refuse(value, "buffer", name, "torch.nn.Buffer, torch.Tensor")
            persistent = value.persistent if isinstance(value, Buffer) else name not in self._non_persistent_buffers_set
            self.register_buffer(name, value, persistent)
        else:
            object.__setattr__(self, name, value)

    def _need(self, table: str, what: str) -> None:
        if table not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")

    def _refuse(self, value: Any, what: str, name: str, wanted: str) -> None:
        error = TypeError(f"cannot assign '{typename(value)}' as {what} '{name}' ({wanted} or None expected)")
        if what == "parameter" and isinstance(value, Tensor):
            error.add_note(
                "Hint: wrap it, nn.Parameter(tensor), or change its values: with torch.no_grad(): w.copy_(...)"
            )
        raise error

    def _forget(self, name: str, kept: str) -> None:
        """Take ``name`` out of wherever it is, but for the table ``kept``, in which it keeps its place."""
        self.__dict__.pop(name, None)
        for table in ("_parameters", "_buffers", "_modules"):
            if table != kept:
                self.__dict__[table].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        if "_parameters" in own:
            if name in (members := own["_parameters"]):
                return members[name]
            if name in (members := own["_modules"]):
                return members[name]
            if name in (members := own["_buffers"]):
                return members[name]
        if name == "_hooked":  # what PyTorch asks first of a module that was never initialised
            name = "_backward_hooks"
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(n for n in names if not n[:1].isdigit())

    def _check_name(self, kind: str, name: Any, table: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        taken = hasattr(self, name) and name not in table
        if taken and kind == "module":
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if taken:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter by name."""
        self._need("_parameters", "parameter")
        self._check_name("parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None "
                    "required)"
                )
            if not param.is_leaf:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in the "
                    "forward() method."
                )
            param = _seen("parameter", self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not learned; ``state_dict`` has it if ``persistent``."""
        self._need("_buffers", "buffer")
        if name in self.__dict__ and isinstance(tensor, Buffer):
            del self.__dict__[name]
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = _seen("buffer", self, name, tensor)
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule by name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = _seen("module", self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """``add_module``."""
        self.add_module(name, module)

    # -------------------------------------------------------------------------------------- whole trees of modules
    def apply(self, fn: Callable[[Module], None]) -> Any:
        """Call ``fn`` on every submodule, then on this one; returns this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Any:
        """Set ``training`` in this module and all below; Dropout and the like look at it."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Any:
        """``train(False)``."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Make every parameter want a gradient, or none."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget every parameter's gradient, or fill it with zeros."""
        for p in self.parameters():
            forget_gradient(p, set_to_none)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Replace the values of every parameter, gradient and buffer; the tensors stay the same objects."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for p in self._parameters.values():
            if p is not None:
                with no_grad():
                    p.data = fn(p)
                    if p.grad is not None:
                        p.grad.data = fn(p.grad)
        for name, b in self._buffers.items():
            self._buffers[name] = None if b is None else fn(b)
        return self

    def to(self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> Any:
        """Cast what is floating point to ``dtype``, in place: ``to(torch.float64)``. The device is the CPU."""
        for value in args:
            if isinstance(value, dtypes.dtype):
                dtype = value
            elif isinstance(value, Tensor):
                dtype = value.dtype
            elif not isinstance(value, bool):
                device = value
        if device is not None:
            Device(device)
        if dtype is None:
            return self
        if not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        if dtype.is_complex:
            warnings.warn(_COMPLEX, UserWarning, stacklevel=2)
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() or t.is_complex() else t)

    def type(self, dst_type: Any) -> Any:
        """Cast every parameter and buffer to ``dst_type``."""
        return self._apply(lambda t: t.type(dst_type))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Any:
        """Parameters and buffers of the same shapes, with no values to rely on."""
        return self._apply(lambda t: wrap(np.empty_like(t._d)), recurse)

    def float(self) -> Any:
        """Cast what is floating point to float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Any:
        """Cast what is floating point to float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Any:
        """Cast what is floating point to float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def share_memory(self) -> Any:
        """This module: the memory of one process is all that there is here."""
        return self

    def cpu(self) -> Any:
        """This module: it is on the CPU."""
        return self

    # ------------------------------------------------------------------------------------------------------ as text
    def extra_repr(self) -> str:
        """What stands in the brackets of this module's ``repr``."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr().split("\n") if self.extra_repr() else []
        children = [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        if len(extra) == 1 and not children:
            return f"{self._get_name()}({extra[0]})"
        lines = [*extra, *children]
        return f"{self._get_name()}(" + ("\n  " + "\n  ".join(lines) + "\n" if lines else "") + ")"


def _seen(kind: str, module: Module, name: str, value: Any) -> Any:
    """``value``, or what hooks on registration make of it."""
    for hook in tuple(REGISTRATION[kind].values()):
        changed = hook(module, name, value)
        value = value if changed is None else changed
    return value


def _indented(text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, *[f"  {line}" if line.strip() else "" for line in rest]])
