"""What the user calls a tensor: from the namespace after the cell, else from the assignment around its expression."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from ..backends import Backend, node_of
from ..cells.source import Source, span_of
from ..tracing.trace import Call, Trace

SCANNED = 200  # entries of one list or dict that are looked through
NAME_LIKE = (ast.Name, ast.Attribute, ast.Subscript)


class Namespace:
    """Names by tensor, by module, and by the node that made a tensor, as they stand after the cell."""

    def __init__(self, namespace: dict[str, Any], backend: Backend) -> None:
        self.tensor, self._module = backend.tensor, backend.module_type
        self.tensors: dict[int, list[str]] = {}
        self.modules: dict[int, str] = {}
        self.made: dict[Any, list[tuple[str, Any]]] = {}  # node: names and tensors that it made
        self.held: list[Any] = []  # keeps the ids above from being given to others
        named = [(name, each) for name, each in list(namespace.items()) if _is_users(name)]
        plain = [(name, each) for name, each in named if isinstance(each, self.tensor)]
        for name, each in plain:
            if type(each) is self.tensor:
                self._put(name, each)
        for name, each in named:
            if self._module is not None and isinstance(each, self._module):
                self._put_module(name, each)
        for name, each in plain:  # a loop over a module's parameters leaves a name for the last one
            self._put(name, each)
        for name, each in named:
            self._put_container(name, each)

    def _put(self, name: str, tensor: Any) -> None:
        names = self.tensors.setdefault(id(tensor), [])
        if name not in names:
            names.append(name)
        self.held.append(tensor)
        node = node_of(tensor)
        if node is not None:
            self.made.setdefault(node, []).append((name, tensor))

    def _put_module(self, name: str, module: Any) -> None:
        for inner, each in module.named_modules():
            self.modules.setdefault(id(each), f"{name}.{inner}" if inner else name)
        for inner, each in module.named_parameters():
            self._put(f"{name}.{inner}", each)
        for inner, each in getattr(module, "named_buffers", lambda: ())():
            self._put(f"{name}.{inner}", each)

    def _put_container(self, name: str, container: Any) -> None:
        """Tensors and modules one level down: in a dict, a list, or an object of a class that the cell defined."""
        if isinstance(container, self.tensor) or (self._module is not None and isinstance(container, self._module)):
            return
        if isinstance(container, dict):
            entries = ((f"{name}[{key!r}]", each) for key, each in islice(container.items(), SCANNED) if _is_plain(key))
        elif isinstance(container, list | tuple):
            entries = ((f"{name}[{i}]", each) for i, each in enumerate(islice(container, SCANNED)))
        elif type(container).__module__ == "__main__" and hasattr(container, "__dict__"):
            entries = ((f"{name}.{key}", each) for key, each in islice(vars(container).items(), SCANNED))
        else:
            return
        for inner, each in list(entries):
            if isinstance(each, self.tensor):
                self._put(inner, each)
            elif self._module is not None and isinstance(each, self._module):
                self._put_module(inner, each)

    def narrow(self, tensors: Iterable[Any], nodes: Container[Any]) -> None:
        """Know these tensors alone from now on, and keep no other."""
        self.held = list({id(each): each for each in tensors if id(each) in self.tensors}.values())
        self.tensors = {id(each): self.tensors[id(each)] for each in self.held}
        self.made = {node: made for node, made in self.made.items() if node in nodes}

    def name(self, tensor: Any, preferred: str = "") -> str:
        """The tensor's name: ``preferred`` if it is one of them, else the first; "" if it has none."""
        names = self.tensors.get(id(tensor), ())
        return preferred if preferred in names else names[0] if names else ""


def _is_users(name: str) -> bool:
    """Not one of IPython's own names."""
    return not name.startswith("_") and name not in ("In", "Out", "exit", "quit", "get_ipython")


def _is_plain(key: Any) -> bool:
    return isinstance(key, str | int | bool)


def look_up(namespace: dict[str, Any], text: str) -> Any:
    """The object that ``y``, ``model.w`` or ``hs[0]`` stands for; nothing is run.

    Errors: LookupError if there is none, ValueError for an expression that is no name."""
    return _look_up(namespace, ast.parse(text.strip(), mode="eval").body)


def _look_up(namespace: dict[str, Any], node: ast.AST) -> Any:
    if isinstance(node, ast.Name):
        return namespace[node.id]
    if isinstance(node, ast.Attribute):
        owner = _look_up(namespace, node.value)
        try:
            return getattr(owner, node.attr)
        except AttributeError as error:
            raise LookupError(str(error)) from None
    if isinstance(node, ast.Subscript):
        container = _look_up(namespace, node.value)
        try:
            if isinstance(container, dict | list | tuple):
                return container[ast.literal_eval(node.slice)]
        except (ValueError, TypeError) as error:
            raise LookupError(str(error)) from None
    raise ValueError(f"{ast.unparse(node)} is not a name")


def label(trace: Trace, call: Call, output: int = 0, level: int | None = None) -> str:
    """The name that the code gives to a call's result: climbs from its expression to the assignment around it.

    A returned value climbs to the caller's expression; what is appended, or made in a comprehension, is ``hs[k]``.
    level: how many of the user's frames to start from, outermost first; all by default.
    """
    user = call.site.user[:level]
    if not user or not (call.closes or level is not None):
        return ""
    part: list[int] = [output] if len(call.outputs) > 1 else []
    for place in reversed(user):
        found = trace.span(call.site, place)
        node = found[0].node(found[1]) if found else None
        if found is None or node is None:
            return ""
        if place == call.site.user[-1] and call.wrote and isinstance(node, ast.Call):
            return ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        kind, name = _bound(found[0], node, part)
        if kind == "name":
            return name
        if kind == "element":
            return f"{name}[{call.visit}]"
        if kind != "return":
            return ""
    return ""


