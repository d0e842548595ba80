"""Every word that a person sees stands in `magics_pkg/words/`: none in the code, none left over in what is shown."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from types import ModuleType
from typing import Any

import pytest

from magics_pkg import words
from magics_pkg.panel.page import unpacked
from tests import cells
from tests.foreign import in_svg, strangers, texts
from tests.test_lessons import questions

PACKAGE = Path(words.__file__).parents[1]
PHRASE = re.compile(r"[a-z]{2,}[,:;]? [a-z]{2,}|[A-Z][a-z]+ [a-z]{2,}|^ [a-z]+ |^[a-z]+ $")
# Phrases that no person reads in a panel, or that are PyTorch's own
ALLOWED = {
    "errors.py": r".*(torch|Tensor|tensors|object|shape|scalar|graph|inplace|in-place|dtype).*",  # PyTorch's texts
    "graphs/faults.py": r".*(graph|tensors|inplace|in-place|scalar|shape|version|used).*",
    "backends/__init__.py": r".*(graph|inplace|are not kept|is no tensor library|the module ).*",
    "backends/kept.py": r" on |A leaf node was passed to",
    "backends/private.py": r".*",  # for programmers: what is done where PyTorch has dropped a name
    "backends/seals.py": r"one of the variables needed .*",
    "panel/local.py": r"second time",
    "panel/spec.py": r"class Quiz .*",  # code
    "lessons/explain.py": r"set to (None|zero)| on ",  # names of what has happened, which are keys
    "tracing/passes.py": r"set to (None|zero)",
    "opening.py": r"not among inputs=",
    "__init__.py": r" has no attribute |module ",  # for programmers: Python's own errors
    "cells/cell.py": "await ",  # code
    "reruns/rewritten.py": "with ",
    "magic.py": "cell ",  # a key
    "style/notation.py": " dim ",  # PyTorch's name of the argument
    "graphs/names.py": r" is not a name",
    "graphs/runs.py": r"[a-z0-9_ ]*",  # names of operations
    "options.py": r"not a number",
    "nbconvert.py": r"HTML with live %%backward panels",  # in the File menu, beside nbconvert's other formats
}
CSS = re.compile(r"^[.#\[]|^ \{ |, [.\[]")
MARKUP = re.compile(r"<|>|var\(|\bexport default\b|sans-serif|monospace|default-src|prefers-color-scheme")
# Parts of the page's data that are no texts: ids and kinds, and the cell's own code
SKIP = {
    "kind",
    "node",
    "edge",
    "nodes",
    "tail",
    "head",
    "id",
    "code",
    "opens",
    "dtype",
    "spans",
    "words",
    "of",
    "to",
    "saved",
}
LANGUAGES = ("zh", "ru")
MORE = {
    "network": "net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))\nx = torch.ones(3, 4)\n"
    "loss = nn.functional.mse_loss(net(x), torch.zeros(3, 2))\nloss.backward()",
    "rules": "x = torch.tensor([[0.5, -1.], [2., 3.]], requires_grad=True)\nz = torch.relu(x).clamp(0, 1)[0] "
    "+ x.mean()\ny = torch.maximum(z, x[0]).cumsum(0).max() + torch.cat([z, z]).prod()\ny.backward()",
    "large": "x = torch.linspace(-2, 2, 500, requires_grad=True)\ny = torch.sin(x)\ny.backward(torch.ones(500))",
    "passes": "x = torch.ones(2, requires_grad=True)\n(x * 3).sum().backward()\nx.grad.zero_()\ny = x * 2\n"
    "y.backward(torch.ones(2))\nx.grad = None\n(x * x).sum().backward()",
    "none": "x = torch.ones(3)\nx * 2",
    "function": "class Twice(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
    "        return 2 * x\n    @staticmethod\n    def backward(ctx, g):\n        return 2 * g\n"
    "x = torch.ones(2, requires_grad=True)\nTwice.apply(x).sum().backward()",
}
WRONG = ("--wigths 1", "--step=1", "--save", "--save y.x", "--weights a", "--weights 1", "--range 1", "--depth -1", "'",
         "--max-nodes 0", "--wrt u", "--as numpy", "-o 1", "u", "k", "x + 1")  # fmt: skip


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    words.use(None)


def phrases(path: Path) -> Iterator[tuple[int, str]]:
    """The texts in a file of code that look like a sentence's, but for docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    told = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, kinds) and ast.get_docstring(node)}  # type: ignore[attr-defined]  # a docstring is an expression
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in told:
            continue
        if PHRASE.search(node.value) and not MARKUP.search(node.value):
            yield node.lineno, node.value


