"""Draw the figures of the guides: python docs/rendering/guide_figures.py

Each shows what the code of its page computes. They are kept in docs/assets/guides, so that a build need not train.
For Chinese letters of the right width Noto Sans CJK has to be installed; readers see them in their own font.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import matplotlib as mpl
import numpy as np
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

import bpframe as bp
from bpframe.data import DigitsData
from bpframe.extend import Layer, Parameter

FOLDER = Path(__file__).parents[1] / "assets" / "guides"
BLUE, ORANGE = "#4f6bed", "#e8743b"


#: What stands in the figures of the Chinese pages.
CHINESE = {
    "data with σ": "带 σ 的数据",
    "two standard errors": "两倍标准误差",
    "residual / σ": "残差 / σ",
    "training": "训练数据",
    "held back": "留出数据",
    "epoch": "轮",
    "cost": "代价",
    "accuracy, held back": "留出数据上的准确率",
}


class _Decay(Layer):
    """f = a exp(−k x) + c."""

    draft: ClassVar[bool] = True

    def parameters(self) -> dict[str, Parameter]:
        return {"a": Parameter((), init=1), "k": Parameter((), init=1), "c": Parameter((), init=0)}

    def forward(self, x: Any, p: Any) -> Any:
        return p["a"] * np.exp(-p["k"] * x) + p["c"]


def curve_fitting(said: Callable[[str], str] = str) -> Figure:
    """The data of the page, the fitted curve within two standard errors, and what is left over in units of σ."""
    x = np.linspace(0, 4, 40)
    sigma = 0.05 + 0.02 * x
    y = 2.5 * np.exp(-1.3 * x) + 0.5 + sigma * np.random.default_rng(1).normal(size=x.size)
    fit = bp.fit_curve(_Decay(), x, y, sigma=sigma, absolute_sigma=True)
    a, k, c = fit.estimates
    curve, band = fit.predict(x), 2 * fit.prediction_errors(x)
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    upper.errorbar(x, y, sigma, fmt="o", color=BLUE, markersize=3, linewidth=1, label=said("data with σ"))
    upper.plot(x, curve, color=ORANGE, label=f"{a:.2f} exp(−{k:.2f} x) + {c:.2f}")
    label = said("two standard errors")
    upper.fill_between(x, curve - band, curve + band, color=ORANGE, alpha=0.25, linewidth=0, label=label)
    upper.legend(frameon=False)
    lower.axhline(0, color="0.5", linewidth=0.8)
    lower.plot(x, (y - curve) / sigma, "o", color=BLUE, markersize=3)
    lower.set_ylabel(said("residual / σ"))
    lower.set_xlabel("x")
    return figure


def training(said: Callable[[str], str] = str) -> Figure:
    """The history of the page's first training, epoch by epoch."""
    digits = DigitsData().load(dtype="float32")
    layers = [Dense(units=30), Sigmoid(), Dense(units=10), Sigmoid()]
    net = bp.Network(layers, cost=QuadraticCost(), input_shape=(64,), dtype="float32", seed=0)
    rule, held_back = GradientDescent(learning_rate=3.0), (digits.x_test, digits.y_test)
    history = net.fit(
        digits.x, digits.y, optimizer=rule, epochs=30, batch_size=10, validation_data=held_back, metrics=["accuracy"]
    )
    epochs = history.column("epoch")
    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(epochs, history.column("cost"), color=BLUE, label=said("training"))
    left.semilogy(epochs, history.column("validation_cost"), color=ORANGE, label=said("held back"))
    left.set(xlabel=said("epoch"), title=said("cost"))
    left.yaxis.set_minor_formatter(NullFormatter())
    left.legend(frameon=False)
    right.plot(epochs, history.column("validation_accuracy"), color=ORANGE)
    right.set(xlabel=said("epoch"), title=said("accuracy, held back"), ylim=(0.6, 1.01))
    return figure


