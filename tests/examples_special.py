"""Arguments for the rows of special functions."""

from __future__ import annotations

import numpy as np

from .example import POSITIVE, ROW, Example, X, Y, random

INSIDE = X / 2.5  # in (-0.8, 0.8)
SHARE = (INSIDE + 1) / 2  # in (0.1, 0.9)
ABOVE = POSITIVE + 1

_OF = {
    **dict.fromkeys(("erf", "erfc", "erfcx", "log_ndtr", "i0", "i0e", "i1", "i1e"), X),
    **dict.fromkeys(("lgamma", "digamma", "entr"), POSITIVE),
    "erfinv": INSIDE, "logit": SHARE, "ndtri": SHARE,
}  # fmt: skip

SPECIAL: dict[str, list[Example]] = {
    **{name: [Example(x)] for name, x in _OF.items()},
    "polygamma": [Example(POSITIVE, n) for n in (0, 1, 3)],
    "mvlgamma": [Example(ABOVE, p) for p in (1, 3)],
    "igamma": [Example(POSITIVE, ABOVE, fixed=[0]), Example(POSITIVE, ROW**2 + 0.5, fixed=[0])],
    "igammac": [Example(POSITIVE, ABOVE, fixed=[0]), Example(ROW**2 + 0.5, ABOVE, fixed=[0])],
    "zeta": [Example(ABOVE + 0.5, POSITIVE, fixed=[0])],
    "zeta_of_number": [Example(POSITIVE, 2.5)],
    "xlog1py": [Example(X, POSITIVE), Example(ROW, POSITIVE)],
    "xlog1py_of_number": [Example(POSITIVE, 2.5)],
    "xlog1py_by_number": [Example(X, 0.7)],
    "mul_number": [Example(X, 0.7)],
    "add_number": [Example(X, 0.7)],
    "normal_of_two": [Example(X, POSITIVE, Y, fixed=[2])],
    "block_diag": [Example([X, ROW, np.array(0.7)])],
    "frexp": [Example(random(2, 3))],
    "nextafter": [Example(X, Y), Example(X, ROW)],
    "xlogy_of_number": [Example(POSITIVE, 2.5)],
    "xlogy_by_number": [Example(X, 0.7)],
}
