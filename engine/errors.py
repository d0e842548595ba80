"""Every text of PyTorch's that the engine raises, once each, verbatim, with a hint as a note.

Source: PyTorch 2.13; ``tests/test_errors.py`` holds each text against torch itself.
"""

from __future__ import annotations

from typing import Any

from .dtypes import OF


def hinted(error: BaseException, hint: str) -> Any:
    """``error`` with advice attached: tracebacks show notes below the message."""
    error.add_note("Hint: " + hint)
    return error


def size(shape: Any) -> str:
    """A shape as PyTorch writes it in messages: ``torch.Size([3])``."""
    return f"torch.Size({list(shape)})"


def freed() -> RuntimeError:
    return hinted(
        RuntimeError(
            "Trying to backward through the graph a second time (or directly access saved tensors after they have "
            "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
            "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
            "you need to access saved tensors after calling backward."
        ),
        "a backward pass frees what the graph saved; write .backward(..., retain_graph=True) in the first call, "
        "or compute the output anew.",
    )


def leaf_in_place() -> RuntimeError:
    return hinted(
        RuntimeError("a leaf Variable that requires grad is being used in an in-place operation."),
        "a leaf's value may change only where nothing is recorded: with torch.no_grad(): x += 1",
    )


def leaf_view_in_place() -> RuntimeError:
    return hinted(
        RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation."),
        "a leaf's value may change only where nothing is recorded: with torch.no_grad(): x[0] = 1",
    )


def detach_view() -> RuntimeError:
    return RuntimeError(
        "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
        "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence detach_() "
        "cannot be called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function in "
        "torch/optim/optimizer.py as the solution."
    )


def overlapping() -> RuntimeError:
    return RuntimeError(
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
        "Please clone() the tensor before performing the operation."
    )


def partly_overlapping() -> RuntimeError:
    return RuntimeError(
        "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
        "location. Please clone() the tensor before performing the operation."
    )


def no_graph(index: int) -> RuntimeError:
    return hinted(
        RuntimeError(f"element {index} of tensors does not require grad and does not have a grad_fn"),
        "nothing that it comes from has requires_grad=True, or the path was cut by detach(), .data or no_grad().",
    )


def not_scalar() -> RuntimeError:
    return hinted(
        RuntimeError("grad can be implicitly created only for scalar outputs"),
        "a vector needs weights: y.backward(torch.ones_like(y)) sums its gradients, y.backward(v) weights them by v.",
    )


def not_real(d: Any) -> RuntimeError:
    return hinted(
        RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {d}"),
        "a complex number has no one direction of ascent: y.abs().backward(), or y.backward(v) with a complex v.",
    )


def mismatch(index: int, gradient: Any, output: Any) -> RuntimeError:
    hint = f"v needs one weight for each entry of the output: shape {tuple(output)}, not {tuple(gradient)}"
    if not tuple(output):
        hint += "; for a scalar, torch.tensor(1.0) (no brackets), or nothing: y.backward()"
    return hinted(
        RuntimeError(
            f"Mismatch in shape: grad_output[{index}] has a shape of {size(gradient)} and output[{index}] has a shape "
            f"of {size(output)}."
        ),
        hint + ".",
    )


def gradient_type(value: Any) -> TypeError:
    return hinted(
        TypeError(f"gradients can be either Tensors or None, but got {type(value).__name__}"),
        "wrap the numbers in a tensor: torch.tensor([...])",
    )


def gradient_dtype(index: int, gradient: Any, output: Any) -> RuntimeError:
    return RuntimeError(
        "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: "
        f"grad_output[{index}] has a dtype of {gradient} and output[{index}] has a dtype of {output}."
    )


def unused(index: int) -> RuntimeError:
    return hinted(
        RuntimeError(
            f"The differentiated Tensor at index {index} appears to not have been used in the graph. Set "
            "allow_unused=True if this is the desired behavior."
        ),
        "with allow_unused=True its gradient is None.",
    )


def input_needs_no_grad() -> RuntimeError:
    return RuntimeError("One of the differentiated Tensors does not require grad")


def cannot_hook(kind: str = "") -> RuntimeError:
    if kind:
        return RuntimeError(f"{kind} grad hooks cannot be registered on non-leaf tensors")
    return RuntimeError("cannot register a hook on a tensor that doesn't require gradient")


def grad_size(gradient: Any, tensor: Any) -> RuntimeError:
    return RuntimeError(
        f"attempting to assign a gradient of size '{list(gradient)}' to a tensor of size '{list(tensor)}'. Please "
        "ensure that the gradient and the tensor are the same size"
    )


IN_C = {
    "float16": "c10::Half", "float32": "float", "float64": "double", "int8": "signed char", "int16": "short int",
    "int32": "int", "int64": "long int", "uint8": "unsigned char", "bool": "bool", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}  # fmt: skip


def grad_dtype(gradient: Any, tensor: Any) -> RuntimeError:
    return RuntimeError(
        f"attempting to assign a gradient with dtype '{IN_C[gradient.name]}' to a tensor with "
        f"grad_dtype '{tensor.title}'. The gradient must match the tensor's grad_dtype (defaults to the tensor's "
        "dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. Set "
        "grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break downstream systems that "
        "assume they match."
    )


def only_floating(what: str = "floating point and complex dtype") -> RuntimeError:
    return hinted(
        RuntimeError(f"only Tensors of {what} can require gradients"),
        "whole numbers have no derivative: write 2. for 2, or dtype=torch.float32.",
    )


