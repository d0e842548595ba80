"""``torch.autograd.graph``: nodes, and a graph that can be kept."""

from __future__ import annotations

from ..node import Node
from ..snapshot import Pass, Snapshot

__all__ = ["Node", "Pass", "Snapshot"]
