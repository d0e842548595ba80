"""Programs with grad modes, inference mode and anomaly mode, for test_modes.py."""

from __future__ import annotations

SETUP = """
x = T.tensor([1., 2.], requires_grad=True)
on = T.is_grad_enabled
"""

GRAD_MODES = {
    "contexts": """
        with T.no_grad():
            say(on(), x * 2)
            with T.enable_grad():
                say(on(), x * 2)
            with T.set_grad_enabled(True):
                say(on())
            say(on())
        with T.set_grad_enabled(False) as nothing:
            say(on(), nothing)
        say(on())
        T.set_grad_enabled(False)
        say(on())
        say(repr(T.set_grad_enabled(True)), on())
        n = T.no_grad()
        with n:
            with n:
                pass
            say(on())
        T.set_grad_enabled(True)
        try:
            with T.no_grad():
                1 / 0
        except ZeroDivisionError:
            say(on())
    """,
    "decorators": """
        @T.no_grad()
        def f(a, b=2):
            "What f does."
            return on(), a, b
        say(f(1), f(1, b=3), f.__name__, f.__doc__, on())
        @T.no_grad
        def g():
            return on()
        @T.set_grad_enabled(False)
        def h():
            return on()
        say(g(), h(), on())
        with T.no_grad():
            @T.enable_grad()
            def k():
                return on()
        say(k(), T.no_grad(5) is None)
        class C:
            @T.no_grad()
            def m(self):
                return on()
        say(C().m())
        def recursive(n):
            return [on()] + (decorated(n - 1) if n else [])
        decorated = T.no_grad()(recursive)
        say(decorated(2), on())
    """,
    "generators": """
        @T.no_grad()
        def gen():
            try:
                r = yield on()
                while True:
                    r = yield (r, on())
            except ValueError:
                yield "caught", on()
            finally:
                say("finally", on())
        g = gen()
        say(next(g), on(), g.send(4), g.throw(ValueError), on())
        g.close()
        say(on())
        @T.no_grad()
        def short():
            yield 1
            return 5
        def outer():
            return (yield from short())
        o = outer()
        next(o)
        try:
            next(o)
        except StopIteration as stop:
            say(stop.value)
    """,
    "coroutines": """
        import asyncio
        @T.no_grad()
        async def f():
            return on()
        say(asyncio.run(f()))
        async def g():
            with T.no_grad():
                await asyncio.sleep(0)
                return on()
        say(asyncio.run(g()), on())
    """,
    "classes": """
        @T.no_grad()
        class C:
            def __init__(self):
                self.made = on()
            def m(self):
                return on()
        say(C().made, C().m())
    """,
    "wrong arguments": """
        fails(lambda: T.set_grad_enabled(5))
        fails(lambda: T.set_grad_enabled("a"))
        fails(lambda: T.set_grad_enabled())
        say(on())
    """,
    "modules": """
        say(T.autograd.grad_mode.no_grad is T.no_grad, T.autograd.no_grad is T.no_grad)
        say(T.autograd.inference_mode is T.inference_mode, T.autograd.grad_mode.set_grad_enabled is T.set_grad_enabled)
        say(T.autograd.enable_grad is T.enable_grad, T.autograd.function.Function is T.autograd.Function)
        with T.autograd.grad_mode.set_multithreading_enabled(False):
            (x * x).sum().backward()
        say(x.grad, T.autograd.detect_anomaly is T.autograd.anomaly_mode.detect_anomaly)
        import importlib
        name = T.__name__
        say(importlib.import_module(f"{name}.autograd.variable").Variable is T.autograd.Variable)
        say(callable(importlib.import_module(f"{name}.autograd.gradcheck").gradgradcheck))
    """,
}

