"""Activations as modules: what ``nn.functional`` has, with its options kept."""

from __future__ import annotations

from typing import Any

from ..calls.creation import full
from ..tensor import Tensor
from . import functional as F
from .module import Module
from .parameter import Parameter


class Activation(Module):
    """A Module that calls ``self.function`` with its options; ``_options`` names them, with their defaults."""

    _function = ""
    _options: dict[str, Any] = {}  # noqa: RUF012  a constant of the class
    _may_be_inplace = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        known = {**self._options, "inplace": False} if self._may_be_inplace else self._options
        name = type(self).__name__
        if len(args) > len(known):
            most = f"from 1 to {len(known) + 1} positional arguments" if known else "1 positional argument"
            raise TypeError(f"{name}.__init__() takes {most} but {len(args) + 1} were given")
        if unknown := [k for k in kwargs if k not in known]:
            raise TypeError(f"{name}.__init__() got an unexpected keyword argument '{unknown[0]}'")
        given = dict(zip(known, args, strict=False)) | kwargs
        if missing := [k for k, default in known.items() if default is ... and k not in given]:
            raise TypeError(f"{name}.__init__() missing a required argument: '{missing[0]}'")
        for key, default in known.items():
            setattr(self, key, given.get(key, default))

    def forward(self, input: Tensor) -> Tensor:
        """``functional.<name>(input, ...)``."""
        function = getattr(F, self._function)
        options = [getattr(self, name) for name in self._options] if self._options else ()
        if self._may_be_inplace and self.inplace:
            return function(input, *options, inplace=True)
        return function(input, *options)

    def extra_repr(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self._options]
        return ", ".join([*shown, "inplace=True"] if self._may_be_inplace and self.inplace else shown)


class Shrink(Activation):
    """An activation whose ``repr`` shows its one option bare."""

    def extra_repr(self) -> str:
        return str(self.lambd)


def _class(name: str, function: str, *, inplace: bool = False, base: type = Activation, **options: Any) -> Any:
    return type(
        name,
        (base,),
        {
            "__doc__": f"``functional.{function}`` as a module.", "__module__": __name__, "_function": function,
            "_options": options, "_may_be_inplace": inplace,
        },
    )  # fmt: skip


ReLU = _class("ReLU", "relu", inplace=True)
SELU = _class("SELU", "selu", inplace=True)
SiLU = _class("SiLU", "silu", inplace=True)
Mish = _class("Mish", "mish", inplace=True)
Hardswish = _class("Hardswish", "hardswish", inplace=True)
Hardsigmoid = _class("Hardsigmoid", "hardsigmoid", inplace=True)
LeakyReLU = _class("LeakyReLU", "leaky_relu", inplace=True, negative_slope=0.01)
ELU = _class("ELU", "elu", inplace=True, alpha=1.0)
CELU = _class("CELU", "celu", inplace=True, alpha=1.0)
Hardtanh = _class("Hardtanh", "hardtanh", inplace=True, min_val=-1.0, max_val=1.0)
ReLU6 = _class("ReLU6", "relu6", inplace=True)
Threshold = _class("Threshold", "threshold", inplace=True, threshold=..., value=...)
Sigmoid = _class("Sigmoid", "sigmoid")
Tanh = _class("Tanh", "tanh")
Softsign = _class("Softsign", "softsign")
Tanhshrink = _class("Tanhshrink", "tanhshrink")
LogSigmoid = _class("LogSigmoid", "logsigmoid")
GELU = _class("GELU", "gelu", approximate="none")
Softplus = _class("Softplus", "softplus", beta=1.0, threshold=20.0)
GLU = _class("GLU", "glu", dim=-1)
Softmax = _class("Softmax", "softmax", dim=None)
LogSoftmax = _class("LogSoftmax", "log_softmax", dim=None)
Softmin = _class("Softmin", "softmin", dim=None)
Hardshrink = _class("Hardshrink", "hardshrink", base=Shrink, lambd=0.5)
Softshrink = _class("Softshrink", "softshrink", base=Shrink, lambd=0.5)


class PReLU(Module):
    """``functional.prelu`` with weights of its own, one for all or one for each channel."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), dtype=dtype, device=device))

    def forward(self, input: Tensor) -> Tensor:
        """``functional.prelu(input, weight)``."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """``max(x, 0) + a · min(x, 0)``: while training a is uniform in [lower, upper], afterwards their mean."""

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        """``functional.rrelu(input, lower, upper, training)``."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class Softmax2d(Module):
    """Softmax over channels, at each place of an image. Shapes: ([N,] C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """``functional.softmax(input, -3)``."""
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3)
