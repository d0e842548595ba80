"""``torch.utils``. Each file is read when one of its names is asked for."""

from __future__ import annotations

from ..naming import late

FILES = {"checkpoint": "", "data": "", "dlpack": ""}

__getattr__, __all__ = late.names(__name__, "torch.utils", FILES)


def __dir__() -> list[str]:
    return sorted(__all__)
