"""The panel as one HTML file: live sliders with no kernel and no network, driven by the same modules as the notebook's.

Only the script that we wrote may run in it: the page's own policy names its hash, and forbids everything else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from . import spec as made
from .static import table
from .words import language, say

if TYPE_CHECKING:
    from .graph import Graph
    from .linear import Linear


POLICY = (
    "default-src 'none'; script-src 'sha256-{}'; style-src 'unsafe-inline'; img-src data:;"
    " base-uri 'none'; form-action 'none'"
)


def page(
    graph: Graph,
    linear: Linear,
    svg: str,
    *,
    title: str = "",
    text: str = "",
    notes: Sequence[str] = (),
    limits: tuple[float, float] | None = None,
    parts: Mapping[str, Any] | None = None,
    opens: str = "",
) -> str:
    """The whole page as text."""
    sliders = made.slides(linear, limits)
    data = {
        "spec": made.spec(graph, linear, sliders, live=False, notes=notes, text=text, parts=parts, opens=opens),
        "rows": base64.b64encode(made.rows(linear)).decode("ascii"),
        "shape": base64.b64encode(made.form(linear)).decode("ascii"),
        "state": "ready",
        "message": "" if linear.linear else say("not_linear"),
    }
    # "<" would end the script element early, whatever it stands in
    payload = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    script = made.page_script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    # What stands here until the script has run; the script takes the picture from it.
    still = (svg or f"<pre>{escape(text)}</pre>") + table(graph, linear)
    name = title or f"{data['spec']['output']}.backward(v)"  # type: ignore[index]  # the dict above holds it
    return (
        "<!doctype html>\n"
        f'<html lang="{language()}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY.format(digest), quote=True)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(name)}</title><style>{made.page_style()}</style></head>\n"
        f'<body><main class="backward-page"><div class="backward-panel" data-state="ready">{still}</div>\n'
        f'<script type="application/json">{payload}</script></main>\n'
        f'<script type="module">{script}</script></body></html>\n'
    )
