"""``torch.optim``: how parameters follow their gradients. Each file is read when one of its names is asked for."""

from __future__ import annotations

from ..naming import late

FILES = {
    "adagrad": "ASGD Adadelta Adagrad RMSprop Rprop",
    "adam": "Adam AdamW Adamax NAdam RAdam",
    "lbfgs": "LBFGS",
    "lr_scheduler": "",
    "optimizer": "Optimizer",
    "sgd": "SGD",
    "swa_utils": "",
}

__getattr__, __all__ = late.names(__name__, "torch.optim", FILES)


def __dir__() -> list[str]:
    return sorted(__all__)
