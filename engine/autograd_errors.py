"""PyTorch's texts about custom functions, saved tensors, modes and views, once each, verbatim.

Source: PyTorch 2.13; the tests of these features hold each text against torch itself.
"""

from __future__ import annotations

from typing import Any

from .errors import hinted, size


def nan_returned(node: str, slot: int) -> RuntimeError:
    return RuntimeError(f"Function '{node}' returned nan values in its {slot}th output.")


MODIFIED = (
    " Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
    "torch.autograd.set_detect_anomaly(True, check_nan=False)."
)
MODIFIED_IN_ANOMALY = (
    " Hint: the backtrace further above shows the operation that failed to compute its gradient. The variable in "
    "question was changed in there or anywhere later. Good luck!"
)
modified_hint = [MODIFIED]


def modified(dtype: str, shape: Any, output: str, version: int, expected: int) -> RuntimeError:
    return hinted(
        RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"[torch.{dtype}Tensor {list(shape)}]{output} is at version {version}; expected version {expected} instead."
            + modified_hint[0]
        ),
        "the derivative needs the value from before the change; write `y = y + 1` in place of `y += 1`, "
        "or clone() first.",
    )


# ------------------------------------------------------------------------------------------------------ inference mode
def inference_write() -> RuntimeError:
    return RuntimeError(
        "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
        "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
    )


def inference_saved() -> RuntimeError:
    return RuntimeError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
        "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it "
        "in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
    )


# ------------------------------------------------------------------------------------------------------- saved tensors
def packing_writes() -> RuntimeError:
    return RuntimeError(
        "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be "
        "modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if you need "
        "to perform in-place operations on the input to a pack hook."
    )


def unpacked_type(value: Any) -> TypeError:
    return TypeError(
        f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(value).__name__}"
    )


def saved_hooks_twice() -> RuntimeError:
    return RuntimeError("Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one "
                        "pair of hooks is allowed at a time.")  # fmt: skip


def saved_hooks_freed() -> RuntimeError:
    return RuntimeError(
        "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph are "
        "freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward through "
        "the graph a second time or if you need to access saved variables after calling backward."
    )


# ---------------------------------------------------------------------------------------------------- custom functions
def not_saveable(index: int, value: Any, what: str = "save_for_backward") -> TypeError:
    return TypeError(f"{what} can only save variables, but argument {index} is of type {type(value).__name__}")


def gradient_count(node: str, expected: int, got: int) -> RuntimeError:
    return hinted(
        RuntimeError(
            f"function {node} returned an incorrect number of gradients (expected {expected}, got {got})"
        ),
        "backward returns one gradient for each argument of forward, None for those that want none.",
    )  # fmt: skip


def gradient_of_no_tensor(node: str, position: int) -> RuntimeError:
    return RuntimeError(
        f"function {node} returned a gradient different than None at position {position}, but the corresponding "
        "forward input was not a Variable"
    )


def gradient_is_no_tensor(value: Any) -> RuntimeError:
    return RuntimeError(f"expected Variable or None (got {type(value).__name__})")


def accumulated_hook_returned(value: Any) -> Exception:
    if hasattr(value, "requires_grad"):
        return RuntimeError("Tensor post accumulate grad hooks should return None.")
    return TypeError(f"expected Variable, but hook returned '{type(value).__name__}'")


def invalid_gradient(node: str, index: int, got: Any, expected: Any) -> RuntimeError:
    return RuntimeError(
        f"Function {node} returned an invalid gradient at index {index} - got {list(got)} but expected shape "
        f"compatible with {list(expected)}"
    )


def complex_gradient() -> RuntimeError:
    return RuntimeError(
        "Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be true, but got "
        "false.  (Could this error message be improved?  If so, please report an enhancement request to PyTorch.)"
    )


def dirty_leaf() -> RuntimeError:
    return RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")


def dirty_not_returned() -> RuntimeError:
    return RuntimeError(
        "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
        "modified inplace must all be outputs of the Function."
    )


DIRTY_NOT_INPUT = (
    "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should be "
    "passed to ctx.mark_dirty()."
)


