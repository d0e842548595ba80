"""What a module is made of: its parameters, buffers and submodules, by name; and loading them back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..mode import no_grad
from ..tensor import Tensor
from .parameter import Parameter


class _IncompatibleKeys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def submodule(prefix: str, name: str) -> str:
    """The dotted name of ``name`` below ``prefix``."""
    return f"{prefix}.{name}" if prefix else name


class Stateful:
    """The half of Module that walks over its members."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    _forward_hooks: Any
    _forward_pre_hooks: Any
    _with_kwargs: set[int]

    def named_modules(self, memo: Any = None, prefix: str = "", remove_duplicate: bool = True) -> Iterator[Any]:
        """(name, module) for this module and all below."""
        raise NotImplementedError

    def modules(self) -> Iterator[Any]:
        """This module and all below, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """(name, module) for the modules directly below, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Any]:
        """The modules directly below, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(self, table: str, prefix: str, recurse: bool, once: bool) -> Iterator[tuple[str, Any]]:
        seen = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=once) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, member in getattr(module, table).items():
                if member is None or id(member) in seen:
                    continue
                if once:
                    seen.add(id(member))
                yield submodule(path, name), member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(dotted name, parameter) of this module and all below, each once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of this module and all below, each once: what an optimizer takes."""
        for _, p in self.named_parameters(recurse=recurse):
            yield p

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """(dotted name, buffer) of this module and all below, each once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers of this module and all below, each once."""
        for _, b in self.named_buffers(recurse=recurse):
            yield b

    def get_submodule(self, target: str) -> Any:
        """The module of the dotted name ``target``."""
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Stateful):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of the dotted name ``target``."""
        return self._member(target, "_parameters", "an nn.Parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of the dotted name ``target``."""
        return self._member(target, "_buffers", "a buffer")

    def _member(self, target: str, table: str, kind: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        if name not in getattr(module, table):
            raise AttributeError(f"`{name}` is not {kind}")
        return getattr(module, name)

    # ------------------------------------------------------------------------------------------------ the state_dict
    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
        """Dotted name -> tensor for all parameters and persistent buffers; the tensors share the module's memory."""
        found = OrderedDict() if destination is None else destination
        for name, p in self._parameters.items():
            if p is not None:
                found[prefix + name] = p if keep_vars else p.detach()
        for name, b in self._buffers.items():
            if b is not None and name not in self._non_persistent_buffers_set:
                found[prefix + name] = b if keep_vars else b.detach()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=found, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return found

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy the tensors of ``state_dict`` into this module's, by name.

        Errors: RuntimeError that lists shapes at odds, and, if ``strict``, names missing and unknown.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        own = self.state_dict(keep_vars=True)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        wrong = []
        if strict and unexpected:
            wrong.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
        if strict and missing:
            wrong.append(f"Missing key(s) in state_dict: {_quoted(missing)}. ")
        for name, value in own.items():
            if name in state_dict and (text := self._load(name, value, state_dict[name], assign)):
                wrong.append(text)
        if wrong:
            lines = "".join("\n\t" + text for text in wrong)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:{lines}")
        return _IncompatibleKeys(missing, unexpected)

    def _load(self, name: str, mine: Tensor, given: Any, assign: bool) -> str:
        """Take one tensor over; returns what is wrong with it, or ""."""
        if not isinstance(given, Tensor):
            return (
                f'While copying the parameter named "{name}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint but received {type(given)}"
            )
        if given.shape != mine.shape:
            return (
                f"size mismatch for {name}: copying a param with shape {given.shape!r} from checkpoint, the shape in "
                f"current model is {mine.shape!r}."
            )
        if assign:
            path, _, last = name.rpartition(".")
            value = Parameter(given, mine.requires_grad) if isinstance(mine, Parameter) else given
            setattr(self.get_submodule(path), last, value)
        else:
            with no_grad():
                mine.copy_(given)
        return ""


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
