"""Programs with nodes, edges and hooks on what is saved, for test_graph_api.py."""

from __future__ import annotations

GRAPHS = {
    "nodes": """
        y = (x * 2).exp()
        n = y.grad_fn
        say(n.name(), n.next_functions[0][0].name(), n.next_functions[0][1], n.metadata, isinstance(n, graph.Node))
        n.metadata["a"] = 1
        say(y.grad_fn.metadata, issubclass(type(n), graph.Node))
        class F(T.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2
        say(isinstance(F.apply(x).grad_fn, graph.Node))
        del y, n
    """,
    "nodes are called": """
        n = (x * 2).grad_fn
        say(n(T.ones(2)), n(T.ones(2)), (x * x).grad_fn(T.ones(2)), (x * x).grad_fn(None), x.exp().grad_fn(T.ones(2)))
        fails(lambda: (x * x).grad_fn())
        fails(lambda: (x * x).grad_fn(5))
        c = T.ones(2, requires_grad=True)
        node = (c * c).grad_fn
        with T.no_grad():
            c.mul_(2)
        fails(lambda: node(T.ones(2)))
        a, b = x.split(1)
        say(a.grad_fn(T.ones(1), None), a.grad_fn(None, T.ones(1)), x.max(0)[0].grad_fn(T.tensor(2.)))
        x.view(2, 1).grad_fn.next_functions[0][0](T.ones(2))
        say(x.grad, T.cat([x, x]).grad_fn(T.arange(4.)))
        with T.no_grad():
            say((x * x).grad_fn is None)
        y = x * x
        n = y.grad_fn
        y.register_hook(lambda g: g * 100)
        with T.no_grad():
            say(n(T.ones(2)))
        y.sum().backward()
        fails(lambda: n(T.ones(2)))
    """,
    "Variable": """
        Variable = T.autograd.Variable
        u = T.ones(2)
        v = Variable(u, requires_grad=True)
        say(v, Variable(u, True), Variable(v * 2), isinstance(u, Variable), isinstance(5, Variable), Variable(u) is u)
        say(issubclass(T.Tensor, Variable), Variable(), Variable(u, 5), Variable(u, volatile=True))
        fails(lambda: Variable(5))
        fails(lambda: Variable([1.]))
        fails(lambda: Variable(T.ones(2).long(), requires_grad=True))
    """,
    "edges": """
        y = x * 2
        z = y * y
        e, f = graph.get_gradient_edge(y), graph.get_gradient_edge(x)
        say(e.node is y.grad_fn, e.output_nr, f.node.name(), f.output_nr)
        say(T.autograd.grad(z.sum(), [e, f, x], retain_graph=True))
        g = graph.get_gradient_edge(z)
        fails(lambda: T.autograd.grad(g, x))
        say(T.autograd.grad(g, x, T.ones(2), retain_graph=True))
        fails(lambda: T.autograd.grad(g, x, T.ones(3), retain_graph=True))
        T.autograd.backward(z.sum(), inputs=[f], retain_graph=True)
        say(x.grad)
        T.autograd.backward(g, T.ones(2), retain_graph=True)
        say(x.grad)
        T.autograd.backward([g, z.sum()], [T.ones(2), None])
        say(x.grad)
        fails(lambda: graph.get_gradient_edge(T.ones(1)))
        a, b = x.split(1)
        h = graph.get_gradient_edge(b)
        say(h.node.name(), h.output_nr, T.autograd.grad((a * 2 + b * 3).sum(), [h, a], retain_graph=True))
        made = graph.GradientEdge(b.grad_fn, 1)
        say(T.autograd.grad((a * 2 + b * 3).sum(), [made, a]))
        fails(lambda: T.autograd.grad(x.sum(), [e], materialize_grads=True))
        s = graph.get_gradient_edge((x * 5).sum())
        say(T.autograd.grad(s, x))
    """,
    "increment_version": """
        y = x * 1
        z = y * y
        graph.increment_version(y)
        say(y._version)
        fails(lambda: z.sum().backward())
        a, b = T.ones(1), T.ones(1)
        graph.increment_version([a, b, b])
        say(a._version, b._version)
    """,
    "hooks on what is saved": """
        with graph.saved_tensors_hooks(pack, unpack):
            a = x * x
            b = x * 3
            c = a.exp()
            d = a * T.tensor(2.)
            e = T.cat([a, b])
            f = T.nn.functional.relu(a)
            g = x ** 3
            h = x / 3
            i = T.stack([x, x]) @ x
            j = x.sum()
        say("outside")
        (b.sum() + d.sum() + e.sum() + f.sum() + g.sum() + h.sum() + i.sum() + j).backward()
        say(x.grad)
        with graph.saved_tensors_hooks(pack, unpack):
            y = x * T.tensor([5., 6.])
        say(y.grad_fn._saved_other)
        y.sum().backward()
        fails(lambda: y.sum().backward())
    """,
    "hooks on what is saved, by whom": """
        def who(name):
            return graph.saved_tensors_hooks(lambda t: (say(name, T.is_grad_enabled()), t.detach())[1], lambda t: t)
        with who("outer"):
            with who("inner"):
                (x * T.ones(2)).sum().backward()
            (x * T.ones(2)).sum().backward()
        (x * T.ones(2)).sum().backward()
        with who("custom"):
            class F(T.autograd.Function):
                @staticmethod
                def forward(ctx, x):
                    r = x.exp()
                    ctx.save_for_backward(r, None, x)
                    return r
                @staticmethod
                def backward(ctx, g):
                    r, n, x = ctx.saved_tensors
                    say(r, n, x)
                    return g * r
            y = F.apply(x)
        x.grad = None
        y.sum().backward()
        say(x.grad)
        with who("in place"):
            z = x * 1
            z.exp_()
        z.sum().backward()
        say(x.grad)
    """,
    "hooks on what is saved, twice differentiated": """
        with graph.saved_tensors_hooks(lambda t: t.tolist(), lambda p: T.tensor(p) * 1):
            y = (x * x * x).exp()
        g, = T.autograd.grad(y.sum(), x, create_graph=True)
        say(g.requires_grad)
        h, = T.autograd.grad(g.sum(), x)
        say(h / 1000)
        with graph.saved_tensors_hooks(pack, unpack):
            g, = T.autograd.grad((x * x).sum(), x, create_graph=True)
        say(T.autograd.grad((g * g).sum(), x))
    """,
    "hooks on what in-place operations save": """
        w = T.tensor([3., 4.], requires_grad=True)
        d = T.tensor([5., 6.], dtype=T.float64, requires_grad=True)
        def values(t):
            say("pack", t.tolist())
            return t.detach().clone()
        with graph.saved_tensors_hooks(values, lambda t: t):
            z = x * 1
            z.mul_(w)
            z.div_(w + 1)
            z.mul_(d)
            z.pow_(2)
            z.add_(1)
        z.sum().backward()
        say(x.grad, w.grad, d.grad)
        x.grad = w.grad = None
        with graph.saved_tensors_hooks(lambda t: t.tolist(), T.tensor):
            z = x * 1
            z[0:1].mul_(w[1])
            z[1].exp_()
            z[:] = z * w
        z.sum().backward()
        say(x.grad, w.grad)
    """,
    "hooks that go wrong": """
        def using(pack, unpack=lambda p: p):
            with graph.saved_tensors_hooks(pack, unpack):
                y = x * x
            y.sum().backward()
        fails(lambda: using(lambda t: t.mul_(2)))
        fails(lambda: using(lambda t: t, lambda p: 5))
        fails(lambda: using(lambda t: 1 / 0))
        fails(lambda: using(lambda t: t, lambda p: 1 / 0))
        y = x * x
        y.sum().backward()
        say(x.grad)
    """,
    "hooks that are not allowed": """
        def inside():
            with graph.disable_saved_tensors_hooks("not here"):
                with graph.saved_tensors_hooks(pack, unpack):
                    pass
        fails(inside)
        def outside():
            with graph.saved_tensors_hooks(pack, unpack):
                with graph.disable_saved_tensors_hooks("not here"):
                    pass
        fails(outside)
        with graph.saved_tensors_hooks(pack, unpack):
            x * x
        (x * x).sum().backward()
        say(x.grad)
    """,
    "hooks on one saved tensor": """
        y = x * x
        raw = y.grad_fn._raw_saved_self
        raw.register_hooks(lambda t: (say("pack", t), 5)[1], lambda p: (say("unpack", p), T.ones(2) * 10)[1])
        say(y.grad_fn._saved_self)
        y.sum().backward()
        say(x.grad)
        fails(lambda: raw.register_hooks(pack, unpack))
        fails(lambda: (x + 1).grad_fn._raw_saved_self)
    """,
    "save_on_cpu": """
        with graph.save_on_cpu():
            y = (x * x).exp()
        y.sum().backward()
        say(x.grad / 100)
    """,
    "writing to what was saved": """
        with graph.allow_mutation_on_saved_tensors():
            a = x * 1
            y = a * a
            a.add_(10)
            z = a.exp()
            z.zero_()
            (y.sum() + z.sum()).backward()
            say(x.grad)
            b = x * 2
            w = b * b
        fails(lambda: w.sum().backward())
        def nested():
            with graph.allow_mutation_on_saved_tensors():
                with graph.allow_mutation_on_saved_tensors():
                    pass
        fails(nested)
    """,
    "hooks for several gradients": """
        a, b, c = (T.ones(2, requires_grad=True) for _ in range(3))
        y = a * b
        handle = graph.register_multi_grad_hook((a, b, c, y), lambda gs: say("all", [g is None for g in gs], gs[0]))
        other = graph.register_multi_grad_hook((a, b, y), lambda g: say("any", g), mode="any")
        y.sum().backward(retain_graph=True)
        (y * c).sum().backward(retain_graph=True)
        y.sum().backward(inputs=[b], retain_graph=True)
        handle.remove()
        y.sum().backward(retain_graph=True)
        other.remove()
        y.sum().backward()
        fails(lambda: graph.register_multi_grad_hook((a,), print, mode="some"))
    """,
}
