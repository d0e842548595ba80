"""The pages' programs, imports and all, in an IPython of its own: `python -m tests.as_torch_programs engine|torch`.

With `engine` they stand under `%%backward --as torch` and no torch can be imported; with `torch` they are plain cells.
What each prints, raises and leaves in its names is printed as JSON.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from tests import cells
from tests.test_programs import CHANGING, PROGRAMS, Program

IMPORTS = (
    "import torch\nfrom torch.autograd import Variable\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
    "torch.manual_seed(0)\n"
)


class Without:
    """A finder that never finds torch: the machine has none."""

    def __init__(self, finder: Any) -> None:
        self.finder = finder

    def find_spec(self, name: str, *where: Any) -> Any:
        """What the real finder says, but for torch."""
        return None if name.partition(".")[0] == "torch" else self.finder.find_spec(name, *where)

    def __getattr__(self, name: str) -> Any:
        """Whatever else finders do."""
        return getattr(self.finder, name)


def hide_torch() -> None:
    """No import finds torch from here on."""
    sys.meta_path[:] = [Without(each) for each in sys.meta_path]
    for name in [each for each in sys.modules if each.partition(".")[0] == "torch"]:
        del sys.modules[name]


def run(shell: InteractiveShell, program: Program, magic: str) -> dict[str, Any]:
    """One program in a namespace where nothing of another is."""
    shell.reset(new_session=False)
    ran = cells.run(shell, f"{magic}{IMPORTS}{program.code}")
    printed = "" if ran.error is not None else CHANGING.sub("", ran.printed)
    figures = {}
    for expression in program.figures:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = eval(expression, dict(shell.user_ns))  # the test's own text
        figures[expression] = None if found is None else [str(found.dtype), found.tolist()]
    error = None if ran.error is None else [type(ran.error).__name__, str(ran.error).partition("\n")[0]]
    notes = getattr(ran.error, "__notes__", [])
    panel = str(shell.user_ns.get("panel", ""))
    return {"printed": printed, "error": error, "notes": notes, "figures": figures, "panel": panel}


def main(library: str) -> None:
    """Print what became of each program, and which modules called torch there are at the end."""
    if library == "engine":
        hide_torch()
    magic = "%%backward --as torch --quiet -o panel\n" if library == "engine" else ""
    with cells.shell(library) as shell:
        found = {each.name: run(shell, each, magic) for each in PROGRAMS}
    left = [name for name in sys.modules if name.partition(".")[0] == "torch"]
    print(json.dumps({"programs": found, "modules": left}))


if __name__ == "__main__":
    main(sys.argv[1])
