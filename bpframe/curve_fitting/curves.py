"""Fitted curves: what a fit predicts with, be it a network or a plain function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bpframe.curve_fitting.bounds import Bounds
from bpframe.curve_fitting.data import shaped_inputs
from bpframe.curve_fitting.formula import Formula
from bpframe.curve_fitting.slopes import Slopes
from bpframe.errors import DataError
from bpframe.network import Network
from bpframe.training.history import History
from bpframe.validation.plain_arrays import Array

__all__ = ["Course", "Curve", "Data", "FunctionCurve", "NetworkCurve", "Trained"]


@dataclass(frozen=True)
class Data:
    """What a curve was fitted to, without the points that were left out."""

    x: Any
    y: Any
    sigma: Any


class Course(Protocol):
    """How a fit came where it is."""

    @property
    def history(self) -> History:
        """Its iterations."""


@dataclass(frozen=True)
class Trained:
    """The course of a network's fit."""

    history: History


class Curve(Protocol):
    """A model with its fitted parameters."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def network(self) -> Network:
        """The network that computes it."""

    def values(self, x: Any) -> Array:
        """Return f(x; θ̂)."""

    def slopes(self, x: Any) -> Array:
        """Return ∂f/∂θ, (*values, P)."""


@dataclass(frozen=True)
class NetworkCurve:
    """A fitted network; `flat` where its values are numbers, (N,)."""

    network: Network
    flat: bool

    @property
    def name(self) -> str:
        """The kinds of its components."""
        return " + ".join(dict.fromkeys(node.component.kind for node in self.network.graph.nodes))

    def values(self, x: Any) -> Array:
        """Return f(x; θ̂)."""
        found: Array = self.network.predict(shaped_inputs(self.network.graph, self.network._by_name(x)))
        return found.reshape(len(found)) if self.flat else found

    def slopes(self, x: Any) -> Array:
        """Return ∂f/∂θ by forward mode."""
        inputs, parameters = shaped_inputs(self.network.graph, self.network._by_name(x)), self.network.parameters
        size = parameters.vector.size
        stack, first = {}, 0
        for path, view in parameters.items():
            last = first + view.size
            stack[path] = np.eye(size)[:, first:last].reshape(size, *view.shape)
            first = last
        pushed: Array = self.network.parameter_jvp(inputs, stack)  # (P, N, *output)
        slopes = np.moveaxis(pushed, 0, -1)
        return slopes.reshape(len(slopes), size) if self.flat else slopes


@dataclass(frozen=True)
class FunctionCurve:
    """A plain function at its fitted parameters θ̂, (P,)."""

    formula: Formula
    theta: Array
    bounds: Bounds | None
    declared: Callable[..., Any] | None

    @property
    def name(self) -> str:
        """The function's name."""
        return self.formula.name

    @property
    def network(self) -> Network:
        """Refuse: it is none."""
        raise DataError(
            f"{self.name} was fitted as a plain function, which is no network",
            expected="a layer, whose fit has one",
            hint="fit.predict(x), fit.parameters",
        )

    def values(self, x: Any) -> Array:
        """Return f(x; θ̂)."""
        with np.errstate(all="ignore"):
            return np.asarray(self.formula.call(self.formula.arranged(x), self.formula.values(self.theta)), np.float64)

    def slopes(self, x: Any) -> Array:
        """Return ∂f/∂θ, compared with differences."""
        shape, theta = self.values(x).shape, self.theta
        slopes = Slopes(self.formula, self.formula.arranged(x), self.declared, self.bounds)
        with np.errstate(all="ignore"):
            slopes.begin(theta, shape)
            found, _ = slopes.checked(theta)
        return found.reshape(*shape, len(theta))