def only_floating_made() -> RuntimeError:
    return hinted(
        RuntimeError("Only Tensors of floating point and complex dtype can require gradients"),
        "whole numbers have no derivative: write 2. for 2, or dtype=torch.float32.",
    )


def only_leaf_flag() -> RuntimeError:
    return hinted(
        RuntimeError(
            "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
            "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
        ),
        "detach() gives the same values without their history.",
    )


def retain_needs_grad() -> RuntimeError:
    return RuntimeError("can't retain_grad on Tensor that has requires_grad=False")


def numpy_needs_detach() -> RuntimeError:
    return hinted(
        RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."),
        "NumPy records nothing; detach() says that you know.",
    )


def deepcopy_needs_leaf() -> RuntimeError:
    return RuntimeError(
        "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If "
        "you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
        "https://github.com/pytorch/pytorch/pull/103001"
    )


def ambiguous_truth() -> RuntimeError:
    return RuntimeError("Boolean value of Tensor with more than one value is ambiguous")


def empty_truth() -> RuntimeError:
    return RuntimeError("Boolean value of Tensor with no values is ambiguous")


def not_one_element(count: int) -> RuntimeError:
    return RuntimeError(f"a Tensor with {count} elements cannot be converted to Scalar")


def not_one_number() -> ValueError:
    return ValueError("only one element tensors can be converted to Python scalars")


def no_broadcast(a: Any, b: Any) -> RuntimeError:
    """Two shapes that do not broadcast: the first dimension, from the right, that is at odds."""
    for i in range(1, min(len(a), len(b)) + 1):
        if a[-i] != b[-i] and 1 not in (a[-i], b[-i]):
            dim = max(len(a), len(b)) - i
            return RuntimeError(
                f"The size of tensor a ({a[-i]}) must match the size of tensor b ({b[-i]}) at non-singleton "
                f"dimension {dim}"
            )
    return RuntimeError(f"shapes {list(a)} and {list(b)} do not broadcast")


def in_place_shape(output: Any, result: Any) -> RuntimeError:
    return RuntimeError(f"output with shape {list(output)} doesn't match the broadcast shape {list(result)}")


def cannot_cast(result: str, output: str) -> RuntimeError:
    return RuntimeError(f"result type {result} can't be cast to the desired output type {output}")


def dim_range(dim: int, ndim: int) -> IndexError:
    low = max(ndim, 1)
    return IndexError(f"Dimension out of range (expected to be in range of [{-low}, {low - 1}], but got {dim})")


def argument(function: str, name: str, position: int, value: Any) -> TypeError:
    return TypeError(f"{function}(): argument '{name}' (position {position}) must be Tensor, not {kind_of(value)}")


def kind_of(value: Any) -> str:
    """The type of ``value`` as PyTorch's texts have it: ``float``, ``numpy.float64``."""
    kind = type(value)
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__


def not_implemented(kernel: str, d: Any) -> NotImplementedError:
    """A dtype for which PyTorch has no kernel of that name."""
    return NotImplementedError(f"\"{kernel}\" not implemented for '{OF[d].title}'")


def underivable(function: str) -> RuntimeError:
    return RuntimeError(f"derivative for aten::{function} is not implemented")


def not_derived(function: str) -> NotImplementedError:
    return NotImplementedError(f"the derivative for '{function}' is not implemented.")


def bool_negation() -> RuntimeError:
    return RuntimeError(
        "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
        "`~` or `logical_not()` operator instead."
    )


def bool_subtraction(both: bool) -> RuntimeError:
    if both:
        return RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    return RuntimeError(
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use "
        "the `~` or `logical_not()` operator instead."
    )


def zero_division() -> RuntimeError:
    return hinted(RuntimeError("ZeroDivisionError"), "whole numbers have no inf; floats do: x / 0.")


def negative_power() -> RuntimeError:
    return hinted(RuntimeError("Integers to negative integer powers are not allowed."), "write 2. for 2.")


def invert() -> TypeError:
    return hinted(
        TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors"),
        "compare first: ~(x > 0)",
    )


def whole_addcdiv() -> RuntimeError:
    return RuntimeError(
        "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true "
        "division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * "
        "torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) "
        "for float inputs. The future addcdiv behavior is just the latter implementation: (input + value * tensor1 / "
        "tensor2), for all dtypes."
    )


def combination(function: str, got: Any, expected: Any) -> TypeError:
    """No way of calling ``function`` takes these kinds of arguments."""
    kinds = ", ".join(type(value).__name__ for value in got if value is not None)
    listed = "".join(f" * {signature}\n" for signature in expected)
    return TypeError(
        f"{function}() received an invalid combination of arguments - got ({kinds}), but expected one of:\n{listed}"
    )


def where_condition(d: Any) -> RuntimeError:
    return hinted(
        RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {OF[d].title}"),
        "a comparison makes one: torch.where(x > 0, ...)",
    )


def iterating_zero_dim() -> TypeError:
    return TypeError("iteration over a 0-d tensor")


def length_zero_dim() -> TypeError:
    return TypeError("len() of a 0-d tensor")


def no_creator(kind: str) -> AttributeError:
    return hinted(AttributeError(f"'{kind}' object has no attribute 'creator'"), "it is called grad_fn now.")
