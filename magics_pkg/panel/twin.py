"""A panel in a notebook is two outputs: its still picture, and the widget, which hides that while it is there.

In one output the two would be forms of the same thing, of which who reads the notebook chooses one by its kind. Whoever
finds the widgets' state saved chooses the widget then, with a network to draw it or without one, as nbconvert does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
LIVE = {"backward": "live"}  # the metadata of the widget's output


def twins(bundle: Mapping[str, Any], name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The data and the metadata of each output. ``name``: the class that the widget hides its still picture by."""
    if VIEW not in bundle:
        return [(dict(bundle), {})]
    still = {kind: each for kind, each in bundle.items() if kind != VIEW}
    still["text/html"] = f'<div class="{name}">{still["text/html"]}</div>'
    return [(still, {}), ({VIEW: bundle[VIEW], "text/html": "", "text/plain": ""}, LIVE)]


def is_live(output: Mapping[str, Any]) -> bool:
    """Whether an output of a saved notebook is a panel's widget, beside its still picture."""
    return bool(output.get("metadata", {}).get("backward") == LIVE["backward"])
