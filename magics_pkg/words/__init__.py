"""Every word that a person sees, in the reader's language: one catalogue each, `en.py`, `zh.py`, `ru.py` and what
stands beside them by topic, `en_line.py` and so on.

    say("not_kept")                      the sentence
    say("no_path", leaf="u", output="y")  with the user's own names in it
    say("operations", n=3)               in the form that the language has for this number

The language is `use("ru")`'s, else that of JupyterLab or of the system, else English.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from .noun import CASES, Noun

LANGUAGES = ("en", "zh", "ru")
FEW = 4  # names that stand for all of a model's
MANY = 12  # words of a list that are written out
# The panel; what a cell teaches; the magic's own line; local derivatives; --compare; inputs that are moved
TOPICS = ("", "_lessons", "_line", "_rules", "_compare", "_inputs")
HAN = "[\u4e00-\u9fff]"
Text = str | tuple[str, ...]  # several: the forms for a number n

_chosen: str | None = None


def use(language: str | None) -> None:
    """Speak this language from here on; None or "": that of the surroundings."""
    global _chosen
    _chosen = language or None


def language() -> str:
    """The language that is spoken."""
    return _chosen or surroundings()


@cache
def surroundings() -> str:
    """The language of JupyterLab's menus where one was chosen there, else of the system, else English."""
    named = [_jupyterlab(), *(os.environ.get(each, "") for each in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))]
    first = next((each for each in named if each and each not in ("default", "C", "POSIX", "C.UTF-8")), "")
    return next((each for each in LANGUAGES if re.match(rf"{each}\b|{each}_", first.lower())), "en")


def _jupyterlab() -> str:
    """The locale in JupyterLab's settings, which a kernel on the same machine can read."""
    folder = os.environ.get("JUPYTERLAB_SETTINGS_DIR", "")
    if not folder:
        home = os.environ.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter"
        folder = str(Path(home) / "lab" / "user-settings")
    path = Path(folder) / "@jupyterlab" / "translation-extension" / "plugin.jupyterlab-settings"
    try:
        found = re.search(r'^\s*\{?\s*"locale"\s*:\s*"([\w-]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, ValueError):
        return ""
    return found[1] if found else ""


@cache
def catalogue(name: str) -> Mapping[str, Text]:
    """All texts of one language."""
    texts: dict[str, Text] = {}
    for topic in TOPICS:
        texts |= importlib.import_module(f"{__name__}.{name}{topic}").TEXTS
    return texts


class _Sentences(Formatter):
    """`{leaf:gen}` is a word of ours in its genitive, and a user's name as it is."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in CASES:
            return value.cases[format_spec] if isinstance(value, Noun) else str(value)
        return str(super().format_field(value, format_spec))


def say(key: str, /, **fields: object) -> str:
    """A text with these names and numbers in it; the form for ``n`` where there are several."""
    spoken = language()
    text = catalogue(spoken)[key]
    if not isinstance(text, str):
        text = text[form(spoken, int(str(fields["n"])))]
    if spoken == "zh":  # spaces stand around names and numbers only
        for name in (name for name, value in fields.items() if isinstance(value, Noun)):
            text = re.sub(rf"(?<={HAN}) (?={{{name}}})|(?<={{{name}}}) (?={HAN})", "", text)
    return _Sentences().vformat(text, (), fields) if fields else text if isinstance(text, Noun) else text.format()


def form(name: str, n: int) -> int:
    """Which of a language's forms goes with a number: 1 операция, 2 операции, 5 операций."""
    if name == "zh":
        return 0
    if name == "en":
        return 0 if n == 1 else 1
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else 2


def listed(words: Sequence[str], count: int = 0) -> str:
    """ "a", "a and b", "a, b and c"; of more than a line holds, or of ``count``, the first and how many more."""
    count = max(count, len(words))
    if count > MANY:
        words = [*words[: MANY - 1], say("and_more", n=count - MANY + 1)]
    together = words[0] if len(words) == 1 else say("comma").join(words[:-1]) + say("and") + words[-1]
    return re.sub(rf"(?<={HAN}) (?={HAN})", "", together)  # only beside a name or a number


def few(names: Sequence[str]) -> list[str]:
    """The first of many, and how many more."""
    return [*names[:FEW], say("and_more", n=len(names) - FEW)] if len(names) > FEW else list(names)


def labels() -> dict[str, str]:
    """What the page says by itself; a place for a number that only the page knows is written {0}."""
    texts = catalogue(language())
    return {key.removeprefix("page_"): str(text).format() for key, text in texts.items() if key.startswith("page_")}
