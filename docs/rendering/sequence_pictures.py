"""Which steps of a sequence reach which: maps of weights and of derivatives, and how padding is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from drawing import DERIVATIVE, INK, VALUE, Plot, drawn, plain
from matplotlib.figure import Figure

import bpframe as bp
from bpframe.extend import Array

__all__ = ["influence", "maps", "padded"]

#: A sequence with its padding, and without.
STEPS, LENGTH = 16, 9


def influence(layer: Any, inputs: Mapping[str, Array], of: str = "x") -> Array:
    """Return ‖∂y_t/∂x_s‖ where the layer starts, for all steps t of its output and s of one input, (T, S)."""
    j = np.asarray(_net(layer, inputs).jacobian(_one(inputs), wrt=of))[0]
    return np.asarray(np.sqrt(np.square(j).sum(axis=(1, 3))))


def _net(layer: Any, inputs: Mapping[str, Array]) -> Any:
    shapes = {name: x.shape for name, x in inputs.items()}
    return bp.Network(inputs=shapes, nodes={"y": bp.node(layer, *inputs)}, output="y", seed=2)


def _one(inputs: Mapping[str, Array]) -> dict[str, Array]:
    return {name: x[None] for name, x in inputs.items()}


def maps(found: Mapping[str, Array], say: str, rows: list[str], columns: list[str], least: float = 0.1) -> Plot:
    """Draw tables side by side, the stronger the larger; what is below `least` of the largest has no number."""

    def draw(figure: Figure) -> str:
        for axes, (title, values) in zip(
            figure.subplots(1, len(found), sharey=True, squeeze=False)[0], found.items(), strict=True
        ):
            largest = max(values.max(), 1e-12)
            axes.pcolormesh(values, cmap="Blues", vmin=0, vmax=largest, edgecolors="#dddddd", linewidth=0.4)
            for (row, column), weight in np.ndenumerate(values):
                if weight >= least * largest:
                    ink = "white" if weight > 0.6 * largest else INK
                    axes.text(column + 0.5, row + 0.5, f"{weight:.1f}", ha="center", va="center", color=ink, fontsize=7)
            axes.set(title=title, aspect="equal")
            axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=60 if len(columns[0]) > 1 else 0)
            axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            axes.set_label("; ".join(" ".join(f"{each:.1f}" for each in row) for row in values))
        figure.axes[0].invert_yaxis()
        return say

    return drawn(draw, (4.8, 2.5))


def padded(masked: Any, plain_layer: Any, say: Callable[[Array, Array], str]) -> Plot:
    """Draw the states of a layer that is told where a sequence ends, and which inputs its last state depends on."""
    x = np.random.default_rng(4).normal(size=(STEPS, 3))
    x[LENGTH:] = 0

    def draw(figure: Figure) -> str:
        left, right = figure.subplots(1, 2)
        shown, reached = {}, {}
        for layer in (masked, plain_layer):
            inputs = {"x": x, "mask": np.array(LENGTH)} if layer is masked else {"x": x}
            shown[layer.kind] = _net(layer, inputs).predict(_one(inputs))[0]
            last = layer.model_copy(update={"return_sequences": False})
            j = np.asarray(_net(last, inputs).jacobian(_one(inputs), wrt="x"))[0]
            reached[layer.kind] = np.sqrt(np.square(j).sum(axis=(0, 2)))
        along = np.arange(STEPS)
        for (name, states), colour, dashes in zip(shown.items(), (VALUE, DERIVATIVE), ("-", "--"), strict=True):
            left.plot(along, states, dashes, color=colour, linewidth=1.6)
            right.plot(along, reached[name], dashes, color=colour, linewidth=1.6, label=name)
        for axes in (left, right):
            axes.axvspan(LENGTH - 0.5, STEPS - 0.5, color=INK, alpha=0.1)
        plain(left, "step", title="the states")
        plain(right, "step t", title="‖∂h_last/∂x_t‖")
        right.legend(loc="upper left")
        right.set_ylim(0, 1.35 * max(each.max() for each in reached.values()))
        return say(*reached.values())

    return drawn(draw, (5.4, 2.5))
