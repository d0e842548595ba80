"""Latin words in a Chinese or a Russian text: those that are no names, so that somebody forgot to translate them."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

WORD = re.compile(r"(?<!…)\b[A-Za-z][A-Za-z_0-9]*+(?!…)")  # but for those that are cut short
# PyTorch's names of nodes, its dtypes, and what is a name by its form
PYTORCH = re.compile(r"\w+_\w+|\w+Backward\d*|AccumulateGrad|(bfloat|float|int|uint|complex)\d+|bool|\w*Tensor")
EXCEPTIONS = {name for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning"))}
# What is the same in every language: names in Python, PyTorch and Jupyter, keys, mathematics, units
NAMES = """
    J T v g a b e n x y ys m W p w std mean sign softmax relu max min ln i
    nested
    PyTorch torch Tensor tensor engine autograd func jit meta grad vmap backward requires_grad retain_graph create_graph
    retain_grad zero_grad no_grad grad_fn next_functions ones_like detach clone data numpy dtype shape inputs
    allow_unused creator sum mean weight add_ real abs checkpoint use_reentrant autocast float32 is_leaf retains_grad
    is_view item explore with import importlib await as apply hot one
    matmul add mul cpu tanh cos linear bias dim nan Infinity n1
    None NaN inf True False Python NumPy Graphviz JupyterLab PATH wasm wasi graphviz wasmtime resvg resvg_py py dot pip
    install apt brew conda to_png to_svg save close open Exploration MB SVG PNG ulp s
    wrt weights range max nodes depth step quiz no graph quiet compare out name library help o h html all
    Enter Escape BackwardMagics config seconds
    """
TERMS = EXCEPTIONS | set(NAMES.split())


def strangers(text: str, code: str) -> set[str]:
    """The Latin words of a text that are neither such a name nor a name in the cell's own code."""
    known = TERMS | set(WORD.findall(code))
    return {word for word in WORD.findall(text) if word not in known and not PYTORCH.fullmatch(word)}


def texts(value: Any, skip: Iterable[str] = ()) -> Iterator[str]:
    """Every text in plain data, but those under some keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in skip:
                yield from texts(each, skip)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each, skip)


def in_svg(picture: str) -> Iterator[str]:
    """What a picture says: its texts, its tooltips, and what a screen reader reads."""
    for element in ElementTree.fromstring(picture).iter():
        if element.tag.rpartition("}")[2] != "style":
            yield element.text or ""
        yield element.get("aria-label", "")
