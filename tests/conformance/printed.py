"""Where the table waits until it is printed."""

from __future__ import annotations

import pytest

TABLE = pytest.StashKey[str]()
