"""A digit, and what layers of images make of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from bpframe_convolution import (
    AveragePool2d,
    Conv2d,
    Conv2dTranspose,
    DepthwiseConv2d,
    MaxPool2d,
    Upsample2d,
    ZeroPad,
)
from component_plots import INK, Plot
from matplotlib.figure import Figure

import bpframe as bp
from bpframe.data import DigitsData

__all__ = ["PICTURES"]

#: A filter that answers to the left edge of a stroke.
EDGE = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
DIGIT = 5

Panel = tuple[str, np.ndarray, str]


def _digit() -> np.ndarray:
    return np.asarray(DigitsData(channels=True).load().x[DIGIT : DIGIT + 1])


def _made(layer: Any, x: np.ndarray, **parameters: np.ndarray) -> np.ndarray:
    net = bp.Network([layer], input_shape=x.shape[1:])
    name = net.graph.nodes[0].name
    net.load_parameters({f"{name}.{key}": value for key, value in parameters.items()})
    return np.asarray(net.predict(x))[0]


def _convolved() -> Plot:
    x = _digit()
    y = _made(Conv2d(filters=1, kernel_size=3, bias=False), x, w=EDGE[None, :, :, None])
    caption = (
        "A digit of 8 × 8, a filter, and what it finds at 6 × 6 places: red where the image grows brighter to the "
        "right, blue where it grows darker."
    )
    return _drawn(caption, [("x", x[0, ..., 0], ""), ("w", EDGE, "signed"), ("y", y[..., 0], "signed")])


def _depthwise() -> Plot:
    x = np.concatenate([_digit(), _digit()[:, ::-1]], axis=-1)
    y = _made(DepthwiseConv2d(kernel_size=3, bias=False), x, w=np.stack([EDGE, EDGE.T])[..., None])
    caption = "Two channels, and what the filter of each finds in it: the first reads across, the second down."
    panels = [("x, channel 0", x[0, ..., 0], ""), ("x, channel 1", x[0, ..., 1], "")]
    return _drawn(caption, [*panels, ("y, channel 0", y[..., 0], "signed"), ("y, channel 1", y[..., 1], "signed")])


def _put_down() -> Plot:
    x = np.zeros((1, 3, 3, 1))
    x[0, 0, 0], x[0, 2, 1] = 1, -0.5
    stamp = np.outer([1, 2, 1], [1, 2, 1]) / 4
    layer = Conv2dTranspose(filters=1, kernel_size=3, stride=2, bias=False)
    y = _made(layer, x, w=stamp[..., None, None])
    caption = "With stride 2, every place of x puts the filter down two places farther, as strong as x is there."
    return _drawn(caption, [("x", x[0, ..., 0], "signed"), ("w", stamp, "signed"), ("y", y[..., 0], "signed")])


def _largest() -> Plot:
    x = _digit()
    y = _made(MaxPool2d(kernel_size=2), x)
    net = bp.Network([MaxPool2d(kernel_size=2)], input_shape=x.shape[1:])
    error = np.asarray(net.vjp(x, np.ones((1, *y.shape))))[0]
    caption = (
        "Windows of 2 × 2 and their largest entries; and the errors on the way back, all of 1: each goes to the entry "
        "that won, the first of equal ones."
    )
    return _drawn(caption, [("x", x[0, ..., 0], ""), ("y", y[..., 0], ""), ("Jᵀ 1", error[..., 0], "")])


def _means() -> Plot:
    x = _digit()
    y = _made(AveragePool2d(kernel_size=2), x)
    return _drawn("Windows of 2 × 2 and their means.", [("x", x[0, ..., 0], ""), ("y", y[..., 0], "")])


def _enlarged() -> Plot:
    x = _made(AveragePool2d(kernel_size=2), _digit())[None]
    ways = ("nearest", "bilinear")
    panels = [(way, _made(Upsample2d(size=3, interpolation=way), x)[..., 0], "") for way in ways]
    return _drawn("A small digit, and three times as large.", [("x", x[0, ..., 0], ""), *panels])


def _padded() -> Plot:
    x = _digit()
    y = _made(ZeroPad(padding=((1, 2), (0, 3))), x)
    caption = (
        "One row of zeros above, two below, none on the left, three columns on the right: padding=((1, 2), (0, 3))."
    )
    return _drawn(caption, [("x", x[0, ..., 0], ""), ("y", y[..., 0], "")])


def _drawn(caption: str, panels: Sequence[Panel]) -> Plot:
    """Draw images side by side, on one scale; `signed` ones in two colours."""
    style = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9, "font.family": "sans-serif"}
    style |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(1.7 * len(panels), 1.9), layout="constrained")
        for axes, (title, values, kind) in zip(figure.subplots(1, len(panels)), panels, strict=True):
            largest = float(np.abs(values).max())
            low, colours = (-largest, "coolwarm") if kind else (0.0, "Blues")
            axes.pcolormesh(values, cmap=colours, vmin=low, vmax=largest, edgecolors="white", linewidth=0.5)
            axes.set(title=title, aspect="equal", xticks=[], yticks=[])
            axes.invert_yaxis()
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Plot(caption, text.getvalue())


PICTURES = {
    "average_pool2d": _means,
    "conv2d": _convolved,
    "conv2d_transpose": _put_down,
    "depthwise_conv2d": _depthwise,
    "max_pool2d": _largest,
    "upsample2d": _enlarged,
    "zero_pad": _padded,
}
