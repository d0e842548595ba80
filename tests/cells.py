"""Cells run in a real IPython, with the magics loaded: what they return, raise and print."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

SETUP = "import {0} as torch\nfrom {0}.autograd import Variable\nimport {0}.nn as nn\n"
VECTOR = "x = torch.tensor([2., 2., 2.], requires_grad=True)\ny = x * 2\n"
FIRST = VECTOR + "y.backward(torch.tensor([0.1, 1., 10.]))\n"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Ran:
    """What became of one cell."""

    result: Any
    error: BaseException | None
    printed: str


@contextlib.contextmanager
def shell(library: str = "engine") -> Iterator[InteractiveShell]:
    """An IPython of its own, without a history file; torch is bound to a library."""
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=settings)
    try:
        made.run_line_magic("load_ext", "magics_pkg")
        for line in SETUP.format(library).splitlines():
            run(made, line)
        yield made
        made.run_line_magic("unload_ext", "magics_pkg")
    finally:
        made.restore_sys_module_state()
        InteractiveShell.clear_instance()


def run(shell: InteractiveShell, source: str) -> Ran:
    """Run one cell, as if typed."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = shell.run_cell(source, store_history=True)
    return Ran(done.result, done.error_before_exec or done.error_in_exec, COLOUR.sub("", text.getvalue()))


def usage(ran: Ran) -> str:
    """The one line of a UsageError, which IPython prints without a traceback."""
    assert type(ran.error) is UsageError, ran.error
    assert "Traceback" not in ran.printed
    assert "\n" not in str(ran.error)
    return str(ran.error)


def grad(shell: InteractiveShell, name: str = "x") -> Any:
    """A leaf's gradient as NumPy."""
    return shell.user_ns[name].grad.detach().numpy()