def any_jacobian() -> Figure:
    """BP2 as a product of structured matrices: dense, diagonal, dense, diagonal, from the cost's row to the input's."""
    net = bp.Network(
        [Dense(units=5), Sigmoid(), Dense(units=3), Sigmoid()], cost=QuadraticCost(), input_shape=(4,), seed=3
    )
    x, y = np.array([[1.0, -0.5, 0.8, 0.3]]), np.array([[0.0, 1.0, 0.0]])
    trace = net.trace(x)
    parts = [("$(\\nabla_a C)^{T}$", np.asarray(trace[net.graph.nodes[-1].name] - y))]
    for name, label in (("sigmoid_2", "diag σ′"), ("dense_2", "$w^3$"), ("sigmoid_1", "diag σ′"), ("dense_1", "$w^2$")):
        (operator,) = [each for key, each in trace.jacobian(name).items() if key in ("a", "z")]
        parts.append((label, np.atleast_2d(np.squeeze(operator.dense()))))
    parts.append(("$(\\partial C/\\partial x)^{T}$", np.linalg.multi_dot([part for _, part in parts])))
    widths = [part.shape[1] for _, part in parts]
    figure = Figure(figsize=(8.2, 2.3), layout="constrained")
    for number, (axes, (label, part)) in enumerate(
        zip(figure.subplots(1, len(parts), width_ratios=widths), parts, strict=True)
    ):
        _cells(axes, part)
        axes.set_title(("= " if number == len(parts) - 1 else "· " if number else "") + label, fontsize=12)
    return figure


def _cells(axes: Any, matrix: np.ndarray[Any, Any]) -> None:
    """Draw a matrix's entries: size as opacity, blue positive, orange negative, nothing for zero."""
    largest = np.abs(matrix).max()
    for (row, column), entry in np.ndenumerate(matrix):
        strength = 0.25 + 0.75 * abs(entry) / largest if entry else 0
        face = (*mpl.colors.to_rgb(BLUE if entry > 0 else ORANGE), strength)
        axes.add_patch(mpl.patches.Rectangle((column, row), 1, 1, facecolor=face, edgecolor="0.75", linewidth=0.6))
    axes.set(xlim=(-0.05, matrix.shape[1] + 0.05), ylim=(5.05, -0.05), aspect="equal", anchor="N")
    axes.axis("off")


def networks() -> Figure:
    """The residual block of the page, with the two paths from x to `block` over which its error adds up."""
    figure = Figure(figsize=(7.2, 1.9), layout="constrained")
    axes = figure.subplots()
    names = ["x", "inner\ndense", "sigmoid_1\nsigmoid", "block\nadd", "head\ndense", "cost"]
    boxes = []
    for place, name in enumerate(names):
        box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "0.4"}
        boxes.append(axes.text(place, 0, name, ha="center", va="center", bbox=box))
    ways = [(place, place + 1, 0.0, BLUE if place < 3 else "0.4") for place in range(5)] + [(0, 3, -0.4, ORANGE)]
    for start, end, bend, colour in ways:
        arrow = {
            "arrowstyle": "-|>",
            "color": colour,
            "connectionstyle": f"arc3,rad={bend}",
            "shrinkA": 2,
            "shrinkB": 2,
        }
        between = {"patchA": boxes[start].get_bbox_patch(), "patchB": boxes[end].get_bbox_patch()}
        axes.annotate("", (end, 0), (start, 0), arrowprops=arrow | between)
    axes.set(xlim=(-0.5, 5.5), ylim=(-0.4, 0.75))
    axes.axis("off")
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {
    "curve-fitting": curve_fitting,
    "training": training,
    "any-jacobian": any_jacobian,
    "networks": networks,
    "curve-fitting-zh": partial(curve_fitting, CHINESE.__getitem__),
    "training-zh": partial(training, CHINESE.__getitem__),
}


def svg(name: str) -> str:
    """Draw one, and return its text; the same drawing gives the same bytes."""
    chinese = name.endswith("-zh")
    style = {"svg.hashsalt": "bpframe", "svg.fonttype": "none" if chinese else "path"}
    style |= {"font.family": ["DejaVu Sans", "Noto Sans CJK JP"]} if chinese else {}
    text = io.StringIO()
    with mpl.rc_context(style):
        FIGURES[name]().savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    found = text.getvalue()
    # Text stays text, in the reader's font for this language.
    found = re.sub('font-family: [^;"]*', "font-family: sans-serif", found)
    return found.replace("<svg ", '<svg xml:lang="zh-CN" ', 1) if chinese else found


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in FIGURES:
        (FOLDER / f"{name}.svg").write_text(svg(name), encoding="utf-8")


if __name__ == "__main__":
    main()
