"""What of ``op_db`` does not pass, and why: reason, column, entries. A reason that has gone stale fails a test.

A reason that begins with ``PyTorch:`` says that PyTorch is not to be followed there, the others what the engine lacks.
"""

from __future__ import annotations

EXCEPTIONS: dict[str, dict[str, str]] = {
    "PyTorch: no derivative of the chunked form's gradient; it answers None where the second derivative is not zero": {
        "second": "nn.functional.linear_cross_entropy|chunked"
    },
    "PyTorch: of an empty matrix it leaves one of the gradients undefined, where the engine has an empty one": {
        "second": "linalg.householder_product"
    },
}

REASONS = {
    (entry, column): reason
    for reason, columns in EXCEPTIONS.items()
    for column, entries in columns.items()
    for entry in entries.split()
}
