"""Where each number comes from and where its error goes back to, and why deep networks add their input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from both_ways import both_ways, made
from bpframe_activations import Relu, Tanh
from bpframe_merges import (
    Average,
    Concatenate,
    Encoder,
    GatherLayer,
    Matmul,
    Maximum,
    Mean,
    PermuteLayer,
    Repeat,
    ReshapeLayer,
    Residual,
    Scale,
    Sequential,
    Slice,
    Subtract,
    SumLayer,
)
from bpframe_reference import Dense
from drawing import DERIVATIVE, INK, LINES, VALUE, Plot, digits, drawn, lines, plain
from matplotlib.figure import Figure

import bpframe as bp
from bpframe.extend import Array

__all__ = ["PICTURES"]


DEPTH, UNITS = 30, 16


def _moved(say: Callable[[list[Array]], str], layer: Any, *shapes: tuple[int, ...]) -> Plot:
    """Number the entries of inputs, and show where the layer puts them; `say` gets what comes back of ones."""
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    xs = [
        np.arange(end - np.prod(shape), end, dtype=float).reshape(shape)
        for end, shape in zip(ends, shapes, strict=True)
    ]
    y, back = made(layer, *xs)
    errors = back(np.ones_like(y))
    panels = [*zip(errors, xs, strict=True), ("y", y)]
    caption = say(list(errors.values()))
    widths = [values.shape[-1] for _, values in panels]
    rows = max(values.size // values.shape[-1] for _, values in panels)

    def draw(figure: Figure) -> str:
        for axes, (name, values) in zip(
            figure.subplots(1, len(panels), width_ratios=widths, squeeze=False)[0], panels, strict=True
        ):
            _numbered(axes, values.reshape(-1, values.shape[-1]), ends)
            axes.set_title(f"{name} {values.shape}")
            axes.set_label("; ".join(", ".join(f"{each:.0f}" for each in row) for row in np.atleast_2d(values)))
        return caption

    return drawn(draw, (0.36 * (sum(widths) + 2 * len(widths)), 0.36 * rows + 0.4))


def _numbered(axes: Any, table: Array, ends: Array) -> None:
    """Draw a table in which each number is an input's entry: in the colour of its input, the darker the later."""
    origin = np.searchsorted(ends, table, side="right")
    low = np.concatenate([[0], ends])[origin]
    tint = (table - low + 1) / (ends[origin] - low) * 0.5 + 0.1
    for (row, column), number in np.ndenumerate(table):
        face = (*matplotlib.colors.to_rgb(LINES[origin[row, column]][0]), tint[row, column])
        axes.add_patch(matplotlib.patches.Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, facecolor=face))
        axes.text(column, row, f"{number:.0f}", ha="center", va="center", fontsize=8)
    axes.set(xlim=(-0.6, table.shape[1] - 0.4), ylim=(len(table) - 0.4, -0.6), aspect="equal", anchor="N")
    axes.axis("off")


def _largest() -> Plot:
    t = np.linspace(-3, 3, 121)
    given = [0.5 * t + 0.5, 1 - t, np.full_like(t, 0.8)]
    y, back = made(Maximum(), *given)
    shares = [each.sum() for each in back(np.ones_like(y)).values()]

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        for number, line in enumerate(given):
            axes.plot(t, line, "--", color=INK, linewidth=1, alpha=0.8, label=None if number else "x₁, x₂, x₃")
        axes.plot(t, y, color=VALUE, linewidth=2.2, label="y")
        axes.plot(t, made(Average(), *given)[0], ":", color=DERIVATIVE, linewidth=1.6, label="average, beside it")
        plain(axes, "t, of which the inputs are functions")
        axes.legend()
        return (
            f"The largest of three lines, put together from pieces. Of {len(t)} errors each goes to the line on "
            f"top, and to no other: {', '.join(f'{each:.0f}' for each in shares[:2])} and {shares[2]:.0f} of them."
        )

    return drawn(draw)


def _deep() -> Plot:
    body = (Dense(units=UNITS), Tanh(), Dense(units=UNITS))
    blocks = {"residual": Residual(body=body), "the same layers alone": Sequential(body=body)}

    def draw(figure: Figure) -> str:
        norms = {name: np.median([_norms(block, seed) for seed in range(3)], axis=0) for name, block in blocks.items()}
        axes = figure.subplots()
        lines(axes, np.arange(DEPTH), norms, "blocks between a and y", "‖∂y/∂a‖")
        axes.set_yscale("log")
        first, alone = (each[-1] / each[0] for each in norms.values())
        return (
            f"How much the output of {DEPTH} blocks (dense, tanh, dense), where they start, moves with what an "
            f"earlier one computed: over {DEPTH - 1} blocks an error becomes {digits(first)} times as large with "
            f"residual, and {digits(alone)} times without. Medians of 3 seeds."
        )

    return drawn(draw)


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


