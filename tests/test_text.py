"""The terminal's form: an indented tree of the graph, v, and each gradient."""

from __future__ import annotations

from magics_pkg.pictures import text
from tests import pictures


def test_first_program() -> None:
    """y = x * 2 with v = [0.1, 1, 10], in full."""
    graph, linear = pictures.first()
    assert text.render(graph, linear) == "\n".join(
        [
            "x.grad = Jᵀ v, with J = ∂y/∂x",
            "y  × 2  x * 2  [4, 4, 4]  v [0.1, 1, 10]",
            "x  leaf  [2, 2, 2]  grad [0.2, 2, 20]",
            "v       [0.1, 1, 10]",
            "x.grad  [0.2, 2, 20]",
        ]
    )


def test_tree_branches() -> None:
    """Two inputs branch off, one stays in its column, and a tensor that was shown is not shown again."""
    lines = text.render(*pictures.drawing()).split("\n")
    assert lines[0] == "x.grad, w.grad = Jᵀ v, with J = ∂y/∂(x, w)"
    assert [line[: len(line) - len(line.lstrip("├└│ "))] for line in lines[1:8]] == [
        "", "├ ", "│ ", "│ ├ ", "│ └ ", "└ ", "  ",
    ]  # fmt: skip
    assert "x  (above)" in lines[8]


def test_other_v() -> None:
    """The numbers are those of the present v."""
    graph, linear = pictures.first()
    assert "x.grad  [2, 0, -6]" in text.render(graph, linear, linear.shown([1, 0, -3]))


def test_large() -> None:
    """A thousand entries are a few and their shape."""
    assert "(1000,)" in text.render(*pictures.large())
    assert max(map(len, text.render(*pictures.large()).split("\n"))) < 200


def test_long_chain() -> None:
    """A chain of two hundred operations does not run off to the right, and is cut at a screen or two."""
    lines = text.render(*pictures.chain(200)).split("\n")
    assert len(lines) < 70
    assert all(not line.startswith(" ") for line in lines)
    assert any("more operations and leaves" in line for line in lines)


def test_hostile_names() -> None:
    """A name is one line of plain text, whatever is in it."""
    told = text.render(*pictures.hostile(), notes=["two\nlines \u202e"])
    assert "\u202e" not in told
    assert "<script>alert(1)</script>" in told
    assert "Note: two lines \ufffd" in told


def test_special_numbers() -> None:
    """NaN and inf are shown as such."""
    told = text.render(*pictures.special())
    assert "-inf" in told
    assert "nan" in told


def test_without_a_graph() -> None:
    """Only the notes."""
    assert text.render(None, None, None, ["nothing here"]) == "Note: nothing here"


def test_numbers() -> None:
    """Scalars, vectors, matrices, and what is too long for a line."""
    assert text.numbers([2.0], ()) == "2"
    assert text.numbers([1, -2.5], (2,)) == "[1, -2.5]"
    assert text.numbers([1, 2, 3, 4], (2, 2)) == "[[1, 2], [3, 4]]"
    assert text.numbers([], (0,)) == "[]"
    assert text.numbers([1.0] * 24, (24,)) == "[1, 1, 1, 1, 1, 1, ...] (24,)"
    assert text.numbers([1.0] * 6, (1000,), complete=False) == "[1, 1, 1, 1, 1, 1, ...] (1000,)"
