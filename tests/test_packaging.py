"""What a stranger meets first: the set-up script on bare Pythons, the README's commands, what the wheel would hold."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import start

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pip_version(python: Path) -> str:
    """What pip in an environment says of itself."""
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True, check=True).stdout


def test_environment(tmp_path: Path) -> None:
    """start.py makes an environment with a pip of its own, and finds it again."""
    python = start.make_environment(tmp_path / "venv")
    assert str(tmp_path) in pip_version(python)
    assert start.make_environment(tmp_path / "venv") == python


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """As where this Python came without these modules."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else find_spec(name))


def test_environment_on_a_debian_without_ensurepip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python comes without ensurepip, the pip that is there puts one into the environment."""
    without(monkeypatch, "ensurepip")
    assert str(tmp_path) in pip_version(start.make_environment(tmp_path / "venv"))


def test_environment_without_any_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no pip either, PyPA's script is fetched and run by the environment's own Python."""
    without(monkeypatch, "ensurepip", "pip")
    script = b"import ensurepip\nensurepip.bootstrap(default_pip=True)\n"  # does here what get-pip.py does there
    asked = []
    monkeypatch.setattr(start, "fetch", lambda url: asked.append(url) or script)
    assert str(tmp_path) in pip_version(start.make_environment(tmp_path / "venv"))
    assert asked == [start.GET_PIP]


def test_unknown_task_says_what_there_is() -> None:
    """A wrong word gets one line that names the right ones."""
    with pytest.raises(SystemExit, match=r"usage: python3 start\.py \{demo,test\}"):
        start.main(["dmeo"])


def test_readme_commands_are_tasks() -> None:
    """The README's two commands are the script's two tasks."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^python3 start\.py (\w+)$", readme, re.MULTILINE)) == set(start.TASKS)


def test_tasks_are_extras() -> None:
    """Each task installs an extra of its name."""
    assert set(start.TASKS) <= set(PROJECT["optional-dependencies"])


def test_nbconvert_finds_the_exporter() -> None:
    """`jupyter nbconvert --to backward_html`: the README's name is the entry point's, and its class is there."""
    exporters = PROJECT["entry-points"]["nbconvert.exporters"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (name,) = re.findall(r"^jupyter nbconvert --to (\w+) ", readme, re.MULTILINE)
    module, _, kind = exporters[name].partition(":")
    assert issubclass(getattr(importlib.import_module(module), kind), importlib.import_module("nbconvert").HTMLExporter)


def test_readme_benchmarks_exist() -> None:
    """Each command of the README that measures something can be found."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"python -m (benchmarks\.\w+)", readme)
    assert commands
    assert all(importlib.util.find_spec(command) for command in commands)


def test_versions_agree() -> None:
    """``magics_pkg`` knows the distribution's version, if it names one; ``engine`` that of the PyTorch it follows."""
    package: ModuleType = importlib.import_module("magics_pkg")
    assert getattr(package, "__version__", PROJECT["version"]) == PROJECT["version"]
    (followed,) = {r.partition(";")[0] for r in PROJECT["optional-dependencies"]["torch"]}
    assert f"torch=={importlib.import_module('engine').__version__.partition('+')[0]}" == followed.strip()
