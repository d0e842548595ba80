"""`%%backward [output] --wrt x,w --weights 0.1,1 ...`: one declarative table, parsed to a frozen `Options`."""

from __future__ import annotations

import ast
import math
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import traitlets
from IPython.core.magic_arguments import MagicArgumentParser, argument, magic_arguments

from .errors import UsageError, nearest
from .words import say


@dataclass(frozen=True)
class Weights:
    """v as the option gave it: its numbers in order, and its shape (None for a plain comma list)."""

    entries: tuple[float, ...]
    shape: tuple[int, ...] | None
    text: str


@dataclass(frozen=True)
class Options:
    """What the magic's line asks for."""

    output: str | None = None
    wrt: tuple[str, ...] = ()
    weights: Weights | None = None
    range: tuple[float, float] | None = None
    max_nodes: int | None = None
    depth: float | None = None
    graph: bool = True
    quiet: bool = False
    save: str | None = None
    name: str | None = None
    library: str | None = None
    compare: bool = False
    inputs: tuple[str, ...] | None = None
    step: bool = False
    quiz: bool = False
    help: bool = False


# One row for each argument: flags, then what argparse wants.  Order is that of the help text (`help_...`).
ARGUMENTS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("output",), {"nargs": "*"}),
    (("--wrt",), {"metavar": "x,w"}),
    (("--weights",), {"metavar": "0.1,1,0.0001"}),
    (("--range",), {"metavar": "-2:2"}),
    (("--max-nodes",), {"metavar": "200"}),
    (("--depth",), {"metavar": "1"}),
    (("--inputs",), {"nargs": "?", "const": "", "metavar": "x,w"}),
    (("--step",), {"action": "store_true"}),
    (("--quiz",), {"action": "store_true"}),
    (("--no-graph",), {"action": "store_true"}),
    (("--quiet",), {"action": "store_true"}),
    (("--save",), {"metavar": "out.html"}),
    (("--compare",), {"action": "store_true"}),
    (("-o", "--out"), {"metavar": "name"}),
    (("--as",), {"dest": "library", "metavar": "torch"}),
    (("-h", "--help"), {"action": "store_true"}),
)
LIBRARIES = ("torch",)  # what --as knows
FLAGS = tuple(flag for flags, _ in ARGUMENTS for flag in flags if flag.startswith("-"))
SWITCHES = frozenset(flag for flags, settings in ARGUMENTS if "action" in settings for flag in flags)
ALONE = frozenset({"--inputs"})  # stands for all where no value follows


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a magic with the table above, by which `parse` reads its line."""
    for flags, settings in reversed(ARGUMENTS):
        function = argument(*flags, **settings)(function)
    return magic_arguments()(function)


def help_text() -> str:
    """What `%%backward?` and `--help` print, in the language that is spoken."""
    parser = MagicArgumentParser("backward", description=say("help"))
    groups = parser.add_argument_group(say("help_arguments")), parser.add_argument_group(say("help_options"))
    for flags, settings in ARGUMENTS:
        added = groups[flags[0].startswith("-")].add_argument(*flags, **settings)
        added.help = say(f"help_{added.dest}")
    return parser.format_help()


def parse(function: Callable[..., Any], line: str) -> Options:
    """The magic's line as `Options`; `UsageError` in one line for whatever is wrong with it."""
    given = function.parser.parse_args(list(_words(line)))  # type: ignore[attr-defined]  # set by magic_arguments
    return Options(
        output=_expression(" ".join(given.output)) if given.output else None,
        wrt=_names("--wrt", given.wrt) if given.wrt is not None else (),
        weights=weights(given.weights) if given.weights is not None else None,
        range=limits(given.range) if given.range is not None else None,
        max_nodes=_count(given.max_nodes) if given.max_nodes is not None else None,
        depth=levels(given.depth) if given.depth is not None else None,
        graph=not given.no_graph,
        quiet=given.quiet,
        save=_page(given.save) if given.save is not None else None,
        name=_identifier(given.out) if given.out is not None else None,
        library=_library(given.library) if given.library is not None else None,
        compare=given.compare,
        inputs=_names("--inputs", given.inputs) if given.inputs else None if given.inputs is None else (),
        step=given.step,
        quiz=given.quiz,
        help=given.help,
    )


