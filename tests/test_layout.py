"""Graphviz in process and as a program: boxes that never overlap, a cache that only we can fill, clear failures."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from magics_pkg.graphs.graph import Graph
from magics_pkg.graphs.linear import Linear
from magics_pkg.pictures import card, dot, layout
from magics_pkg.pictures.layout import Box, Geometry, LayoutError
from tests import pictures

ROOT = Path(__file__).parent.parent
PICTURES = [pictures.first, pictures.drawing, pictures.squares, pictures.accumulated, pictures.hostile]
NATIVE = pytest.mark.skipif(shutil.which("dot") is None, reason="the native program dot is not installed")
ENGINES = ["wasi", pytest.param("dot", marks=NATIVE)]
# Lays one box out and prints whether the WebAssembly was compiled for it.
CHILD = """
import wasmtime
compiled = []
def compile(engine, code, original=wasmtime.Module):
    compiled.append(code)
    return original(engine, code)
compile.deserialize_file = wasmtime.Module.deserialize_file
wasmtime.Module = compile
from magics_pkg.pictures.layout import layout
print(len(layout("digraph { a }").nodes), bool(compiled))
"""


def source(graph: Graph, linear: Linear) -> str:
    """The DOT of a graph."""
    return dot.source(graph, card.cards(graph), card.labels(graph, linear))


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes share more than an edge."""
    return (
        a.x + a.width > b.x + 0.1
        and b.x + b.width > a.x + 0.1
        and a.y + a.height > b.y + 0.1
        and b.y + b.height > a.y + 0.1
    )


def touches(point: tuple[float, float], box: Box, slack: float = 3) -> bool:
    """Whether a point lies in a box, or next to it."""
    x, y = point
    return box.x - slack <= x <= box.x + box.width + slack and box.y - slack <= y <= box.y + box.height + slack


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", PICTURES)
def test_boxes_keep_their_size_and_their_distance(make: pictures.Made, engine: str) -> None:
    """Cards and edge labels are as large as measured, and none lies over another."""
    graph, linear = make()
    cards, labels = card.cards(graph), card.labels(graph, linear)
    geometry = layout.layout(dot.source(graph, cards, labels), engine)
    sizes = {name: (each.width, each.height) for name, each in cards.items()}
    sizes |= {dot.LABEL + name: (each.width, each.height) for name, each in labels.items()}
    assert geometry.nodes.keys() == sizes.keys()
    for name, box in geometry.nodes.items():
        assert (box.width, box.height) == pytest.approx(sizes[name], abs=0.2)
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= geometry.width + 0.1
        assert box.y + box.height <= geometry.height + 0.1
    assert not [(a, b) for a, b in combinations(geometry.nodes.values(), 2) if overlap(a, b)]


@pytest.mark.parametrize("engine", ENGINES)
def test_edges_run_from_tail_to_head(engine: str) -> None:
    """Every edge is a chain of Bézier curves that begins at its tail's card and ends at its head's."""
    graph, linear = pictures.drawing()
    geometry = layout.layout(source(graph, linear), engine)
    for edge in graph.edges:
        pieces = [edge.id] if edge.id in geometry.edges else [f"{edge.id}-upper", f"{edge.id}-lower"]
        ends = [geometry.edges[piece] for piece in pieces]
        assert all(len(points) % 3 == 1 for points in ends)
        assert touches(ends[0][0], geometry.nodes[edge.tail])
        assert touches(ends[-1][-1], geometry.nodes[edge.head])


def test_leaves_stand_above_the_output() -> None:
    """The graph reads from top to bottom."""
    graph, linear = pictures.drawing()
    geometry = layout.layout(source(graph, linear))
    output = geometry.nodes[graph.output]
    assert all(geometry.nodes[leaf].y + geometry.nodes[leaf].height < output.y for leaf in graph.leaves)


def test_groups_frame_their_cards() -> None:
    """A group's frame holds its cards and has a name that is not the user's."""
    graph, linear = pictures.hostile()
    geometry = layout.layout(source(graph, linear))
    frames = dot.groups(graph)
    assert frames.keys() == geometry.clusters.keys()
    for name, path in frames.items():
        frame = geometry.clusters[name]
        for node in graph.nodes:
            if node.group == path:
                assert touches((geometry.nodes[node.id].x, geometry.nodes[node.id].y), frame, slack=0)


def test_dot_holds_no_word_of_the_users() -> None:
    """Names and sources never reach Graphviz: boxes have our ids and no labels."""
    graph, linear = pictures.hostile()
    text = source(graph, linear)
    assert not [name for name in pictures.HOSTILE if name in text]
    assert "alert" not in text


