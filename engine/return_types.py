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
    "histogramdd": ("hist", "bin_edges"), "svd": ("U", "S", "V"), "qr": ("Q", "R"), "slogdet": ("sign", "logabsdet"),
    "triangular_solve": ("solution", "cloned_coefficient"), "geqrf": ("a", "tau"), "lu_unpack": ("P", "L", "U"),
    "linalg_svd": ("U", "S", "Vh"), "linalg_qr": ("Q", "R"), "linalg_slogdet": ("sign", "logabsdet"),
    "linalg_eigh": ("eigenvalues", "eigenvectors"), "linalg_eig": ("eigenvalues", "eigenvectors"),
    "linalg_lu": ("P", "L", "U"), "linalg_lu_factor": ("LU", "pivots"), "linalg_ldl_factor": ("LD", "pivots"),
    "linalg_lu_factor_ex": ("LU", "pivots", "info"), "linalg_ldl_factor_ex": ("LD", "pivots", "info"),
    "linalg_inv_ex": ("inverse", "info"), "linalg_cholesky_ex": ("L", "info"), "linalg_solve_ex": ("result", "info"),
    "linalg_lstsq": ("solution", "residuals", "rank", "singular_values"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Each type is made when it is first asked for: making one costs 0.3 ms."""
    if name not in FIELDS:
        raise AttributeError(f"module 'torch.return_types' has no attribute '{name}'")
    return globals().setdefault(name, named(name, *FIELDS[name]))


def __dir__() -> list[str]:
    return sorted(FIELDS)
