"""What goes wrong, in plain words: usage errors of the magic, and hints for the errors of a tensor library."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from IPython.core.error import UsageError

from .words import language, say

__all__ = ["OutputError", "UsageError", "add_hint", "hint", "nearest", "unknown"]


class OutputError(ValueError):
    """There is no such output, or no graph under it; the text is one sentence."""


# (exception type, what its text holds, the words for what to do).  The first that fits is taken.  Texts are PyTorch's.
HINTS: tuple[tuple[type[BaseException], str, str], ...] = (
    (NameError, r"^name 'torch' is not defined", "hint_torch"),
    (TypeError, r"gradients can be either Tensors or None, but got", "hint_list"),
    (TypeError, r"'(float|int)' object is not iterable", "hint_number"),
    (RuntimeError, r"Mismatch in shape: grad_output", "hint_shape"),
    (AttributeError, r"'Tensor' object has no attribute 'creator'", "hint_creator"),
    (RuntimeError, r"grad can be implicitly created only for scalar outputs", "hint_scalar"),
    (RuntimeError, r"Trying to backward through the graph a second time", "hint_freed"),
    (RuntimeError, r"element \d+ of tensors does not require grad and does not have a grad_fn", "hint_no_graph"),
    (RuntimeError, r"modified by an inplace operation", "hint_in_place"),
    (
        RuntimeError,
        r"a (view of a )?leaf Variable that requires grad is being used in an in-place operation",
        "hint_leaf",
    ),
    (RuntimeError, r"Can't call numpy\(\) on Tensor that requires grad", "hint_numpy"),
    (
        RuntimeError,
        r"differentiated Tensors? (at index \d+ )?appears to not have been used in the graph",
        "hint_unused",
    ),
    (RuntimeError, r"[Oo]nly Tensors of floating point( and complex)? dtype can require gradients", "hint_dtype"),
)


def hint(error: BaseException) -> str | None:
    """The advice that fits this error, or None."""
    text = str(error)
    found = (key for kind, pattern, key in HINTS if isinstance(error, kind) and re.search(pattern, text))
    return next((say(key) for key in found), None)


def add_hint(error: BaseException) -> None:
    """Attach our advice as a note, unless the library has attached its own, which the engine writes in English."""
    notes = getattr(error, "__notes__", None) or []
    advice = hint(error)
    if not advice or (notes and (language() == "en" or not all(note.startswith("Hint: ") for note in notes))):
        return
    notes[:] = []
    error.add_note(say("hint", text=advice))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, or None when none is."""
    spelled = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), list(spelled), n=1, cutoff=0.5)
    return spelled[found[0]] if found else None


def unknown(kind: str, word: str, known: Sequence[str]) -> UsageError:
    """One line that names the wrong word, the nearest right one, and else all the right ones."""
    near = nearest(word, known)
    if near:
        advice = say("did_you_mean", near=near)
    elif known:
        advice = say("there_is", names=", ".join(known[:8]) + (", ..." if len(known) > 8 else ""))
    else:
        advice = say("there_is_none")
    return UsageError(say("unknown", kind=kind, word=repr(word), advice=advice))
