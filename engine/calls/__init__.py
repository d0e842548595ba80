"""PyTorch's ways of calling: thin fronts over the rows of the table.

Each family says what it gives: ``FUNCTIONS`` for ``torch.<name>``, ``METHODS`` for ``Tensor.<name>``, ``IN_PLACE`` for
the functions that have a form with an underscore. Those in ``EVERYDAY`` are read by ``import engine``, those in
``LATE`` when one of their names is first used (``families.py``).
"""

EVERYDAY = (
    "activations", "arithmetic", "arrange", "binary", "cast", "compare", "complexes", "creation", "functions", "gather",
    "index", "join", "linalg", "order", "reduce", "reshaping", "shape", "softmax", "sort",
)  # fmt: skip
LATE = (
    "copies",
    "differences",
    "einsum",
    "elements",
    "grids",
    "matrices",
    "products",
    "questions",
    "discrete",
    "sampling",
    "scattering",
    "special",
    "spectra",
    "statistics",
)
