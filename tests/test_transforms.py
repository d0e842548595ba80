"""Forward mode and ``vmap`` of every entry of PyTorch's operator database that tier 1 names, against PyTorch."""

from __future__ import annotations

from types import ModuleType

import pytest

from .conformance.tiers import TIERS

NAMES = sorted({name for group in TIERS[1].values() for name in group})
# Entries that differ, and why; one that has stopped differing fails
DIFFERENT = {
    ("batch", "__getitem__"): "PyTorch refuses a mask that differs from entry to entry; its loop does not",
    ("batch", "nn.functional.batch_norm"): "statistics that all entries share are refused, as PyTorch's vmap does",
    ("batch", "nn.functional.dropout"): "randomness='error'",
    ("batch", "randn_like"): "randomness='error'",
    ("batch", "empty_like"): "values that nobody has set",
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch's, of what samples ask for
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", ["forward", "batch"])
def test_entry(torch: ModuleType, column: str, name: str) -> None:
    """Tangents, and batches, of the entry's samples."""
    from .conformance import transforms
    from .conformance.table import entries

    failures = [told for told in getattr(transforms, column)(entries()[name]) if told is not None]
    assert bool(failures) == ((column, name) in DIFFERENT), failures[:1]