def test_no_sentence_in_the_code() -> None:
    """No sentence stands in the Python code: the ones there are belong to PyTorch, or are read by no one."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        for line, text in phrases(path) if not name.startswith("words/") else ():
            if not re.fullmatch(ALLOWED.get(name, "$^"), text, re.DOTALL):
                found.append(f"{name}:{line}: {text}")
    assert not found


def test_no_sentence_in_the_scripts() -> None:
    """No word that is shown or read out stands in the page's scripts."""
    silent = r"^\s*//.*|(?<=[;{}]) //.*|(class|style): (\"[^\"]*\"|`[^`]*`)|new Error\(\"[^\"]*\"\)|\"as written\""
    found = []
    for path in (PACKAGE / "static").glob("*.js"):
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            code = re.sub(silent, "", text)
            named = re.findall(r"(?:aria-label|title|alt|placeholder)\"?: \"([^\"]*[a-z][^\"]*)\"", code)
            strings = [re.sub(r"\$\{.*?\}", "", each) for each in re.findall(r"[\"`]([^\"`]*)[\"`]", code)]
            spoken = [each for each in strings if PHRASE.search(each) and not CSS.search(each)]
            found += [f"{path.name}:{line}: {each}" for each in (*named, *spoken)]
    assert not found


@pytest.mark.parametrize("language", LANGUAGES)
def test_terms(language: str) -> None:
    """Nothing in a catalogue is left in English but names."""
    for key, text in words.catalogue(language).items():
        for form in (text,) if isinstance(text, str) else text:
            bare = " ".join(part for part, *_ in Formatter().parse(form))
            assert not strangers(bare, ""), key


def shown(shell: Any, options: str, code: str, folder: Path) -> list[str]:
    """Everything that a cell's panel says, in a terminal, in a page and in its picture; and what is printed."""
    page = folder / "page.html"
    ran = cells.run(shell, f"%%backward {options} -o e --save {page}\n{code}")
    hints = getattr(ran.error, "__notes__", [])
    raised = str(ran.error)  # PyTorch's own words stay as they are
    printed = "" if ran.error is not None else ran.printed.replace(str(page), "")
    e = shell.user_ns.pop("e", None)
    told = [printed, *hints]
    if e is None or not page.exists():
        return told
    packed = re.search(r'<script type="application/json">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert packed is not None
    panel = unpacked(json.loads(packed[1]))
    assert panel is not None
    told += [repr(e), *e.notes, *texts(panel["spec"], SKIP), panel["message"]]
    told += [re.sub(r"<[^>]*>", " ", panel["table"]), *(in_svg(panel["svg"]) if panel["svg"] else ())]
    page.unlink()
    return [re.sub(rf"{re.escape(raised[:15])}.*", "", each, flags=re.DOTALL) if raised else each for each in told]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_shown_is_english(language: str, library: ModuleType, tmp_path: Path) -> None:
    """Panels of many kinds, mistakes among them, say nothing in English but names: on both libraries."""
    left: dict[str, set[str]] = {}
    with cells.shell(library.__name__) as shell:
        cells.run(shell, f"%config BackwardMagics.language = {language!r}")
        asked = {f"question {place}": each.split("\n", 1) for place, each in enumerate(questions())}
        programs = {name: ("", code) for name, (_, code) in asked.items()} | {
            name: (option, code) for name, code in MORE.items() for option in ("--quiz",)
        }
        for name, (option, code) in programs.items():
            for text in shown(shell, option, code, tmp_path):
                if found := strangers(text, code):
                    left.setdefault(name, set()).update(found | {text[-160:]})
    assert not left, "\n".join(f"{name}: {sorted(each)}" for name, each in left.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_refused_is_english(language: str, library: ModuleType) -> None:
    """What is said of a wrong line holds nothing but the line's own words and names."""
    with cells.shell(library.__name__) as shell:
        cells.run(shell, f"%config BackwardMagics.language = {language!r}")
        code = "x = torch.ones(2, requires_grad=True)\ny = x * 2\nk = torch.ones(2)\n"
        for line in WRONG:
            told = cells.usage(cells.run(shell, f"%%backward {'y' * line.startswith('-')} {line}\n{code}"))
            assert not strangers(told, f"{line}\n{code}"), told
        for line in ("%backward", "%backward --as torch", "%backward y --compare", "%%backward\n"):
            told = cells.usage(cells.run(shell, line))
            assert not strangers(told, line), told


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_comparison_is_english(language: str, library: ModuleType) -> None:
    """`--compare`: the sentence, the table and its verdicts."""
    code = (
        "x = torch.linspace(0.1, 2, 40, requires_grad=True)\ny = torch.tanh(x) @ torch.sin(x) + torch.rand(1)\n"
        "z = torch.empty(2)\nk = torch.ones(2).to(torch.bfloat16)\n(y * y).backward(torch.ones(1))"
    )
    with cells.shell(library.__name__) as shell:
        cells.run(shell, f"%config BackwardMagics.language = {language!r}")
        cells.run(shell, f"%%backward -o e --quiet --compare\n{code}")
        found = shell.user_ns["e"].comparison
        html = re.sub(r"<style>.*?</style>|<[^>]*>", " ", found._repr_html_(), flags=re.DOTALL)
        for text in (repr(found), html):
            assert not strangers(text, code), text