def differentiated_twice() -> RuntimeError:
    return RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


def accessed_twice() -> RuntimeError:
    return RuntimeError(
        "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on the "
        "autograd.Function. Either access saved_tensors only once, or set clear_saved_tensors_on_access=False."
    )


# ------------------------------------------------------------------------------------------------------------ gradients
def batch_mismatch(index: int, gradient: Any, output: Any) -> RuntimeError:
    return RuntimeError(
        "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. The "
        "sizes of the remaining dimensions are expected to match the shape of corresponding output, but a mismatch was "
        f"detected: grad_output[{index}] has a shape of {size(gradient)} and output[{index}] has a shape of "
        f"{size(output)}. If you only want some tensors in `grad_output` to be considered batched, consider using vmap."
    )


# ---------------------------------------------------------------------------------------------------------------- hooks
def _hook(hook: Any) -> str:
    return f"hook '{getattr(hook, '__name__', '<unknown>')}'"


def hook_changed_size(hook: Any) -> RuntimeError:
    return RuntimeError(f"{_hook(hook)} has changed the size of value")


def hook_changed_type(hook: Any, before: Any, after: Any) -> RuntimeError:
    was, got = (f"torch.{d.title}Tensor" for d in (before, after))
    return RuntimeError(f"{_hook(hook)} has changed the type of value (was {was} got {got})")


def hook_returned(expected: str, result: Any) -> TypeError:
    return TypeError(f"expected {expected}, but hook returned '{type(result).__name__}'")


def hook_count(hook: Any, got: int, expected: int) -> RuntimeError:
    return RuntimeError(
        f"{_hook(hook)} has returned an incorrect number of values (got {got}, but expected {expected})"
    )


def hook_replaced_none() -> RuntimeError:
    return RuntimeError("can't replace a None gradient with a non-None value")


def backward_in_transform() -> RuntimeError:
    """``backward()`` where a transform of torch.func is running."""
    return RuntimeError(
        "backward() called inside a functorch transform. This is not supported, please use functorch.grad or "
        "functorch.vjp instead or call backward() outside of functorch transforms."
    )


# ------------------------------------------------ views
class FunctionName(str):
    """The name of a custom function."""

    __slots__ = ()


_SEVERAL = (
    "This view is the output of a function that returns multiple views. Such functions do not allow the output views "
    "to be modified inplace. You should replace the inplace operation by an out-of-place one."
)
_CUSTOM = (
    "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to "
    "handle view+inplace would override the custom backward associated with the custom Function, leading to incorrect "
    "gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function."
)


def output_view_in_place(nr: int, node: str) -> RuntimeError:
    why = _CUSTOM if isinstance(node, FunctionName) else _SEVERAL
    return RuntimeError(f"Output {nr} of {node} is a view and is being modified inplace. {why}")


def output_view_base(nr: int, node: str) -> RuntimeError:
    why = _CUSTOM if isinstance(node, FunctionName) else _SEVERAL
    return RuntimeError(
        f"Output {nr} of {node} is a view and its base or another view of its base has been modified inplace. {why}"
    )


_NO_GRAD_VIEW = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can "
    "clarify your code by moving both the view and the inplace either both inside the no_grad block (if you don't want "
    "the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)


def no_grad_view(written: bool, several: bool, made: str) -> RuntimeError:
    """For a view that is ``written``, or whose base was; ``made`` by a recorded operation, of one under ``no_grad``."""
    which = f"Output 0 of {made} is a view of a view which" if made else "A view"
    what = "is being" if written else "its base or another view of its base has been"
    why = _SEVERAL if several else _NO_GRAD_VIEW
    return RuntimeError(
        f"{which} was created in no_grad mode and {what} modified inplace with grad mode enabled. {why}"
    )


_INFERENCE_VIEW = (
    " inplace in normal mode. Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
    "your code by moving both the view and the inplace either both inside the inference_mode block (if you don't want "
    "the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)


def inference_view_in_place() -> RuntimeError:
    return RuntimeError("A view was created in inference mode and is being modified" + _INFERENCE_VIEW)
