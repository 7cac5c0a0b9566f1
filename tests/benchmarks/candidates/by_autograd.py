"""autograd: NumPy with a tape."""

from __future__ import annotations

from tests.benchmarks.candidates import Stepping


class AutogradOps:
    """A case's operations."""

    def __init__(self) -> None:
        import autograd.numpy

        self.exp = autograd.numpy.exp

    def dense(self, a, w, b):
        return a @ w.T + b

    def sigmoid(self, z):
        return 1 / (1 + self.exp(-z))

    def conv(self, x, w, b, stride):
        reach = stride * ((x.shape[1] - w.shape[1]) // stride) + 1
        return sum(x[:, s : s + reach : stride] @ w[:, s].T for s in range(w.shape[1])) + b


class AutogradSteps(Stepping):
    def __init__(self, case) -> None:
        from autograd import grad

        ops, apply, batch, rate = AutogradOps(), case.apply, case.batch, case.learning_rate
        x, y = case.data

        def cost(p):
            return 0.5 * ((apply(ops, p, x) - y) ** 2).sum() / batch

        gradient = grad(cost)

        def step():
            for value, slope in zip(self.held, gradient(self.held), strict=True):
                value -= rate * slope

        self.step = step

    def load(self, parameters):
        self.held = [each.copy() for each in parameters]

    def parameters(self):
        return [each.copy() for each in self.held]


def autograd(case):
    return AutogradSteps(case)
