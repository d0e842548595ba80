"""Recurrent layers and cells.

Source: torch.nn.modules.rnn, PyTorch 2.13.
"""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from ..calls.creation import empty, zeros
from ..tensor import Tensor
from . import init, recurrent
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _check(kind: dict[str, Any]) -> None:
    """PyTorch's errors for options out of range."""
    dropout, layers = kind["dropout"], kind["num_layers"]
    if not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1 or isinstance(dropout, bool):  # type: ignore[operator]
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    if dropout > 0 and layers == 1:  # type: ignore[operator]  # a number, as was just checked
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={dropout} and num_layers={layers}",
            UserWarning,
            stacklevel=4,
        )
    for name in ("bias", "batch_first"):
        if not isinstance(kind[name], bool):
            raise TypeError(f"{name} should be of type bool, got: {type(kind[name]).__name__}")
    for name in ("input_size", "hidden_size"):
        if not isinstance(kind[name], int):
            raise TypeError(f"{name} should be of type int, got: {type(kind[name]).__name__}")
        if kind[name] <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if kind["proj_size"] < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if kind["proj_size"] >= kind["hidden_size"]:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNNBase(Module):
    """Layers of cells over sequences, in one direction or both; ``mode``: which cell."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind = {
            "mode": mode, "input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers, "bias": bias,
            "batch_first": batch_first, "dropout": dropout, "bidirectional": bidirectional, "proj_size": proj_size,
        }  # fmt: skip
        _check(kind)
        if mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        self.__dict__.update(kind, dropout=float(dropout))
        self._ways = 2 if bidirectional else 1
        self._all_weights = []
        gates, out = _GATES[mode] * hidden_size, proj_size or hidden_size
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: self._ways]:
                given = input_size if layer == 0 else out * self._ways
                shapes: dict[str, Any] = {"weight_ih": (gates, given), "weight_hh": (gates, out)}
                if bias:
                    shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = [f"{name}_l{layer}{suffix}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
                self._all_weights.append(names)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw everything uniformly from ±1/√hidden_size."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    @property
    def all_weights(self) -> list[list[Any]]:
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Nothing to do: PyTorch lays weights out for cuDNN here."""

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        shown = (
            ("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0),
            ("bidirectional", False),
        )  # fmt: skip
        return text + "".join([f", {n}={getattr(self, n)}" for n, usual in shown if getattr(self, n) != usual])

    # ----------------------------------------------------------------------------------------------------- the pass
    def _weights(self) -> list[list[Any]]:
        """(input, hidden, bias, bias, projection) of each layer and direction, None for what there is not."""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        found = [{name.rsplit("_l", 1)[0]: getattr(self, name) for name in names} for names in self._all_weights]
        return [[each.get(kind) for kind in kinds] for each in found]

    def _sizes(self) -> list[int]:
        """The width of each part of a state: h, and c of an LSTM."""
        return [self.proj_size or self.hidden_size, *([self.hidden_size] if self.mode == "LSTM" else [])]

    def _run(self, input: Any, hx: Any) -> Any:
        """(output, state): of a tensor or a PackedSequence."""
        packed = isinstance(input, PackedSequence)
        if packed:
            data, counts, order, back = input
            sizes = counts.tolist()
            batch, state = sizes[0], _permuted(self._parts(hx), order)
            self._check_width(data, 2)
        else:
            data, state, single = self._arranged(input, hx)
            steps, batch = data.shape[:2]
            sizes = [batch] * steps
            data = data.reshape(steps * batch, data.shape[2])
            back = None
        count = self.num_layers * self._ways
        if state is None:
            state = tuple([zeros((count, batch, n), dtype=data.dtype) for n in self._sizes()])
        self._check_state(state, batch)
        drop = self.dropout if self.training else 0.0
        out, ends = recurrent.layers(self.mode, data, sizes, state, self._weights(), self._ways, drop)
        if packed:
            result: Any = PackedSequence(out, counts, order, back)
            return result, self._whole(_permuted(ends, back))
        out = out.reshape(steps, batch, out.shape[1])
        out = out.transpose(0, 1) if self.batch_first else out
        if single:
            out, ends = out.squeeze(0 if self.batch_first else 1), tuple([e.squeeze(1) for e in ends])
        return out, self._whole(ends)

    def _parts(self, hx: Any) -> Any:
        """A state as a tuple of parts."""
        return hx if hx is None or self.mode == "LSTM" else (hx,)

    def _whole(self, parts: Any) -> Any:
        return parts if self.mode == "LSTM" else parts[0]

    def _arranged(self, input: Tensor, hx: Any) -> tuple[Tensor, Any, bool]:
        """(steps, batch, features), the state as parts, and whether there was a single sequence."""
        name = type(self).__name__
        if input.dim() not in (2, 3):
            end = "D tensor instead" if name == "RNN" else "D instead"
            raise ValueError(f"{name}: Expected input to be 2D or 3D, got {input.dim()}{end}")
        single, parts = input.dim() == 2, self._parts(hx)
        if parts is not None:
            self._check_dims(parts, 2 if single else 3)
            if single:
                parts = tuple([p.unsqueeze(1) for p in parts])
        if single:
            input = input.unsqueeze(0 if self.batch_first else 1)
        self._check_width(input, 3)
        return input.transpose(0, 1) if self.batch_first else input, parts, single

    def _check_dims(self, parts: Any, dims: int) -> None:
        if all(p.dim() == dims for p in parts):
            return
        start = "For unbatched 2-D input" if dims == 2 else "For batched 3-D input"
        if self.mode == "LSTM":
            found = ", ".join(f"{p.dim()}-D" for p in parts)
            raise RuntimeError(f"{start}, hx and cx should also be {dims}-D but got ({found}) tensors")
        raise RuntimeError(f"{start}, hx should also be {dims}-D but got {parts[0].dim()}-D tensor")

    def _check_width(self, input: Tensor, dims: int) -> None:
        kind = getattr(self, self._all_weights[0][0]).dtype
        if input.dtype is not kind:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({kind}). Convert input: input.to({kind})"
                f", or convert model: model.to({input.dtype})"
            )
        if input.dim() != dims:
            raise RuntimeError(f"input must have {dims} dimensions, got {input.dim()}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def _check_state(self, state: Any, batch: int) -> None:
        for i, (part, width) in enumerate(zip(state, self._sizes(), strict=True)):
            wanted = (self.num_layers * self._ways, batch, width)
            if tuple(part.shape) != wanted:
                which = f"hidden[{i}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(f"Expected {which} size {wanted}, got {list(part.shape)}")


def _permuted(parts: Any, order: Any) -> Any:
    return parts if parts is None or order is None else tuple([p.index_select(1, order) for p in parts])


def _no_projection(kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """``h' = tanh(W x + b + U h + c)`` for each step of a sequence; or relu.

    Shapes: (L, [N,] input_size), with batch_first ([N,] L, ...), to (L, [N,] D · hidden_size), and the last h
    (D · num_layers, [N,] hidden_size); D directions.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _no_projection(kwargs)
        given = kwargs.pop("nonlinearity", "tanh")
        if len(args) > 3:
            given, args = args[3], args[:3] + args[4:]
        if given not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{given}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{given.upper()}", *args, **kwargs)
        self.nonlinearity = given

    def forward(self, input: Any, hx: Any = None) -> Any:
        """(outputs, last h)."""
        return self._run(input, hx)


class LSTM(RNNBase):
    """Long short-term memory: ``c' = f c + i g``, ``h' = o tanh(c')``.

    Shapes: (L, [N,] input_size), with batch_first ([N,] L, ...), to (L, [N,] D · hidden_size), and the last h and c
    (D · num_layers, [N,] hidden_size); D directions.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """(outputs, (last h, last c))."""
        return self._run(input, hx)


class GRU(RNNBase):
    """Gated recurrent units: ``h' = n + z (h - n)``.

    Shapes: (L, [N,] input_size), with batch_first ([N,] L, ...), to (L, [N,] D · hidden_size), and the last h
    (D · num_layers, [N,] hidden_size); D directions.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _no_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """(outputs, last h)."""
        return self._run(input, hx)


class RNNCellBase(Module):
    """One step: weights for the input and for h."""

    weight_ih: Any
    weight_hh: Any
    bias_ih: Any
    bias_hh: Any
    _mode = ""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        n = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((n, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((n, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(n, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw everything uniformly from ±1/√hidden_size."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        other = getattr(self, "nonlinearity", "tanh")
        return text + (f", nonlinearity={other}" if other != "tanh" else "")

    def _step(self, mode: str, input: Tensor, state: Any) -> tuple[Tensor, ...]:
        """One step of the cell, on a batch or on one example."""
        from . import functional as F

        single = input.dim() == 1
        x = input.unsqueeze(0) if single else input
        parts = 2 if mode == "LSTM" else 1
        if state is None:
            state = (zeros((x.size(0), self.hidden_size), dtype=x.dtype),) * parts
        elif single:
            state = tuple([s.unsqueeze(0) for s in state])
        self._check(x, state)
        weights = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None]
        out = recurrent.CELLS[mode](F.linear(x, weights[0], weights[2]), tuple(state), weights)
        return tuple([o.squeeze(0) for o in out]) if single else out

    def _check(self, x: Tensor, state: Any) -> None:
        if x.size(1) != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {x.size(1)} expected {self.input_size}")
        for i, h in enumerate(state):
            if x.size(0) != h.size(0):
                raise RuntimeError(
                    f"Input batch size {x.size(0)} doesn't match hidden{i if len(state) > 1 else ''} batch size "
                    f"{h.size(0)}"
                )
            if h.size(1) != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i if len(state) > 1 else ''} has inconsistent hidden_size: got {h.size(1)}, expected "
                    f"{self.hidden_size}"
                )

    def _check_input(self, input: Tensor, hx: Any) -> None:
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        if hx is not None and hx.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected hidden to be 1D or 2D, got {hx.dim()}D instead")


class RNNCell(RNNCellBase):
    """``h' = tanh(W x + b + U h + c)``. Shapes: ([N,] input_size), ([N,] hidden_size) to ([N,] hidden_size)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next h."""
        self._check_input(input, hx)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(f"RNN_{self.nonlinearity.upper()}", input, None if hx is None else (hx,))[0]


class LSTMCell(RNNCellBase):
    """``c' = f c + i g``, ``h' = o tanh(c')``. Shapes: ([N,] input_size), two of ([N,] hidden_size) to the same."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, ...]:
        """The next (h, c)."""
        self._check_input(input, None)
        for i, part in enumerate(hx or ()):
            if part.dim() not in (1, 2):
                raise ValueError(f"LSTMCell: Expected hx[{i}] to be 1D or 2D, got {part.dim()}D instead")
        return self._step("LSTM", input, hx)


class GRUCell(RNNCellBase):
    """``h' = n + z (h - n)``. Shapes: ([N,] input_size), ([N,] hidden_size) to ([N,] hidden_size)."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next h."""
        self._check_input(input, hx)
        return self._step("GRU", input, None if hx is None else (hx,))[0]
