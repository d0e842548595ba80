"""What a cell's error is about, as facts: the backward that failed, what it needed that was freed or written over."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..backends import age_of, custom_function, saves, version_of
from ..tracing.trace import Backward, Call, Trace

SECOND_TIME = r"Trying to backward through the graph a second time"
NO_GRAPH = r"element \d+ of tensors does not require grad and does not have a grad_fn"
WRITTEN = r"modified by an inplace operation.*is at version (\d+); expected version (\d+)"
SIZES = re.compile(r"\[\w+(?:\.\w+)*Tensor \[([\d, ]*)\]\]")
EXPECTED = re.compile(r"expected version (\d+)")
LEAF = r"a (view of a )?leaf Variable that requires grad is being used in an in-place operation"
VECTOR = r"grad can be implicitly created only for scalar outputs"
UNUSED = r"differentiated Tensor at index (\d+) appears to not have been used"
SHAPE = r"Mismatch in shape: grad_output\[(\d+)\]"


@dataclass(frozen=True)
class Written:
    """A saved value that was written over: by which call, from which version to which; its shape or that turned."""

    call: Call | None
    expected: int
    found: int
    sizes: tuple[int, ...] | None = None

    def fits(self, tensor: Any) -> bool:
        """Whether this tensor may be what was written over."""
        return version_of(tensor) == self.found and self.sizes in (None, tuple(sorted(tensor.shape)))


def says(trace: Trace, pattern: str) -> re.Match[str] | None:
    """Whether the cell ended with an error of the library's that says this."""
    text = str(trace.error) if isinstance(trace.error, RuntimeError) else ""
    return re.search(pattern, text, re.DOTALL)


def failing(trace: Trace) -> Backward | None:
    """The backward call that raised the cell's error."""
    last = trace.backwards[-1] if trace.backwards else None
    return last if last is not None and last.error is not None and last.error is trace.error else None


def stuck(trace: Trace) -> Any:
    """The tensor whose backward failed because it has no graph, else None."""
    backward = failing(trace)
    if backward is None or not says(trace, NO_GRAPH):
        return None
    return next((each for each in backward.roots if not each.requires_grad), None)


def second_time(trace: Trace) -> bool:
    """Whether a backward failed because what it needed had been freed."""
    return failing(trace) is not None and says(trace, SECOND_TIME) is not None


def lost(trace: Trace) -> tuple[Backward | None, frozenset[Any]]:
    """What the failed backward needs and had been freed: by which backward of this cell, and all such nodes.

    The failed one frees as well, on its way to where it fails: the nodes that are younger."""
    second = failing(trace)
    if second is None or not second_time(trace):
        return None, frozenset()
    gone = {node for node in below(second.roots) if trouble(trace, node) == "freed"}
    culprits = []
    for each in trace.backwards:
        if each.error is None and each.frees:
            roots = [reference() for reference in each.origins]
            if any(root is None for root in roots):  # a loop has another tensor by that name now
                found = {node for node in gone if _older(node, each.at)}
            else:
                found = gone & below(roots)
            culprits.append((each, found))
    freed = frozenset().union(*(found for _, found in culprits))
    if not freed:
        begin = min((call.record.before for call in trace.calls), default=second.at)
        return None, frozenset(node for node in gone if _older(node, begin)) or frozenset(gone)
    last = max(freed, key=lambda node: age_of(node) or 0)
    return next(each for each, found in culprits if last in found), freed


def _older(node: Any, number: int) -> bool:
    age = age_of(node)
    return age is None or age < number


def trouble(trace: Trace, node: Any) -> str:
    """ "freed", "written" or "", by what the node's saved values say when they are looked at."""
    assert trace.backend is not None  # it has a node
    return trace.backend.trouble(node) if saves(node.name()) and not custom_function(node) else ""


def below(roots: Iterable[Any]) -> set[Any]:
    """Every node of these tensors' graphs."""
    pending = [root.grad_fn for root in roots if root.grad_fn is not None]
    found = set(pending)
    while pending:
        following = {each for each, _ in pending.pop().next_functions if each is not None} - found
        found |= following
        pending += following
    return found


def written(trace: Trace) -> Written | None:
    """The write over a saved value that a backward has met."""
    found = says(trace, WRITTEN)
    if found is None:
        return None
    now, then = int(found[1]), int(found[2])
    shown = SIZES.search(str(trace.error))
    sizes = tuple(sorted(int(each) for each in shown[1].split(",") if each.strip())) if shown else None
    writers = [call for call in trace.calls if _writes(call) and call.record.version == then + 1]
    over = Written(None, then, now, sizes)
    matching = [call for call in writers if any(version_of(each) == now for each in call.outputs)]
    fitting = [call for call in matching if any(over.fits(each) for each in call.outputs)]
    return replace(over, call=next(reversed(fitting or matching or writers), None))


def _writes(call: Call) -> bool:
    """Whether a call wrote over its first argument, also as ``F.relu(x, inplace=True)`` does."""
    args, told = call.record.args or (), call.record.kwargs or {}
    same = bool(args) and call.record.result is args[0]
    return call.wrote or (same and (told.get("inplace") is True or args[-1] is True))


def saved_version(trace: Trace, node: Any) -> int | None:
    """Which version of what was written over this node had saved."""
    assert trace.backend is not None  # it has a node
    found = EXPECTED.search(trace.backend.complaint(node))
    return int(found[1]) if found else None
