"""Prints the table of op_db after the tests, however they went."""

from __future__ import annotations

from typing import Any

import pytest

from .printed import TABLE


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table by family and column."""
    if TABLE in config.stash:
        terminalreporter.section("PyTorch's operator database: entries that pass, of those a column asks something of")
        terminalreporter.write(config.stash[TABLE])
