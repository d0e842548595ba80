"""Convolutions over any number of dimensions and their transposes, and what derivatives they are of each other.

``x`` is (N, C, *space), ``weight`` (O, C/groups, *kernel), or (C, O/groups, *kernel) where ``transposed``. How an array
is convolved is in ``convolving.py``.
"""

from ..table.kernel import RAW, rule
from ..table.op import op
from . import convolving

RAW["correlate"], RAW["spread"], RAW["correlate_weight"] = (
    convolving.correlate,
    convolving.spread,
    convolving.correlate_weight,
)


@rule
def transposed_size(size, kernel, stride, padding, dilation, output_padding):
    """The extent of a transposed convolution's result in each dimension."""
    return tuple(
        [
            (n - 1) * s - 2 * p + d * (k - 1) + o + 1
            for n, k, s, p, d, o in zip(size, kernel, stride, padding, dilation, output_padding, strict=True)
        ]
    )


@rule
def left_over(shape, small, kernel, stride, padding, dilation, transposed):
    """The output padding with which a transposed convolution of ``small`` has ``shape``; no matter for a plain one."""
    none = (0,) * len(stride)
    if not transposed:
        return none
    least = transposed_size(small[2:], kernel[2:], stride, padding, dilation, none)
    return tuple([n - m for n, m in zip(shape[2:], least, strict=True)])


def mixed(x, weight, bias=None, *rest):
    """PyTorch's error for operands of several dtypes."""
    names = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}
    names |= {"complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}

    def name(t):
        return names.get(str(t.dtype).rpartition(".")[2], str(t.dtype))

    if bias is not None and bias.dtype is not x.dtype:
        return RuntimeError(f"Input type ({name(x)}) and bias type ({name(bias)}) should be the same")
    if weight.dtype is not x.dtype:
        return RuntimeError(f"expected scalar type {x.dtype.title} but found {weight.dtype.title}")
    return None


@op(
    x=lambda g, x_shape, weight, stride, padding, dilation, transposed, groups: convolution_input(
        g, weight, x_shape, stride, padding, dilation, transposed, groups
    ),
    weight=lambda g, x, weight_shape, stride, padding, dilation, transposed, groups: convolution_weight(
        x, g, weight_shape, stride, padding, dilation, transposed, groups
    ),
    bias=lambda g: sum(g, (0, *range(2, len(g.shape)))),
    jvp=lambda dx, dw, bias, x, weight, stride, padding, dilation, transposed, output_padding, groups: (
        convolution(dx, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
        + convolution(x, dw, None, stride, padding, dilation, transposed, output_padding, groups)
    ),
    refuse=mixed,
)
def convolution(
    x, weight, bias=None, stride=(), padding=(), dilation=(), transposed=False, output_padding=(), groups=1
):
    """``out[n, o, i] = bias[o] + Σ_c,k weight[o, c, k] · x[n, c, i·stride + k·dilation - padding]``."""
    if not transposed:
        return correlate(x, weight, bias, stride, padding, dilation, groups)
    size = transposed_size(x.shape[2:], weight.shape[2:], stride, padding, dilation, output_padding)
    out = spread(x, weight, size, stride, padding, dilation, groups)
    return out if bias is None else out + bias.reshape(-1, *[1] * len(stride))


@op(
    x=lambda g, x_shape, weight, stride, padding, dilation, transposed, groups: convolution(
        g,
        weight,
        None,
        stride,
        padding,
        dilation,
        transposed,
        left_over(x_shape, g.shape, weight.shape, stride, padding, dilation, transposed),
        groups,
    ),
    weight=lambda g, x, weight_shape, stride, padding, dilation, transposed, groups: convolution_weight(
        g, x, weight_shape, stride, padding, dilation, transposed, groups
    ),
    node="ConvolutionBackwardBackward0",
    jvp="multilinear",
)
def convolution_input(x, weight, shape, stride, padding, dilation, transposed, groups):
    """What an input of ``shape`` receives when the convolution receives ``x``."""
    if transposed:
        return correlate(x, weight, None, stride, padding, dilation, groups, shape[2:])
    return spread(x, weight, shape[2:], stride, padding, dilation, groups)


@op(
    x=lambda g, x_shape, y, stride, padding, dilation, transposed, groups: convolution_input(
        y, g, x_shape, stride, padding, dilation, transposed, groups
    ),
    y=lambda g, x, y_shape, stride, padding, dilation, transposed, groups: convolution(
        x,
        g,
        None,
        stride,
        padding,
        dilation,
        transposed,
        left_over(y_shape, x.shape, g.shape, stride, padding, dilation, transposed),
        groups,
    ),
    node="ConvolutionBackwardBackward0",
    jvp="multilinear",
)
def convolution_weight(x, y, shape, stride, padding, dilation, transposed, groups):
    """What a weight of ``shape`` receives when the convolution of ``x`` receives ``y``."""
    if transposed:
        x, y = y, x
    return correlate_weight(x, y, shape, stride, padding, dilation, groups)
