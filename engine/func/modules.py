"""``functional_call`` and ``stack_module_state``: a module as a function of its parameters, and many modules as one.

Source: PyTorch's torch.func and torch.nn.utils.stateless (rules and texts, not code).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..table.kernel import PUBLIC
from ..tensor import Tensor


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with other tensors in place of its parameters and buffers, by name.

    parameter_and_buffer_dicts: a dict, or several with different keys. What the module assigns to a buffer is put back
    into the dict. tie_weights: parameters that are one tensor under two names stay one. strict: no name may be missing.
    Errors: ValueError for a key in two dicts, or two values for tied names; RuntimeError for missing keys, if strict.
    Source: torch.func.functional_call.
    """
    __tracebackhide__ = True
    given = parameter_and_buffer_dicts
    if not isinstance(given, dict):
        given = _merged(given)
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    with _with_tensors(module, given, tie_weights, strict):
        return module(*positional, **(kwargs or {}))


def _merged(dicts: Any) -> dict[str, Any]:
    if not isinstance(dicts, Sequence):
        raise ValueError(
            f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(dicts)}"
        )
    if not all(isinstance(d, dict) for d in dicts):
        raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
    keys = [k for d in dicts for k in d]
    repeated = [k for k in dict.fromkeys(keys) if keys.count(k) > 1]
    if repeated:
        raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
    return {k: v for d in dicts for k, v in d.items()}


def _places(module: Any) -> dict[str, tuple[dict[str, Any], str]]:
    """Every parameter and buffer by its full name: the dict in which a module keeps it, and its key there."""
    found = {}
    for prefix, part in module.named_modules(remove_duplicate=False):
        for kept in (part._parameters, part._buffers):
            for key, t in kept.items():
                if t is not None:
                    found[f"{prefix}.{key}" if prefix else key] = (kept, key)
    return found


@contextmanager
def _with_tensors(module: Any, given: dict[str, Any], tie_weights: bool, strict: bool) -> Iterator[None]:
    places = _places(module)
    values = _untied(places, given) if tie_weights else given
    if strict:
        _check_keys(module, places, values)
    places |= {name: _new_place(module, name) for name in values if name not in places}
    before = {name: places[name][0].get(places[name][1], _NOTHING) for name in values}
    try:
        for name, t in values.items():
            kept, key = places[name]
            kept[key] = t
        yield
    finally:
        now = {name: places[name][0][places[name][1]] for name in values}
        for name, t in before.items():
            kept, key = places[name]
            if t is _NOTHING:
                del kept[key]
            else:
                kept[key] = t
        given.update({name: now[name] for name in given if name in now})


_NOTHING = object()


def _new_place(module: Any, name: str) -> tuple[dict[str, Any], str]:
    """Where a tensor that is no parameter and no buffer of ``module`` is set for the time of the call.

    Errors: AttributeError if there is no such submodule, TypeError if something else has the name.
    """
    *path, last = name.split(".")
    part = module
    for step in path:
        if step not in part._modules:
            raise AttributeError(f"{type(part).__name__} has no attribute `{step}`")
        part = part._modules[step]
    own = vars(part)
    if last in own and not isinstance(own[last], Tensor):
        raise TypeError(f"attribute `{last}`: {own[last]} is not an instance of torch.Tensor")
    return own, last


def _untied(places: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """``given``, also for the other names of the tensors that it names."""
    names: dict[int, list[str]] = {}
    for name, (kept, key) in places.items():
        names.setdefault(id(kept[key]), []).append(name)
    tied = {name: group for group in names.values() if len(group) > 1 for name in group}
    out = dict(given)
    for name, value in given.items():
        group = tied.get(name)
        if group is None:
            continue
        if any(other in given and given[other] is not value for other in group):
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(group)}, which are tied. Consider using "
                "tie_weights=False"
            )
        out.update(dict.fromkeys(group, value))
    return out


def _check_keys(module: Any, places: dict[str, Any], values: dict[str, Any]) -> None:
    unexpected = sorted(name for name in values if name not in places)
    missing = sorted(name for name in places if name not in values)
    told = []
    if unexpected:
        told.append(f"Unexpected key(s): {', '.join(map(repr, unexpected))}.")
    if missing:
        told.append(f"Missing key(s): {', '.join(map(repr, missing))}.")
    if told:
        raise RuntimeError("Error(s) in reparametrizing for {}:\n\t{}".format(type(module).__name__, "\n\t".join(told)))


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and buffers of ``models``, all of one class, each stacked along a new first dimension, by name.

    The stacked parameters are new leaves. With ``vmap`` over them and ``functional_call`` the models run as one.
    Errors: RuntimeError for no models, for models of two classes, or not all in the same mode.
    Source: torch.func.stack_module_state.
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({m.training for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return (
        {name: _stacked([each[name] for each in parameters], name) for name in parameters[0]},
        {name: _stacked([each[name] for each in buffers], name) for name in buffers[0]},
    )


def _stacked(tensors: list[Tensor], name: str) -> Any:
    if len({t.requires_grad for t in tensors}) > 1:
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    out = PUBLIC["stack"](tensors, 0)
    return out.detach().requires_grad_() if tensors[0].requires_grad else out


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Make every batch norm in ``root`` use the statistics of its input alone, in place; return ``root``.

    ``vmap`` cannot update statistics that all entries of its batch share.
    Source: torch.func.replace_all_batch_norm_modules_.
    """
    for part in root.modules():
        if getattr(part, "track_running_stats", False) and "BatchNorm" in type(part).__name__:
            part.running_mean = part.running_var = part.num_batches_tracked = None
            part.track_running_stats = False
    return root
