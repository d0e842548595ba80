"""What the README says of the magic's options is true: each is in its table, and each line of the table runs."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from magics_pkg import Exploration, options
from tests import cells

README = Path(__file__).resolve().parents[1] / "README.md"
TABLE = README.read_text(encoding="utf-8").partition("| write | to |")[2].partition("\n\n")[0]
ROWS = [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in TABLE.splitlines() if row.startswith("| `")]
PROGRAM = "x = torch.tensor([2., 3., 4.], requires_grad=True)\nw = torch.tensor([1., 2., 3.], requires_grad=True)\n"
PROGRAM += "y = x * w\ny.backward(torch.ones(3), retain_graph=True)"


def test_every_option_is_in_the_table() -> None:
    """No option is left out, and none is in it that there is not."""
    told = {flag for row in ROWS for each in row for flag in re.findall(r"(?<!\S)--?[a-z][\w-]*", each)}
    assert told == set(options.FLAGS) - {"-h", "--help", "--out"}


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_the_line_runs(library: ModuleType, row: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line as it is written, over a cell or after one; a file that it names is written, a name is bound."""
    monkeypatch.chdir(tmp_path)
    line = " ".join(row)
    with cells.shell(library.__name__) as shell:
        if line.startswith(("%backward", "explore")):
            cells.run(shell, f"{PROGRAM}\nv = torch.ones(3)\nfrom magics_pkg import explore")
            ran = cells.run(shell, line)
        else:
            ran = cells.run(shell, f"%%backward {line.removeprefix('%%backward')}\n{PROGRAM}")
        assert ran.error is None
        assert "--save" not in line or (tmp_path / "out.html").stat().st_size > 10_000
        assert "-o e" not in line or isinstance(shell.user_ns["e"], Exploration)
        assert "--quiet" in line or ran.printed or isinstance(ran.result, Exploration)
