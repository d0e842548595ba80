"""Where NumPy re-implementations of PyTorch go wrong: programs for test_facts.py, several for each point."""

from __future__ import annotations

FACTS = {
    "promotion": """
        for d in (T.float32, T.float64, T.int64, T.int32, T.bool):
            v = T.ones(3).to(d)
            say((v * T.tensor(2., dtype=T.float64)).dtype, (v * 2.5).dtype, (v * 2).dtype, (v + True).dtype)
        say((T.tensor(2., dtype=T.float64) * T.tensor(2.)).dtype, (T.ones(2, dtype=T.int32) + T.tensor(1)).dtype)
        say((T.ones(2) * T.ones(2, dtype=T.float64)).dtype, (T.tensor(1) / T.tensor(2)).dtype)
        say((2 ** T.tensor([1, 2])).dtype)
    """,
    "what is saved decides on a second pass": """
        for f in (lambda x: x * 3, lambda x: x * x, T.relu, T.exp, T.sqrt, lambda x: x / 2, lambda x: x ** 2,
                  lambda x: x + 1, lambda x: x.mean(), lambda x: x.view(-1), lambda x: -x, lambda x: x.t(),
                  lambda x: x - x, lambda x: x[0], lambda x: x.sum(0), lambda x: x.expand(2, 2, 2), T.abs, T.sigmoid,
                  lambda x: T.cat([x, x]), lambda x: x.max(), lambda x: x @ x, lambda x: 3 * x):
            x = T.tensor([[1., 2.], [3., 4.]], requires_grad=True)
            y = f(x)
            g = T.ones_like(y)
            y.backward(g)
            fails(lambda: y.backward(g))
            say(x.grad)
        x = T.ones(2, requires_grad=True)
        w = T.ones(2)
        say((x * w).grad_fn._saved_other, (x * w).grad_fn._saved_self, x.exp().grad_fn._saved_result)
    """,
    "in-place through views": """
        x = T.tensor([1., 2., 3.], requires_grad=True)
        y = x * 2
        v = y[0:2]
        v.mul_(x[2])
        say(y, y.grad_fn.next_functions[0][0].name(), v)
        y.sum().backward()
        say(x.grad)
        y = x * 2
        v = y[1:]
        y.mul_(x)
        say(v, y)
        v.sum().backward()
        say(x.grad)
    """,
    "versions": """
        x = T.tensor([1., 2.], requires_grad=True)
        y = x * 1
        z = y * y
        a, b, c = y.detach(), y.data, y[0:1]
        say(y._version, a._version, b._version, c._version)
        b.add_(1)
        say(y._version, a._version, b._version)
        a.add_(1)
        say(y._version, a._version, c._version)
        fails(lambda: z.sum().backward())
        e = (x * 2).exp()
        e.add_(1)
        fails(lambda: e.sum().backward())
        p = x * 3
        q = p * p
        p.zero_()
        fails(lambda: q.sum().backward())
    """,
    "ties": """
        for f in (lambda x: x.max(), lambda x: x.min(), lambda x: x.amax(), lambda x: x.amax(0), lambda x: x.max(0)[0],
                  lambda x: T.maximum(x, T.tensor([2., 2., 2.])), lambda x: T.minimum(x, x.detach()),
                  lambda x: x.median(), lambda x: x.norm(float("inf")),
                  lambda x: x.sort()[0][1], lambda x: x.topk(2)[0], lambda x: x.cummax(0)[0]):
            x = T.tensor([2., 2., 1.], requires_grad=True)
            f(x).sum().backward()
            say(x.grad)
    """,
    "kinks": """
        F = T.nn.functional
        for f, at in ((lambda x: x.clamp(-1, 1), [-1., 1., 0.]), (lambda x: F.hardtanh(x), [-1., 1., 0.]),
                      (F.relu6, [0., 6., 3.]), (lambda x: x.norm(), [0., 0.]), (T.abs, [0., -0., 1.]),
                      (T.relu, [0., -0.]),
                      (lambda x: x ** 0, [0., 1.]), (lambda x: x ** x, [0., 1.]), (lambda x: 0 ** x, [0., 1.]),
                      (lambda x: x.std(), [2., 2.]), (lambda x: x.std(unbiased=False), [2., 2.]), (T.sign, [0., 1.]),
                      (lambda x: x.norm(1), [0., 1.]), (lambda x: x.norm(3), [0., 0.]), (F.leaky_relu, [0., -1.]),
                      (lambda x: x.clamp(min=0), [0., -1.]), (F.softplus, [0., 30.]), (lambda x: T.sgn(x), [0., 2.])):
            x = T.tensor(at, requires_grad=True)
            f(x).sum().backward()
            say(x.grad)
    """,
    "long chains": """
        x = T.tensor([1.], requires_grad=True)
        y = x
        for _ in range(100_000):
            y = y * 1.0
        y.backward()
        say(x.grad)
        z = x
        for _ in range(100_000):
            z = z + x
        z.backward()
        say(x.grad)
        del y, z
    """,
    "the order of hooks": """
        x = T.tensor([1.], requires_grad=True)
        y = x * 2
        node, cell = y.grad_fn, y.grad_fn.next_functions[0][0]
        node.register_hook(lambda i, o: say("node hook"))
        y.register_hook(lambda g: say("tensor hook"))
        node.register_prehook(lambda o: say("node pre-hook"))
        cell.register_hook(lambda i, o: say("leaf's node hook"))
        x.register_post_accumulate_grad_hook(lambda t: say("post-accumulate hook"))
        cell.register_prehook(lambda o: say("leaf's node pre-hook"))
        x.register_hook(lambda g: say("leaf's tensor hook"))
        y.backward()
    """,
    "accumulation": """
        x = T.tensor([1., 2.], requires_grad=True)
        (x * x).sum().backward()
        g = x.grad
        (x * x).sum().backward()
        say(x.grad is g, g)
        x.grad = None
        (x * x).sum().backward(create_graph=True)
        g = x.grad
        (x * x).sum().backward(create_graph=True)
        say(x.grad is g, g.tolist(), x.grad.tolist())
        s = T.tensor(2., requires_grad=True)
        (s * s).backward()
        g = s.grad
        (s * s).backward()
        say(s.grad is g, g)
    """,
    "a leaf's own gradient": """
        x = T.tensor([1., 2.], requires_grad=True)
        y = x
        y.backward(x)
        say(x.grad is x, x.grad)
        x.grad.mul_(5)
        say(x)
        v = T.ones(2)
        z = T.ones(2, requires_grad=True)
        z.backward(v)
        z.grad.mul_(7)
        say(v, z.grad)
    """,
    "None against zeros": """
        x, w = T.ones(2, requires_grad=True), T.ones(2, requires_grad=True)
        say(T.autograd.grad((x * x).sum(), [x, w], allow_unused=True))
        say(T.autograd.grad((x * x + 0 * w).sum(), [x, w]))
        (x * x).sum().backward()
        say(w.grad)
        class F(T.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                return x * 2, w * 2
            @staticmethod
            def backward(ctx, g, h):
                say(g, h)
                return g, None
        a, b = F.apply(x, w)
        a.sum().backward()
        say(x.grad, w.grad)
        p, q = T.ones(4, requires_grad=True).split(2)
        say(T.autograd.grad(p.sum(), [p, q], allow_unused=True))
    """,
    "gradients fit their leaves": """
        cases = (((2, 1), (3,)), ((1,), (4, 1)), ((), (2, 2)), ((0,), (1,)), ((1, 0), (3, 1)), ((2, 0, 1), (1, 5)),
                 ((1, 1), ()))
        for a, b in cases:
            x = T.ones(a, requires_grad=True)
            w = T.ones(b, dtype=T.float64, requires_grad=True)
            (x * w).sum().backward()
            say(x.grad.dtype, tuple(x.grad.shape), x.grad, w.grad.dtype, tuple(w.grad.shape), w.grad)
        x = T.ones(2, requires_grad=True)
        (x.double() * 3).sum().backward()
        say(x.grad)
    """,
    "indices": """
        x = T.arange(24.).reshape(2, 3, 4).requires_grad_()
        say(tuple(x[0, :, [1, 2]].shape), tuple(x[:, [0, 1], [1, 2]].shape), tuple(x[[0, 1], :, [1, 2]].shape))
        say(tuple(x[None, 0, ..., [0, 1]].shape), tuple(x[T.tensor([True, False])].shape))
        fails(lambda: x[::-1])
        y = x * 1
        y[0, :, [1, 2]] = T.ones(3, 2) * x[0, 0, 0]
        y[1] = x[0] * 2
        y[:, 0] = 7.
        (y * y).sum().backward()
        say(x.grad.sum(2), x.grad[0])
    """,
    "texts": """
        for v in ([1e8], [1e8 + 1], [1., 1e5], [1e-5, 1.], [0.1, 123456.7], [float("nan"), 1.], [float("inf"), -1.],
                  [1e10, 1e-10]):
            say(repr(T.tensor(v)))
        say(repr(T.arange(1001)), repr(T.arange(2000.)), repr(T.zeros(3, 0)), repr(T.tensor(1e8)), repr(T.arange(40.)))
        x = T.ones(2, 2, requires_grad=True)
        say(repr(x), repr(x * 2), repr((x * 2).sum()), repr(x.double()), repr(T.tensor([True])))
        say(repr(T.tensor([1 + 2j])))
        say(repr((T.arange(40.).requires_grad_() * 1.5)))
    """,
    "dtypes of whole numbers": """
        i = T.tensor([1, 2, 3])
        say(i.sum(), T.tensor([True, True]).sum(), i.int().sum(), i.sin(), i.prod(), i.cumsum(0), i.short().cumsum(0))
        fails(lambda: i.mean())
        fails(lambda: i.std())
        say(i / 2, i // 2, i.sqrt(), i.float().mean(), i.exp().dtype, (i > 1).sum())
    """,
    "zeros and not-a-numbers": """
        for f in (lambda x: x.prod(), lambda x: x.prod(0), lambda x: x.cumprod(0)):
            for at in ([0., 2., 3.], [0., 0., 3.], [1., 2., 3.]):
                x = T.tensor(at, requires_grad=True)
                f(x).sum().backward()
                say(x.grad)
        x = T.tensor([0., 4.], requires_grad=True)
        T.where(x > 0, x.sqrt(), T.zeros(2)).sum().backward()
        say(x.grad)
        x.grad = None
        x.sqrt().sum().backward()
        say(x.grad, T.tensor([-1.]).sqrt(), T.tensor([0.]).log(), T.tensor([1.]) / 0, T.tensor([1e38]) * 1e38)
    """,
    "grad runs only what it needs": """
        ran = []
        x, w = T.ones(2, requires_grad=True), T.ones(2, requires_grad=True)
        a, b = x * 2, w * 3
        a.register_hook(lambda g: ran.append("a"))
        b.register_hook(lambda g: ran.append("b"))
        c = a * b
        say(T.autograd.grad(c.sum(), w), ran, x.grad, w.grad)
        x.register_post_accumulate_grad_hook(lambda t: ran.append("x"))
        say(T.autograd.grad((x * 2).sum(), x), ran, x.grad)
    """,
    "double backward through what was saved": """
        F = T.nn.functional
        for f in (T.exp, T.tanh, T.sigmoid, T.sqrt, lambda x: x.softmax(0), lambda x: 1 / x, T.rsqrt,
                  lambda x: x.norm(),
                  lambda x: x.prod(), lambda x: x.logsumexp(0), T.relu, lambda x: x * 2, lambda x: x + x,
                  lambda x: x.sum(),
                  lambda x: x.std(), F.softplus, lambda x: x ** 3, lambda x: T.outer(x, x), lambda x: x.cumprod(0)):
            x = T.tensor([0.5, 1.5, 2.], dtype=T.float64, requires_grad=True)
            y = f(x)
            v = T.ones_like(y).requires_grad_()
            g, = T.autograd.grad(y, x, v, create_graph=True)
            say(g.requires_grad, g.detach())
            h = T.autograd.grad(g.sum(), [x, v], allow_unused=True)
            say(h)
    """,
    "errors about v": """
        x = T.tensor([1., 2., 3.], requires_grad=True)
        y = x * 2
        fails(lambda: y.backward([0.1, 1.0, 0.0001]))
        fails(lambda: y.backward(1.0))
        fails(lambda: y.backward())
        fails(lambda: y.backward(T.ones(2)))
        fails(lambda: T.ones(1).backward())
    """,
    "names": """
        x = T.tensor([1., 2.], requires_grad=True)
        for y in (2 ** x, x ** 2, x ** x, 1 / x, 1 - x, x - 1, x.square(), x.double(), -x, x.chunk(2)[0], x + 1, x / 2,
                  x.sum(),
                  x.mean(), x.view(2, 1), x[0], x.exp(), x * x, x @ x, x.t(), x.clamp(0, 1), x.max(), x.max(0)[0],
                  x.abs(),
                  T.cat([x, x]), T.stack([x, x]), x.clone(), x.expand(3, 2), x.unsqueeze(0), x.norm(), x.pow(3),
                  x.sqrt(),
                  x.permute(0), x.reshape(1, 2), x.softmax(0), T.where(x > 1, x, x)):
            say(y.grad_fn.name(), [f.name() if f else None for f, _ in y.grad_fn.next_functions])
    """,
}
