"""``torch.nn.utils``. Each file is read when one of its names is asked for."""

from __future__ import annotations

from ...naming import late

FILES = {
    "clip_grad": "clip_grad_norm_ clip_grad_value_ clip_grads_with_norm_ get_total_norm",
    "convert_parameters": "parameters_to_vector vector_to_parameters",
    "parametrizations": "",
    "parametrize": "",
    "rnn": "",
    "spectral_hook": "remove_spectral_norm spectral_norm",
    "weight_hook": "remove_weight_norm weight_norm",
}

__getattr__, __all__ = late.names(__name__, "torch.nn.utils", FILES)


def __dir__() -> list[str]:
    return sorted(__all__)
