"""Programs with ``backward`` and ``grad`` and all their arguments, for test_graph_api.py."""

from __future__ import annotations

SETUP = """
graph = T.autograd.graph
x = T.tensor([1., 2.], requires_grad=True)
def pack(t):
    say("pack", t)
    return t.tolist()
def unpack(values):
    say("unpack", values)
    return T.tensor(values)
"""

PASSES = {
    "gradients": """
        y = x * 2
        fails(lambda: T.autograd.grad(y, x, T.ones(3)))
        fails(lambda: T.autograd.grad(y, x))
        fails(lambda: T.autograd.grad(y, x, [1.0]))
        fails(lambda: T.autograd.grad([x.sum(), x.sum()], x, [None, T.tensor(2.)]))
        fails(lambda: T.autograd.grad([x.sum(), x.sum()], x, [T.tensor(2.)]))
        fails(lambda: T.autograd.grad([x.sum(), x.sum()], x, [1.0]))
        fails(lambda: T.autograd.grad(x * 2, x, (T.ones(2), T.ones(2))))
        fails(lambda: T.autograd.grad((x * 2).sum(), x, T.ones(1)))
        fails(lambda: T.autograd.grad((x * x).sum(), [x], T.tensor(2., dtype=T.float64)))
        v = T.ones(2, requires_grad=True)
        fails(lambda: T.autograd.grad(x * x, x, v, create_graph=True))
        fails(lambda: T.autograd.backward(x * 2, grad_tensors=[T.ones(2)], grad_variables=[T.ones(2)]))
        T.autograd.backward(x * 2, grad_variables=[T.ones(2)])
        T.autograd.backward([(x * x).sum()], T.tensor(2.))
        T.autograd.backward([(x * x).sum(), x * 3], [None, T.ones(2)])
        say(x.grad)
    """,
    "what is no tensor": """
        fails(lambda: T.autograd.grad([], [x]))
        fails(lambda: T.autograd.grad(x.sum(), []))
        fails(lambda: T.autograd.backward(x.sum(), inputs=[]))
        fails(lambda: T.autograd.grad(x.sum(), 5))
        fails(lambda: T.autograd.grad(5, x))
        fails(lambda: T.autograd.grad("a", x))
        fails(lambda: T.autograd.backward([x.sum(), 5]))
        fails(lambda: (x * 2).backward(T.ones(2), inputs=5))
        fails(lambda: T.autograd.grad(x.sum(), T.ones(1)))
        fails(lambda: T.autograd.grad(T.ones(1), x))
        fails(lambda: T.autograd.backward(T.ones(1)))
        fails(lambda: T.autograd.backward(x * 2, inputs=T.ones(2), grad_tensors=T.ones(2)))
    """,
    "dictionaries and generators": """
        fails(lambda: T.autograd.grad((x * x).sum(), {"a": x}))
        fails(lambda: T.autograd.grad(((x * x).sum() for _ in range(2)), [x]))
        (x * x).sum().backward(inputs={"a": x})
        say(x.grad)
        import types
        fails(lambda: T.autograd.grad((x * x).sum(), types.MappingProxyType({"a": x})))
    """,
    "unused inputs": """
        w = T.ones(2, requires_grad=True)
        y = (x * x).sum()
        fails(lambda: T.autograd.grad(y, [x, w], retain_graph=True))
        fails(lambda: T.autograd.grad(y, [x, w], retain_graph=True, allow_unused=True))
        fails(lambda: T.autograd.grad(y, [x, w], retain_graph=True, materialize_grads=True))
        fails(lambda: T.autograd.grad(y, [x, w], retain_graph=True, materialize_grads=True, create_graph=True))
        fails(lambda: T.autograd.grad(y, [x, w], allow_unused=False, materialize_grads=True))
        fails(lambda: T.autograd.grad(y, x, only_inputs=False))
    """,
    "batches of gradients": """
        y = x * x
        fails(lambda: T.autograd.grad(y, x, T.eye(2), is_grads_batched=True, retain_graph=True))
        fails(lambda: T.autograd.grad(y, x, T.ones(3, 3), is_grads_batched=True))
        fails(lambda: T.autograd.grad(y, x, is_grads_batched=True))
        fails(lambda: T.autograd.grad(y.sum(), x, (T.ones(3),), is_grads_batched=True, retain_graph=True))
        w = T.ones(2, requires_grad=True)
        g = T.autograd.grad(y, [x, w], T.eye(2), is_grads_batched=True, allow_unused=True, create_graph=True)
        say(g[0].tolist(), g[1])
        say(T.autograd.grad(g[0].sum(), x, retain_graph=True))
        T.autograd.grad(y, x, T.eye(2), is_grads_batched=True)
        fails(lambda: y.sum().backward())
    """,
    "backward into chosen inputs": """
        w = T.ones(2, requires_grad=True)
        x.register_hook(lambda g: say("leaf", g))
        x.register_post_accumulate_grad_hook(lambda t: say("accumulated", t.grad))
        y = x * 2
        z = y * w
        z.sum().backward(inputs=[x, y])
        say(x.grad, y.grad, w.grad, y.retains_grad)
        x.grad = None
        (x * 3).sum().backward(inputs=[x, x])
        say(x.grad)
        y = x * 2
        (y * y).sum().backward(inputs=y, retain_graph=True)
        say(y.grad, x.grad)
        (x * 2).backward(T.ones(2), False, False, [x])
        say(x.grad)
    """,
    "create_graph under no_grad": """
        y = (x ** 3).sum()
        with T.no_grad():
            g, = T.autograd.grad(y, x, create_graph=True)
        say(g.requires_grad)
        say(T.autograd.grad(g.sum(), x))
        seen = x ** 2
        seen.register_hook(lambda g: say(T.is_grad_enabled()))
        total = seen.sum()
        with T.no_grad():
            total.backward(create_graph=True)
        say(T.is_grad_enabled(), x.grad)
    """,
    "gradients of gradients add up": """
        (x ** 3).sum().backward(create_graph=True)
        g = x.grad
        say(g)
        (x ** 3).sum().backward()
        say(x.grad is g, x.grad)
        (x ** 3).sum().backward(create_graph=True)
        say(x.grad is g, x.grad)
        v = T.ones(2)
        z = T.ones(2, requires_grad=True)
        z.backward(v, create_graph=True)
        say(z.grad is v, z.grad)
    """,
    "a gradient that a graph saved is written": """
        (x * 2).sum().backward()
        g, w = x.grad, T.ones(2, requires_grad=True)
        loss = (g * w).sum()
        (x * 2).sum().backward()
        say(g, g._version)
        fails(lambda: loss.backward())
    """,
    "the order of hooks": """
        y = x * 2
        z = y * 3
        def noting(name):
            return lambda *a: say(name, T.is_grad_enabled(), *a)
        z.grad_fn.register_hook(noting("after"))
        z.grad_fn.register_prehook(noting("before"))
        z.register_hook(noting("first"))
        z.retain_grad()
        z.register_hook(noting("second"))
        cell = y.grad_fn.next_functions[0][0]
        x.register_post_accumulate_grad_hook(noting("accumulated"))
        cell.register_hook(noting("cell after"))
        cell.register_prehook(noting("cell before"))
        x.register_hook(noting("leaf"))
        z.sum().backward(create_graph=True)
        say(x.grad, z.grad)
        T.autograd.grad((x * 2).sum(), x)
        y = x * 2
        y.register_hook(noting("y"))
        y.grad_fn.register_prehook(noting("y before"))
        T.autograd.grad((y * 3).sum(), y, retain_graph=True)
        T.autograd.grad((y * 3).sum(), [x, y])
    """,
    "hooks removed while they run": """
        handles = []
        def first(g):
            say("first")
            for handle in handles:
                handle.remove()
        handles.append(x.register_hook(first))
        handles.append(x.register_hook(lambda g: say("second")))
        y = (x * 2).sum()
        y.backward(retain_graph=True)
        y.backward()
        with x.register_hook(lambda g: say("inside")) as handle:
            (x * 1).sum().backward()
        (x * 1).sum().backward()
        def adding(g):
            say("adding")
            x.register_hook(lambda g: say("added"))
        x.register_hook(adding)
        (x * 1).sum().backward()
        (x * 1).sum().backward()
    """,
    "hooks that cannot be": """
        y = x * 2
        fails(lambda: y.register_post_accumulate_grad_hook(print))
        fails(lambda: T.ones(1).register_post_accumulate_grad_hook(print))
        fails(lambda: T.ones(1).register_hook(print))
        fails(lambda: T.ones(1).retain_grad())
        y.register_hook(lambda g: 1 / 0)
        fails(lambda: y.sum().backward())
        say(x.grad)
    """,
    "a pass inside a hook": """
        w = T.tensor([3., 4.], requires_grad=True)
        def inner(g):
            z = T.ones(2, requires_grad=True)
            with T.enable_grad():
                (w * w).sum().backward()
                say(T.autograd.grad((z ** 3).sum(), z))
        y = x * 2
        y.register_hook(inner)
        (y * w).sum().backward()
        say(x.grad, w.grad)
    """,
}
