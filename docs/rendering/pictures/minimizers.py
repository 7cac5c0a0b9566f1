"""Minimizers in a curved valley beside gradient descent, and an error in units of its own deviation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from bpframe_minimizers import LBFGS, GaussNewton, LevenbergMarquardt, NaturalGradient, WeightedQuadraticCost
from bpframe_optimizers import Constant
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from drawing import INK, LINES, THIRD, Plot, digits, drawn, plain
from matplotlib.figure import Figure

import bpframe as bp
from bpframe.extend import Array, Callback, Layer, Operator, Optimizer, Parameter
from pictures.classification import R, beside, priced

__all__ = ["PICTURES"]

STEPS = 60


class _Valley(Layer):
    """r = [10 (y − x²), 1 − x]: half the squares of both add up to half of Rosenbrock's function."""

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (2,)

    def parameters(self) -> dict[str, Parameter]:
        return {"x": Parameter((), init=-1.2), "y": Parameter((), init=1.0)}

    def forward(self, a: Array, p: Mapping[str, Array]) -> Array:
        r = np.stack([10 * (p["y"] - p["x"] ** 2), 1 - p["x"]])
        return np.broadcast_to(r, (len(a), 2))

    def jacobian(self, a: Array, p: Mapping[str, Array]) -> dict[str, Operator | Array]:
        columns = {"x": np.array([[-20 * float(p["x"]), -1.0]]), "y": np.array([[10.0, 0.0]])}
        return {"a": np.zeros((len(a), 2, 1)), **columns}


class _Places(Callback):
    """Keep where the parameters are."""

    found: list[Array]

    def after_epoch(self, network: Any) -> None:
        self.found.append(np.concatenate([np.ravel(each) for _, each in network.parameters.items()]))


class _Task(NamedTuple):
    """Two parameters to be found: a layer, its data, where they are best, and how far around there is drawn."""

    layer: Layer
    x: Array
    y: Array
    best: tuple[float, float]
    limits: tuple[tuple[float, float], tuple[float, float]]
    rate: float

    def run(self, optimizer: Optimizer) -> tuple[Array, Any]:
        """Return the places of all iterations, and the history."""
        net, places = self.network(), _Places(found=[])
        start = np.concatenate([np.ravel(each) for _, each in net.parameters.items()])
        whole = not optimizer.batches and hasattr(optimizer, "minimize")  # takes no batches anyway
        size = {} if whole else {"batch_size": len(self.x)}
        history = net.fit(self.x, self.y, optimizer=optimizer, epochs=STEPS, callbacks=[places], **size)
        return np.array([start, *places.found]), history

    def network(self) -> Any:
        return bp.Network([self.layer], cost=QuadraticCost(), input_shape=self.x.shape[1:], seed=0)

    def costs(self, across: Array, up: Array) -> Array:
        """Return the mean cost at every pair of parameters."""
        net, (first, *second) = self.network(), self.network().parameters
        found = np.empty(across.shape)
        for place in np.ndindex(across.shape):
            pair = [across[place], up[place]]
            net.load_parameters(
                {first: np.array([pair])} if not second else dict(zip((first, *second), pair, strict=True))
            )
            found[place] = net.cost(self.x, self.y)
        return found


def _inputs() -> Array:
    """Return inputs of which one is four times as large as the other."""
    return np.random.default_rng(1).normal(size=(64, 2)) * [2.0, 0.5]


_ROSENBROCK = _Task(_Valley(), np.zeros((1, 1)), np.zeros((1, 2)), (1, 1), ((-1.8, 1.5), (-0.6, 2.2)), 0.002)
_SCALES = _Task(
    Dense(units=1, bias=False, weights=Constant(value=-1.0)), _inputs(), _inputs() @ [[1.0], [1.0]], (1, 1),
    ((-1.5, 2.8), (-1.5, 1.8)), 0.4,
)  # fmt: skip


