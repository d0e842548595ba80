"""Methods of Tensor that are no operations: ``backward``, ``detach``, retired ones; ``families.py`` binds the rest."""

from __future__ import annotations

import warnings
from typing import Any

from .. import autograd, errors, protocol, subclasses
from ..graph.sweep import run_backward
from ..mode import INFERENCE, here, overridden, readable
from ..table.kernel import PUBLIC, RAW
from ..tensor import Tensor, box, wrap
from .absent import AbsentMethod

# What gives Python numbers
READ = ("item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__", "__complex__", "__format__")


def backward(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add Jᵀv to the ``.grad`` of every leaf that this tensor was computed from; v is ``gradient``.

    Shapes: ``gradient`` has the shape of this tensor; None stands for 1 where the tensor has one element.
    Errors: PyTorch's, for a v of another shape or type, a missing graph, and a graph that was freed.
    Source: torch.Tensor.backward.
    """
    __tracebackhide__ = True
    if RAW["BUSY"] and here.modes:
        overridden(backward, (self, gradient, retain_graph, create_graph, inputs), {})
        return
    if inputs is None and (gradient is None or isinstance(gradient, Tensor)):
        run_backward((self,), (gradient,), retain_graph, create_graph)
    else:
        autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def _backward(self: Tensor, *args: Any) -> None:
    vars(autograd.backward)["made_of"](self, *args[:3], inputs=args[3])


vars(backward)["made_of"] = _backward  # what the observer runs


def detach(self: Tensor) -> Tensor:
    """The same memory without its history."""
    if RAW["BUSY"] and here.modes:
        return overridden(detach, (self,), {})
    return wrap(box(self))


def is_inference(self: Tensor) -> bool:
    """Whether this was made in inference mode."""
    return id(self) in INFERENCE


def detach_(self: Tensor) -> Tensor:
    """Cut this tensor from its history, in place.

    Errors: RuntimeError for a view.
    """
    if self._base is not None:
        raise errors.detach_view()
    self._n = None
    return self


def _warn_non_leaf_grad() -> None:
    warnings.warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
        "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf "
        "Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure "
        "you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information.",
        UserWarning,
        stacklevel=4,
    )


def _check_grad(self: Tensor, g: Any) -> None:
    if not isinstance(g, Tensor):
        raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(g).__name__}")
    if g is self:
        raise RuntimeError("can't assign Variable as its own grad")
    if g._d.shape != self._d.shape:
        raise errors.grad_size(g._d.shape, self._d.shape)
    if g._d.dtype is not self._d.dtype:
        raise errors.grad_dtype(g.dtype, self.dtype)


def _reversed(self: Tensor) -> Any:  # here, not with the late families: then the warning's place is the user's line
    if self._d.ndim == 2 and not RAW["BUSY"]:
        return PUBLIC["permute"](self, (1, 0))
    if not self._d.ndim:
        text = "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases."
        warnings.warn(text, UserWarning, stacklevel=2)
    elif self._d.ndim != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
            "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=2,
        )
    return self.permute(tuple(range(self._d.ndim))[::-1])


def _creator(self: Tensor) -> Any:
    raise errors.no_creator(type(self).__name__)


def _volatile(self: Tensor) -> bool:
    warnings.warn("volatile was removed (Variable.volatile is always False)", UserWarning, stacklevel=2)
    return False


def _set_volatile(self: Tensor, value: Any) -> None:
    message = "volatile was removed and now has no effect. Use `with torch.no_grad():` instead."
    warnings.warn(message, UserWarning, stacklevel=2)


def _dir(self: Tensor) -> list[str]:
    """The names of a tensor, without those of PyTorch's that are absent."""
    return [name for name in object.__dir__(self) if type(vars(Tensor).get(name)) is not AbsentMethod]


def install() -> None:
    """Bind what is no operation."""
    for name, method in {
        "backward": backward,
        "detach": detach,
        "detach_": detach_,
        "is_inference": is_inference,
        "__dir__": _dir,
    }.items():
        setattr(Tensor, name, method)
    for name in READ:
        setattr(Tensor, name, readable(getattr(Tensor, name)))
    for name, bound in (protocol.METHODS | subclasses.METHODS).items():
        setattr(Tensor, name, bound)
    volatile = property(_volatile, _set_volatile)
    for name, read in {"creator": property(_creator), "volatile": volatile, "T": property(_reversed)}.items():
        setattr(Tensor, name, read)


RAW.update(warn_non_leaf_grad=_warn_non_leaf_grad, check_grad=_check_grad)
