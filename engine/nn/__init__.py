"""``torch.nn``: modules, their parameters, losses. Each file is read when one of its names is asked for."""

from __future__ import annotations

from .. import late

FILES = {
    "functional": "",
    "init": "",
    "activation": "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish "
    "PReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold",
    "container": "ModuleDict ModuleList Sequential",
    "linear": "Dropout Embedding Flatten Identity Linear Unflatten",
    "loss": "BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss KLDivLoss L1Loss MSELoss NLLLoss SmoothL1Loss",
    "module": "Module",
    "modules": "",
    "parameter": "parameter Buffer Parameter UninitializedBuffer UninitializedParameter",
    "parameter_container": "ParameterDict ParameterList",
}

__getattr__, __all__ = late.names(__name__, "torch.nn", FILES)


def __dir__() -> list[str]:
    return sorted(__all__)