@pytest.mark.parametrize("engine", ENGINES)
def test_labelled_dot_is_escaped(engine: str) -> None:
    """The DOT for people carries every name as a quoted label, which Graphviz reads without error."""
    graph, _ = pictures.hostile()
    geometry = layout.layout(dot.labelled(graph), engine)
    assert geometry.nodes.keys() == {node.id for node in graph.nodes}


def test_a_loop_carried_edge_does_not_turn_the_graph() -> None:
    """An edge back to an earlier card has no say in who stands above whom."""
    graph, linear = pictures.looped()
    geometry = layout.layout(source(graph, linear))
    order = [geometry.nodes[node.id].y for node in graph.nodes]
    assert order == sorted(order)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_graph_that_graphviz_refuses(engine: str) -> None:
    """Whatever is wrong becomes a LayoutError that says so; the next layout works."""
    with pytest.raises(LayoutError, match=r"refused the graph|syntax error"):
        layout.layout("digraph { a -> ", engine)
    assert layout.layout("digraph { a }", engine).nodes.keys() == {"a"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_layout_that_takes_too_long_is_given_up(engine: str) -> None:
    """A graph that would take minutes ends after the time allowed, with advice."""
    lines = [f"a{i} -> a{j};" for i in range(400) for j in range(i + 1, min(i + 40, 400), 3)]
    with pytest.raises(LayoutError, match=r"took longer than 0\.3 s; show fewer nodes"):
        layout.layout("digraph {" + "".join(lines) + "}", engine, seconds=0.3)


def test_a_long_chain_does_not_overflow_the_stack() -> None:
    """3000 operations in a row, which trap in WebAssembly's default stack, are laid out."""
    chain = "digraph {" + "".join(f"n{i} -> n{i + 1};" for i in range(3000)) + "}"
    assert len(layout.layout(chain, seconds=60).nodes) == 3001


def test_without_the_native_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without dot on PATH the error names the way that needs none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LayoutError, match="the built-in Graphviz needs no program"):
        layout.layout("digraph { a }", "dot")


def test_threads_lay_out_at_the_same_time() -> None:
    """Several threads get each its own geometry."""
    found: dict[int, Geometry] = {}

    def run(count: int) -> None:
        found[count] = layout.layout("digraph {" + "".join(f"n{i};" for i in range(count)) + "}")

    threads = [threading.Thread(target=run, args=(count,)) for count in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {count: len(geometry.nodes) for count, geometry in found.items()} == {count: count for count in range(1, 9)}


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """A cache folder of its own, which may end up without permissions."""
    folder = tmp_path / "cache"
    yield folder
    if folder.exists():
        folder.chmod(0o700)


def child(cache: Path) -> str:
    """What a new process prints that lays a box out with this cache."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def kept(cache: Path) -> Path:
    """The one file in the cache."""
    (path,) = (cache / "backward-magics").iterdir()
    return path


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the cache folder is named for Linux here")


@LINUX
def test_only_the_first_process_compiles(cache: Path) -> None:
    """The compiled module is kept, readable and writable by its owner alone, and the next process loads it."""
    assert child(cache) == "1 True"
    assert stat.S_IMODE((cache / "backward-magics").stat().st_mode) == 0o700
    assert stat.S_IMODE(kept(cache).stat().st_mode) == 0o600
    assert child(cache) == "1 False"


@LINUX
def test_a_broken_cache_is_replaced(cache: Path) -> None:
    """A file cut short is not believed, and not in the way."""
    child(cache)
    path = kept(cache)
    path.write_bytes(path.read_bytes()[:1000])
    assert child(cache) == "1 True"
    assert child(cache) == "1 False"


@LINUX
def test_what_others_can_write_is_not_loaded(cache: Path) -> None:
    """Native code from a file or a folder that others can write is never run."""
    child(cache)
    path = kept(cache)
    path.chmod(0o666)
    assert child(cache) == "1 True"
    path.parent.chmod(0o777)
    assert child(cache) == "1 True"
    path.parent.chmod(0o700)
    target = path.with_suffix(".elsewhere")
    path.rename(target)
    path.symlink_to(target)
    assert child(cache) == "1 True"


@LINUX
def test_without_a_cache_it_still_works(tmp_path: Path) -> None:
    """Where nothing can be written, every process compiles for itself."""
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert child(blocked) == "1 True"


def test_warm_loads_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """`warm` returns at once, and swallows what goes wrong: the first picture will say it."""
    called = threading.Event()

    def fail() -> None:
        called.set()
        raise LayoutError("no wasm")

    monkeypatch.setattr(layout, "_machine", fail)
    layout.warm()
    assert called.wait(5)