def _chain(block: Any, features: int, say: Callable[[Sequence[int], Array], str]) -> Plot:
    """Draw the sizes of a composite's layers as bars, and the size of an error on its way back through them."""

    def draw(figure: Figure) -> str:
        net = bp.Network([block], input_shape=(features,), seed=1)
        names = [node.name for node in net.graph.nodes]
        x = np.random.default_rng(0).normal(size=(1, features))
        trace = net.trace(x)
        widths = [features, *(np.asarray(trace[name]).size for name in names)]
        last = np.asarray(trace[names[-1]])
        back = [np.linalg.norm(np.ones(last.size) @ _to_end(net, x, name)) for name in ("x", *names)]
        left, right = figure.subplots(1, 2, sharey=True)
        labels = ["x", *(name.rpartition(".")[2] for name in names)]
        left.barh(range(len(widths)), widths, color=VALUE, alpha=0.7)
        left.set_yticks(range(len(widths)), labels)
        left.invert_yaxis()
        plain(left, title="numbers per example")
        right.barh(range(len(back)), back, color=DERIVATIVE, alpha=0.7)
        plain(right, title="size of the error, back")
        return say(widths, np.array(back))

    return drawn(draw, (5.2, 2.4))


def _to_end(net: Any, x: Array, name: str) -> Array:
    return np.asarray(net.jacobian(x, wrt=None if name == "x" else name)).reshape(net.predict(x).size, -1)


def _list(value: Array) -> str:
    return ", ".join(digits(each) for each in np.ravel(value))


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "average": lambda: both_ways(
        Average(),
        lambda y, errors: (
            f"y = (x₁ + x₂)/2, and each gets half of the error: of 1, 2, 3 they get {_list(errors['x₁'])}."
        ),
        [1, -2, 3],
        [4, 6, -5],
    ),
    "concatenate": lambda: _moved(
        lambda back: (
            f"Two inputs side by side along the last axis; the first {back[0].size} errors go back to one, the other "
            f"{back[1].size} to the other."
        ),
        Concatenate(),
        (2, 3),
        (2, 2),
    ),
    "encoder": lambda: _chain(
        Encoder(widths=(16, 8, 3), activation=Relu()),
        32,
        lambda widths, back: (
            f"{widths[0]} numbers are pressed into {widths[-1]}, by dense layers with relu between them; the "
            f"error of size {digits(back[-1])} at the end reaches x with {digits(back[0])}."
        ),
    ),
    "gather": lambda: _moved(
        lambda back: (
            "indices=(2, 0, 0): an entry may be taken twice, or not at all. On the way back errors add up: of ones the "
            f"entries of a row get {_list(back[0][0])}."
        ),
        GatherLayer(indices=(2, 0, 0)),
        (2, 4),
    ),
    "matmul": lambda: both_ways(
        Matmul(),
        lambda y, errors: (
            "Rows of one by columns of the other, and of the error δ the inputs get δ x₂ᵀ and x₁ᵀ δ: the first "
            f"entry of x₁ gets 1 · 2 + 2 · 1 = {digits(errors['x₁'][0, 0])}."
        ),
        [[1, -2, 3], [0, 1, 2]],
        [[2, 1], [0, -1], [1, 3]],
    ),
    "maximum": _largest,
    "mean": lambda: both_ways(
        Mean(axes=(1,)),
        lambda y, errors: (
            f"The mean of every row; each of its entries gets a third of its error, {_list(errors['x'][:, 0])}."
        ),
        [[1, 2, 6], [4, -5, 1]],
        error=[3, 6],
    ),
    "permute": lambda: _moved(
        lambda back: f"axes=(1, 0): what lay below lies beside, and all {back[0].size} errors go back the same way.",
        PermuteLayer(axes=(1, 0)),
        (2, 4),
    ),
    "repeat": lambda: _moved(
        lambda back: (
            f"times=2 along the last axis; the errors of the copies add up, of ones to {digits(back[0][0, 0])}."
        ),
        Repeat(times=2),
        (2, 2),
    ),
    "reshape": lambda: _moved(
        lambda back: f"shape=(4, 2): the order in rows stays, and the errors go back into {back[0].shape}.",
        ReshapeLayer(shape=(4, 2)),
        (2, 4),
    ),
    "residual": _deep,
    "scale": lambda: both_ways(
        Scale(),
        lambda y, errors: (
            "y = s x, entry by entry: an entry's error is multiplied by its gain, 2 · (−1) = "
            f"{digits(errors['x'][1])}, and the gain's by what came in, 2 · 2 = {digits(errors['s'][1])}."
        ),
        [3, 2, -4],
        s=[0.5, -1, 2],
    ),
    "sequential": lambda: _chain(
        Sequential(body=(Dense(units=6), Tanh()), times=3),
        6,
        lambda widths, back: (
            f"(dense, tanh) three times, with weights of their own: {len(widths) - 1} layers in the graph, and "
            f"an error of size {digits(back[-1])} at the end has {digits(back[0])} at x."
        ),
    ),
    "slice": lambda: _moved(
        lambda back: (
            f"start=1, stop=6, step=2; the others get no error: of ones the entries of a row get {_list(back[0][0])}."
        ),
        Slice(start=1, stop=6, step=2),
        (2, 7),
    ),
    "subtract": lambda: both_ways(
        Subtract(),
        lambda y, errors: f"y = x₁ − x₂: one gets the error, the other its negative, {_list(errors['x₂'])}.",
        [1, -2, 3],
        [4, 6, -5],
    ),
    "sum": lambda: both_ways(
        SumLayer(axes=(1,)),
        lambda y, errors: (
            f"The sum of every row; each of its entries gets the whole error, {_list(errors['x'][:, 0])}."
        ),
        [[1, 2, 6], [4, -5, 1]],
        error=[3, 6],
    ),
}
