"""A word of ours that stands where a user's name would: it has cases, in Russian, or no spaces around, in Chinese."""

from __future__ import annotations

CASES = ("gen", "dat", "acc", "ins", "prep")


class Noun(str):
    """The nominative, and the other cases: `Noun("выход", gen="выхода", ...)`."""

    cases: dict[str, str]

    def __new__(cls, nominative: str, **cases: str) -> Noun:
        made = super().__new__(cls, nominative)
        made.cases = cases
        return made
