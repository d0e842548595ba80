"""A cell under the magic does what the plain cell does: output, Out, errors, await; on the same lines."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import output_can_be_silenced
from IPython.utils.capture import capture_output
from traitlets.config import Config

from magics_pkg.cells.cell import Outcome, awaiting, read_cell, run_cell, run_cell_async


def make_shell() -> InteractiveShell:
    """An IPython without history or colours."""
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    return InteractiveShell.instance(config=settings)


def with_magic(shell: InteractiveShell) -> InteractiveShell:
    """The same with a bare ``%%backward``: a cell is run, its result shown, its error raised."""

    def finish(outcome: Outcome) -> None:
        __tracebackhide__ = True
        outcome.show()
        outcome.raise_error()

    def backward(line: str, cell: str) -> None:
        __tracebackhide__ = True
        finish(run_cell(shell, read_cell(shell, cell, line)))

    async def waiting(line: str, cell: str) -> None:
        __tracebackhide__ = True
        finish(await run_cell_async(shell, read_cell(shell, cell, line)))

    shell.register_magic_function(output_can_be_silenced(backward), "cell", "backward")
    backward.waiting = waiting  # type: ignore[attr-defined]  # reached from the rewritten cell below
    shell.input_transformers_cleanup.insert(
        0, awaiting("backward", "get_ipython().find_cell_magic('backward').waiting")
    )
    return shell


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """An IPython with the bare magic."""
    made = with_magic(make_shell())
    yield made
    made.restore_sys_module_state()
    InteractiveShell.clear_instance()


def outputs(shell: InteractiveShell, cells: list[str]) -> list[tuple[str, Any, bool, str]]:
    """What each cell printed, returned, whether it went well, and the type of its error."""
    seen = []
    for source in cells:
        with capture_output() as captured:
            done = shell.run_cell(source, store_history=True)
        error = done.error_before_exec or done.error_in_exec
        text = captured.stdout + captured.stderr
        seen.append((text, done.result, done.success, type(error).__name__))
    return seen


def lower(text: str, lines: int = 1) -> str:
    """A traceback of a cell that stands so many lines lower: each line number grows, and the magic's line is above."""
    text = re.sub(r"(?<=, line )\d+", lambda found: str(int(found[0]) + lines), text)
    numbered = r"^(-+> +| +)(\d+)(?= |$)"
    text = re.sub(numbered, lambda found: found[1] + str(int(found[2]) + lines), text, flags=re.MULTILINE)
    return re.sub(r" +", " ", text)


def without_head(text: str) -> str:
    """The traceback without the comment that stands for the magic's line."""
    return re.sub(r" +", " ", re.sub(r"^ +1 # %%backward\n", "", text, flags=re.MULTILINE))


SAME = {
    "last expression": ["x = 1\nprint('hi')\nx + 1", "_", "x", "_3"],
    "semicolon": ["x = 2\nx + 2;", "x;", "'a'; 'b'"],
    "None": ["None", "print(3)"],
    "loop": ["for i in range(2):\n    i\n'last'"],
    "comment after it": ["5 # five"],
    "only a comment": ["# nothing"],
    "line magic": ["%env BACKWARD_TEST_VARIABLE=3", "x = %pwd\nlen(x) > 0"],
    "shell": ["!echo shell", "files = !echo a b\nfiles"],
    "another cell magic": ["%%capture out\nprint(4)", "out.stdout"],
    "await": ["import asyncio\nawait asyncio.sleep(0.001)\n7", "x = await asyncio.sleep(0, 3)\nx", "_"],
    "async for": ["async def g():\n    yield 1\nasync for i in g():\n    print(i)"],
    "non-Latin": ["переменная = 3\nпеременная * 2"],
    "imports": ["from __future__ import annotations\nimport math\nmath.pi"],
    "prompts": [">>> 1 + 1"],
    "indented": ["   y = 1\n   y"],
}


@pytest.mark.parametrize("name", SAME)
def test_same_as_without_the_magic(name: str) -> None:
    """Prints, Out, _ and the namespace are those of the plain cells."""
    plain, magic = make_shell(), None
    expected = outputs(plain, SAME[name])
    names = {key for key in plain.user_ns if not key.startswith("_")}
    magic = with_magic(make_shell())
    assert outputs(magic, ["%%backward\n" + source for source in SAME[name]]) == expected
    assert {key for key in magic.user_ns if not key.startswith("_")} == names
    assert not [key for key in magic.user_ns if key.startswith("_backward")]
    assert magic.user_ns["Out"] == plain.user_ns["Out"]


ERRORS = {
    "in the cell": "x = 1\nx / 0",
    "in a function": "def f(a):\n    return a / 0\nf(\n  3)",
    "a cause": "try:\n    1 / 0\nexcept Exception as error:\n    raise ValueError(3) from error",
    "a context": "try:\n    1 / 0\nexcept Exception:\n    raise ValueError(3)",
    "in a library": "import json\njson.loads('{')",
    "a name": "undefined_name",
    "interrupted": "raise KeyboardInterrupt()",
    "after await": "import asyncio\nawait asyncio.sleep(0)\n1 / 0",
    "not Python": "y = [\na,\nb",
    "wrong Python": "return 3",
    "a note": "error = ValueError(1)\nerror.add_note('a note')\nraise error",
}


@pytest.mark.parametrize("name", ERRORS)
def test_one_true_traceback(name: str) -> None:
    """An error looks as it does without the magic, one line lower, and makes the run fail."""
    ((expected, _, success, kind),) = outputs(make_shell(), [ERRORS[name]])
    ((text, _, magic_success, magic_kind),) = outputs(with_magic(make_shell()), ["%%backward\n" + ERRORS[name]])
    assert (magic_success, magic_kind) == (success, kind) == (False, kind)
    mine, plain = without_head(text), lower(expected)
    if name == "in a library":  # the lines of other files keep their numbers
        mine, plain = (re.sub(r"\d+", "", each) for each in (mine, plain))
    assert mine == plain