def _beside(optimizer: Optimizer, say: Callable[[Any, Any], str], column: str = "", task: _Task = _ROSENBROCK) -> Plot:
    """Draw the way down beside gradient descent's, and the cost by iteration, with a figure of the history."""

    def draw(figure: Figure) -> str:
        runs = {optimizer.kind: task.run(optimizer)}
        runs["gradient_descent"] = task.run(GradientDescent(learning_rate=task.rate))
        left, right = figure.subplots(1, 2)
        x, y = np.meshgrid(*(np.linspace(*ends, 25) for ends in task.limits))
        costs = task.costs(x, y)
        left.contour(
            x, y, costs, np.quantile(costs, (0.05, 0.15, 0.3, 0.5, 0.7)), colors=INK, alpha=0.25, linewidths=0.8
        )
        for (name, (places, history)), (colour, dashes) in zip(runs.items(), LINES, strict=False):
            left.plot(*places.T, dashes, color=colour, linewidth=1.4, marker=".", markersize=4, label=name)
            values = np.maximum(history.column("cost"), 1e-16)
            right.semilogy(np.arange(1, len(values) + 1), values, dashes, color=colour, linewidth=1.8, label=name)
        if column:
            values = runs[optimizer.kind][1].column(column)
            right.semilogy(np.arange(1, len(values) + 1), values, ":", color=THIRD, linewidth=1.8, label=column)
        left.plot(*task.best, "*", color=INK, markersize=8)
        plain(left, *("x", "y") if task is _ROSENBROCK else ("w[0]", "w[1]"))
        left.set(xlim=task.limits[0], ylim=task.limits[1])
        plain(right, "iteration", title="cost")
        right.legend()
        end = runs["gradient_descent"][1].column("cost")[-1]
        return f"{say(*runs[optimizer.kind])} Gradient descent is at {digits(end)} after {STEPS}."

    return drawn(draw, (5.4, 2.7))


def _reached(places: Array, history: Any) -> str:
    costs = history.column("cost")
    return f"{digits(costs[-1])} after {len(costs)} iterations"


def _damped(places: Array, history: Any) -> str:
    damping = history.column("damping")
    return (
        f"Rosenbrock's curved valley, from the left to the star: the cost is {_reached(places, history)}. The "
        f"damping falls from {digits(max(damping))} to {digits(min(damping))} where the linear model is right, and "
        "rises where a step fails."
    )


def _undamped(places: Array, history: Any) -> str:
    first = np.linalg.norm(np.diff(places, axis=0), axis=1).max()
    return (
        "Rosenbrock's curved valley: without a damping, halved where the cost would rise, the longest step is "
        f"{digits(first)} long and the cost {_reached(places, history)}."
    )


def _bent(places: Array, history: Any) -> str:
    return (
        "Rosenbrock's curved valley: curvature is learned from differences of gradients alone, and the cost is "
        f"{_reached(places, history)}."
    )


def _natural(places: Array, history: Any) -> str:
    steps = np.diff(places, axis=0)[0]
    return (
        "A dense layer with two inputs, of which one is four times as large: divided by the curvature, the first "
        f"step goes straight towards the minimum, {digits(steps[0])} and {digits(steps[1])} along the two weights, and "
        f"the cost is {_reached(places, history)}."
    )


def _weighted() -> Plot:
    def cost(sigma: float) -> tuple[Array, Array]:
        return priced(WeightedQuadraticCost(), R[:, None], np.tile([[[0.0, sigma]]], (len(R), 1, 1)))

    def say(curves: Any) -> str:
        sharp, dull = (curves[f"σ = {sigma}"][1][-1] for sigma in (0.5, 2))
        return (
            f"Off by 4, a target with σ = 0.5 pulls with {digits(sharp)} and one with σ = 2 with {digits(dull)}: "
            "who was measured more precisely counts more, by 1/σ²."
        )

    return beside(R, {f"σ = {sigma}": cost(sigma) for sigma in (0.5, 1, 2)}, "r = a − y", say)


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "gauss_newton": partial(_beside, GaussNewton(), _undamped),
    "lbfgs": partial(_beside, LBFGS(), _bent),
    "levenberg_marquardt": partial(_beside, LevenbergMarquardt(), _damped, "damping"),
    "natural_gradient": partial(
        _beside, NaturalGradient(learning_rate=0.3, damping=1e-6, decay=0.0), _natural, task=_SCALES
    ),
    "weighted_quadratic": _weighted,
}
