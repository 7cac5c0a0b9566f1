"""Formulas as layers, and data for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Diagonal, Layer, Parameter

RNG = np.random.default_rng(11)

X = np.linspace(0, 4, 40)
SIGMA = 0.02 + 0.05 * X
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + SIGMA * RNG.normal(size=X.size)


def decay(x, a, k, c):
    """The formula as scipy.optimize.curve_fit takes it."""
    return a * np.exp(-k * x) + c


def decay_slopes(x, a, k, c):
    """∂f/∂(a, k, c), for the oracle."""
    return np.stack([np.exp(-k * x), -a * x * np.exp(-k * x), np.ones_like(x)], axis=1)


class DraftDecay(Layer):
    """f = a exp(−k x) + c, without a Jacobian."""

    draft: ClassVar[bool] = True

    def parameters(self):
        return {"a": Parameter((), init=1.0), "k": Parameter((), init=1.0), "c": Parameter((), init=0.0)}

    def forward(self, x, p):
        return p["a"] * np.exp(-p["k"] * x) + p["c"]


class Decay(DraftDecay):
    """The same with its Jacobian."""

    draft: ClassVar[bool] = False

    def jacobian(self, x, p):
        e = np.exp(-p["k"] * x)
        return {"x": Diagonal(-p["a"] * p["k"] * e), "a": e, "k": -p["a"] * x * e, "c": np.ones_like(x)}


class Powers(Layer):
    """f = w_0 + w_1 x + w_2 x²."""

    def parameters(self):
        return {"w": Parameter((3,), init=0.0)}

    def forward(self, x, p):
        return (x ** np.arange(3)) @ p["w"][:, None]

    def jacobian(self, x, p):
        return {"x": Diagonal(p["w"][1] + 2 * p["w"][2] * x), "w": (x ** np.arange(3))[:, None, :]}


class Redundant(Layer):
    """f = (a + b) x + c + 0 · d: neither a nor b is determined, and d has no effect."""

    draft: ClassVar[bool] = True

    def parameters(self):
        return {name: Parameter((), init=1.0) for name in "abcd"}

    def forward(self, x, p):
        return (p["a"] + p["b"]) * x + p["c"] + 0 * p["d"]


def formula(f: Callable[..., Any], start: Sequence[float], draft: bool = False) -> Layer:
    """Return the layer of f(x, p0, p1, ...), a draft or with its Jacobian by complex steps in each parameter's unit."""

    class Draft(Layer):
        draft: ClassVar[bool] = True

        def parameters(self):
            return {f"p{k}": Parameter((), init=float(value)) for k, value in enumerate(start)}

        def forward(self, x, p):
            return f(x, *p.values())

    class Declared(Draft):
        draft: ClassVar[bool] = False

        def jacobian(self, x, p):
            values = [float(value) for value in p.values()]

            def slope(k):
                step = 1e-30 * (abs(values[k]) or 1e-12)
                return f(x + 0j, *values[:k], values[k] + 1j * step, *values[k + 1 :]).imag / step

            step = 1e-30 * np.abs(x).max()
            return {
                "x": Diagonal(f(x + 1j * step, *values).imag / step),
                **{name: slope(k) for k, name in enumerate(p)},
            }

    return Draft() if draft else Declared()
