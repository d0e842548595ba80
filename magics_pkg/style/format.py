"""Numbers as a reader wants them: 4 significant digits, at most 9 characters, a true minus sign; and how wide text is.

`static/number.js` writes numbers by the same rules, so that nothing jumps when the page takes over from Python.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

MINUS = "\u2212"
DIGITS = 4
# A number without its sign never takes more characters than this, so that a column can be reserved for it.
WIDEST = 8
# Outside of these it is written with an exponent in any case.
SMALL, LARGE = 1e-9, 1e7

Number = float | int | bool | complex


def number(x: Number, digits: int = DIGITS) -> str:
    """`x` at 4 significant digits, without trailing zeros: 1.228, −0.3031, 51235, 5.12e−5, nan, inf; 1−2j."""
    if isinstance(x, bool):
        return str(x)
    if isinstance(x, complex):
        imaginary = number(x.imag, digits)
        return f"{number(x.real, digits)}{'' if imaginary.startswith(MINUS) else '+'}{imaginary}j"
    if x != x:
        return "nan"
    if x == 0:
        return "0"
    sign = MINUS if x < 0 else ""
    if x in (math.inf, -math.inf):
        return f"{sign}inf"
    size = abs(x)
    # Whole numbers and the whole part of large ones are kept: 51235, not 5.124e4, while they are short.
    text = _decimal(size, digits) if SMALL <= size < LARGE else ""
    return sign + (text if 0 < len(text) <= WIDEST else _exponent(size, digits))


def _decimal(size: float, digits: int) -> str:
    exact = Decimal(size)
    places = max(0, digits - 1 - exact.adjusted())
    text = f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(size: float, digits: int) -> str:
    exact = Decimal(size)
    for places in range(digits - 1, -1, -1):
        power = exact.adjusted()
        mantissa = exact.scaleb(-power).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if mantissa >= 10:
            power, mantissa = power + 1, mantissa / 10
        head = f"{mantissa:f}"
        head = head.rstrip("0").rstrip(".") if "." in head else head
        text = f"{head}e{MINUS if power < 0 else ''}{abs(power)}"
        if len(text) <= WIDEST:
            break
    return text


def entry(name: str, index: Sequence[int]) -> str:
    """The name of one entry as Python writes it: x.grad[0, 1], or x.grad for a 0-d tensor."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def unravel(flat: int, shape: Sequence[int]) -> tuple[int, ...]:
    """The index of a flat position: 5 in a (2, 3) tensor is (1, 2)."""
    index = []
    for size in reversed(shape):
        flat, place = divmod(flat, size)
        index.append(place)
    return tuple(reversed(index))


def shape(sizes: Sequence[int]) -> str:
    """A tensor's shape as Python writes a tuple: (3,), (2, 3), ()."""
    return str(tuple(int(size) for size in sizes))


# Line breaks, tabs, controls, and the marks that turn the direction of what follows: none may reach a label.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


def one_line(text: str) -> str:
    """Text as one line: white space becomes one space, marks that nobody can see become �."""
    return _UNSEEN.sub("\ufffd", " ".join(text.split()))


# Thousandths of the font size, of DejaVu Sans, which is wider than what most people have: an honest upper bound.
_ASCII = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 557, 1015, 684, 686, 723, 770, 667,
    611, 778, 752, 295, 500, 667, 557, 863, 748, 787, 667, 787, 723, 667, 611, 732, 684, 989, 685,
    667, 685, 390, 337, 390, 838, 557, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)  # fmt: skip
_WIDTHS = {chr(32 + place): size / 1000 for place, size in enumerate(_ASCII)}
_WIDTHS |= {
    "·": 0.34,
    "×": 0.84,
    "÷": 0.84,
    MINUS: 0.84,
    "…": 1.0,
    "→": 1.0,
    "∂": 0.52,
    "ᵀ": 0.44,
    "²": 0.44,
    "³": 0.44,
}
_BOLD = 1.13
_MONO = 0.605


def width(text: str, size: float, *, bold: bool = False, mono: bool = False) -> float:
    """How many pixels the text takes at most, at this font size."""
    return size * sum(_advance(char, bold, mono) for char in text)


def _advance(char: str, bold: bool, mono: bool) -> float:
    known = _WIDTHS.get(char)
    if known is not None:
        return _MONO if mono else known * _BOLD if bold else known
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.4 if ord(char) > 0xFFFF else 1.05
    if mono and unicodedata.east_asian_width(char) != "N":
        return 0.8
    # Letters of other alphabets: the widest of Cyrillic and Greek capitals take 1.1, the common ones 0.65.
    return (1.1 if char.isupper() else 0.85) * (_BOLD if bold else 1)


NUMBER_WIDTH = max(width(text, 1) for text in (f"{MINUS}0.001234", f"{MINUS}1.234e{MINUS}5"))


def elide(text: str, room: float, size: float, *, bold: bool = False, mono: bool = False) -> str:
    """The text, with its middle left out when it is wider than `room` pixels: torch.tanh(x…) * 2."""
    if width(text, size, bold=bold, mono=mono) <= room:
        return text
    room -= width("…", size, bold=bold, mono=mono)
    head, tail, used, forward = 0, 0, 0.0, True
    while head + tail < len(text):
        char = text[head] if forward else text[len(text) - 1 - tail]
        used += width(char, size, bold=bold, mono=mono)
        if used > room:
            break
        head, tail, forward = head + forward, tail + (not forward), not forward
    return text[:head].rstrip() + "…" + (text[len(text) - tail :].lstrip() if tail else "")


def within(name: str, around: Sequence[str]) -> str:
    """A group's name without the end that tells where it is, which stands on a frame around it: "round 3"."""
    head, dot, end = name.partition(" · ")
    return head if dot and any(each == end or each.startswith(f"{end} · ") for each in around) else name
