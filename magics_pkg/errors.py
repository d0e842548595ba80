"""What goes wrong, in plain words: usage errors of the magic, and hints for the errors of a tensor library."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from IPython.core.error import UsageError

__all__ = ["OutputError", "UsageError", "add_hint", "hint", "nearest", "unknown"]


class OutputError(ValueError):
    """There is no such output, or no graph under it; the text is one sentence."""


# (exception type, what its text holds, what to do about it).  The first that fits is taken.  Texts are PyTorch 2.13's.
HINTS: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        NameError,
        r"^name 'torch' is not defined",
        "import torch first, or import engine as torch; %%backward --as torch needs neither.",
    ),
    (
        TypeError,
        r"gradients can be either Tensors or None, but got",
        "the weights v must be a tensor of the output's shape: y.backward(torch.tensor([...])).",
    ),
    (
        TypeError,
        r"'(float|int)' object is not iterable",
        "backward takes a tensor, not a number: y.backward(torch.tensor(1.0)).",
    ),
    (
        RuntimeError,
        r"Mismatch in shape: grad_output",
        "v has one weight for each entry of the output, so it must have the output's shape;"
        " for a scalar output that is torch.tensor(1.0), or no argument at all.",
    ),
    (
        AttributeError,
        r"'Tensor' object has no attribute 'creator'",
        "since PyTorch 0.4 it is called grad_fn: None for a leaf, a backward node for a result.",
    ),
    (
        RuntimeError,
        r"grad can be implicitly created only for scalar outputs",
        "the output has several entries, and v says how much each counts: y.backward(torch.ones_like(y))"
        " adds up their gradients; or make one number of them first, with y.sum() or y.mean().",
    ),
    (
        RuntimeError,
        r"Trying to backward through the graph a second time",
        "the first backward freed what it had saved; write retain_graph=True in it to go through the graph again.",
    ),
    (
        RuntimeError,
        r"element \d+ of tensors does not require grad and does not have a grad_fn",
        "no path leads from this tensor to one made with requires_grad=True:"
        " detach(), .data, no_grad() or a new torch.tensor(...) may have cut it.",
    ),
    (
        RuntimeError,
        r"modified by an inplace operation",
        "an operation saved this tensor for its derivative, and a later one (+=, add_, x[...] = ...) wrote over it:"
        " write a new tensor instead (y = y + 1), or change a clone().",
    ),
    (
        RuntimeError,
        r"a (view of a )?leaf Variable that requires grad is being used in an in-place operation",
        "the graph starts at this tensor, so it cannot be overwritten while it is recorded:"
        " wrap the update in torch.no_grad(), or make a new tensor.",
    ),
    (
        RuntimeError,
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy keeps no graph; x.detach().numpy() says that you know.",
    ),
    (
        RuntimeError,
        r"One of the differentiated Tensors appears to not have been used in the graph",
        "the output does not depend on this input; allow_unused=True gives None for it.",
    ),
    (
        RuntimeError,
        r"[Oo]nly Tensors of floating point( and complex)? dtype can require gradients",
        "write the numbers with a decimal point (2., not 2), or give dtype=torch.float32.",
    ),
)


def hint(error: BaseException) -> str | None:
    """The advice that fits this error, or None."""
    text = str(error)
    return next(
        (advice for kind, pattern, advice in HINTS if isinstance(error, kind) and re.search(pattern, text)), None
    )


def add_hint(error: BaseException) -> None:
    """Attach our advice as a note, unless the library has attached its own."""
    if getattr(error, "__notes__", None):
        return
    advice = hint(error)
    if advice:
        error.add_note(f"Hint: {advice}")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, or None when none is."""
    words = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), list(words), n=1, cutoff=0.5)
    return words[found[0]] if found else None


def unknown(kind: str, word: str, known: Sequence[str]) -> UsageError:
    """One line that names the wrong word, the nearest right one, and else all the right ones."""
    near = nearest(word, known)
    if near:
        advice = f"did you mean {near}?"
    elif known:
        listed = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        advice = f"there is {listed}"
    else:
        advice = "there is none here"
    return UsageError(f"{kind} {word!r} is not known; {advice}")
