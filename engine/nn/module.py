"""Module: a function with parameters, made of other modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .. import dtypes
from ..hooks import Handle, Hooks
from ..size import device as Device
from ..tensor import Tensor
from .parameter import Buffer, Parameter
from .state import Stateful, submodule


def typename(value: Any) -> str:
    """What PyTorch calls the type of ``value`` in its messages."""
    if isinstance(value, Tensor) and not isinstance(value, Parameter):
        return f"torch.{value.dtype.title}Tensor"
    return type(value).__name__


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


class Module(Stateful):
    """Base class: define ``__init__``, which sets parameters and submodules as attributes, and ``forward``.

    Source: torch.nn.Module.
    """

    training: bool
    call_super_init = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            kind = f"unexpected keyword argument '{next(iter(kwargs))}'" if kwargs else None
            text = f"got an {kind}" if kind else f"takes 1 positional argument but {len(args) + 1} were given"
            raise TypeError(f"{type(self).__name__}.__init__() {text}")
        self.__dict__.update(
            training=True, _parameters={}, _buffers={}, _non_persistent_buffers_set=set(), _modules={},
            _forward_hooks=Hooks(), _forward_pre_hooks=Hooks(), _with_kwargs=set(),
        )  # fmt: skip

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module computes; every subclass defines it."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        """Pre-hooks, ``forward``, hooks."""
        if not (self._forward_hooks or self._forward_pre_hooks):
            return self.forward(*args, **kwargs)
        for number, hook in list(self._forward_pre_hooks.items()):
            args, kwargs = self._before(hook, number in self._with_kwargs, args, kwargs)
        result = self.forward(*args, **kwargs)
        for number, hook in list(self._forward_hooks.items()):
            given = (args, kwargs) if number in self._with_kwargs else (args,)
            changed = hook(self, *given, result)
            result = result if changed is None else changed
        return result

    __call__: Callable[..., Any] = _call_impl

    def _before(self, hook: Any, with_kwargs: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        changed = hook(self, args, kwargs) if with_kwargs else hook(self, args)
        if changed is None:
            return args, kwargs
        if with_kwargs:
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                )
            return changed
        return changed if isinstance(changed, tuple) else (changed,), kwargs

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """``hook(module, args, output)`` runs after ``forward``; what it returns replaces the output."""
        return self._hook(self._forward_hooks, hook, prepend, with_kwargs)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """``hook(module, args)`` runs before ``forward``; what it returns replaces the arguments."""
        return self._hook(self._forward_pre_hooks, hook, prepend, with_kwargs)

    def _hook(self, hooks: Hooks, hook: Any, prepend: bool, with_kwargs: bool) -> Handle:
        handle = Handle(hooks)
        others = dict(hooks) if prepend else {}
        if prepend:
            hooks.clear()
        hooks[handle.id] = hook
        hooks.update(others)
        if with_kwargs:
            self._with_kwargs.add(handle.id)
        return handle

    # ------------------------------------------------------------------------------------------------ attributes
    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            self._need("_parameters", "parameters")
            self._forget(name)
            self.register_parameter(name, value)
        elif name in own.get("_parameters", ()):
            if value is not None:
                self._refuse(value, "parameter", name, "torch.nn.Parameter")
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            self._need("_modules", "module")
            self._forget(name)
            self._modules[name] = value
        elif name in own.get("_modules", ()):
            if value is not None:
                self._refuse(value, "child module", name, "torch.nn.Module")
            self._modules[name] = None
        elif isinstance(value, Buffer) and name not in own.get("_buffers", ()):
            self._need("_buffers", "buffer")
            self._forget(name)
            self.register_buffer(name, value, value.persistent)
        elif name in own.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                self._refuse(value, "buffer", name, "torch.nn.Buffer, torch.Tensor")
            self._buffers[name] = value
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

    def _forget(self, name: str) -> None:
        """Take ``name`` out of wherever it is."""
        for table in (self.__dict__, self._parameters, self._buffers, self._modules):
            table.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            members = own.get(table)
            if members is not None and name in members:
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        if any(name in table for table in (self._parameters, self._buffers, self._modules)):
            self._forget(name)
        elif name in self.__dict__:
            object.__delattr__(self, name)
        else:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(n for n in names if not n[:1].isdigit())

    def _check_name(self, kind: str, name: Any, table: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter by name."""
        self._need("_parameters", "parameter")
        self._check_name("parameter", name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not learned; ``state_dict`` has it if ``persistent``."""
        self._need("_buffers", "buffer")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule by name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = module

    register_module = add_module

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

    def _apply(self, change: Callable[[Tensor], Tensor]) -> Any:
        """Replace the values of every parameter, gradient and buffer; the tensors stay the same objects."""
        for module in self.children():
            module._apply(change)
        for p in self._parameters.values():
            if p is not None:
                grad, p.grad = p.grad, None
                p.data = change(p.data)
                p.grad = None if grad is None else change(grad)
        for name, b in self._buffers.items():
            self._buffers[name] = None if b is None else change(b)
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
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def float(self) -> Any:
        """Cast what is floating point to float32."""
        return self.to(dtypes.float32)

    def double(self) -> Any:
        """Cast what is floating point to float64."""
        return self.to(dtypes.float64)

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

    # --------------------------------------------------------------------------------------------------- going round
    def named_modules(self, memo: Any = None, prefix: str = "", remove_duplicate: bool = True) -> Iterator[Any]:
        """(name, module) for this module, whose name is "", and all below, each once."""
        seen = set() if memo is None else memo
        if self in seen:
            return
        if remove_duplicate:
            seen.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(seen, submodule(prefix, name), remove_duplicate)


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
