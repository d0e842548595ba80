"""Layers that take the number of their inputs from the first batch.

Source: torch.nn.modules.lazy, PyTorch 2.13.
"""

from __future__ import annotations

import inspect
from typing import Any

from .. import dtypes
from ..calls.creation import zeros
from ..mode import no_grad
from . import batchnorm, conv, linear
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy


class LazyModuleMixin:
    """A module whose parameters get their shapes in ``initialize_parameters(*args)``, before the first ``forward``."""

    cls_to_become: Any = None
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _non_persistent_buffers_set: set[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        me: Any = self
        self._load_hook = me._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = me.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        kept = {k: v for k, v in self._buffers.items() if k not in self._non_persistent_buffers_set}
        for name, value in (self._parameters | kept).items():
            if value is not None:
                destination[prefix + name] = value if is_lazy(value) or keep_vars else value.detach()

    def _lazy_load_hook(self, state_dict: Any, prefix: str, *_: Any) -> None:
        for name, value in (self._parameters | self._buffers).items():
            given = state_dict.get(prefix + name)
            if given is not None and is_lazy(value) and not is_lazy(given):
                value.materialize(given.shape)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give every parameter its shape."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer has no shape yet."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become


class _Lazy(LazyModuleMixin):
    """The parameters of a layer, without shapes."""

    def _uninitialized(self, names: tuple[str, ...], device: Any, dtype: Any) -> None:
        for name in names:
            setattr(self, name, UninitializedParameter(device=device, dtype=dtype))

    def _materialize(self, shapes: dict[str, Any]) -> None:
        for name, shape in shapes.items():
            value = getattr(self, name)
            if is_lazy(value):
                value.materialize(shape)


class LazyLinear(_Lazy, linear.Linear):
    """``Linear`` with ``in_features`` from the first batch."""

    cls_to_become = linear.Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self._uninitialized(("weight", "bias") if bias else ("weight",), device, dtype)

    def reset_parameters(self) -> None:
        """Draw weights, once they have shapes."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Any) -> None:
        """Take ``in_features`` from ``input``."""
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = input.shape[-1]
                self._materialize({"weight": (self.out_features, self.in_features), "bias": (self.out_features,)})
                self.reset_parameters()
        if self.in_features == 0:
            self.in_features = input.shape[-1]


class _LazyConv(_Lazy):
    """A convolution with ``in_channels`` from the first batch."""

    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, **kwargs: Any) -> None:
        given = inspect.signature(self.cls_to_become.__init__).bind(None, 0, out_channels, kernel_size, *args, **kwargs)
        options = dict(list(given.arguments.items())[3:])
        bias = options.pop("bias", True)
        super().__init__(0, 0, bias=False, **options)
        me: Any = self
        me.out_channels = out_channels
        self._uninitialized(("weight", "bias") if bias else ("weight",), options.get("device"), options.get("dtype"))

    def reset_parameters(self) -> None:
        """Draw weights, once they have shapes."""
        me: Any = self
        if not self.has_uninitialized_params() and me.in_channels != 0:
            me.cls_to_become.reset_parameters(self)

    def initialize_parameters(self, input: Any, *_: Any, **__: Any) -> None:
        """Take ``in_channels`` from ``input``."""
        me: Any = self
        if not self.has_uninitialized_params():
            return
        dims = me._dims + 1
        if input.dim() not in (dims, dims + 1):
            raise RuntimeError(
                f"Expected {dims}D (unbatched) or {dims + 1}D (batched) input to {type(self).__name__}, but got input "
                f"of size: {input.shape}"
            )
        me.in_channels = input.shape[1] if input.dim() == dims + 1 else input.shape[0]
        if me.in_channels % me.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        self._materialize({"weight": me._weight_shape(), "bias": (me.out_channels,)})
        self.reset_parameters()


class _LazyNorm(_Lazy):
    """A normalisation with ``num_features`` from the first batch."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        me: Any = self
        me.affine, me.track_running_stats = affine, track_running_stats
        if affine:
            self._uninitialized(("weight", "bias") if bias else ("weight",), device, dtype)
        if track_running_stats:
            me.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            me.running_var = UninitializedBuffer(device=device, dtype=dtype)
            me.num_batches_tracked = zeros((), dtype=dtypes.int64)

    def reset_parameters(self) -> None:
        """Set weights and statistics, once they have shapes."""
        me: Any = self
        if not self.has_uninitialized_params() and me.num_features != 0:
            me.cls_to_become.reset_parameters(self)

    def initialize_parameters(self, input: Any) -> None:
        """Take ``num_features`` from ``input``."""
        me: Any = self
        if self.has_uninitialized_params():
            me.num_features = input.shape[1]
            names = ("weight", "bias", "running_mean", "running_var")
            self._materialize(dict.fromkeys(names, (me.num_features,)))
            self.reset_parameters()


def _class(base: type, layer: Any) -> Any:
    doc = f"``{layer.__name__}`` that takes the number of its inputs from the first batch."
    members = {"cls_to_become": layer, "__doc__": doc, "__module__": __name__}
    return type(f"Lazy{layer.__name__}", (base, layer), members)


LazyConv1d, LazyConv2d, LazyConv3d = (_class(_LazyConv, c) for c in (conv.Conv1d, conv.Conv2d, conv.Conv3d))
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = (
    _class(_LazyConv, c) for c in (conv.ConvTranspose1d, conv.ConvTranspose2d, conv.ConvTranspose3d)
)
LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d = (
    _class(_LazyNorm, c) for c in (batchnorm.BatchNorm1d, batchnorm.BatchNorm2d, batchnorm.BatchNorm3d)
)
LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d = (
    _class(_LazyNorm, c) for c in (batchnorm.InstanceNorm1d, batchnorm.InstanceNorm2d, batchnorm.InstanceNorm3d)
)
