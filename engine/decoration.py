"""What a context manager does as a decorator: of functions, generators and, with PyTorch's warning, classes."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any


def decorated(mode: Callable[[], Any], function: Any) -> Any:
    """``function`` run inside ``mode()``; of a generator only its body, not what its consumer does between values."""
    if inspect.isclass(function):
        warnings.warn(
            "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
            "functions or methods. To preserve the current behavior of class decoration, you can directly decorate "
            "the `__init__` method and nothing else.",
            FutureWarning,
            stacklevel=3,
        )
        kind = function

        def function(*args: Any, **kwargs: Any) -> Any:
            return kind(*args, **kwargs)

    if inspect.isgeneratorfunction(function):
        return _generator(mode, function)

    @functools.wraps(function)
    def decorate_context(*args: Any, **kwargs: Any) -> Any:
        with mode():
            return function(*args, **kwargs)

    return decorate_context


def _generator(mode: Callable[[], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def generator_context(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        try:
            with mode():
                value = generator.send(None)
            while True:
                try:
                    sent = yield value
                except GeneratorExit:
                    with mode():
                        generator.close()
                    raise
                except BaseException as thrown:
                    with mode():
                        value = generator.throw(thrown)
                else:
                    with mode():
                        value = generator.send(sent)
        except StopIteration as stop:
            return stop.value

    return generator_context
