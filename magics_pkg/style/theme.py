"""Every colour and font, once: blue for a positive gradient, orange for a negative one, else the notebook's own."""

from __future__ import annotations

import re

# name: (the notebook's variable, or an expression, or ""; light; dark).
# Contrast with the ground is at least 4.5 for text, and 3 for lines that mean something.
COLOURS: dict[str, tuple[str, str, str]] = {
    "text": ("--jp-ui-font-color1", "#1b1f24", "#e4e7eb"),
    "muted": ("--jp-ui-font-color2", "#626c78", "#9aa5b1"),
    "line": ("--jp-border-color2", "#dde1e6", "#343b44"),
    "ground": ("--jp-layout-color1", "#ffffff", "#12161b"),
    "raised": ("color-mix(in srgb, var(--backward-text) 5%, var(--backward-ground))", "#f4f6f8", "#1b2129"),
    "second": ("", "#f6f3fb", "#1f1b29"),
    "strong": ("--jp-ui-font-color0", "#000000", "#ffffff"),
    "accent": ("--jp-brand-color1", "#1a66a8", "#6cb0f2"),
    "positive": ("", "#1f5f9e", "#7dbaf2"),
    "negative": ("", "#cf6d22", "#c97434"),
    "nothing": ("", "#b9c0c8", "#4a525c"),
    "warning": ("", "#8a5a00", "#e0b04c"),
    "error": ("", "#b3261e", "#f2857d"),  # JupyterLab's dark one has 4.4
    "mark": ("", "#fdf0bd", "#4d4314"),
}
FONTS: dict[str, tuple[str, str]] = {
    "sans": ("--jp-ui-font-family", "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"),
    "mono": ("--jp-code-font-family", "Menlo, Consolas, 'DejaVu Sans Mono', monospace"),
}
# Sizes in pixels; `card.py` measures with them and `static/graph.css` draws with them.
SIZES: dict[str, float] = {"name": 14, "meta": 10.5, "code": 11, "number": 12}

# How the places where a notebook is shown say that they are dark: Jupyter, VS Code, Colab.
_DARK_NOTEBOOKS = ('[data-jp-theme-light="false"] {0}', ".vscode-dark {0}", 'html[theme="dark"] {0}')


def _declarations(dark: bool) -> str:
    """All variables; for the dark only those that differ."""
    values = {name: _shade(notebook, night if dark else light) for name, (notebook, light, night) in COLOURS.items()}
    if not dark:
        values |= {name: f"var({notebook}, {stack})" for name, (notebook, stack) in FONTS.items()}
        values |= {f"{name}-size": f"{size}px" for name, size in SIZES.items()}
    return " ".join(f"--backward-{name}: {value};" for name, value in values.items())


def _shade(notebook: str, shade: str) -> str:
    return f"var({notebook}, {shade})" if notebook.startswith("--") else notebook or shade


def variables(scope: str = ".backward-panel") -> str:
    """CSS variables of the panel in a notebook, which follow its theme."""
    dark = ", ".join(where.format(scope) for where in _DARK_NOTEBOOKS)
    return f"{scope} {{ {_declarations(False)} }}\n{dark} {{ {_declarations(True)} }}\n"


def page_variables(scope: str = ".backward-panel") -> str:
    """CSS variables of a page of our own, which follow the reader's system; printed light."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {scope} {{ {_declarations(True)} }} }}"
    return f"{scope} {{ {_declarations(False)} }}\n{dark}\n"


def literal(css: str, *, dark: bool = False) -> str:
    """The style sheet with every variable replaced by its value, for an SVG that stands alone."""
    values = {f"--backward-{name}": (night if dark else light) for name, (_, light, night) in COLOURS.items()}
    values |= {f"--backward-{name}": stack for name, (_, stack) in FONTS.items()}
    values |= {f"--backward-{name}-size": f"{size}px" for name, size in SIZES.items()}
    plain = re.sub(r"^[^{}@/]*:is\(.*?(?= \{)", lambda found: ", ".join(_spelled(found.group())), css, flags=re.M)
    return re.sub(r"var\((--backward-[\w-]+)\)", lambda found: values[found.group(1)], plain)


def _spelled(selector: str) -> list[str]:
    """A selector with `:is()` as several without: what draws SVG outside of browsers passes over rules that have it."""
    before, mark, rest = selector.partition(":is(")
    inner, _, after = rest.partition(")")
    return [before + each.strip() + end for each in inner.split(",") for end in _spelled(after)] if mark else [selector]
