"""Run a cell's text once, in the user's namespace, as IPython itself would have run it."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import sys
import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any

from IPython import get_ipython
from IPython.core.displayhook import DisplayHook

from ..words import say
from . import substitute

RESULT = "_backward_result"
DISPLAY = "_backward_display"
IMPORTED = "_backward_imported"


@dataclass(frozen=True)
class Cell:
    """A cell, compiled. ``source``: what was typed below the magic's line; ``compiled``: the text that Python got."""

    source: str
    filename: str
    tree: ast.Module
    code: types.CodeType
    compiled: str
    silent: bool = False  # ends in a semicolon: the result is not displayed
    lines_above: int = 1
    head: str = ""  # the magic's own line

    @property
    def lines(self) -> list[str]:
        """The lines as typed, the first at index 0."""
        return self.source.split("\n")

    @property
    def waits(self) -> bool:
        """Whether the cell has a top-level ``await``."""
        return bool(self.code.co_flags & inspect.CO_COROUTINE)


@dataclass(frozen=True)
class Outcome:
    """What running a cell came to: the last expression's value, or the exception with its traceback cut to the cell."""

    result: Any = None
    error: BaseException | None = None
    silent: bool = False

    def show(self) -> None:
        """Display the result as IPython would: ``Out``, ``_``, nothing for None or after a semicolon."""
        if self.result is not None and not self.silent:
            sys.displayhook(self.result)

    def raise_error(self) -> None:
        """Raise the cell's own exception; IPython shows it from the cell on, as it would without the magic."""
        __tracebackhide__ = True
        if self.error is None:
            return
        begin, error = self.error.__traceback__, self.error

        def render() -> Any:
            return get_ipython().InteractiveTB.structured_traceback(type(error), error, begin, tb_offset=0)

        known = getattr(error, "_render_traceback_", None)
        if known is None or getattr(known, "func", None) is _render_without_ours:
            with contextlib.suppress(AttributeError):  # an exception with slots: its traceback has our frames above
                error._render_traceback_ = render  # type: ignore[attr-defined]  # IPython's hook
        raise error


def read_cell(
    shell: Any,
    source: str,
    line: str = "",
    magic: str = "backward",
    libraries: tuple[str, ...] = (),
    rewrite: Callable[[ast.Module], None] | None = None,
) -> Cell:
    """Compile a cell's body. ``libraries``: after a top-level import of one of these, ``IMPORTED()`` is called.

    ``rewrite``: changes the tree before it is compiled. Errors: SyntaxError with the cell's own line numbers.
    """
    __tracebackhide__ = True
    nested = source.lstrip("\n").startswith("%%")
    text = _transformed(shell, source)
    head = f"%%{magic} {line}".rstrip()
    raw = head + "\n" + source
    filename = shell.compile.cache(f"# {head}\n" + text.partition("\n")[2], _execution_number(shell), raw_code=raw)
    with shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if shell.autoawait else 0):
        tree = shell.transform_ast(shell.compile.ast_parse(text, filename=filename))
        written = ast.parse("") if not tree.body else ast.Module(list(tree.body), [])
        _mark_results(tree, shell.ast_node_interactivity)
        _mark_imports(tree, libraries)
        if rewrite is not None:
            rewrite(tree)
        code = shell.compile(tree, filename, "exec")
    silent = ";" in source and not nested and _semicolon(source)
    return Cell(source, filename, written, code, text, silent, head=head)


def run_cell(shell: Any, cell: Cell | str, around: Any = None, imported: Callable[[], None] | None = None) -> Outcome:
    """Run a cell once in the user's namespace, ``around`` it a context manager; its exception is returned, not raised.

    A cell that really has to wait (``await`` on something not ready) needs `run_cell_async`.
    """
    __tracebackhide__ = True
    if isinstance(cell, str):
        cell = read_cell(shell, cell)
    with _names_in(shell.user_ns, imported):
        try:
            if cell.waits:
                _drive(Stepping(eval(cell.code, shell.user_global_ns, shell.user_ns), around))
            else:
                with around or contextlib.nullcontext():
                    exec(cell.code, shell.user_global_ns, shell.user_ns)
        except BaseException as error:  # given back whole: the magic raises it again once the panel is shown
            cut_traceback(error, cell.code)
            return Outcome(error=error)
        return Outcome(shell.user_ns.get(RESULT), silent=cell.silent)


