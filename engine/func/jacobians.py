"""``jacrev``, ``jacfwd``, ``hessian``: whole Jacobians, from a basis of vectors under ``vmap``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .pytree import Spec, put_together, taken_apart
from .transforms import Argnums, chosen, jvp_of, vjp_of
from .vmap import vmap


def basis_of(tensors: Sequence[Any], start: int = 0, stop: int | None = None) -> list[Any]:
    """Rows ``start`` to ``stop`` of the identity over all elements of ``tensors``, cut to their shapes."""
    sizes = [t._d.size for t in tensors]
    total = sum(sizes)
    stop = total if stop is None else min(stop, total)
    found, offset = [], 0
    for t, n in zip(tensors, sizes, strict=True):
        rows = np.zeros((stop - start, n), t._d.dtype)
        own = np.arange(max(start, offset), min(stop, offset + n))
        rows[own - start, own - offset] = 1
        found.append(wrap(rows.reshape(stop - start, *t._d.shape)))
        offset += n
    return found


def _no_complex(api: str, values: Any, is_input: bool) -> None:
    for t in taken_apart(values)[0]:
        if isinstance(t, Tensor) and t._d.dtype.kind == "c":
            kind = "inputs" if is_input else "outputs"
            raise RuntimeError(
                f"{api}: Expected all {kind} to be real but received complex tensor at flattened input idx: "
                f"{[x is t for x in taken_apart(values)[0]].index(True)}"
            )


def jacrev(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of ``func`` by its argument ``argnums``, row by row in reverse mode, as a function.

    Shapes: for each output and each input, output's shape + input's shape. chunk_size: how many rows at a time.
    Source: torch.func.jacrev.
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        __tracebackhide__ = True
        _no_complex("jacrev", args, True)
        output, vjp_fn, *aux = vjp_of(func, args, argnums, has_aux)
        ys, out_spec = taken_apart(output)
        _no_complex("jacrev", ys, False)
        xs, in_spec = taken_apart(chosen(args, argnums))
        total = sum(y._d.size for y in ys)
        step = chunk_size or max(total, 1)
        parts = []
        for start in range(0, max(total, 1), step):
            rows = basis_of(ys, start, start + step)
            if chunk_size == 1:  # a plain loop, with none of vmap's limits
                one = taken_apart(vjp_fn(put_together([r.squeeze(0) for r in rows], out_spec)))[0]
                parts.append([t.unsqueeze(0) for t in one])
            else:
                parts.append(taken_apart(vmap(vjp_fn)(put_together(rows, out_spec)))[0])
        whole = parts[0] if len(parts) == 1 else [PUBLIC["cat"](list(c), 0) for c in zip(*parts, strict=True)]
        sizes = tuple([y._d.size for y in ys])
        by_input = [
            [
                part.view((*y._d.shape, *x._d.shape))
                for part, y in zip(PUBLIC["split_with_sizes"](w, sizes, 0), ys, strict=True)
            ]
            for w, x in zip(whole, xs, strict=True)
        ]
        jacobian = _nested([list(column) for column in zip(*by_input, strict=True)], in_spec, out_spec)
        return (jacobian, aux[0]) if has_aux else jacobian

    return wrapper


def _nested(rows: list[list[Any]], in_spec: Spec, out_spec: Spec) -> Any:
    """One entry for each output, of one entry for each input."""
    return put_together([put_together(row, in_spec) for row in rows], out_spec)


def jacfwd(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The Jacobian of ``func`` by its argument ``argnums``, column by column in forward mode, as a function.

    Shapes: for each output and each input, output's shape + input's shape.
    Source: torch.func.jacfwd.
    """

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        __tracebackhide__ = True
        _no_complex("jacfwd", args, True)
        xs, in_spec = taken_apart(chosen(args, argnums))
        sizes = tuple([x._d.size for x in xs])

        def push(basis: Any) -> Any:
            output, tangents, *aux = jvp_of(func, args, basis, argnums, False, has_aux)
            _no_complex("jacfwd", output, False)
            return (tangents, aux[0]) if has_aux else tangents

        results = vmap(push, randomness=randomness)(put_together(basis_of(xs), in_spec))
        aux = None
        if has_aux:
            results, aux = results
            leaves, spec = taken_apart(aux)
            aux = put_together([t[0] for t in leaves], spec)
        columns, out_spec = taken_apart(results)
        rows = []
        for column in columns:
            n = column._d.ndim
            moved = PUBLIC["permute"](column, (*range(1, n), 0))
            split = PUBLIC["split_with_sizes"](moved, sizes, n - 1)
            rows.append([part.reshape((*part._d.shape[:-1], *x._d.shape)) for part, x in zip(split, xs, strict=True)])
        jacobian = _nested(rows, in_spec, out_spec)
        return (jacobian, aux) if has_aux else jacobian

    return wrapper


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The matrix of second derivatives of ``func``, as a function: ``jacfwd(jacrev(func, argnums), argnums)``.

    Source: torch.func.hessian.
    """
    return jacfwd(jacrev(func, argnums), argnums)


__all__ = ["basis_of", "hessian", "jacfwd", "jacrev"]
