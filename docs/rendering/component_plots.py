"""Curves of any component: value and derivative, the path of an optimizer, the draws of an initializer.

They are for what nobody has drawn a picture of its own for, in `pictures`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from drawing import LINES, Plot, drawn, plain
from matplotlib.figure import Figure

from bpframe.categories import Constraint, Optimizer, Schedule
from bpframe.categories.calling import call_method
from bpframe.categories.present import present_value
from bpframe.core.component import Initializer, Penalty, contract_of
from bpframe.testing.checks.asked import made_up_history
from bpframe.testing.intervals import Interval
from bpframe.testing.probe import Probe
from bpframe.testing.probing import probe_of
from bpframe.testing.running.examples import Example
from bpframe.testing.small_fit import small_fit
from bpframe.training.updates import Updater

__all__ = ["curve", "plot_of"]

POINTS = 241
STEPS = 30
DRAWS = (250, 40)


def plot_of(example: Example) -> Plot | None:
    """Draw one example of a component; None where it has no input that could be varied."""
    component = example.component
    if isinstance(component, Optimizer) and "minimize" in contract_of(type(component)):
        caption = f"The cost of the conformance kit's small fit, sin 3x by a 1-4-1 network, in {STEPS} iterations."
        costs = np.array(small_fit(component, 0, np.float64, STEPS).history.column("cost"))
        return _drawn(caption, "iteration", [("log₁₀ C", np.arange(1, len(costs) + 1), np.log10(costs))])
    if isinstance(component, Optimizer):
        return _drawn(f"θ in the first {STEPS} steps down C = ½ θ², from θ = 1.", "step", [("θ", *_path(component))])
    if isinstance(component, Schedule):
        shown = f"The value over {STEPS} epochs, each of one step."
        return _drawn(shown, "epoch", [("value", *_values(component))], steps=True)
    if isinstance(component, Initializer):
        counts, edges = _histogram(component)
        caption = f"{math.prod(DRAWS):,} draws of shape {DRAWS}, with fan_in {DRAWS[1]} and fan_out {DRAWS[0]}."
        return _drawn(caption, "value", [("draws", edges, counts)], steps=True)
    if isinstance(component, Penalty):
        p = np.linspace(-2, 2, POINTS)
        values = [float(component.forward(np.array([each]))) for each in p]
        slopes = [component.gradient(np.array([each]))[0] for each in p]
        return _drawn(
            "R of a parameter of one entry, and its gradient.", "p", [("R", p, values), ("gradient", p, slopes)]
        )
    if isinstance(component, Constraint):
        p = np.linspace(-2, 2, POINTS)
        nearest = [float(call_method(component, "project", p=np.array([each]))[0]) for each in p]
        return _drawn("Where a parameter of one entry is moved to.", "p", [("Π(p)", p, np.array(nearest))])
    probe = probe_of(component, example.shapes)
    varied = [key for key in probe.inputs if math.prod(probe.shapes[key])] if probe else []
    if probe is None or not varied:
        return None
    key = varied[0]
    x, value, derivative = curve(probe, key)
    entry = f"{key}[{', '.join('0' * len(probe.shapes[key]))}]" if probe.shapes[key] else key
    others = "" if _is_entrywise(probe, key) else "; all else is held at random numbers"
    caption = f"The first entry of the output, and its declared derivative, as {entry} varies{others}."
    return _drawn(caption, entry, [("value", x, value), ("derivative", x, derivative)])


def curve(probe: Probe, key: str) -> tuple[Any, Any, Any]:
    """Return the first input entry, the first output entry, and their derivative, at many points of a line."""
    x = np.linspace(*_range(probe.domains[key]), POINTS)
    one = probe.sample(np.random.default_rng(1), 1)
    arrays = {
        name: each if name in probe.parameters else np.repeat(each, POINTS, axis=0) for name, each in one.arrays.items()
    }
    constants = {name: np.repeat(each, POINTS, axis=0) for name, each in one.constants.items()}
    arrays[key].reshape(POINTS, -1)[:, 0] = x
    point = replace(one, arrays=arrays, constants=constants, batch=POINTS)
    dense = probe.operators(point)[key].dense()
    derivative = np.broadcast_to(dense.reshape(len(dense), -1)[:, 0], (POINTS,))
    return x, probe.value(point).reshape(POINTS, -1)[:, 0], derivative


def _range(domain: Interval) -> tuple[float, float]:
    """Return where to look: inside the domain, and not beyond ten wide."""
    low, high = domain.low, domain.high
    if math.isfinite(low) and math.isfinite(high):
        margin = 0.02 * (high - low)
        return low + margin, high - margin
    if math.isfinite(low):
        return low + 0.1, low + 10
    if math.isfinite(high):
        return high - 10, high - 0.1
    return -5.0, 5.0


def _is_entrywise(probe: Probe, key: str) -> bool:
    operator = probe.operators(probe.sample(np.random.default_rng(0), 2))[key]
    return len(probe.shapes) == 1 and operator.structure in ("identity", "diagonal")


def _path(optimizer: Any) -> tuple[Any, Any]:
    updater = Updater(optimizer, np.ones(1), np.ones(1))
    path = [1.0]
    for _ in range(STEPS):
        updater.gradient[:] = updater.theta
        updater.apply()
        path.append(float(updater.theta[0]))
    return np.arange(STEPS + 1), np.array(path)


def _values(schedule: Schedule) -> tuple[Any, Any]:
    values = np.array([present_value(schedule, n, n, history=partial(made_up_history, n)) for n in range(STEPS)])
    return np.arange(STEPS + 1), values


def _histogram(initializer: Any) -> tuple[Any, Any]:
    given = {"shape": DRAWS, "fan_in": DRAWS[1], "fan_out": DRAWS[0], "rng": np.random.default_rng(0)}
    words = contract_of(type(initializer)).methods["draw"].words
    return np.histogram(initializer.draw(**{word: given[word] for word in words}), bins=40)


def _drawn(caption: str, along: str, curves: list[tuple[str, Any, Any]], steps: bool = False) -> Plot:
    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        for (name, x, y), (colour, dashes) in zip(curves, LINES, strict=False):
            if steps:
                axes.stairs(y, x, color=colour, fill=True, alpha=0.7, label=name)
            else:
                axes.plot(x, y, dashes, color=colour, linewidth=1.8, label=name)
        plain(axes, along)
        axes.legend()
        return caption

    return drawn(draw)
