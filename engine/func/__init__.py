"""``torch.func``: derivatives and batches as functions of functions.

Nothing here is imported with the engine; ``torch.func`` loads it at its first use.
"""

from __future__ import annotations

from ..naming import absent
from .jacobians import hessian, jacfwd, jacrev
from .modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from .transforms import grad, grad_and_value, jvp, linearize, vjp
from .vmap import vmap

__all__ = [
    "functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip


__getattr__ = absent.lookup("torch.func", lambda: __all__)
