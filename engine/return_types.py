"""``torch.return_types``: tuples with names, for operations with several results."""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def named(name: str, *fields: str) -> Any:
    """The type ``torch.return_types.<name>``: a tuple whose entries have names."""

    def show(self: Any) -> str:
        entries = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self, strict=True))
        return f"torch.return_types.{name}(\n{entries})"

    base = namedtuple(name, fields)  # type: ignore[misc]  # the fields are known when it is called
    return type(name, (base,), {"__repr__": show, "__slots__": (), "__module__": "torch.return_types"})


sort, topk, kthvalue = (named(name, "values", "indices") for name in ("sort", "topk", "kthvalue"))
max, min = (named(name, "values", "indices") for name in ("max", "min"))