def test_no_frame_of_ours_in_the_traceback(shell: InteractiveShell) -> None:
    """The error itself, as a program sees it, starts at the cell."""
    outcome = run_cell(shell, "def f():\n    raise KeyError('k')\nf()")
    assert [frame.name for frame in traceback.extract_tb(outcome.error.__traceback__)] == ["<module>", "f"]
    assert [frame.lineno for frame in traceback.extract_tb(outcome.error.__traceback__)] == [4, 3]


def test_lines_above(shell: InteractiveShell) -> None:
    """Blank lines above the code count: line numbers are those of the notebook's gutter."""
    outcome = run_cell(shell, "\n\n  \n1 / 0")
    assert traceback.extract_tb(outcome.error.__traceback__)[0].lineno == 5


def test_runs_once(shell: InteractiveShell) -> None:
    """The cell is run exactly once."""
    shell.user_ns["runs"] = []
    outputs(shell, ["%%backward\nruns.append(1)\nlen(runs)"])
    assert shell.user_ns["runs"] == [1]


def test_every_expression_is_shown_where_ipython_is_set_so(shell: InteractiveShell) -> None:
    """``ast_node_interactivity`` is honoured."""
    for setting in ("all", "last_expr_or_assign", "none"):
        plain = make_shell()
        plain.ast_node_interactivity = setting
        expected = outputs(plain, ["1\n2\nx = 3"])
        magic = with_magic(make_shell())
        magic.ast_node_interactivity = setting
        assert outputs(magic, ["%%backward\n1\n2\nx = 3"]) == expected


def test_exit_still_exits(shell: InteractiveShell) -> None:
    """SystemExit is not swallowed."""
    outcome = run_cell(shell, "raise SystemExit(3)")
    assert isinstance(outcome.error, SystemExit)


def test_namespace_is_left_as_it_is_on_error(shell: InteractiveShell) -> None:
    """A cell that raises leaves what it had made, and no name of ours."""
    run_cell(shell, "made = 1\n1 / 0")
    assert shell.user_ns["made"] == 1
    assert not [name for name in shell.user_ns if name.startswith("_backward")]


def test_cell_that_waits_cannot_be_driven(shell: InteractiveShell) -> None:
    """Without a loop to wait in, a cell that really waits says so and does not hang."""
    outcome = run_cell(shell, "class Later:\n    def __await__(self):\n        yield\nawait Later()")
    assert isinstance(outcome.error, RuntimeError)
    assert "cannot wait" in str(outcome.error)
    assert run_cell(shell, "async def f():\n    return 3\nawait f()").result == 3


def test_context_is_left_while_waiting(shell: InteractiveShell) -> None:
    """What surrounds the cell is off while another task runs."""
    inside: list[bool] = []

    class Around:
        on = False

        def __enter__(self) -> None:
            self.on = True

        def __exit__(self, *_: object) -> None:
            self.on = False

    around = Around()
    shell.user_ns.update(look=lambda: inside.append(around.on))
    source = (
        "import asyncio\n"
        "async def other():\n    look()\n"
        "look()\ntask = asyncio.ensure_future(other())\nawait asyncio.sleep(0.001)\nlook()\nawait task"
    )
    outcome = asyncio.run(run_cell_async(shell, source, around))
    assert outcome.error is None
    assert inside == [True, False, True]


def test_cancelled_while_waiting(shell: InteractiveShell) -> None:
    """A cancelled cell sees its CancelledError where it waits."""
    source = (
        "import asyncio\nasyncio.get_running_loop().call_soon(asyncio.current_task().cancel)\n"
        "try:\n    await asyncio.sleep(5)\nexcept asyncio.CancelledError:\n    seen = True"
    )
    outcome = asyncio.run(run_cell_async(shell, source))
    assert outcome.error is None
    assert shell.user_ns["seen"]


def test_import_is_told(shell: InteractiveShell) -> None:
    """After a top-level import of a tensor library the recorder is told; other imports are not touched."""
    told: list[int] = []
    cell = read_cell(shell, "import json\nfirst = 1\nimport engine.nn as nn\nsecond = 2", libraries=("engine",))
    outcome = run_cell(shell, cell, imported=lambda: told.append(shell.user_ns.get("second", 0)))
    assert outcome.error is None
    assert told == [0]
    assert [type(each).__name__ for each in cell.tree.body] == ["Import", "Assign", "Import", "Assign"]


def test_transformer_leaves_others_alone() -> None:
    """Only cells of this magic are rewritten."""
    transform = awaiting("backward", "runner")
    for lines in (
        [],
        ["x = 1\n"],
        ["%%time\n", "await x\n"],
        ["%%backwards\n", "await x\n"],
        ["%%backward\n", "x = 1\n"],
    ):
        assert transform(lines) == lines
    assert transform(["%%backward y -o z\n", "await f()\n"]) == ["await runner('y -o z', 'await f()\\n')\n"]


def test_debugger_file_is_that_of_the_whole_cell(shell: InteractiveShell) -> None:
    """The code's file name is the one that IPython gave the cell as typed."""
    raw = "%%backward y\nx = 1\n"
    cell = read_cell(shell, "x = 1\n", "y")
    assert cell.filename == shell.compile.get_code_name(raw, "# " + raw, shell.execution_count)
    assert shell.compile._filename_map[cell.filename] == shell.execution_count
