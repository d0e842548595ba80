"""An autograd engine on NumPy with PyTorch's API and semantics: ``import engine as torch``."""

from __future__ import annotations

import importlib
from typing import Any

from . import autograd, dtypes, overrides
from .dtypes import dtype, get_default_dtype, set_default_dtype
from .mode import enable_grad, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from .naming import absent, families, methods
from .naming.legacy import TYPES
from .size import Size, device
from .tensor import Tensor

__version__ = "2.13.0+numpy"  # the PyTorch that is followed
e, inf, nan, newaxis, pi = 2.718281828459045, float("inf"), float("nan"), None, 3.141592653589793

methods.install()
_public = {name: value for name, value in vars(dtypes).items() if isinstance(value, dtype) and name[0] != "_"} | TYPES
families.install()
globals().update(_public)
_LATE = {  # files that are read when one of their names, or they themselves, are first asked for
    "cuda": "", "fft": "", "linalg": "", "masked": "", "nn": "", "optim": "", "random": "", "return_types": "",
    "special": "",
    "func": "", "func.vmap": "vmap",
    "accelerator": "", "backends": "", "signal": "", "testing": "", "utils": "",
    "graph.anomaly": "is_anomaly_check_nan_enabled is_anomaly_enabled set_anomaly_enabled",
    "inference": "inference_mode is_inference",
    "size": "layout strided memory_format contiguous_format preserve_format channels_last channels_last_3d",
    "naming.underscored": "abs_ acos_ acosh_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ "
    "atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ detach_ erf_ erfc_ exp2_ "
    "exp_ expm1_ fill_ fix_ floor_ frac_ gcd_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ "
    "neg_ negative_ rad2deg_ reciprocal_ relu_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ "
    "tanh_ trunc_ xlogy_ zero_ addmv_ as_strided_ conj_physical_ i0_ resize_as_",
    "nn.functional.convolutions": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution",
    "nn.functional.native": "batch_norm embedding embedding_bag instance_norm native_batch_norm native_group_norm "
    "native_layer_norm",
    "nn.functional.norms": "group_norm layer_norm rms_norm",
    "nn.functional.vectors": "bilinear cosine_similarity pairwise_distance pdist",
    "nn.functional.grids": "grid_sampler grid_sampler_2d grid_sampler_3d",
    "nn.functional.images": "channel_shuffle pixel_shuffle pixel_unshuffle",
    "nn.functional.adaptive": "adaptive_avg_pool1d adaptive_max_pool1d",
    "nn.functional.pools": "avg_pool1d max_pool1d max_pool1d_with_indices max_pool2d max_pool3d",
    "nn.functional.paddings": "constant_pad_nd",
    "nn.functional.plain": "alpha_dropout alpha_dropout_ binary_cross_entropy_with_logits celu_ cosine_embedding_loss "
    "ctc_loss dropout dropout_ feature_alpha_dropout feature_alpha_dropout_ feature_dropout feature_dropout_ "
    "hinge_embedding_loss kl_div margin_ranking_loss poisson_nll_loss prelu rrelu rrelu_ selu_ threshold_ "
    "triplet_margin_loss",
    "exchange": "frombuffer from_dlpack", "serialization": "load save", "subclasses": "DisableTorchFunctionSubclass",
    "printing": "get_printoptions set_printoptions",
    "typeinfo": "can_cast finfo iinfo is_complex is_floating_point is_nonzero is_tensor numel promote_types "
    "result_type",
}  # fmt: skip
_where = {name: file for file, names in _LATE.items() for name in names.split() or [file]}
# A file of ours that has the name of something else, like mode.py, must not hide it: __getattr__ finds what is meant
for _name in (families.LATE_FUNCTIONS.keys() | _where.keys()) & globals().keys():
    del globals()[_name]

__all__ = [
    "Size", "Tensor", "autograd", "device", "dtype", "e", "enable_grad", "get_default_dtype", "inf", "is_grad_enabled",
    "is_inference_mode_enabled", "nan", "newaxis", "no_grad", "overrides", "pi", "set_default_dtype",
    "set_grad_enabled", *_public, *_where, *families.LATE_FUNCTIONS,
]  # fmt: skip

_missing = absent.lookup("torch", lambda: __all__)


def __getattr__(name: str) -> Any:
    if name in families.LATE_FUNCTIONS:
        return globals().setdefault(name, families.late_function(name))
    if name not in _where:
        return _missing(name)
    module = importlib.import_module(f"{__name__}.{_where[name]}")
    if name == "random":
        families.late_function("default_generator")  # whose state is a tensor
    return globals().setdefault(name, module if name == _where[name] else getattr(module, name))


def __dir__() -> list[str]:
    return sorted(__all__)
