"""The magic's line: every option, every way to write a value, and one clean line for what is wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest
from IPython.core.error import UsageError

from magics_pkg import errors, options


@options.with_options
def backward(self: Any, line: str, cell: str | None = None) -> None:
    """The text above the options."""


def parse(line: str) -> options.Options:
    """The line's options, by the table that the magic uses."""
    return options.parse(backward, line)


def test_nothing_given() -> None:
    """An empty line is all defaults."""
    assert parse("") == options.Options()


def test_everything_given() -> None:
    """All options at once, in any order."""
    got = parse(
        "--quiet y --wrt x,w -o kept --range=-2:2 --max-nodes 40 --depth 2 --no-graph --save 'my page.html' --as torch"
    )
    assert got == options.Options(
        output="y", wrt=("x", "w"), range=(-2.0, 2.0), max_nodes=40, depth=2, graph=False, quiet=True,
        save="my page.html", name="kept", library="torch",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "entries", "shape"),
    [
        ("--weights 0.1,1,0.0001", (0.1, 1.0, 0.0001), None),
        ("--weights -0.1,1", (-0.1, 1.0), None),
        ("--weights=-0.1,1", (-0.1, 1.0), None),
        ("--weights [-0.1, 1]", (-0.1, 1.0), (2,)),
        ("--weights [-0.1,1] --quiet", (-0.1, 1.0), (2,)),
        ("--weights -1, 2, -3 y", (-1.0, 2.0, -3.0), None),
        ("--weights [[1, 2], [3, 4]] y", (1.0, 2.0, 3.0, 4.0), (2, 2)),
        ("--weights (1, 2)", (1.0, 2.0), (2,)),
        ("--weights '[1, 2]'", (1.0, 2.0), (2,)),
        ("--weights -.5", (-0.5,), None),
        ("--weights 1e-4,-1E3", (1e-4, -1e3), None),
        ("--weights -inf,inf", (-math.inf, math.inf), None),
        ("--weights []", (), (0,)),
        ("--weights [[], []]", (), (2, 0)),
    ],
)
def test_weights(line: str, entries: tuple[float, ...], shape: tuple[int, ...] | None) -> None:
    """Negative and bracketed values parse, with or without spaces."""
    got = parse(line).weights
    assert got is not None
    assert (got.entries, got.shape) == (entries, shape)


def test_nan_weight() -> None:
    """nan is a number too."""
    got = parse("--weights nan,1").weights
    assert got is not None
    assert math.isnan(got.entries[0])
    assert got.entries[1] == 1


@pytest.mark.parametrize("output", ["y", "self.loss", "ys[0]", "y * 2", 'd["loss"]', "f(x, y)[-1]"])
def test_output(output: str) -> None:
    """The output is a name or an expression, as typed."""
    assert parse(output + " --quiet").output == output


def test_comment_in_line() -> None:
    """A comment after the output stays without effect."""
    assert parse("y  # look here").output is not None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--weigths 1", "unknown option --weigths; did you mean --weights?"),
        ("--max_nodes 3", "did you mean --max-nodes?"),
        ("--save", "--save needs a value"),
        ("--save --quiet", "--save needs a value"),
        ("--quiet=3", "--quiet takes no value"),
        ("--weights a,b", "--weights takes numbers"),
        ("--weights [1,2", "--weights takes numbers"),
        ("--weights [[1],[2,3]]", "--weights takes numbers"),
        ("--weights __import__('os')", "--weights takes numbers"),
        ("--weights True", "--weights takes numbers"),
        ("--range 2:-2", "--range takes lowest:highest"),
        ("--range 3", "--range takes lowest:highest"),
        ("--range a:b", "--range takes lowest:highest"),
        ("--range 0:inf", "--range takes lowest:highest"),
        ("--max-nodes 0", "--max-nodes takes a whole number"),
        ("--max-nodes many", "--max-nodes takes a whole number"),
        ("--depth -1", "--depth takes a whole number from 0 up, or all; this is not: -1"),
        ("--depth most", "this is not: most"),
        ("--save out.png", "--save writes a page"),
        ("-o 2x", "-o takes the name of a variable"),
        ("--wrt ,", "--wrt takes names"),
        ("--as", "--as needs a value"),
        ("--as Torch", "--as takes the library that the cell imports, which is torch; did you mean torch?"),
        ("--as engine", "which is torch; this is not: engine"),
        ("y =", "the output must be a name or an expression"),
        ("--save 'out.html", "a quote is not closed"),
    ],
)
def test_wrong(line: str, words: str) -> None:
    """What is wrong is one UsageError line that says what would be right."""
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert type(caught.value) is UsageError  # IPython prints the plain class without a traceback


def test_depth() -> None:
    """A number of levels, or all of them."""
    assert [parse(f"--depth {text}").depth for text in ("0", "3", "all")] == [0, 3, math.inf]


def test_help_text() -> None:
    """The help names every option; it is also the function's docstring, which `%%backward?` prints."""
    text = backward.__doc__ or ""
    assert "The text above the options." in text
    for flag in options.FLAGS:
        assert flag in text
    assert parse("--help").help
    assert parse("-h").help


def test_hint_once() -> None:
    """A hint is added where one of ours fits, and only where the library has none of its own."""
    error = RuntimeError("grad can be implicitly created only for scalar outputs")
    errors.add_hint(error)
    errors.add_hint(error)
    assert len(error.__notes__) == 1
    assert "torch.ones_like(y)" in error.__notes__[0]
    other = ValueError("grad can be implicitly created only for scalar outputs")
    errors.add_hint(other)
    assert not getattr(other, "__notes__", None)


def test_unknown_word() -> None:
    """An unknown name is answered with the nearest one, else with those there are."""
    assert "did you mean weight?" in str(errors.unknown("leaf", "wieght", ["weight", "bias"]))
    assert "there is a, b" in str(errors.unknown("leaf", "zzz", ["a", "b"]))
    assert "there is none here" in str(errors.unknown("leaf", "zzz", []))
