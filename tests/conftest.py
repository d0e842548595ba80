"""Fixtures for every test, and the rule that under ``BACKWARD_REQUIRE_ALL=1`` a skip is a failure."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.seeding import no_absent_devices

os.environ["LANGUAGE"] = "en"  # panels speak the language of the system; tests read them in English
REQUIRE_ALL = os.environ.get("BACKWARD_REQUIRE_ALL") == "1"


def forbid_skip(report: Any) -> None:
    """Turn the report of a skipped test or file into a failure that carries the reason of the skip."""
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped under BACKWARD_REQUIRE_ALL=1, but this was: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """A skipped test fails where everything is required."""
    report = yield
    forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """So does a file that is skipped as a whole."""
    report = yield
    forbid_skip(report)
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: playwright keeps an event loop running in the main thread, and cells want one too."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


_held = 0  # inference tensors that no collection has freed


def pytest_runtest_setup() -> None:
    """As long as an inference tensor lives calls are observed; what an earlier test's traceback holds has to go.

    A collection takes a second late in the run, so there is none for those that it has not freed before.
    """
    global _held
    mode = sys.modules.get("engine.mode")
    if mode is not None:
        if len(mode.INFERENCE) > _held:
            gc.collect()
        _held = len(mode.INFERENCE)


def pytest_unconfigure() -> None:
    """Every IPython that a test has made collects garbage once more at exit: minutes, were there much to look at."""
    gc.freeze()


@pytest.fixture(scope="module")
def young() -> Iterator[None]:
    """For files that collect garbage often: their collections go through what their own tests have made.

    All that pytest, PyTorch and thousands of other tests hold takes 1.4 s each time. Not for every file: what is frozen
    is never made old (`magics_pkg/cells/uncollected.py`).
    """
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(params=("engine", "torch"), scope="session")
def library(request: pytest.FixtureRequest) -> ModuleType:
    """Each library that the magic works on, under PyTorch's name for it."""
    module = pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    if request.param == "torch":
        module.set_num_threads(1)
        no_absent_devices(module)
    return module


@pytest.fixture
def each_library(request: pytest.FixtureRequest, library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """For files of tests that say ``torch``: each test runs once with it bound to the engine and once to PyTorch."""
    monkeypatch.setattr(request.module, "torch", library)


@pytest.fixture
def magics(library: ModuleType) -> Iterator[Any]:
    """An IPython with the magics loaded, whose ``torch`` is each library."""
    from tests import cells  # engine tests start no IPython

    with cells.shell(library.__name__) as made:
        yield made


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """The real PyTorch on one thread, to compare with; skips where it is not installed."""
    module = pytest.importorskip("torch", reason="PyTorch is not installed")
    module.set_num_threads(1)
    no_absent_devices(module)
    return module
