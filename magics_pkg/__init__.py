"""`%load_ext magics_pkg`, then `%%backward` above a cell: its graph, its weights v, and `x.grad`, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .exploration import Exploration
    from .opening import explore

__all__ = ["Exploration", "explore", "load_ipython_extension", "unload_ipython_extension"]


def __getattr__(name: str) -> Any:
    """`explore` and `Exploration`, imported when asked for."""
    if name == "explore":
        from .opening import explore

        return explore
    if name == "Exploration":
        from .exploration import Exploration

        return Exploration
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext magics_pkg`."""
    from .magic import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext magics_pkg`: closes every panel and takes everything back."""
    from .magic import unload

    unload(shell)