INFERENCE = {
    "what is an inference tensor": """
        with T.inference_mode():
            a = T.ones(2)
            b = a * 2
            y = T.ones(2, requires_grad=True)
            say(a.is_inference(), b.is_inference(), y.is_inference(), y.requires_grad, (y * 2).requires_grad)
            say(T.is_inference_mode_enabled(), on(), T.is_inference(a))
            v = x[0:1]
            w = x * 2
            say(v.is_inference(), w.is_inference(), w.requires_grad, a[0:1].is_inference(), a.reshape(2).is_inference())
            with T.inference_mode(False):
                say(T.ones(2).is_inference(), (x * 2).requires_grad, on(), T.is_inference_mode_enabled())
                say(a[0:1].is_inference(), (a * 2).is_inference())
            say(T.tensor([1.]).is_inference(), T.stack([x, x]).is_inference(), a.split(1)[0].is_inference())
        say(T.is_inference_mode_enabled(), on())
        say(a[0:1].is_inference(), a.clone().is_inference(), a.detach().is_inference(), a.view(2).is_inference())
        say(x.is_inference(), T.is_inference(x))
    """,
    "outside of the mode": """
        with T.inference_mode():
            a = T.ones(2)
            y = T.ones(2, requires_grad=True)
            v = x[0:1]
        fails(lambda: a * x)
        fails(lambda: x.mul(a))
        fails(lambda: a + x)
        fails(lambda: a.sum())
        fails(lambda: a._version)
        fails(lambda: y * 2)
        fails(lambda: y * y)
        fails(lambda: a.requires_grad_())
        fails(lambda: setattr(a, "requires_grad", True))
        fails(lambda: y.sum().backward())
        fails(lambda: x @ a)
        fails(lambda: x.exp() * a)
        fails(lambda: T.ones(2).add_(a))
        fails(lambda: x.clone().mul_(a))
        fails(lambda: (x.clone().mul_(2) * 1).add_(a))
        fails(lambda: v.add_(1))
        z = a.clone()
        z.requires_grad_()
        (z * x).sum().backward()
        say(z.grad, x.grad)
    """,
    "inside of the mode": """
        with T.inference_mode():
            q = T.ones(2)
            q.requires_grad_()
            q.add_(1)
            say(q, x.add(1), x.clone())
            x.add_(1)
            say(x)
            fails(lambda: (x * 2).sum().backward())
        m = T.ones(2)
        with T.inference_mode():
            m.add_(1)
            say(m._version, m.is_inference(), m)
    """,
    "decorators": """
        @T.inference_mode()
        def f(t):
            return t * 2
        @T.inference_mode
        def g(t):
            return t * 2
        @T.inference_mode(mode=False)
        def h(t):
            return t * 2
        say(f(T.ones(1)).is_inference(), g(T.ones(1)).is_inference(), h(T.ones(1)).is_inference(), f.__name__)
        say(T.inference_mode().mode, T.inference_mode(False).clone().mode)
        @T.inference_mode()
        def gen():
            yield T.ones(1)
            yield T.is_inference_mode_enabled()
        it = gen()
        say(next(it).is_inference(), T.is_inference_mode_enabled(), next(it))
        try:
            with T.inference_mode():
                1 / 0
        except ZeroDivisionError:
            say(T.is_inference_mode_enabled(), on())
        with T.no_grad():
            with T.inference_mode():
                pass
            say(on())
    """,
}

ANOMALY = {
    "not a number": """
        with T.autograd.detect_anomaly():
            y = (x * 0).sqrt() * 0
            fails(lambda: y.sum().backward())
    """,
    "no forward pass known": """
        y = (x * 0).sqrt() * 0
        with T.autograd.detect_anomaly():
            fails(lambda: y.sum().backward())
    """,
    "no look at numbers": """
        with T.autograd.detect_anomaly(check_nan=False):
            y = (x * 0).sqrt() * 0
            say(list(y.grad_fn.metadata), len(y.grad_fn.metadata["traceback_"]) > 0)
            y.sum().backward()
        say(x.grad)
    """,
    "a value that was written": """
        with T.autograd.detect_anomaly():
            y = x.exp()
            y.add_(1)
            fails(lambda: y.sum().backward())
        y = x.exp()
        y.add_(1)
        fails(lambda: y.sum().backward())
    """,
    "a hook that fails": """
        with T.autograd.detect_anomaly():
            y = x * 2
            y.register_hook(lambda g: 1 / 0)
            fails(lambda: y.sum().backward())
    """,
    "a second pass": """
        with T.autograd.detect_anomaly():
            y = x * x
            y.sum().backward()
            fails(lambda: y.sum().backward())
    """,
    "a custom function": """
        class F(T.autograd.Function):
            @staticmethod
            def forward(ctx, x, y):
                return x * 2
            @staticmethod
            def backward(ctx, g):
                return g, g * float("nan")
        with T.autograd.detect_anomaly():
            fails(lambda: F.apply(x, x * 1).sum().backward())
    """,
    "a second derivative": """
        with T.autograd.detect_anomaly():
            z = T.tensor([1.], requires_grad=True)
            y = (z * z * z)
            g, = T.autograd.grad(y.sum(), z, create_graph=True)
            h = (g * 0).sqrt() * 0
            fails(lambda: h.sum().backward())
            w = T.tensor([0.], requires_grad=True)
            g, = T.autograd.grad((w ** 1.5).sum(), w, create_graph=True)
            fails(lambda: (g * 1 * 0).sqrt().sum().backward())
    """,
    "on and off": """
        say(T.is_anomaly_enabled(), T.is_anomaly_check_nan_enabled())
        T.autograd.set_detect_anomaly(True)
        say(T.is_anomaly_enabled(), T.is_anomaly_check_nan_enabled())
        with T.autograd.set_detect_anomaly(True, check_nan=False):
            say(T.is_anomaly_enabled(), T.is_anomaly_check_nan_enabled())
        say(T.is_anomaly_enabled(), T.is_anomaly_check_nan_enabled())
        with T.autograd.set_detect_anomaly(False):
            say(T.is_anomaly_enabled())
        T.autograd.set_detect_anomaly(False)
        say(T.is_anomaly_enabled())
    """,
}
