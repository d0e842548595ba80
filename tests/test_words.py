"""The catalogues of words: one set of keys and of names in each text, plurals by the language's own rule."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest

from magics_pkg import words
from tests import cells
from tests.cells import FIRST

FORMS = {"en": 2, "zh": 1, "ru": 3}


@pytest.fixture(autouse=True)
def _english_again() -> object:
    yield
    words.use(None)


def fields(text: words.Text) -> list[set[str]]:
    """The names in each form of a text."""
    forms = (text,) if isinstance(text, str) else text
    return [{name for _, name, _, _ in Formatter().parse(form) if name is not None} for form in forms]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_catalogues_agree(language: str) -> None:
    """Every language says everything that English says, with the same names in it."""
    english, other = words.catalogue("en"), words.catalogue(language)
    assert other.keys() == english.keys()
    for key, text in english.items():
        wanted = fields(text)[-1] - {"n"}
        assert all(found - {"n"} == wanted for found in fields(other[key])), key


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_plurals(language: str) -> None:
    """What depends on a number has as many forms as the language has, and is the same key in each."""
    english, own = words.catalogue("en"), words.catalogue(language)
    for key, text in own.items():
        assert isinstance(text, tuple) is isinstance(english[key], tuple), key
        assert isinstance(text, str) or len(text) == FORMS[language], key


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1 операция"),
        (2, "2 операции"),
        (5, "5 операций"),
        (11, "11 операций"),
        (21, "21 операция"),
        (112, "112 операций"),
    ],
)
def test_russian_numbers(n: int, said: str) -> None:
    """Three forms, by the last two digits."""
    words.use("ru")
    assert words.say("operations", n=n) == said


def test_names_are_data() -> None:
    """Braces in a user's own text are no places for names."""
    assert "{x}[0]" in words.say("no_path", n=1, leaf="{x}[0]", output="y")


@pytest.mark.parametrize(
    ("variables", "language"),
    [({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LC_ALL": "ru_RU.UTF-8", "LANG": "en_US"}, "ru"), ({"LANG": "C.UTF-8"}, "en"),
     ({"LANG": "de_DE.UTF-8"}, "en"), ({"LANGUAGE": "zh:en", "LANG": "ru_RU"}, "zh"), ({}, "en")],
)  # fmt: skip
def test_surroundings(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The system's language where it is one of ours, else English."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert words.surroundings.__wrapped__() == language


def test_jupyterlab_language(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The language chosen in JupyterLab's menu goes before the system's."""
    folder = tmp_path / "@jupyterlab" / "translation-extension"
    folder.mkdir(parents=True)
    (folder / "plugin.jupyterlab-settings").write_text('{\n    // Locale\n    "locale": "zh_CN"\n}', encoding="utf-8")
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path))
    monkeypatch.setenv("LANGUAGE", "ru")
    assert words.surroundings.__wrapped__() == "zh"


@pytest.mark.parametrize(
    ("language", "hint", "note"),
    [("zh", "提示：", "向量-雅可比积"), ("ru", "Подсказка: ", "произведение вектора на якобиан")],
)
def test_config(language: str, hint: str, note: str, library: ModuleType) -> None:
    """`%config BackwardMagics.language`: the panel and the hint speak it, the user's names stay."""
    with cells.shell(library.__name__) as shell:
        cells.run(shell, f"%config BackwardMagics.language = {language!r}")
        cells.run(shell, "%%backward -o e\n" + FIRST.replace("0.1, 1., 10.", "1., 0., 0."))
        told = " ".join(shell.user_ns["e"].notes)
        assert note in told
        assert "y[0]" in told
        ran = cells.run(shell, "%%backward\nx = torch.tensor([1., 2.], requires_grad=True)\n(x * 2).backward()")
        assert [each.startswith(hint) for each in ran.error.__notes__] == [True]  # type: ignore[union-attr]  # it failed
        assert "RuntimeError: grad can be implicitly created" in ran.printed


@pytest.mark.parametrize(
    ("language", "line", "said"),
    [
        ("zh", "--wigths 1", "未知选项 --wigths；您是不是想写 --weights？"),
        ("ru", "--wigths 1", "неизвестный параметр --wigths; возможно, имелось в виду --weights?"),
        ("zh", "--weights 1", "--weights：y 的形状是 (2,)，需要 2 个权重；而 1 是 1 个"),
        ("ru", "--weights 1", "--weights: y имеет форму (2,), то есть нужно 2 веса; а 1 — это 1 вес"),
        ("ru", "--wrt u", "--wrt: листовой тензор 'u': такого имени нет; есть x"),
    ],
)
def test_usage_errors(language: str, line: str, said: str, library: ModuleType) -> None:
    """What is wrong with the magic's line is told in the panel's language."""
    with cells.shell(library.__name__) as shell:
        cells.run(shell, f"%config BackwardMagics.language = {language!r}")
        code = "x = torch.tensor([1., 2.], requires_grad=True)\ny = x * 2\n"
        ran = cells.run(shell, f"%%backward y {line}\n{code}")
        assert said in str(ran.error)


@pytest.mark.parametrize(("language", "said"), [("zh", "显示这段说明"), ("ru", "показать этот текст")])
def test_help(language: str, said: str) -> None:
    """`--help`, `%%backward?` and `%config BackwardMagics` speak it too."""
    with cells.shell() as shell:
        cells.run(shell, f"%config BackwardMagics.language = {language!r}")
        assert said in cells.run(shell, "%%backward --help\n1").printed
        assert said in shell.find_line_magic("backward").__doc__
        printed = cells.run(shell, "%config BackwardMagics").printed
        assert words.say("config_depth").split()[0] in printed


def test_cases() -> None:
    """Our own words fit into a sentence, in their case or with no space around; a user's name stays as it is."""
    words.use("ru")
    assert "нет пути к выходу" in words.say("no_path", n=1, leaf="u", output=words.say("the_output"))
    words.use("zh")
    assert "从它通向输出。" in words.say("no_path", n=1, leaf="u", output=words.say("the_output"))
    assert "从它通向 输出。" in words.say("no_path", n=1, leaf="u", output="输出")
    words.use("ru")
    assert "нет пути к выход." in words.say("no_path", n=1, leaf="u", output="выход")


def test_no_sentence_elsewhere() -> None:
    """The panel's scripts show no word that is not from the catalogue: labels come as spec.words."""
    for key in re.findall(r'word\([\w.()]+, (?:[^"]*\? )?"(\w+)"', "".join(_scripts())):
        assert f"page_{key}" in words.catalogue("en"), key


def _scripts() -> list[str]:
    folder = Path(words.__file__).parents[1] / "static"
    return [path.read_text(encoding="utf-8") for path in folder.glob("*.js")]
