"""Paths of optimizers in a narrow valley, beside gradient descent's."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import matplotlib
import numpy as np
from bpframe_optimizers import (
    Adagrad,
    Adam,
    Adamw,
    ClipGlobalNorm,
    ClipNorm,
    ClipValue,
    ExponentialAverage,
    Lion,
    Momentum,
    Nadam,
    Rmsprop,
    StochasticAverage,
)
from bpframe_reference import GradientDescent
from component_plots import DERIVATIVE, INK, VALUE, Plot
from matplotlib.figure import Figure

from bpframe.extend import Optimizer
from bpframe.training.updates import Updater

__all__ = ["PICTURES"]

#: C = ½ (x² + 20 y²): gradient descent at rate 0.095 just does not diverge across the valley.
CURVATURES, START, STEPS = np.array([1.0, 20.0]), (-4.0, 1.2), 40
DESCENT = GradientDescent(learning_rate=0.095)


def _path(optimizer: Optimizer, state: str = "") -> np.ndarray:
    """Return the places of the steps, or those that an array of the state was at."""
    updater = Updater(optimizer, np.array(START), np.zeros(2), {"x": (1,), "y": (1,)})
    places = [np.array(START)]
    for step in range(STEPS):
        updater.gradient[:] = CURVATURES * updater.theta
        updater.epoch, updater.epoch_ends = step, True
        updater.apply()
        places.append((updater.state[state] if state else updater.theta).copy())
    return np.array(places)


def _valley(
    optimizer: Optimizer, said: str, other: tuple[Optimizer, str] = (DESCENT, "gradient descent"), state: str = ""
) -> Plot:
    style = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9, "font.family": "sans-serif"}
    style |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(4.6, 2.7), layout="constrained")
        axes = figure.subplots()
        x, y = np.meshgrid(np.linspace(-4.5, 1.5, 61), np.linspace(-1.6, 1.6, 41))
        levels = [0.1, 0.5, 2, 5, 10, 20]
        axes.contour(x, y, 0.5 * (x**2 + 20 * y**2), levels, colors=INK, alpha=0.25, linewidths=0.8)
        paths = {other[1]: _path(other[0]), optimizer.kind: _path(optimizer, state)}
        for (name, path), colour, line in zip(paths.items(), (DERIVATIVE, VALUE), ("--", "-"), strict=True):
            axes.plot(*path.T, line, color=colour, linewidth=1.4, marker=".", markersize=3, label=name)
        axes.set(xlim=(-4.5, 1.5), ylim=(-1.6, 1.6), xlabel="x", ylabel="y")
        axes.legend(frameon=False, loc="upper right")
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Plot(f"{STEPS} steps in the valley C = ½ (x² + 20 y²), from the left: {said}", text.getvalue())


def _pictures() -> dict[str, Callable[[], Plot]]:
    by_adam = (Adam(learning_rate=0.3), "adam")
    bouncing = GradientDescent(learning_rate=0.098)
    return {
        "momentum": _drawn(
            Momentum(learning_rate=0.03, momentum=0.8), "what swings to and fro cancels, what does not adds up."
        ),
        "adam": _drawn(Adam(learning_rate=0.3), "steps are as long along the valley as across."),
        "adamw": _drawn(Adamw(learning_rate=0.3, weight_decay=0.3), "Adam's, drawn to 0 beside it.", by_adam),
        "nadam": _drawn(Nadam(learning_rate=0.3), "Adam's with a look ahead.", by_adam),
        "rmsprop": _drawn(Rmsprop(learning_rate=0.15, alpha=0.9), "each direction is divided by its usual size."),
        "adagrad": _drawn(Adagrad(learning_rate=1.0), "steps become shorter in every direction on its own."),
        "lion": _drawn(Lion(learning_rate=0.15), "every step is a diagonal one of the same length."),
        "clip_global_norm": _drawn(
            ClipGlobalNorm(norm=4.0, optimizer=DESCENT), "long gradients are cut, and keep their direction."
        ),
        "clip_norm": _drawn(ClipNorm(norm=2.0, optimizer=DESCENT), "x and y are cut each on their own."),
        "clip_value": _drawn(ClipValue(value=2.0, optimizer=DESCENT), "entries are cut, and the direction turns."),
        "exponential_average": _drawn(
            ExponentialAverage(decay=0.7, optimizer=bouncing),
            "the average lies between the walls.",
            (bouncing, "trained parameters"),
            "average",
        ),
        "stochastic_average": _drawn(
            StochasticAverage(start=5, optimizer=bouncing),
            "the mean of all from the sixth on.",
            (bouncing, "trained parameters"),
            "average",
        ),
    }


_drawn = partial(partial, _valley)

#: Pictures by kind.
PICTURES = _pictures()
