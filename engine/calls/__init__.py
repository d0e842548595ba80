"""PyTorch's ways of calling: thin fronts over the rows of the table.

Each family says what it gives: ``FUNCTIONS`` for ``torch.<name>``, ``METHODS`` for ``Tensor.<name>``, ``IN_PLACE`` for
the functions that have a form with an underscore. It is read when one of these names is first used (``families.py``).
"""

FAMILIES = (
    "activations", "arithmetic", "arrange", "binary", "cast", "compare", "complexes", "copies", "creation",
    "cumulative", "differences", "discrete", "einsum", "elements", "extremes", "functions", "gather", "grids",
    "index", "join", "linalg", "matrices", "order", "products", "questions", "reduce", "reshaping",
    "sampling", "scattering", "shape", "softmax", "sort", "special", "spectra", "statistics",
)  # fmt: skip
