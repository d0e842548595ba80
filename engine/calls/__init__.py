"""PyTorch's ways of calling: thin fronts over the rows of the table.

Each family says what it gives: ``FUNCTIONS`` for ``torch.<name>``, ``METHODS`` for ``Tensor.<name>``, ``IN_PLACE`` for
the functions that have a form with an underscore. Those in ``EVERYDAY`` are read by ``import engine``, those in
``LATE`` when one of their names is first used (``families.py``).
"""

EVERYDAY = (
    "arithmetic", "binary", "cast", "compare", "complexes", "creation", "functions", "index", "join", "linalg", "order",
    "reduce", "shape",
)  # fmt: skip
LATE = (
    "activations", "arrange", "copies", "differences", "discrete", "einsum", "elements", "gather", "grids",
    "matrices", "products", "questions", "reshaping", "sampling", "scattering", "softmax", "sort", "special",
    "spectra", "statistics",
)  # fmt: skip
