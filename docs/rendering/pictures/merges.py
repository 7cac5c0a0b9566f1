"""Where each number comes from, what the largest of two lines passes back, and why deep networks add their input."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from bpframe_activations import Tanh
from bpframe_merges import (
    Average,
    Concatenate,
    GatherLayer,
    Maximum,
    PermuteLayer,
    Repeat,
    ReshapeLayer,
    Residual,
    Sequential,
    Slice,
)
from bpframe_reference import Dense
from component_plots import DERIVATIVE, INK, VALUE, Plot
from matplotlib.figure import Figure

import bpframe as bp

__all__ = ["PICTURES"]

DEPTH, UNITS = 30, 16


def _made(layer: Any, *xs: np.ndarray) -> np.ndarray:
    """Return what a layer makes of one example."""
    names = [f"x_{number + 1}" for number in range(len(xs))]
    net = bp.Network(
        inputs={name: x.shape for name, x in zip(names, xs, strict=True)},
        nodes={"y": bp.node(layer, *names)},
        output="y",
    )
    return np.asarray(net.predict({name: x[None] for name, x in zip(names, xs, strict=True)}))[0]


def _moved(caption: str, layer: Any, *shapes: tuple[int, ...]) -> Plot:
    """Number the entries of inputs, and show where the layer puts them."""
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    xs = [
        np.arange(end - np.prod(shape), end, dtype=float).reshape(shape)
        for end, shape in zip(ends, shapes, strict=True)
    ]
    names = ["x"] if len(xs) == 1 else [f"x_{number + 1}" for number in range(len(xs))]
    panels = [*zip(names, xs, strict=True), ("y", _made(layer, *xs))]
    return Plot(caption, _cells(panels, ends))


def _cells(panels: Sequence[tuple[str, np.ndarray]], ends: np.ndarray) -> str:
    with matplotlib.rc_context(_style()):
        tables = [(name, values.reshape(-1, values.shape[-1]), values.shape) for name, values in panels]
        widths = [table.shape[1] for _, table, _ in tables]
        rows = max(len(table) for _, table, _ in tables)
        figure = Figure(figsize=(0.42 * (sum(widths) + 2 * len(widths)), 0.42 * rows + 0.5), layout="constrained")
        for axes, (name, table, shape) in zip(
            figure.subplots(1, len(tables), width_ratios=widths, squeeze=False)[0], tables, strict=True
        ):
            origin = np.searchsorted(ends, table, side="right")  # which input it comes from
            low = np.concatenate([[0], ends])[origin]
            tint = (table - low + 1) / (ends[origin] - low) * 0.7 + 0.1
            colours = np.where(
                (origin == 0)[..., None], matplotlib.colormaps["Blues"](tint), matplotlib.colormaps["Oranges"](tint)
            )
            axes.imshow(colours, interpolation="nearest")
            for (row, column), number in np.ndenumerate(table):
                ink = "white" if tint[row, column] > 0.6 else INK
                axes.text(column, row, f"{number:.0f}", ha="center", va="center", color=ink, fontsize=8)
            axes.set_xticks(np.arange(table.shape[1] + 1) - 0.5, [])
            axes.set_yticks(np.arange(len(table) + 1) - 0.5, [])
            axes.grid(color="white", linewidth=2)
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            axes.set_title(f"{name} {shape}", fontsize=9)
            axes.set_anchor("N")
        return _text(figure)


def _largest() -> Plot:
    t = np.linspace(-3, 3, 121)
    lines = [0.5 * t + 0.5, 1 - t, np.full_like(t, 0.8)]
    y = _made(Maximum(), *lines)
    caption = (
        "The largest of three lines, a unit of maxout: convex, and put together from pieces. The error goes back to "
        "the line that is on top, and to no other."
    )
    with matplotlib.rc_context(_style()):
        figure = Figure(figsize=(4.6, 2.7), layout="constrained")
        axes = figure.subplots()
        for number, line in enumerate(lines):
            axes.plot(t, line, "--", color=INK, linewidth=1, alpha=0.8, label="x_1, x_2, x_3" if not number else None)
        axes.plot(t, y, color=VALUE, linewidth=2.2, label="y")
        axes.plot(t, _made(Average(), *lines), ":", color=DERIVATIVE, linewidth=1.6, label="average, for comparison")
        axes.grid(color=INK, alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("t, of which the inputs are functions")
        axes.legend(frameon=False)
        return Plot(caption, _text(figure))


def _deep() -> Plot:
    body = (Dense(units=UNITS), Tanh(), Dense(units=UNITS))
    blocks = {"residual": Residual(body=body), "the same layers alone": Sequential(body=body)}
    caption = (
        f"How much the output of {DEPTH} blocks (dense, tanh, dense), where they start, moves with what an earlier "
        "block computed: ‖∂y/∂a‖, medians of 3 seeds."
    )
    with matplotlib.rc_context(_style()):
        figure = Figure(figsize=(4.6, 2.7), layout="constrained")
        axes = figure.subplots()
        for (name, block), colour, line in zip(blocks.items(), (VALUE, DERIVATIVE), ("-", "--"), strict=True):
            norms = np.median([_norms(block, seed) for seed in range(3)], axis=0)
            axes.semilogy(np.arange(DEPTH), norms, line, color=colour, linewidth=1.8, label=name)
        axes.grid(color=INK, alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("blocks between a and y")
        axes.legend(frameon=False)
        return Plot(caption, _text(figure))


def _norms(block: Any, seed: int) -> np.ndarray:
    """Return ‖∂y/∂a‖ for the value a after each block, from the last to the first, for one random input."""
    net = bp.Network([block] * DEPTH, input_shape=(UNITS,), seed=seed)
    x = np.random.default_rng(seed).standard_normal((1, UNITS))
    return np.array([np.linalg.norm(net.jacobian(x, wrt=name)) for name in _ends(net)][::-1])


def _ends(net: Any) -> list[str]:
    """Return the last node of each block."""
    names = [node.name for node in net.graph.nodes]
    return [
        name for name, after in zip(names, [*names[1:], ""], strict=True) if name.split(".")[0] != after.split(".")[0]
    ]


def _style() -> dict[str, Any]:
    style: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9}
    style["font.family"] = "sans-serif"
    return style | dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)


def _text(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return text.getvalue()


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "concatenate": lambda: _moved("Two inputs side by side along the last axis.", Concatenate(), (2, 3), (2, 2)),
    "gather": lambda: _moved(
        "indices=(2, 0, 0): an entry may be taken twice, or not at all. On the way back errors of equal ones add up.",
        GatherLayer(indices=(2, 0, 0)),
        (2, 4),
    ),
    "maximum": _largest,
    "permute": lambda: _moved("axes=(1, 0): what lay below lies beside.", PermuteLayer(axes=(1, 0)), (2, 4)),
    "repeat": lambda: _moved("times=2 along the last axis.", Repeat(times=2), (2, 2)),
    "reshape": lambda: _moved("shape=(4, 2): the order in rows stays.", ReshapeLayer(shape=(4, 2)), (2, 4)),
    "residual": _deep,
    "slice": lambda: _moved("start=1, stop=6, step=2.", Slice(start=1, stop=6, step=2), (2, 7)),
}
