"""More of the same: what is saved, derivatives of derivatives, hooks, errors."""

from __future__ import annotations

PROGRAMS = {
    "what is saved comes back": """
        def forward(ctx, x):
            r = x.exp()
            ctx.save_for_backward(r, x, None, x * 3)
            return r
        def backward(ctx, g):
            r, x, n, m = ctx.saved_tensors
            say(r, x.requires_grad, n, m, T.is_grad_enabled())
            return g * r
        F = make(forward, backward)
        h = x * 1
        y = F.apply(h)
        say(y.grad_fn.saved_tensors[0] is y, y.grad_fn.saved_tensors[1] is h)
        say(y.grad_fn.saved_tensors[0].grad_fn is y.grad_fn, len(y.grad_fn._raw_saved_tensors))
        y.sum().backward()
        say(x.grad)
    """,
    "what was saved was written": """
        def forward(ctx, x):
            r = x.exp()
            ctx.save_for_backward(r, x)
            return r
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]
        F = make(forward, backward)
        h = x * 1
        y = F.apply(h)
        y.add_(1)
        fails(lambda: y.sum().backward())
        y = F.apply(h)
        h.add_(1)
        fails(lambda: y.sum().backward())
        fails(lambda: y.grad_fn.saved_tensors)
        y = make(forward, lambda ctx, g: g).apply(h)
        h.add_(1)
        y.sum().backward()
        say(x.grad)
    """,
    "what cannot be saved or marked": """
        fails(lambda: make(lambda ctx, x: (ctx.save_for_backward(5), x * 2)[1]).apply(x))
        fails(lambda: make(lambda ctx, x: (ctx.save_for_forward(5), x * 2)[1]).apply(x))
        fails(lambda: make(lambda ctx, x: (ctx.mark_dirty(5), x * 2)[1]).apply(x))
        fails(lambda: make(lambda ctx, x: (ctx.mark_non_differentiable(5), x * 2)[1]).apply(x))
        fails(lambda: make(lambda ctx, x: (ctx.set_materialize_grads(5), x * 2)[1]).apply(x))
        fails(lambda: make(lambda ctx, x: (ctx.mark_shared_storage((x, x)), x * 2)[1]).apply(x))
    """,
    "attributes with any name": """
        def forward(ctx, x):
            ctx.key, ctx.step, ctx.edge, ctx.others, ctx.saved, ctx.slots = 1, 2, 3, 4, 5, 6
            return x * 2
        def backward(ctx, g):
            say(ctx.key, ctx.step, ctx.edge, ctx.others, ctx.saved, ctx.slots)
            ctx.more = 7
            return g
        y = make(forward, backward).apply(x)
        y.grad_fn.extra = 8
        y.sum().backward()
        say(x.grad, y.grad_fn.more, y.grad_fn.extra)
    """,
    "double backward": """
        def forward(ctx, x):
            r = x.exp()
            ctx.save_for_backward(r)
            return r
        Exp = make(forward, lambda ctx, g: g * ctx.saved_tensors[0])
        y = Exp.apply(x * 2)
        g, = T.autograd.grad(y.sum(), x, create_graph=True)
        say(g)
        say(T.autograd.grad(g.sum(), x))
        class Cube(Function):
            @staticmethod
            def forward(x):
                return x ** 3, x ** 2
            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.save_for_backward(inputs[0], output[1])
            @staticmethod
            def backward(ctx, g, h):
                x, squared = ctx.saved_tensors
                return g * 3 * squared + h * 2 * x
        a, b = Cube.apply(x)
        g, = T.autograd.grad((a * b).sum(), x, create_graph=True)
        say(g)
        h, = T.autograd.grad(g.sum(), x, create_graph=True)
        say(h)
        say(T.autograd.grad(h.sum(), x)[0])
    """,
    "once_differentiable": """
        class Once(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x ** 2
            @staticmethod
            @T.autograd.function.once_differentiable
            def backward(ctx, g):
                say(T.is_grad_enabled())
                return g * 2 * ctx.saved_tensors[0]
        Once.apply(x).sum().backward()
        say(x.grad)
        g, = T.autograd.grad((Once.apply(x) ** 2).sum(), x, create_graph=True)
        say(g.requires_grad)
        fails(lambda: g.sum().backward())
        say(T.autograd.grad(Once.apply(x).sum(), x, create_graph=True))
    """,
    "hooks on its node": """
        F = make(lambda ctx, x: (x * 2, x * 3), lambda ctx, a, b: 2 * a + 3 * b)
        a, b = F.apply(x)
        a.grad_fn.register_hook(lambda i, o: say("after", i, o))
        a.grad_fn.register_prehook(lambda o: say("before", o))
        b.register_hook(lambda g: say("tensor", g))
        b.retain_grad()
        b.sum().backward()
        say(b.grad, x.grad)
        y = make(lambda ctx, x: x * 2, lambda ctx, g: 2 * g).apply(x)
        y.register_hook(lambda g: g * 10)
        y.grad_fn.register_hook(lambda i, o: (i[0] + 1,))
        x.grad = None
        y.sum().backward()
        say(x.grad)
    """,
    "a graph inside": """
        def forward(ctx, x):
            ctx.z = x.detach().requires_grad_()
            with T.enable_grad():
                ctx.y = (ctx.z ** 2).sum()
            return ctx.y.detach()
        def backward(ctx, g):
            return T.autograd.grad(ctx.y, ctx.z)[0] * g
        make(forward, backward).apply(x).backward()
        say(x.grad)
        def forward(ctx, x):
            with T.enable_grad():
                return x * 2
        say(make(forward).apply(x))
        def backward(ctx, g):
            z = T.ones(2, requires_grad=True)
            with T.enable_grad():
                (z * z).sum().backward()
            return z.grad * g
        x.grad = None
        make(lambda ctx, x: x * 2, backward).apply(x).sum().backward()
        say(x.grad)
    """,
    "an error inside": """
        y = make(lambda ctx, x: x * 2, lambda ctx, g: 1 / 0).apply(x)
        fails(lambda: y.sum().backward())
        fails(lambda: make(lambda ctx, x: 1 / 0).apply(x))
        say(T.is_grad_enabled())
        with T.no_grad():
            fails(lambda: make(lambda ctx, x: 1 / 0).apply(x))
            say(T.is_grad_enabled())
    """,
    "boxed gradients, saved tensors once": """
        class Boxed(Function):
            boxed_grads_call = True
            @staticmethod
            def forward(ctx, x):
                return x * 2
            @staticmethod
            def backward(ctx, g):
                say(g)
                return g[0]
        Boxed.apply(x).sum().backward()
        class Once(Function):
            clear_saved_tensors_on_access = True
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * 2
            @staticmethod
            def backward(ctx, g):
                say(ctx.saved_tensors)
                fails(lambda: ctx.saved_tensors)
                return g
        Once.apply(x).sum().backward()
    """,
    "gradients of other dtypes are zeros of their own": """
        F = make(lambda ctx, x: (x * 2, x.double() * 3), lambda ctx, a, b: (say(a, b), a)[1])
        F.apply(x)[0].sum().backward()
        say(x.grad)
        w = T.ones(2, dtype=T.float64, requires_grad=True)
        make(lambda ctx, x: x.float(), lambda ctx, g: (say(g), g)[1]).apply(w).sum().backward()
        say(w.grad)
    """,
    "a recursion of passes": """
        def forward(ctx, x, depth):
            ctx.depth = depth
            ctx.save_for_backward(x)
            return x * 2
        def backward(ctx, g):
            say(ctx.depth)
            if ctx.depth:
                z = ctx.saved_tensors[0].detach().requires_grad_()
                with T.enable_grad():
                    F.apply(z, ctx.depth - 1).sum().backward()
                say(z.grad)
            return 2 * g, None
        F = make(forward, backward)
        F.apply(x, 3).sum().backward()
        say(x.grad)
    """,
}
