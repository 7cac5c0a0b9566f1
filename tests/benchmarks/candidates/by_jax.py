"""JAX: one jitted step at a time, and a hundred of them in one jitted `lax.scan`."""

from __future__ import annotations

import numpy as np

#: Steps in one call of the scan.
SCANNED = 100


class JaxOps:
    """A case's operations."""

    def __init__(self) -> None:
        import jax

        self.sigmoid = jax.nn.sigmoid
        self.convolve = jax.lax.conv_general_dilated

    def dense(self, a, w, b):
        return a @ w.T + b

    def conv(self, x, w, b, stride):
        return self.convolve(x, w, (stride,), "VALID", dimension_numbers=("NWC", "OWI", "NWC")) + b


class JaxSteps:
    def __init__(self, case, steps: int) -> None:
        import jax

        self.jax, self.steps = jax, steps
        ops, apply, batch, rate = JaxOps(), case.apply, case.batch, case.learning_rate
        self.x, self.y = (jax.numpy.asarray(each) for each in case.data)

        def cost(p, x, y):
            return 0.5 * ((apply(ops, p, x) - y) ** 2).sum() / batch

        def step(p, x, y):
            return [value - rate * slope for value, slope in zip(p, jax.grad(cost)(p, x, y), strict=True)]

        def scanned(p, x, y):
            return jax.lax.scan(lambda p, _: (step(p, x, y), None), p, None, length=steps)[0]

        # The old parameters are not read again: their memory may be written.
        self.compiled = jax.jit(step if steps == 1 else scanned, donate_argnums=0)

    def load(self, parameters):
        self.held = [self.jax.numpy.array(each) for each in parameters]

    def run(self, calls):
        p, x, y, compiled = self.held, self.x, self.y, self.compiled
        for _ in range(calls):
            p = compiled(p, x, y)
        self.held = self.jax.block_until_ready(p)

    def parameters(self):
        return [np.array(each) for each in self.held]


def jitted(case):
    return JaxSteps(case, 1)


def scanned(case):
    return JaxSteps(case, SCANNED)