def _words(line: str) -> Iterator[str]:
    """The line's words for argparse: brackets hold together, values may be negative, flags are known ones."""
    pending = _split(line)
    while pending:
        word = pending.pop(0)
        if not word.startswith("-") or _is_number(word):
            yield word
            continue
        flag, equals, value = word.partition("=")
        if flag not in FLAGS:
            near = nearest(flag, FLAGS)
            raise UsageError(
                say("unknown_option", flag=flag, advice=say("did_you_mean", near=near) if near else say("see_help"))
            )
        if flag in SWITCHES:
            if equals:
                raise UsageError(say("takes_no_value", flag=flag))
            yield flag
            continue
        if not equals:
            if not pending or pending[0].partition("=")[0] in FLAGS:
                if flag in ALONE:
                    yield flag
                    continue
                raise UsageError(say("needs_a_value", flag=flag))
            value = pending.pop(0)
        while pending and (_open(value) or value.endswith(",") or pending[0].startswith(",")):
            value += " " + pending.pop(0)
        value = _unquote(value)
        # argparse takes "-0.1,1" for a flag unless it is joined to its own
        yield f"--out={value}" if flag == "-o" else f"{flag}={value}"


def _split(line: str) -> list[str]:
    """The words of the line; quotes around a word group it, and stay until `_unquote`."""
    lexer = shlex.shlex(line, posix=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError as error:
        raise UsageError(say("open_quote", line=line)) from error


def _unquote(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _open(text: str) -> int:
    """How many brackets are still open at the end of this text (never less than 0)."""
    return max(0, sum(text.count(each) for each in "[(") - sum(text.count(each) for each in "])"))


def _is_number(word: str) -> bool:
    return re.match(r"-(\.?\d|inf|nan)", word) is not None


def weights(text: str) -> Weights:
    """`0.1,1` or `[[1, 2], [3, 4]]` or `0.5` as numbers; Errors: UsageError for anything else."""
    plain = text.strip()
    bracketed = plain.startswith(("[", "("))
    try:
        # nan and inf are names in Python, 1e999 is inf in literals: read names by hand and nothing else
        tree = ast.parse(plain if bracketed else f"[{plain}]", mode="eval").body
        entries: list[float] = []
        shape = _collect(tree, entries)
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError):
        raise UsageError(say("wants_weights", given=plain)) from None
    return Weights(tuple(entries), shape if bracketed else None, plain)


def _collect(tree: ast.expr, entries: list[float]) -> tuple[int, ...]:
    """Append the numbers of a nested list, return its shape; ValueError when it is ragged or holds anything else."""
    if isinstance(tree, (ast.List, ast.Tuple)):
        shapes = {_collect(each, entries) for each in tree.elts}
        if len(shapes) > 1:
            raise ValueError("ragged")
        return (len(tree.elts), *(shapes.pop() if shapes else ()))
    entries.append(_number(tree))
    return ()


def _number(tree: ast.expr) -> float:
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
        value = _number(tree.operand)
        return -value if isinstance(tree.op, ast.USub) else value
    if isinstance(tree, ast.Name) and tree.id.lower() in {"nan", "inf"}:
        return float(tree.id)
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float) and not isinstance(tree.value, bool):
        return float(tree.value)
    raise ValueError("not a number")


def limits(text: str) -> tuple[float, float]:
    """`-2:2` as (-2.0, 2.0)."""
    low, colon, high = text.partition(":")
    try:
        bounds = float(low), float(high)
    except ValueError:
        bounds = math.nan, math.nan
    if not (colon and math.isfinite(bounds[0]) and math.isfinite(bounds[1]) and bounds[0] < bounds[1]):
        raise UsageError(say("wants_range", given=text))
    return bounds


def levels(text: str) -> float:
    """`2` as 2, `all` as infinity."""
    plain = text.strip()
    if plain == "all":
        return math.inf
    if not re.fullmatch(r"\d+", plain):
        raise UsageError(say("wants_depth", given=text))
    return int(plain)


def _names(flag: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.strip("[]() ").split(",") if name.strip())
    if not names:
        raise UsageError(say("wants_leaves", flag=flag))
    return names


def _count(text: str) -> int:
    if not re.fullmatch(r"\s*\d+\s*", text) or int(text) < 1:
        raise UsageError(say("wants_max_nodes", given=text))
    return int(text)


def _expression(text: str) -> str:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        raise UsageError(say("wants_output", given=text)) from None
    return text


def _identifier(text: str) -> str:
    if not text.isidentifier():
        raise UsageError(say("wants_name", given=text))
    return text


def _library(text: str) -> str:
    if text not in LIBRARIES:
        near = nearest(text, LIBRARIES)
        advice = say("did_you_mean", near=near) if near else say("this_is_not", given=text)
        raise UsageError(say("wants_library", known=", ".join(LIBRARIES), advice=advice))
    return text


def _page(text: str) -> str:
    if not text.lower().endswith((".html", ".htm")):
        raise UsageError(say("wants_page", given=text))
    return text


def valid(proposal: Any, parse: Callable[[str], object]) -> str:
    """A setting's text, if it is empty or can be read. Errors: TraitError."""
    text = str(proposal["value"]).strip()
    try:
        if text:
            parse(text)
    except UsageError as error:
        raise traitlets.TraitError(str(error)) from None
    return text
