"""The panel without a kernel or a network, driven by the same modules as the notebook's: as a page, as part of one.

Only the script that we wrote may run in a page of ours: its policy names the script's hash, and forbids all else.
A notebook's output carries the same content, packed, for who makes a page of the whole notebook (`nbconvert.py`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ..words import language, say
from . import spec as made
from .static import table

if TYPE_CHECKING:
    from ..graphs.graph import Graph
    from ..graphs.linear import Linear


MIME = "application/vnd.backward-magics.panel+json"
VERSION = 1
STILL = 60_000  # letters of a picture, above which a page has it only once, packed
POLICY = (
    "default-src 'none'; script-src 'sha256-{}'; style-src 'unsafe-inline'; img-src data:;"
    " base-uri 'none'; form-action 'none'"
)


def content(
    graph: Graph,
    linear: Linear,
    svg: str,
    *,
    text: str = "",
    notes: Sequence[str] = (),
    limits: tuple[float, float] | None = None,
    parts: Mapping[str, Any] | None = None,
    opens: str = "",
) -> dict[str, Any]:
    """What one panel shows and computes with, as plain JSON."""
    sliders = made.slides(linear, limits)
    return {
        "language": language(),
        "svg": svg,
        "table": "" if made.veiled(opens, parts) else table(graph, linear),
        "spec": made.spec(graph, linear, sliders, live=False, notes=notes, text=text, parts=parts, opens=opens),
        "rows": base64.b64encode(made.rows(linear)).decode("ascii"),
        "shape": base64.b64encode(made.form(linear)).decode("ascii"),
        "state": "ready",
        "message": "" if linear.linear or not sliders else say("not_linear"),
    }


def element(panel: Mapping[str, Any]) -> str:
    """One panel in a page that has the script and the style sheet; till that has run, or where it may not, a still."""
    drawn = panel["svg"] if len(panel["svg"]) < STILL else ""
    spec = panel["spec"]
    if made.veiled(spec["opens"], spec["parts"]):
        return _element(panel, f"<p>{escape(say('veiled'))}</p>")
    said = "".join(f"<p>{escape(each)}</p>" for each in (panel["message"], *spec["notes"]) if each)
    return _element(panel, (drawn or f"<pre>{escape(spec['text'])}</pre>") + panel["table"] + said)


def _element(panel: Mapping[str, Any], still: str) -> str:
    lang = escape(str(panel["language"]), quote=True)
    return (
        f'<div class="backward-page" lang="{lang}"><div class="backward-panel" data-state="ready">{still}</div>\n'
        f'<script type="application/json">{json.dumps(packed(panel))}</script></div>'
    )


def page(panel: Mapping[str, Any]) -> str:
    """A page of one panel as text."""
    script = made.page_script(made.veiled(panel["spec"]["opens"], panel["spec"]["parts"]))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        "<!doctype html>\n"
        f'<html lang="{escape(str(panel["language"]), quote=True)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY.format(digest), quote=True)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(panel['spec']['output'])}.backward(v)</title><style>{made.page_style()}</style></head>\n"
        f"<body><main>{element(panel)}</main>\n"
        f'<script type="module">{script}</script></body></html>\n'
    )


def packed(panel: Mapping[str, Any]) -> dict[str, Any]:
    """One panel as pages have it, and a notebook's output under the name MIME: an eighth of the size."""
    text = json.dumps(panel, allow_nan=False, separators=(",", ":"))
    return {"version": VERSION, "panel": base64.b64encode(zlib.compress(text.encode(), 6)).decode("ascii")}


def unpacked(data: Any) -> dict[str, Any] | None:
    """What `packed` was given; None for what another version, or somebody else, has written."""
    try:
        if data["version"] != VERSION:
            return None
        found = json.loads(zlib.decompress(base64.b64decode(data["panel"])))
    except (KeyError, TypeError, ValueError, zlib.error):
        return None
    return found if isinstance(found, dict) else None
