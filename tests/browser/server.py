"""A private Jupyter server (JupyterLab or Notebook 7) for the time of a test: own folders, own port, no token."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import psutil

ROOT = Path(__file__).resolve().parents[2]
QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_notebook(path: Path, cells: Sequence[Any]) -> Path:
    """Write a notebook of cells; a text becomes a code cell."""
    made = [nbformat.v4.new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=made)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


class Server:
    """``with Server("lab") as server``: a Jupyter server whose kernels import the packages of this repository.

    ``kind`` is "lab" or "notebook". Everything that it writes stands in one temporary folder, which goes with it.
    """

    def __init__(self, kind: str, *, theme: str = "JupyterLab Light", locale: str = "default") -> None:
        self.kind = kind
        self.folder = Path(tempfile.mkdtemp(prefix="backward-server-"))
        self.root = self.folder / "root"
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._configure(theme, locale)

    def _configure(self, theme: str, locale: str) -> None:
        """Private configuration: no news, the theme asked for, nothing from the user's own folders."""
        config = self.folder / "config"
        settings = config / "lab" / "user-settings"
        themes = settings / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
        language = settings / "@jupyterlab" / "translation-extension" / "plugin.jupyterlab-settings"
        page = config / "labconfig" / "page_config.json"
        for path, content in ((themes, {"theme": theme}), (language, {"locale": locale}), (page, QUIET)):
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(content))
        self.root.mkdir()
        self.environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.folder / "workspaces"),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }

    def __enter__(self) -> Server:
        module = "jupyterlab" if self.kind == "lab" else "notebook"
        command = [sys.executable, "-m", module, "--no-browser", "--allow-root", f"--port={self.port}"]
        command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.root}"]
        command += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", "--LabApp.news_url="]
        command += ["--ServerApp.terminals_enabled=False", "--LabApp.extension_manager=readonly"]
        command += [f"--{'LabApp' if self.kind == 'lab' else 'JupyterNotebookApp'}.expose_app_in_browser=True"]
        with (self.folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self.root, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self, seconds: float = 90) -> None:
        """Until the server answers; its log is the error when it does not."""
        assert self._process is not None
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                self.api("status")
                return
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Jupyter did not start:\n{self.log()[-3000:]}")
            time.sleep(0.1)

    def log(self) -> str:
        """What the server has printed."""
        return (self.folder / "server.log").read_text(errors="replace")

    def api(self, path: str, method: str = "GET") -> Any:
        """One request to the server's REST interface."""
        request = urllib.request.Request(f"{self.base}/api/{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def url(self, notebook: Path) -> str:
        """The address of a notebook in the server's root."""
        name = urllib.parse.quote(str(notebook.relative_to(self.root)))
        return f"{self.base}/lab/tree/{name}?reset" if self.kind == "lab" else f"{self.base}/notebooks/{name}"

    def stop_kernels(self, notebook: Path | None = None) -> None:
        """End every kernel, or that of one notebook, so that one test's work does not slow down the next."""
        for session in self.api("sessions"):
            if notebook is None or session["path"] == str(notebook.relative_to(self.root)):
                self.api(f"sessions/{session['id']}", "DELETE")

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        family = [psutil.Process(self._process.pid)] if self._process.poll() is None else []
        family += [child for process in family for child in process.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(family, timeout=5)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
