"""What a layer makes of a few numbers, and where it sends the error of what it made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from drawing import Plot, cells, drawn
from matplotlib.figure import Figure

import bpframe as bp
from bpframe.extend import Array

__all__ = ["both_ways", "made"]

CELL = 0.34


def made(layer: Any, *xs: Array, **parameters: Any) -> tuple[Array, Callable[[Array], dict[str, Array]]]:
    """Return what a layer makes of one example, and what pulls an error of it back, to all that it reads, by name."""
    names = ["x"] if len(xs) == 1 else [f"x{'₁₂₃'[number]}" for number in range(len(xs))]
    words = [f"x_{number + 1}" for number in range(len(xs))]
    inputs = {word: x.shape for word, x in zip(words, xs, strict=True)}
    net = bp.Network(inputs=inputs, nodes={"y": bp.node(layer, *words)}, output="y", seed=0)
    if parameters:
        net.load_parameters({f"y.{key}": value for key, value in parameters.items()})
    x = {word: each[None] for word, each in zip(words, xs, strict=True)}

    def back(error: Array) -> dict[str, Array]:
        pulled = net.vjp(x, error[None])
        named = dict(zip(names, (pulled[word] if isinstance(pulled, dict) else pulled for word in words), strict=True))
        operators = net.trace(x).jacobian("y")
        named |= {key: operators[key].vjp(error[None]) for key in parameters}
        return {name: np.asarray(each)[0] for name, each in named.items()}

    return np.asarray(net.predict(x))[0], back


def both_ways(layer: Any, say: Callable[..., str], *xs: Any, error: Any = None, **parameters: Any) -> Plot:
    """Draw inputs, parameters and output above, and the error of each below.

    `say` gets the output and the errors by name, and returns the caption.
    """
    inputs = [np.asarray(x, float) for x in xs]
    held = {key: np.asarray(value, float) for key, value in parameters.items()}
    y, back = made(layer, *inputs, **held)
    delta = np.asarray(error, float) if error is not None else np.arange(1.0, y.size + 1).reshape(y.shape)
    errors = back(delta)
    said = say(y, errors)
    values = {**dict(zip(errors, (*inputs, *held.values()), strict=True)), "y": y}
    values, errors = (
        {key: _table(each) for key, each in tables.items()} for tables in (values, {**errors, "y": delta})
    )
    widths = [max(table.shape[1], 2.2) for table in values.values()]
    rows = max(len(table) for table in values.values())

    def draw(figure: Figure) -> str:
        panels = figure.subplots(2, len(values), width_ratios=widths, squeeze=False)
        for column, (name, value) in enumerate(values.items()):
            for axes, table, title in zip(
                panels[:, column], (value, errors[name]), (name, f"error of {name}"), strict=True
            ):
                cells(axes, table, title, whole=True)
                # Cells of all tables are of one size.
                middle, half = (table.shape[1] - 1) / 2, widths[column] / 2
                axes.set(xlim=(middle - half - 0.1, middle + half + 0.1), ylim=(rows - 0.4, -0.6))
        return said

    return drawn(draw, (sum(widths) * CELL + 0.3 * len(widths), 2 * (rows * CELL + 0.3)))


def _table(value: Array) -> Array:
    """Return an array as rows; what has one column lies on its side."""
    table = np.atleast_2d(value).reshape(-1, np.atleast_2d(value).shape[-1])
    return table.T if table.shape[1] == 1 else table
