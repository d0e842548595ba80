"""Programs with custom functions, for test_function.py: how they are called, and what they may return."""

from __future__ import annotations

MAKE = """
Function = T.autograd.Function
x = T.tensor([1., 2.], requires_grad=True)
def make(forward, backward=lambda ctx, *g: g[0], **more):
    return type("F", (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward), **more})
"""

PROGRAMS = {
    "the square, by hand": """
        class Square(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return 2 * x * g
        y = Square.apply(x)
        say(y, y.grad_fn.name(), type(y.grad_fn).__name__, y.grad_fn.next_functions[0][0].name(), y.output_nr)
        y.sum().backward()
        say(x.grad)
        fails(lambda: y.sum().backward())
        fails(lambda: y.grad_fn.saved_tensors)
    """,
    "setup_context": """
        class F(Function):
            @staticmethod
            def forward(x, n=3):
                say(T.is_grad_enabled(), x.requires_grad)
                return x * n
            @staticmethod
            def setup_context(ctx, inputs, output):
                say(inputs, output, T.is_grad_enabled(), ctx.needs_input_grad)
                ctx.n = inputs[1]
            @staticmethod
            def backward(ctx, g):
                say(T.is_grad_enabled())
                return g * ctx.n, None
        y = F.apply(x)
        say(y, y.grad_fn.n)
        y.sum().backward(retain_graph=True)
        y.sum().backward()
        say(x.grad, F.apply(x=x, n=4))
        fails(lambda: F.apply())
        fails(lambda: F.apply(x, 1, 2))
        fails(lambda: F.apply(x, z=2))
    """,
    "several inputs and outputs, some no tensors": """
        class F(Function):
            @staticmethod
            def forward(ctx, x, n, y, s=None):
                ctx.n = n
                say(ctx.needs_input_grad)
                return x * n, 5, y + 0, x.sum().long(), None
            @staticmethod
            def backward(ctx, *g):
                say(g)
                return g[0] * ctx.n, None, g[2]
        y = T.tensor([3.], requires_grad=True)
        o = F.apply(x, 3, y)
        say(o, [t.output_nr for t in o if hasattr(t, "output_nr")], o[0].grad_fn is o[2].grad_fn)
        say(o[0].grad_fn.next_functions[0][0].name(), len(o[0].grad_fn.next_functions))
        o[0].sum().backward(retain_graph=True)
        say(x.grad, y.grad)
        (o[0].sum() + o[2]).backward()
        say(x.grad, y.grad)
    """,
    "keyword arguments of forward": """
        say(make(lambda ctx, x: x * 2).apply(x=x))
    """,
    "no gradients, None": """
        Nothing = make(lambda ctx, x: x * 2, lambda ctx, g: None)
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2
        def backward(ctx, g):
            say(g)
            return g
        for F in (make(lambda ctx, x: x * 2, backward), make(forward, backward)):
            z = T.tensor([1., 2.], requires_grad=True)
            m = F.apply(z) * 3
            m.register_hook(lambda g: say("tensor hook", g))
            m.grad_fn.register_prehook(lambda g: say("before", g))
            m.grad_fn.register_hook(lambda i, o: say("after", i, o))
            m.retain_grad()
            z.register_hook(lambda g: say("leaf", g))
            z.register_post_accumulate_grad_hook(lambda t: say("accumulated", t.grad))
            Nothing.apply(m).sum().backward()
            say(z.grad, m.grad)
            m = F.apply(z) * 3
            say(T.autograd.grad(Nothing.apply(m).sum(), [m, z], allow_unused=True))
            say(T.autograd.grad((Nothing.apply(z) + z * z).sum(), z))
            (Nothing.apply(z * 1) * z).sum().backward()
            say(z.grad)
    """,
    "what backward may return": """
        def run(result, y=1.0):
            x.grad = None
            make(lambda ctx, x, y: x * 2, lambda ctx, g: result(g)).apply(x, y).sum().backward()
            return x.grad
        one = T.ones
        for result in (
            lambda g: g, lambda g: (g, g), lambda g: (g, None, None), lambda g: (g, None, g), lambda g: (1.0, None),
            lambda g: (one(3), None), lambda g: (one(3, 2), None), lambda g: (one(2, dtype=T.float64), None),
            lambda g: (one(2, dtype=T.int64), None), lambda g: (one(1), None), lambda g: (one(()), None),
            lambda g: [g, None], lambda g: None, lambda g: (None, None), lambda g: (one(2, dtype=T.complex64), None),
        ):
            fails(lambda: run(result))
            fails(lambda: run(result, T.ones(2)))
    """,
    "what is missing": """
        class A(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2
        class B(Function):
            pass
        fails(lambda: A.apply(x).sum().backward())
        fails(lambda: B.apply(x))
        a = A()
        fails(lambda: a(x))
        fails(lambda: A.jvp(None))
        fails(lambda: A.vmap(None, None))
        say(A.generate_vmap_rule, A.clear_saved_tensors_on_access, A._backward_cls.__name__)
    """,
    "vjp is another name of backward": """
        class V(Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2
            @staticmethod
            def vjp(ctx, g):
                return g * 5
        V.apply(x).sum().backward()
        say(x.grad)
        class W(V):
            @staticmethod
            def backward(ctx, g):
                return g
        fails(lambda: W.apply(x).sum().backward())
    """,
    "an input as it is": """
        F = make(lambda ctx, x: x, lambda ctx, g: g * 7)
        y = F.apply(x)
        say(y is x, y, y._is_view(), y._base is x)
        y.sum().backward()
        say(x.grad)
        h = x * 1
        y = F.apply(h)
        say(y is h, y, h)
        fails(lambda: y.add_(1))
        with T.no_grad():
            y = F.apply(x)
        say(y is x, y)
        say(F.apply(T.ones(2)))
    """,
    "a view of an input": """
        F = make(lambda ctx, x: x[0:1], lambda ctx, g: T.cat([g, T.zeros(1)]))
        h = x * 1
        y = F.apply(h)
        say(y, y._is_view(), y._base is h)
        fails(lambda: y.add_(1))
        y = F.apply(h)
        v = y[0]
        h.mul_(2)
        fails(lambda: (y * 1).sum().backward())
        fresh = make(lambda ctx, x: (x * 2, x * 3), lambda ctx, a, b: 2 * a + 3 * b)
        a, b = fresh.apply(x)
        a[0].add_(1)
        (a + b).sum().backward()
        say(a, x.grad)
    """,
    "mark_dirty": """
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x
        F = make(forward, lambda ctx, g: g * 2)
        h = x * 1
        y = F.apply(h)
        say(y is h, h, h._version)
        h.sum().backward()
        say(x.grad)
        fails(lambda: F.apply(x))
        x = T.tensor([1., 2.], requires_grad=True)
        h = x * 1
        part = h[0:1]
        y = F.apply(part)
        say(y is part, part, h, h.grad_fn.next_functions[0][0].name())
        h.sum().backward()
        say(x.grad)
        u = T.ones(2)
        say(F.apply(u) is u, u, u._version)
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x + 1
        fails(lambda: make(forward).apply(x * 1))
        def forward(ctx, x):
            y = x * 2
            ctx.mark_dirty(y)
            return y
        say(make(forward).apply(x * 1))
        def forward(ctx, x, y):
            x.mul_(2)
            y.mul_(3)
            ctx.mark_dirty(x, y)
            ctx.save_for_backward(x)
            return x, y
        a, b = x * 1, x * 1
        c, d = make(forward, lambda ctx, g, h: (2 * g * ctx.saved_tensors[0], 3 * h)).apply(a, b)
        say(c is a, d is b, a.output_nr, b.output_nr)
        x.grad = None
        (a * 5 + b).sum().backward()
        say(x.grad)
    """,
    "mark_non_differentiable": """
        def forward(ctx, x):
            a, b = x * 2, x * 3
            ctx.mark_non_differentiable(b)
            return a, b
        def backward(ctx, g, h):
            say(g, h)
            return g * 2
        a, b = make(forward, backward).apply(x)
        say(a, b)
        (a + b).sum().backward()
        say(x.grad)
        def forward(ctx, x):
            y = x * 2
            ctx.mark_non_differentiable(y)
            return y
        say(make(forward).apply(x))
        say(make(lambda ctx, x: x.long()).apply(x))
    """,
    "one tensor twice": """
        def backward(ctx, a, b):
            say(a, b)
            return a + b
        a, b = make(lambda ctx, x: (lambda y: (y, y))(x * 2), backward).apply(x)
        say(a is b, a.output_nr)
        (a + b).sum().backward()
        say(x.grad)
    """,
    "odd results of forward": """
        for result in ([x * 2], None, 5, {"a": 1}, (x * 2,), ()):
            say(make(lambda ctx, x: result).apply(x))
        say(make(lambda ctx: T.ones(2)).apply())
        say(make(lambda ctx, l: l[0] * 2).apply([x]))
    """,
    "needs_input_grad": """
        def forward(ctx, x, n, y):
            say(ctx.needs_input_grad)
            return x * y
        F = make(forward, lambda ctx, g: (say(ctx.needs_input_grad), (g, None, g))[1])
        u = T.ones(2)
        F.apply(x, 1, u).sum().backward()
        say(x.grad, u.grad)
        with T.no_grad():
            say(F.apply(x, 1, u))
        say(F.apply(u, 1, u))
    """,
}