def _bound(source: Source, node: ast.AST, part: list[int]) -> tuple[str, str]:
    """What the value of an expression becomes: ("name", "y"), ("element", "hs"), ("return", "") or ("", "")."""
    if isinstance(node, ast.AugAssign):
        return "name", _target(node.target, [])
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):  # y[0] = 5. changes y
        return "name", ast.unparse(node.value)
    while (parent := source.parents.get(node)) is not None:
        match parent:
            case ast.NamedExpr(target=target) | ast.AnnAssign(target=target):
                return "name", _target(target, part)
            case ast.AugAssign():
                return "", ""
            case ast.Assign(targets=targets):
                plain = [each for each in targets if isinstance(each, ast.Name)]
                return "name", _target((plain or targets)[-1], part)
            case ast.Return() | ast.Lambda():
                return "return", ""
            case ast.Yield():
                return "element", "yield"
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp() | ast.DictComp():
                kind, name = _bound(source, parent, [])
                return ("element", name) if kind == "name" and name.isidentifier() else ("", "")
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                part.append(next(i for i, each in enumerate(elements) if each is node))
            case ast.Dict(keys=keys, values=values):
                key = keys[next((i for i, each in enumerate(values) if each is node), 0)]
                kind, name = _bound(source, parent, [])
                return ("name", f"{name}[{ast.unparse(key)}]") if kind == "name" and key is not None else ("", "")
            case ast.Call(func=ast.Attribute(value=owner, attr="append" | "appendleft")) if node in parent.args:
                return "element", ast.unparse(owner)
            case ast.Attribute(attr=name) if _returns_itself(source, parent, name):
                pass  # y.requires_grad_() is still y
            case ast.Call(func=ast.Attribute(value=value)) if node is parent.func and value in source.parents:
                pass
            case ast.IfExp(test=test) if node is not test:
                pass
            case ast.Await() | ast.Starred():
                pass
            case _:
                return "", ""
        node = parent
    return "", ""


def _returns_itself(source: Source, attribute: ast.AST, name: str) -> bool:
    call = source.parents.get(attribute)
    return name.endswith("_") and not name.endswith("__") and isinstance(call, ast.Call) and call.func is attribute


def _target(target: ast.AST, part: list[int]) -> str:
    """The text of an assignment's target; ``part``: the way into its tuples, innermost place first."""
    if isinstance(target, ast.Tuple | ast.List) and part:
        *rest, place = part
        starred = next((i for i, each in enumerate(target.elts) if isinstance(each, ast.Starred)), len(target.elts))
        if place < starred:
            return _target(target.elts[place], rest)
        if starred < len(target.elts):
            inner = target.elts[starred]
            assert isinstance(inner, ast.Starred)
            return f"{_target(inner.value, [])}[{place - starred}]"
        return ""
    if isinstance(target, ast.Tuple | ast.List):
        return _target(target.elts[0], []) if len(target.elts) == 1 else ""
    text = ast.unparse(target)
    return text + "".join(f"[{place}]" for place in reversed(part))


def operand(trace: Trace, call: Call, place: int | str, tensors: Sequence[int | str]) -> str:
    """The text of one argument of a call where it is a name, ``hs[0]`` or ``model.w``; else "".

    place: its position or keyword; tensors: the places of all its tensor arguments, in order.
    """
    found = trace.span(call.site)
    node = found[0].node(found[1]) if found else None
    if found is None or node is None or call.site.below_module:
        return ""
    if not call.alone and not isinstance(node, ast.BinOp | ast.UnaryOp):
        return ""  # a function of the library made of others: their arguments are not those in the source
    chosen = _operand(node, place, tensors)
    return found[0].expression(span_of(chosen)) if isinstance(chosen, NAME_LIKE) else ""


def _operand(node: ast.AST, place: int | str, tensors: Sequence[int | str]) -> ast.AST | None:
    rank = list(tensors).index(place)
    match node:
        case ast.BinOp(left=left, right=right):
            if len(tensors) > 1:
                return (left, right)[rank] if rank < 2 else None
            return right if _is_number(left) else left
        case ast.AugAssign(target=left, value=right):
            return (left, right)[rank] if rank < 2 else None
        case ast.UnaryOp(operand=inner):
            return inner
        case ast.Subscript(value=inner) | ast.Attribute(value=inner):
            return inner if rank == 0 else None
        case ast.Call(func=function, args=arguments, keywords=keywords):
            for each in keywords:
                if each.arg == place:
                    return each.value
            positional = list(arguments)
            if isinstance(function, ast.Attribute) and isinstance(place, int) and not _is_library(function.value):
                positional.insert(0, function.value)
            if isinstance(place, int) and place < len(positional):
                return positional[place]
    return None


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant))


def _is_library(node: ast.AST) -> bool:
    """``torch.add(x, y)`` is a function of a library, not a method of ``torch``."""
    root = node
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in ("torch", "engine", "F", "nn", "T")


def tensors_in(
    arguments: Sequence[Any], keywords: dict[str, Any] | None, kind: type
) -> Iterator[tuple[int | str, Any]]:
    """The tensors among a call's arguments, with their places; a list's tensors share its place."""
    places: list[tuple[int | str, Any]] = [*enumerate(arguments), *(keywords or {}).items()]
    for place, each in places:
        if isinstance(each, kind):
            yield place, each
        elif isinstance(each, list | tuple):
            for inner in each:
                if isinstance(inner, kind):
                    yield place, inner