async def run_cell_async(
    shell: Any, cell: Cell | str, around: Any = None, imported: Callable[[], None] | None = None
) -> Outcome:
    """`run_cell` for a cell with a top-level ``await``; ``around`` is left whenever the cell waits."""
    __tracebackhide__ = True
    if isinstance(cell, str):
        cell = read_cell(shell, cell)
    if not cell.waits:
        return run_cell(shell, cell, around, imported)
    with _names_in(shell.user_ns, imported):
        try:
            await Stepping(eval(cell.code, shell.user_global_ns, shell.user_ns), around)
        except BaseException as error:  # given back whole, as in run_cell
            cut_traceback(error, cell.code)
            return Outcome(error=error)
        return Outcome(shell.user_ns.get(RESULT), silent=cell.silent)


class Stepping:
    """Awaits a coroutine with a context manager around each of its steps, so that other tasks never run inside it."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], around: Any = None) -> None:
        self.coroutine, self.around = coroutine, around or contextlib.nullcontext()

    def __await__(self) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        step: Callable[[Any], Any] = self.coroutine.send
        value: Any = None
        while True:
            try:
                with self.around:
                    waiting = step(value)
            except StopIteration as stop:
                return stop.value
            try:
                step, value = self.coroutine.send, (yield waiting)
            except GeneratorExit:
                self.coroutine.close()
                raise
            except BaseException as error:  # a cancelled or failed wait is the coroutine's to handle
                step, value = self.coroutine.throw, error


def awaiting(magic: str, runner: str) -> Callable[[list[str]], list[str]]:
    """An input transformer for what a cell magic, which is a plain call, cannot do as the plain cell would.

    ``%%magic`` over a cell that awaits becomes ``await runner(line, cell)``; over one that is no Python it becomes a
    comment, and IPython itself reports the error. Put this first in ``input_transformers_cleanup``.
    """

    def transform(lines: list[str]) -> list[str]:
        if not lines or lines[0].split(None, 1)[:1] != [f"%%{magic}"]:
            return lines
        body = "".join(lines[1:])
        try:
            waits = _awaits(body)
        except (SyntaxError, ValueError):
            return [f"# {lines[0]}", *lines[1:]]
        line = lines[0].strip()[len(magic) + 2 :].strip()
        return [f"await {runner}({line!r}, {body!r})\n"] if waits else lines

    transform.has_side_effects = False  # type: ignore[attr-defined]  # IPython asks for it: it may run several times
    return transform


def cut_traceback(error: BaseException, cell: types.CodeType | None = None) -> None:
    """Take our own frames, and those of a call that we passed on, out of an error and of what led to it."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        pending += [each.__cause__, each.__context__]
        steps = _steps(each.__traceback__)
        starts = [i for i, tb in enumerate(steps) if tb.tb_frame.f_code is cell]
        steps = _without_ours(steps[starts[0] :] if starts else steps)
        for i, tb in enumerate(steps):
            tb.tb_next = steps[i + 1] if i + 1 < len(steps) else None
        each.__traceback__ = steps[0] if steps else None


def shown_without_ours(error: BaseException) -> None:
    """Have IPython show an error that we raise for a library, in any cell, with no frame of ours."""
    error._render_traceback_ = functools.partial(_render_without_ours, error)  # type: ignore[attr-defined]


def _render_without_ours(error: BaseException) -> Any:
    tb = get_ipython().InteractiveTB
    steps = _steps(error.__traceback__)
    cut_traceback(error, next((each.tb_frame.f_code for each in steps if _is_cell(each)), None))
    return tb.structured_traceback(type(error), error, error.__traceback__, tb_offset=0)


def _is_cell(tb: types.TracebackType) -> bool:
    return tb.tb_frame.f_code.co_filename in get_ipython().compile._filename_map


def _steps(tb: types.TracebackType | None) -> list[types.TracebackType]:
    steps = []
    while tb is not None:
        steps.append(tb)
        tb = tb.tb_next
    return steps


def _without_ours(steps: list[types.TracebackType]) -> list[types.TracebackType]:
    """``[f, dispatch, ours, f, ...]`` becomes ``[f, ...]``: the library's function entered us and was entered again."""
    kept: list[types.TracebackType] = []
    for i, tb in enumerate(steps):
        if not _is_ours(tb):
            kept.append(tb)
            continue
        if i and _is_ours(steps[i - 1]):
            continue
        following = next((each.tb_frame.f_code.co_name for each in steps[i + 1 :] if not _is_ours(each)), None)
        for back in range(len(kept) - 1, max(len(kept) - 5, -1), -1):
            if kept[back].tb_frame.f_code.co_name == following:
                del kept[back:]
                break
    return kept


