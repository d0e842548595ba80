"""``python3 start.py demo`` opens the demo, ``python3 start.py test`` runs every test: from a bare Python 3.11 on.

Makes ``.venv`` beside this file (inside an activated environment it uses that one), installs what the task needs,
and starts it. Further arguments go to JupyterLab or pytest. Standard library only.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent
TASKS = {
    "demo": ["jupyterlab", "demo.ipynb"],
    "test": ["pytest"],
}
GET_PIP = "https://bootstrap.pypa.io/get-pip.py"
# On Linux, PyPI's torch brings 2 GB of CUDA; PyTorch's own index has the same version for the CPU alone.
TORCH_CPU = "https://download.pytorch.org/whl/cpu"


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fetch(url: str) -> bytes:
    """What stands at ``url``; only ever called with https."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


def install_pip(python: Path) -> None:
    """Give pip to an environment without ensurepip (Debian ships it apart): by the pip that is there, else by PyPA's.

    A pip that refuses to touch the system's own Python does not refuse to work on an environment.
    """
    own = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "pip"]
    if importlib.util.find_spec("pip") and subprocess.run(own).returncode == 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "get-pip.py"
        script.write_bytes(fetch(GET_PIP))
        subprocess.run([python, script, "--quiet"], check=True)


def make_environment(folder: Path) -> Path:
    """A virtual environment with pip in ``folder``, kept when it is there already; returns its interpreter."""
    python = python_of(folder)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode:
        if importlib.util.find_spec("ensurepip"):
            subprocess.run([python, "-m", "ensurepip", "--upgrade", "--default-pip"], check=True, capture_output=True)
        else:
            install_pip(python)
    return python


def pip(python: Path, *arguments: str) -> bool:
    """Run pip quietly in the environment; True when it went well."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, cwd=ROOT).returncode == 0


def install_torch(python: Path) -> None:
    """On Linux take torch's CPU build where its index can be reached; otherwise pip finds torch by itself later."""
    has_torch = subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0
    if has_torch or platform.system() != "Linux":
        return
    try:
        fetch(f"{TORCH_CPU}/torch/")
    except (urllib.error.URLError, TimeoutError):
        return
    pip(python, "torch==2.13.0", "--index-url", TORCH_CPU)


def main(arguments: list[str]) -> int:
    """Make the environment, install the task's extra, run the task; returns its exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file meets older ones before pip could refuse them
        sys.exit(f"start.py: Python 3.11 or newer is needed, this is {platform.python_version()}.")
    if not arguments or arguments[0] not in TASKS:
        sys.exit(f"usage: python3 start.py {{{','.join(TASKS)}}} [arguments for JupyterLab or pytest]")
    task, further = arguments[0], arguments[1:]
    inside = sys.prefix != sys.base_prefix
    python = Path(sys.executable) if inside else make_environment(ROOT / ".venv")
    print(f"start.py: installing what the {task} needs into {python.parent.parent} ...", flush=True)
    if task == "test":
        install_torch(python)
    if not pip(python, "-e", f".[{task}]"):
        return 1
    if task == "demo" and getattr(os, "geteuid", lambda: 1)() == 0:
        further = ["--allow-root", *further]  # in a container root is all there is, and Jupyter asks for this word
    return subprocess.run([python, "-m", *TASKS[task], *further], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
