"""How a start of the weights decides what comes back: the size of an error behind many layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from bpframe_activations import Tanh
from bpframe_optimizers import Zeros
from bpframe_reference import Dense, ScaledNormal, StandardNormal
from drawing import INK, VALUE, Plot, cells, digits, drawn, lines, plain
from matplotlib.figure import Figure

import bpframe as bp
from bpframe.extend import Array

__all__ = ["alike", "errors_by_depth"]

DEPTH, UNITS, EXAMPLES = 20, 64, 8


def errors_by_depth(initializer: Any, activation: Any = None) -> Plot:
    """Draw what is drawn, and the sizes of errors on their way back through layers that start so."""
    activation = activation or Tanh()
    beside: dict[str, Any] = {"scaled_normal": ScaledNormal(), "standard_normal": StandardNormal()}
    beside.pop(initializer.kind, None)

    def draw(figure: Figure) -> str:
        left, right = figure.subplots(1, 2, width_ratios=[2, 3])
        weights, sizes = _run(initializer, activation)
        left.hist(weights.ravel(), bins=31, color=VALUE, alpha=0.7)
        plain(left, "a weight", title="what is drawn")
        left.set_yticks([])
        along = np.arange(DEPTH + 1)
        lines(
            right,
            along,
            {initializer.kind: sizes},
            f"layers back, dense and {activation.kind}",
            title="size of the error",
        )
        for (name, other), dashes in zip(beside.items(), ("--", ":"), strict=False):
            right.plot(along, _run(other, activation)[1], dashes, color=INK, linewidth=1, label=name)
        right.set_yscale("log")
        right.set_xticks(range(0, DEPTH + 1, 5))
        right.legend()
        spread = digits(weights.std() * np.sqrt(UNITS))
        return (
            f"Weights of {UNITS} to {UNITS} units with a standard deviation of {spread}/√n_in; behind {DEPTH} "
            f"layers of dense and {activation.kind}, an error of size 1 has become one of {digits(sizes[-1])}."
        )

    return drawn(draw, (5.4, 2.5))


def _run(initializer: Any, activation: Any) -> tuple[Array, Array]:
    """Return the weights of the first layer, and the size of the error behind every layer, beside that at the end."""
    dense = Dense(units=UNITS, weights=initializer, biases=Zeros())
    net = bp.Network([layer for _ in range(DEPTH) for layer in (dense, activation)], input_shape=(UNITS,), seed=1)
    rng = np.random.default_rng(0)
    trace = net.trace(rng.normal(size=(EXAMPLES, UNITS)))
    error = rng.normal(size=(EXAMPLES, UNITS))
    sizes = [1.0]
    first = np.linalg.norm(error)
    for place, node in enumerate(reversed(net.graph.nodes)):
        operators = trace.jacobian(node.name)
        error = operators[next(key for key in operators if key in "az")].vjp(error)
        if place % 2:
            sizes.append(float(np.linalg.norm(error) / first))
    return np.asarray(net.parameters["dense_1.w"]), np.array(sizes)


def alike(initializer: Any) -> Plot:
    """Draw the weights of a layer that start alike, and their gradients, which are alike too."""

    def draw(figure: Figure) -> str:
        layers = [Dense(units=4, weights=initializer, biases=Zeros()), Tanh(), Dense(units=1, weights=initializer)]
        net = bp.Network(layers, input_shape=(3,), seed=0)
        x = np.array([[1.0, -0.5, 0.2]])
        trace = net.trace(x)
        error = trace.jacobian("dense_2")["a"].vjp(np.ones((1, 1)))
        error = trace.jacobian("tanh_1")["z"].vjp(error)
        gradient = np.asarray(trace.jacobian("dense_1")["w"].vjp(error))[0]
        panels = figure.subplots(1, 2)
        cells(panels[0], np.asarray(net.parameters["dense_1.w"]), "w of 4 units at the start", 2, whole=True)
        cells(panels[1], gradient, "its gradient", 2, whole=True)
        rows = len(np.unique(gradient.round(12), axis=0))
        end = "they stay alike, and count as one unit" if gradient.any() else "none can learn anything"
        return (
            f"Four units that start alike have {rows} gradient for all of them: {end}. It is a start for biases and "
            "gains, not for weights."
        )

    return drawn(draw, (3.6, 1.9))
