"""Source text for a row: the front, with one line for every case it can meet, and the steps.

What each line costs was measured on a chain over 3 elements (ns per operation of about 1500): mode flag 29, broadcast
test 56, dtype test 26, freeing and its error 54, a Python kernel in place of a C callable 22.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .op import Row, Step

PUBLIC_NAMES = {"x": "input", "y": "other"}  # parameters are called in formulas as in books, in calls as in PyTorch
ABOUT = ("shape", "size", "dtype", "strides")  # what a formula can ask of an input, where its numbers do not matter


def _name(parameter: str) -> str:
    return PUBLIC_NAMES.get(parameter, parameter)


def publicly_named(stub: Any) -> Any:
    """A function of the stub's source and signature, with the parameters' public names."""
    code = stub.__code__
    if PUBLIC_NAMES.keys().isdisjoint(code.co_varnames):
        return stub
    named = code.replace(co_varnames=tuple([_name(p) for p in code.co_varnames]))
    made = FunctionType(named, stub.__globals__, stub.__name__, stub.__defaults__, stub.__closure__)
    made.__kwdefaults__, made.__doc__ = stub.__kwdefaults__, stub.__doc__
    return made


def step_name(row: Row, wanted: Sequence[str], fit: bool) -> str:
    """The name under which a step is known to the fronts."""
    return f"{row.name}__{'_'.join(wanted)}{'_fit' if fit else ''}"


def front(row: Row) -> str:
    """Source of the public function of ``row``."""
    lines = [f"def {row.name}({_parameters(row)}):"]
    call = ", ".join(_name(p) for p in row.params)
    general = f"__tracebackhide__ = True; return general({row.name}_row, ({call},))"
    lines += [f"    if BUSY and here.modes: return overridden({row.name}_row.front, ({call},), {{}})"]
    lines += ["    try:"]
    lines += ["        " + line for line in _operands(row, general)]
    lines += [f"    except AttributeError: {general}"]
    nodes = [_name(p) for p in row.formulas]
    if nodes:
        lines += [f"    if BUSY and not here.grad: {' = '.join(p + '_n' for p in nodes)} = None"]
    arguments = ", ".join(_name(p) + "_d" if p in row.inputs else _name(p) for p in row.params)
    lines += [
        f"    try: data = {row.name}_kernel({arguments})",
        f"    except (FloatingPointError, ValueError, TypeError, OverflowError): {general}",
    ]
    lines += ["    " + line for line in _record(row, general)]
    return "\n".join(lines) + "\n"


def _parameters(row: Row) -> str:
    out = []
    for name, p in row.signature.parameters.items():
        default = "" if p.default is p.empty else f"={p.default!r}"
        if p.kind is p.KEYWORD_ONLY and "*" not in out:
            out.append("*")
        out.append(_name(name) + default)
    return ", ".join(out)


def _operands(row: Row, general: str) -> list[str]:
    """Lines that read data and node of each input into ``<name>_d`` and ``<name>_n``."""
    lines: list[str] = []
    first = _name(row.inputs[0])
    unreal = f" or {first}_d.dtype.kind == 'c'" if row.real else ""
    lines += [f"{first}_d = {first}._d; {first}_n = {first}._n"]
    if row.real and not (row.elementwise and len(row.inputs) == 2):
        lines += [f"if {first}_d.dtype.kind == 'c': {general}"]
    if row.view:
        lines += [f"if type({first}_d) is not ndarray: {first}_d = box({first})"]
    for p in row.inputs[1:]:
        t = _name(p)
        if row.elementwise and len(row.inputs) == 2:
            lines += [
                f"if type({t}) is float or type({t}) is int:",
                f"    {t}_n = None; same = True",
                f"    {t}_d = (NUMBERS.get({t}) if {first}_d.dtype is float32 else None) "
                f"if type({first}_d) is ndarray else {t} if type({first}_d) is F32 else None",
                f"    if {t}_d is None:",
                f"        {t}_d = number({t}, {first}_d)",
                f"        if {t}_d is None{unreal}: {general}",
                "else:",
                f"    {t}_d = {t}._d; {t}_n = {t}._n",
                f"    if {first}_d.dtype is not {t}_d.dtype{unreal}: {general}",
                f"    same = {first}_d.shape == {t}_d.shape",
            ]
        elif p in row.optional:
            lines += [f"if {t} is None: {t}_d = {t}_n = None", f"else: {t}_d = {t}._d; {t}_n = {t}._n"]
        else:
            lines += [f"{t}_d = {t}._d; {t}_n = {t}._n"]
        if not row.elementwise and p in row.formulas and p not in row.apart:
            lines += [f"if {t}_d is not None and {first}_d.dtype is not {t}_d.dtype: {general}"]
    if row.elementwise and len(row.inputs) > 2:
        data = ", ".join(_name(p) + "_d" for p in row.inputs if p not in row.apart)
        lines += [f"if not alike({data}): {general}", "same = True"]
        shaped = next(p for p in row.inputs if p not in row.apart)
        lines += [f"if {p}_d.shape != {_name(shaped)}_d.shape: {general}" for p in row.apart]
    return lines


def _record(row: Row, general: str) -> list[str]:
    """Lines that wrap ``data`` and hang a node on it, a branch for each set of inputs that want a gradient."""
    wantable, lines, word = list(row.formulas), [], "if"
    extras = row.outputs[1:]
    if extras:
        lines += [f"data, {', '.join(extras)} = data"]
    lines += ["out = new(Tensor); out._d = data"]
    masks = sorted(range(1, 1 << len(wantable)), key=lambda m: -m.bit_count())
    for mask in masks:
        wanted = tuple(p for i, p in enumerate(wantable) if mask >> i & 1)
        test = " and ".join(_name(p) + "_n is not None" for p in wanted)
        lines += [f"{word} {test}:", *("    " + line for line in _node(row, wanted))]
        word = "elif"
    plain = ["out._n = None"]
    if row.elementwise and not row.predicate:
        # exp or / of whole numbers: NumPy says float64. What wants gradients is floating already
        promoted = next(p for p in row.inputs if p not in row.apart)
        first = _name(promoted)
        plain += [f"if data.dtype is not {first}_d.dtype: {general}"]
    lines += ["else:", *("    " + line for line in plain)] if wantable else plain
    if row.view:
        lines += [f"track({_name(row.inputs[0])}, out)"]
    if row.several:
        lines += [f"outs = out, {', '.join(f'wrap({e})' for e in extras)}"]
        return [*lines, "if out._n is not None: relays(out._n, outs)", "return outs"]
    return [*lines, f"return out, {', '.join(f'wrap({e})' for e in extras)}" if extras else "return out"]


def _node(row: Row, wanted: tuple[str, ...]) -> list[str]:
    """Lines that make the node when exactly the inputs ``wanted`` want gradients."""
    edges = [_name(p) + "_n" for p in wanted]
    others = "None" if len(edges) < 2 else edges[1] if len(edges) == 2 else f"({', '.join(edges[1:])})"
    lines = ["out._n = n = new(Node); n.key = tick()", f"n.edge = {edges[0]}; n.others = {others}"]
    if row.to_complex:
        lines += ["if data.dtype.kind == 'c': complex_graph()"]
    may_fit = row.elementwise and len(row.inputs) > 1
    for fit in (False, True) if may_fit else (False,):
        step = row.step(wanted, fit)
        values = [_expression(row, name) for name in step.kept]
        values += [f"like({_name(p)}_d)" for p in wanted if fit]
        saved = f"({', '.join(values)},)" if values else "()"
        text = f"n.step = {step_name(row, wanted, fit)}; n.saved = {saved}"
        lines += [text if not may_fit else f"if same: {text}" if not fit else f"else: {text}"]
    return lines


def _expression(row: Row, name: str) -> str:
    """The expression, inside a front, of a value that a formula asks for."""
    if name == "out":
        return "data"
    if name in row.inputs:
        return _name(name) + "_d"
    head, _, tail = name.rpartition("_")
    if head in row.inputs and tail in ABOUT:
        data = _name(head) + "_d"
        return f"{data}.{tail}" if head not in row.optional else f"getattr({data}, {tail!r}, None)"
    return _name(name)


def step(step: Step, on_tensors: bool) -> str:
    """Source of what a backward pass calls on a node: returns one gradient, or a tuple of several."""
    row, wanted, fit = step.row, step.wanted, step.fit
    names = [*step.kept, *(p + "_like" for p in wanted if fit)]
    lines = ["def step(node, g, free):"]
    if names:
        lines += [f"    try: {', '.join(names)}, = node.saved", "    except TypeError: raise freed() from None"]
    if step.data:
        lines += ["    if free: node.saved = None"]
    if on_tensors:
        for n in step.data:
            relay = f"relay(node, {row.outputs.index(n)})" if row.several and n in row.outputs else "node"
            edge = (
                relay if n == "out" or relay != "node" else f"node.edges[{wanted.index(n)}]" if n in wanted else "None"
            )
            dtype = f", {n}_like[1]" if fit and n in wanted else ""
            lines += [f"    {n} = tensor_of({n}, {edge}{dtype})"]
    gradients = []
    for p in wanted:
        text = f"{row.name}_{'D' if on_tensors else 'd'}_{p}({', '.join(['g', *row.needs[p]])})"
        gradients += [f"{'fit_tensor' if on_tensors else 'fit'}({text}, {p}_like)" if fit else text]
    return "\n".join([*lines, f"    return {', '.join(gradients)}"]) + "\n"
