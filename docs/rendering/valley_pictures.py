"""Paths of optimizers down one narrow valley."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from drawing import INK, LINES, Plot, digits, drawn
from matplotlib.figure import Figure

from bpframe.extend import Array, Optimizer
from bpframe.training.updates import Updater

__all__ = ["cost", "path", "valley"]


#: C = ½ (x² + 20 y²): gradient descent diverges across the valley above the rate 2/20.
CURVATURES, START, STEPS = np.array([1.0, 20.0]), np.array([-4.0, 1.2]), 40


def path(optimizer: Optimizer, state: str = "") -> Array:
    """Return the places of the steps, or those that an array of the state was at, (STEPS + 1, 2)."""
    updater = Updater(optimizer, START.copy(), np.zeros(2), {"x": (1,), "y": (1,)})
    places = [START]
    for step in range(STEPS):
        updater.gradient[:] = CURVATURES * updater.theta
        updater.epoch, updater.epoch_ends = step, True
        updater.apply()
        places.append((updater.state[state] if state else updater.theta).copy())
    return np.array(places)


def cost(places: Array) -> Array:
    """Return C at every place."""
    return np.asarray(0.5 * (CURVATURES * places**2).sum(axis=-1))


def valley(paths: Mapping[str, Array], say: Callable[[Mapping[str, Array]], str]) -> Plot:
    """Draw paths by name over the valley's contours; `say` gets them and returns what is to be remembered."""

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        x, y = np.meshgrid(np.linspace(-4.5, 1.5, 61), np.linspace(-1.6, 1.6, 41))
        levels = [0.1, 0.5, 2, 5, 10, 20]
        axes.contour(x, y, cost(np.stack([x, y], axis=-1)), levels, colors=INK, alpha=0.25, linewidths=0.8)
        for (name, places), (colour, line) in zip(paths.items(), LINES, strict=False):
            axes.plot(*places.T, line, color=colour, linewidth=1.4, marker=".", markersize=3, label=name)
        axes.set(xlim=(-4.5, 1.5), ylim=(-1.6, 1.6), xlabel="x", ylabel="y")
        axes.legend(loc="upper right")
        ends = [f"{digits(cost(places[-1]))} ({name})" for name, places in paths.items()]
        return f"{STEPS} steps down C = ½ (x² + 20 y²), from the left: {say(paths)} At the end C is {', '.join(ends)}."

    return drawn(draw)
