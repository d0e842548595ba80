"""Arguments for every row of the table that has a derivative, gathered from the families: for the gradient checks."""

from __future__ import annotations

from .example import Example
from .examples_complex import COMPLEX, ON_COMPLEX
from .examples_copies import COPY_EXAMPLES
from .examples_elementwise import ELEMENTWISE
from .examples_fourier import FOURIER
from .examples_layers import LAYERS
from .examples_linalg import DECOMPOSITIONS, PRODUCTS
from .examples_reduce import LINALG, LOSSES, REDUCE
from .examples_scattering import SCATTERING
from .examples_shape import SHAPE_EXAMPLES
from .examples_special import SPECIAL
from .examples_statistics import STATISTICS

EXAMPLES: dict[str, list[Example]] = {}

for _family in (
    ELEMENTWISE,
    REDUCE,
    LINALG,
    LOSSES,
    SHAPE_EXAMPLES,
    LAYERS,
    COMPLEX,
    FOURIER,
    SPECIAL,
    STATISTICS,
    COPY_EXAMPLES,
    SCATTERING,
    DECOMPOSITIONS,
    PRODUCTS,
):
    if _twice := EXAMPLES.keys() & _family.keys():
        raise ValueError(f"examples in two families: {sorted(_twice)}")
    EXAMPLES |= _family

for _name, _more in ON_COMPLEX.items():
    EXAMPLES[_name] = [*EXAMPLES[_name], *_more]
