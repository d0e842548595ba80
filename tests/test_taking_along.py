"""What an Exploration gives away: SVG, PNG, DOT, JSON and a page, each at the v where the sliders stand."""

from __future__ import annotations

import json
import math
import struct
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import numpy as np
import pytest

import engine as torch
import magics_pkg
from magics_pkg import Exploration, explore
from magics_pkg.panel.page import unpacked
from magics_pkg.panel.plain import FORMAT, plain
from tests import cells
from tests.test_unfolding import CELL, NET

pytestmark = pytest.mark.usefixtures("each_library")


def moved() -> tuple[Any, Exploration]:
    """x, and y = tanh(x) * 3 explored, with one slider moved away from where it was written."""
    x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
    y = torch.tanh(x) * 3
    e = explore(y, v=[0.1, 1, 10])
    e.panel.sliders[1].value = -0.5
    e._live.settle()
    return x, e


def size(image: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", image[16:24])


def test_json_holds_the_present_numbers() -> None:
    """v, every gradient and value as they are now, through `json` and back to the bit."""
    x, e = moved()
    told = json.loads(e.to_json())
    assert told["format"] == FORMAT
    np.testing.assert_array_equal(told["v"], e.weights)
    grad = told["gradients"]["x"]
    assert (grad["shape"], grad["dtype"]) == ([3], "float32")
    np.testing.assert_array_equal(np.array(grad["values"], "float32"), x.grad.numpy())
    (leaf,) = (node for node in told["nodes"] if node["kind"] == "leaf")
    assert leaf["value"]["entries"] == x.detach().numpy().tolist()
    np.testing.assert_array_equal(np.array(leaf["grad"]["entries"], "float32"), x.grad.numpy())
    ids = {node["id"] for node in told["nodes"]}
    assert {told["output"], *(edge[end] for edge in told["edges"] for end in ("tail", "head"))} <= ids
    assert json.loads(json.dumps(told)) == told


def schema() -> dict[str, Any]:
    """The form that is written down."""
    found: dict[str, Any] = json.loads((Path(magics_pkg.__file__).parent / "to_json.schema.json").read_text())
    return found


KEYS = {  # of "backward-magics/1", which no later version may lack
    "": "format code notes output outputs v linear nodes edges gradients",
    "node": "id kind name symbol op source line span shape dtype value grad repeat_of group folded operations count"
    " note",
    "edge": "id tail head grad carried",
    "value": "shape dtype entries complete",
    "gradient": "name shape entries complete",
}
PROGRAMS = {
    "loop": "x = torch.ones(3, requires_grad=True)\ny = x\nfor _ in range(5):\n    y = torch.tanh(y * x)\n"
    "y.sum().backward()",
    "cut": "x = torch.ones(2, requires_grad=True)\nw = torch.ones(2, requires_grad=True)\n"
    "u = torch.ones(2, requires_grad=True)\n(x * w.detach()).backward(torch.ones(2))",
    "modules": "net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))\n"
    "net(torch.ones(3, 4)).sum().backward()",
    "nan": "x = torch.tensor([0., 1.], requires_grad=True)\ny = torch.sqrt(x) * torch.tensor([True, False])\n"
    "y.backward(torch.ones(2))",
    "error": "x = torch.ones(2, requires_grad=True)\ny = x * 2\ny.backward()",
    "complex": "x = torch.ones(2, requires_grad=True)\nz = x * 1j\nz.abs().sum().backward()",
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("line", ["", "--depth 0"])
def test_json_has_the_form_that_is_written_down(library: ModuleType, name: str, line: str) -> None:
    """Every key of it, and no other: loops, folded modules, cut paths, values that JSON has not, a cell that raised."""
    with cells.shell(library.__name__) as shell:
        cells.run(shell, f"%%backward -o e --quiet {line}\n{PROGRAMS[name]}")
        jsonschema.Draft202012Validator(schema()).validate(json.loads(shell.user_ns["e"].to_json()))


def test_the_form_is_kept() -> None:
    """No key goes and none changes its meaning in silence: whoever changes the schema comes by here."""
    found = schema()
    assert found["properties"]["format"] == {"const": FORMAT} == {"const": "backward-magics/1"}
    for name, keys in KEYS.items():
        kind = found["$defs"][name] if name else found
        assert set(keys.split()) <= set(kind["required"]) <= set(kind["properties"])


def test_json_has_what_json_cannot_hold() -> None:
    """NaN, infinities and complex numbers come in forms that JSON has, and float() reads."""
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    told = json.loads(explore(torch.log(x) * 0, v=[1, 1]).to_json())
    assert told["gradients"]["x"]["values"] == ["NaN", 0.0]
    x = torch.tensor([-math.inf, 1.0], requires_grad=True)
    told = json.loads(explore(x * 2, v=[1, 1]).to_json())
    assert told["nodes"][0]["value"]["entries"] == ["-Infinity", 1.0]
    assert float(told["nodes"][0]["value"]["entries"][0]) == -math.inf
    assert plain([[1 + 2j, True], [complex("nan"), 3]]) == [[[1.0, 2.0], True], [["NaN", 0.0], 3]]


def test_json_of_a_leaf_without_a_gradient_and_of_names() -> None:
    """A leaf that nothing reached has null; the user's own names come out as they are."""
    имя = torch.tensor([1.0], requires_grad=True)
    other = torch.tensor([1.0], requires_grad=True)
    told = json.loads(explore(имя * 2 + other.detach()).to_json())
    assert list(told["gradients"]) == ["имя"]
    assert "имя" in {node["name"] for node in told["nodes"]}


def test_pictures_are_of_the_present_v(tmp_path: Path) -> None:
    """SVG and page show what `.grad` holds now, not what the cell wrote."""
    x, e = moved()
    shown = f"{-1.5 * (1 - np.tanh(-1.25) ** 2):.4g}".replace("-", "−")
    assert f">{shown}<" in e.to_svg()
    text = e.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"<td>{shown}</td>" in text
    data = unpacked(json.loads(text[text.index('json">') + 6 : text.index("</script>")]))
    assert data is not None
    assert [each["start"] for each in data["spec"]["weights"]] == [0.1, -0.5, 10]
    assert [each["home"] for each in data["spec"]["weights"]] == [0.1, 1, 10]
    assert x.grad is e.grads["x"]


def test_png_is_the_picture() -> None:
    """`to_png` draws what `to_svg` holds, larger by the scale, and needs no program."""
    _, e = moved()
    head = e.to_svg().partition(">")[0]
    width, height = (float(head.split(f' {side}="')[1].split('"')[0]) for side in ("width", "height"))
    assert size(e.to_png()) == pytest.approx((2 * width, 2 * height), abs=2)
    assert size(e.to_png(scale=1)) == pytest.approx((width, height), abs=2)
    assert size(e.to_png(scale=1000)) <= (16_001, 16_001)


def pixels(image: bytes) -> np.ndarray:
    """A PNG of four bytes a pixel as an array: rows, columns, bytes."""
    width, height = size(image)
    assert image[24:29] == bytes([8, 6, 0, 0, 0]), "RGBA, eight bits each, not interlaced"
    packed, at = b"", 8
    while at < len(image):
        (count,) = struct.unpack(">I", image[at : at + 4])
        packed += image[at + 8 : at + 8 + count] if image[at + 4 : at + 8] == b"IDAT" else b""
        at += count + 12
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 4 * width)
    made = np.zeros((height + 1, width + 1, 4), int)
    for row, (kind, *line) in enumerate(lines.tolist(), 1):
        raw = np.array(line).reshape(width, 4)
        if kind in (0, 2):
            made[row, 1:] = raw + made[row - 1, 1:] * (kind == 2) & 255
            continue
        for column in range(1, width + 1):
            left, above, corner = made[row, column - 1], made[row - 1, column], made[row - 1, column - 1]
            guess = left + above - corner
            far = [abs(guess - each) for each in (left, above, corner)]
            paeth = np.where((far[0] <= far[1]) & (far[0] <= far[2]), left, np.where(far[1] <= far[2], above, corner))
            given = {1: left, 3: (left + above) // 2, 4: paeth}[kind]
            made[row, column] = raw[column - 1] + given & 255
    return made[1:, 1:]


def test_png_has_the_colours_of_the_picture() -> None:
    """What draws PNGs knows less of style sheets than a browser: the frame of a group is as empty there, its name as
    grey, and the card of an error as red."""
    with cells.shell(torch.__name__) as shell:
        assert cells.run(shell, NET).error is None
        assert cells.run(shell, CELL).error is None
        e = shell.user_ns["e"]
        nodes = tuple(replace(node, mark="error") if node.output else node for node in e.graph.nodes)
        e._graph = replace(e.graph, nodes=nodes)
        assert 'class="touch"' in e.to_svg()
        assert ":is(" not in e.to_svg()
        drawn = e.to_png(scale=1)
    seen = pixels(drawn)[..., :3].reshape(-1, 3)
    colours, counts = np.unique(seen, axis=0, return_counts=True)
    share = {bytes(each.tolist()): count / len(seen) for each, count in zip(colours, counts, strict=True)}
    assert share.get(b"\xb3\x26\x1e", 0) > 1e-3
    assert share.get(b"\x00\x00\x00", 0) < 0.01
    assert share[b"\xff\xff\xff"] > 0.5


def test_png_without_resvg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without resvg the program `dot` draws it; without that too, the error says what to install."""
    import graphviz

    _, e = moved()
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    monkeypatch.setattr(graphviz.Source, "pipe", lambda *_, **__: b"\x89PNG drawn by dot")
    assert e.to_png() == b"\x89PNG drawn by dot"

    def missing(*_: Any, **__: Any) -> bytes:
        raise graphviz.ExecutableNotFound(["dot"])

    monkeypatch.setattr(graphviz.Source, "pipe", missing)
    with pytest.raises(RuntimeError, match="pip install resvg-py"):
        e.to_png()


def test_a_picture_can_be_asked_for_where_none_is_shown() -> None:
    """`graph=False` is about the panel: who asks for a picture gets one."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    e = explore(x * x)
    e.settings = replace(e.settings, graph=False)
    assert "<svg" in e.to_svg()
    assert size(e.to_png())


def test_hooks_and_json() -> None:
    """Where a hook decides, the numbers are those that the kernel's last pass gave."""
    x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
    y = x * x
    y.register_hook(lambda g: g.clamp(-1, 1))
    e = explore(y, v=[0.5, 5, 5])
    e.weights = [0.25, -5, 5]
    told = json.loads(e.to_json())
    assert told["linear"] is False
    np.testing.assert_array_equal(np.array(told["gradients"]["x"]["values"], "float32"), x.grad.numpy())
    (leaf,) = (node for node in told["nodes"] if node["kind"] == "leaf")
    np.testing.assert_allclose(leaf["grad"]["entries"], x.grad.numpy(), rtol=1e-6)


def test_a_page_of_a_cell_of_100_cards_is_small(tmp_path: Path) -> None:
    """A page with 100 cards and everything that can be opened under them takes less than 200 kB."""
    lines = ["x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)", "y = x"]
    for turn in range(24):
        lines += [
            f"w{turn} = torch.tensor([0.1, 0.2, {turn}.0], requires_grad=True)",
            f"y = torch.tanh(y * w{turn}) + x",
        ]
    lines.append("y.backward(torch.tensor([1.0, 2.0, 3.0]))")
    path = tmp_path / "page.html"
    with cells.shell() as shell:
        text = "\n".join([f"%%backward -o e --quiet --max-nodes 120 --save {path}", *lines])
        assert cells.run(shell, text).error is None
        assert len(shell.user_ns["e"].graph.nodes) >= 100
    assert path.stat().st_size < 200_000