def _is_ours(tb: types.TracebackType) -> bool:
    name = str(tb.tb_frame.f_globals.get("__name__", ""))
    return name == substitute.HOME or name.startswith(__package__.partition(".")[0] + ".")


@contextlib.contextmanager
def _names_in(namespace: dict[str, Any], imported: Callable[[], None] | None) -> Generator[None]:
    """The names that a rewritten cell uses, for as long as it runs."""
    namespace[DISPLAY] = lambda value: sys.displayhook(value)
    namespace[IMPORTED] = imported or (lambda: None)
    try:
        yield
    finally:
        for name in (RESULT, DISPLAY, IMPORTED):
            namespace.pop(name, None)


def _mark_results(tree: ast.Module, interactivity: str) -> None:
    """Keep the last expression's value under RESULT; display the others where IPython is set to show all."""
    body = tree.body
    if not body or interactivity == "none":
        return
    if interactivity == "last_expr_or_assign" and (name := _assigned(body[-1])) is not None:
        body.append(ast.copy_location(ast.Expr(ast.copy_location(ast.Name(name, ast.Load()), body[-1])), body[-1]))
    if interactivity == "all":
        for i, statement in enumerate(body[:-1]):
            if isinstance(statement, ast.Expr):
                body[i] = _call(DISPLAY, statement, [statement.value])
    last = body[-1]
    if isinstance(last, ast.Expr):
        target = ast.copy_location(ast.Name(RESULT, ast.Store()), last)
        body[-1] = ast.copy_location(ast.Assign([target], last.value), last.value)


def _assigned(statement: ast.stmt) -> str | None:
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AnnAssign | ast.AugAssign)
        else []
    )
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def _mark_imports(tree: ast.Module, libraries: tuple[str, ...]) -> None:
    """After a top-level import of a tensor library, tell the recorder that there is one now."""
    for i in range(len(tree.body) - 1, -1, -1):
        statement = tree.body[i]
        if isinstance(statement, ast.Import):
            roots = {each.name.partition(".")[0] for each in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            roots = {(statement.module or "").partition(".")[0]}
        else:
            continue
        if roots.intersection(libraries):
            tree.body.insert(i + 1, _call(IMPORTED, statement, []))


def _call(name: str, where: ast.stmt, arguments: list[ast.expr]) -> ast.Expr:
    call = ast.Call(ast.Name(name, ast.Load()), arguments, [])
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(ast.copy_location(call, where)), where))


def _semicolon(source: str) -> bool:
    try:
        return DisplayHook.semicolon_at_end_of_expression(source)
    except (SyntaxError, IndentationError):  # magics and shell lines need not be Python tokens
        return source.rstrip().endswith(";")


def _awaits(body: str) -> bool:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:  # what is Python as it stands is not changed by IPython, whose tokens take longer than the compiler
        code = compile(body, "<cell>", "exec", flags, True)
    except (SyntaxError, ValueError):
        shell = get_ipython()
        text = shell.input_transformer_manager.transform_cell(body) if shell is not None else body
        code = compile(text, "<cell>", "exec", flags, True)
    return bool(code.co_flags & inspect.CO_COROUTINE)


def _transformed(shell: Any, source: str) -> str:
    """The body as Python, on the lines where it stands in the whole cell: below the magic's own, and blank ones."""
    lines = source.splitlines()
    blank = next((i for i, line in enumerate(lines) if line.strip()), 0)  # IPython drops these
    return "\n" * (1 + blank) + str(shell.transform_cell(source))


def _drive(stepping: Stepping) -> None:
    """Run to its end a coroutine that never really waits; the event loop is running below us and cannot run here."""
    steps = stepping.__await__()
    try:
        next(steps)
    except StopIteration:
        return
    steps.close()
    raise RuntimeError(say("cannot_wait"))


def _execution_number(shell: Any) -> int:
    """The number that IPython gave to the cell that is being run: what its tracebacks call it."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        number = shell.compile._filename_map.get(frame.f_code.co_filename)
        if number is not None:
            return int(number)
        frame = frame.f_back
    return int(shell.execution_count)
