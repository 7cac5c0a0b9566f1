"""A digit and what layers of images make of it, which inputs an output sees, and where errors go back to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from both_ways import both_ways
from bpframe_convolution import (
    AveragePool1d,
    AveragePool2d,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    DepthwiseConv2d,
    Flatten,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    Upsample2d,
    ZeroPad,
)
from drawing import DERIVATIVE, INK, VALUE, Plot, digits, drawn
from line_art import number
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bpframe as bp
from bpframe.data import DigitsData
from bpframe.extend import Array

__all__ = ["PICTURES", "seen_by"]


#: A filter that answers to the left edge of a stroke.
EDGE = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
DIGIT, LENGTH = 5, 12

Panel = tuple[str, Array, str]


def _digit() -> Array:
    return np.asarray(DigitsData(channels=True).load().x[DIGIT : DIGIT + 1])


def _net(layer: Any, x: Array, **parameters: Array) -> Any:
    net = bp.Network([layer], input_shape=x.shape[1:], seed=0)
    name = net.graph.nodes[0].name
    if parameters:
        net.load_parameters({f"{name}.{key}": value for key, value in parameters.items()})
    return net


def _made(layer: Any, x: Array, **parameters: Array) -> Array:
    return np.asarray(_net(layer, x, **parameters).predict(x))[0]


def _back(layer: Any, x: Array, error: Array, **parameters: Array) -> Array:
    return np.asarray(_net(layer, x, **parameters).vjp(x, error[None]))[0]


def _convolved() -> Plot:
    x, layer, w = _digit(), Conv2d(filters=1, kernel_size=3, bias=False), EDGE[None, :, :, None]
    y = _made(layer, x, w=w)[..., 0]
    error = np.zeros((*y.shape, 1))
    error[1, 2] = 1
    back = _back(layer, x, error, w=w)[..., 0]
    caption = (
        "A digit of 8 × 8, a filter, and what it finds at 6 × 6 places: red where the image grows brighter to the "
        f"right. An output sees {np.count_nonzero(_window(layer, x))} inputs of {x.size}, and its error goes back "
        "to them through the filter (right)."
    )
    panels = [("x", x[0, ..., 0], ""), ("w", EDGE, "signed"), ("y", y, "signed")]
    return _images(caption, [*panels, ("back from y[1, 2]", back, "signed")])


def _window(layer: Any, x: Array) -> Array:
    """Return which inputs the first output sees."""
    return np.asarray(_net(layer, x).jacobian(x))[0, 0, 0, 0]


def seen_by(layers: Sequence[Any]) -> Array:
    """Return which inputs of a signal each output of these layers depends on, (outputs, inputs)."""
    net = bp.Network(list(layers), input_shape=(LENGTH, 1), seed=0)
    j = np.asarray(net.jacobian(np.ones((1, LENGTH, 1))))
    return j.reshape(-1, LENGTH) != 0


def _signal() -> Plot:
    """Draw which inputs each output sees, for strides, dilations and two layers."""
    plain_layer = Conv1d(filters=1, kernel_size=3)
    shown = {
        "kernel_size 3": [plain_layer],
        "stride 2": [Conv1d(filters=1, kernel_size=3, stride=2)],
        "dilation 2": [Conv1d(filters=1, kernel_size=3, dilation=2)],
        "two layers": [plain_layer, plain_layer],
    }

    def draw(figure: Figure) -> str:
        for axes, (title, layers) in zip(figure.subplots(2, 2).ravel(), shown.items(), strict=True):
            _lines_of_sight(axes, title, seen_by(layers))
        counts = {title: seen_by(layers) for title, layers in shown.items()}
        reach = {title: np.flatnonzero(each[0])[-1] + 1 for title, each in counts.items()}
        return (
            f"Which of {LENGTH} inputs (below) an output (above) sees, the second one in orange: 3 next to one "
            f"another; with stride 2 there are {len(counts['stride 2'])} outputs instead of "
            f"{len(counts['kernel_size 3'])}; with dilation 2 it reaches over {reach['dilation 2']} places, and "
            f"through two layers it sees {counts['two layers'][0].sum()}."
        )

    return drawn(draw, (5.2, 2.8))


def _lines_of_sight(axes: Axes, title: str, seen: Array) -> None:
    # An output stands above the middle of what it sees.
    middles = [np.flatnonzero(row).mean() for row in seen]
    for output, row in enumerate(seen):
        for place in np.flatnonzero(row):
            strong = output == 1
            colour, width = (DERIVATIVE, 1.6) if strong else (INK, 0.5)
            axes.plot([place, middles[output]], [0, 1], color=colour, linewidth=width, zorder=2 if strong else 1)
    axes.plot(range(seen.shape[1]), np.zeros(seen.shape[1]), "o", color=VALUE, markersize=5, zorder=3)
    axes.plot(middles, np.ones(len(seen)), "o", color=INK, markersize=5, zorder=3)
    axes.set(title=title, ylim=(-0.2, 1.2))
    axes.axis("off")
    axes.set_label(", ".join(f"{each}" for each in np.flatnonzero(seen[1])) + " seen by output 1")


def _depthwise() -> Plot:
    x = np.concatenate([_digit(), _digit()[:, ::-1]], axis=-1)
    layer = DepthwiseConv2d(kernel_size=3, bias=False)
    y = _made(layer, x, w=np.stack([EDGE, EDGE.T])[..., None])
    seen = np.count_nonzero(_window(layer, x))
    caption = (
        "Two channels, and what the filter of each finds in it: the first reads across, the second down. An output "
        f"sees {seen} inputs, all in its own channel; one of conv2d would see {2 * seen}."
    )
    panels = [("x, channel 0", x[0, ..., 0], ""), ("x, channel 1", x[0, ..., 1], "")]
    return _images(caption, [*panels, ("y, channel 0", y[..., 0], "signed"), ("y, channel 1", y[..., 1], "signed")])


def _put_down() -> Plot:
    x = np.zeros((1, 3, 3, 1))
    x[0, 0, 0], x[0, 2, 1] = 1, -0.5
    stamp = np.outer([1, 2, 1], [1, 2, 1]) / 4
    layer = Conv2dTranspose(filters=1, kernel_size=3, stride=2, bias=False)
    y = _made(layer, x, w=stamp[..., None, None])
    caption = (
        "With stride 2, every place of x puts the filter down two places farther, as strong as x is there: "
        f"{x[0].size} places become {y.size}."
    )
    return _images(caption, [("x", x[0, ..., 0], "signed"), ("w", stamp, "signed"), ("y", y[..., 0], "signed")])


def _pooled(layer: Any, caption: str) -> Plot:
    """Draw what a pool keeps of a digit, and where errors of 1 go back to."""
    x = _digit()
    y = _made(layer, x)
    back = _back(layer, x, np.ones(y.shape))[..., 0]
    said = caption.format(reached=np.count_nonzero(back), all=x.size, each=digits(back.max()))
    flat = y[..., 0] if y.ndim == 3 else y.reshape(1, 1)
    return _images(
        said,
        [
            ("x", x[0, ..., 0], ""),
            ("y" if flat.size > 1 else f"y = {digits(flat[0, 0])}", flat, ""),
            ("back: errors of 1", back, ""),
        ],
    )


def _enlarged() -> Plot:
    x = _made(AveragePool2d(kernel_size=2), _digit())[None]
    ways = ("nearest", "bilinear")
    made = {way: _made(Upsample2d(size=3, interpolation=way), x)[..., 0] for way in ways}
    back = _back(Upsample2d(size=3), x, np.ones((*made["nearest"].shape, 1)))
    caption = (
        "A small digit, and three times as large. Of errors of 1 everywhere each place of x gets "
        f"{digits(back.max())}: those of all places that were made of it."
    )
    return _images(caption, [("x", x[0, ..., 0], ""), *((way, y, "") for way, y in made.items())])


def _padded() -> Plot:
    x = _digit()
    y = _made(ZeroPad(padding=((1, 2), (0, 3))), x)
    rows, columns, _ = y.shape
    caption = (
        "padding=((1, 2), (0, 3)): one row of zeros above, two below, none on the left, three columns on the "
        f"right; 8 × 8 become {rows} × {columns}. Errors of the zeros go nowhere."
    )
    return _images(caption, [("x", x[0, ..., 0], ""), ("y", y[..., 0], "")])


def _images(caption: str, panels: Sequence[Panel]) -> Plot:
    """Draw images side by side, from white for 0 to blue for 1; `signed` ones in two colours, on their own scale."""

    def draw(figure: Figure) -> str:
        for axes, (title, values, kind) in zip(figure.subplots(1, len(panels)), panels, strict=True):
            largest = float(np.abs(values).max()) if kind else 1.0
            low, colours = (-largest, "coolwarm") if kind else (0.0, "Blues")
            axes.pcolormesh(values, cmap=colours, vmin=low, vmax=largest, edgecolors="#dddddd", linewidth=0.4)
            axes.set(title=title, aspect="equal", xticks=[], yticks=[])
            axes.invert_yaxis()
            rows, columns = values.shape
            ends = " to ".join(number(end, 2) for end in (values.min(), values.max()))
            axes.set_label(f"{rows} × {columns} places, from {ends}")
        return caption

    return drawn(draw, (1.35 * len(panels), 1.6))


_SIGNAL = np.array([[1.0], [3], [2], [5], [4], [0]])

PICTURES: dict[str, Callable[[], Plot]] = {
    "average_pool1d": lambda: both_ways(
        AveragePool1d(kernel_size=2),
        lambda y, errors: (
            f"Windows of two and their means, {', '.join(number(each) for each in y[:, 0])}; every entry gets half "
            f"of its window's error: {', '.join(number(each) for each in errors['x'][:, 0])}."
        ),
        _SIGNAL,
        error=[[2], [4], [6]],
    ),
    "average_pool2d": lambda: _pooled(
        AveragePool2d(kernel_size=2),
        "Windows of 2 × 2 and their means; of an error of 1 all four get the same, {each}.",
    ),
    "conv1d": _signal,
    "conv2d": _convolved,
    "conv2d_transpose": _put_down,
    "depthwise_conv2d": _depthwise,
    "flatten": lambda: both_ways(
        Flatten(),
        lambda y, errors: (
            f"Row by row the {y.size} entries become one vector, and its error goes back into the old shape."
        ),
        [[1, 2, 3], [4, 5, 6]],
    ),
    "global_average_pool": lambda: _pooled(
        GlobalAveragePool(), "One number for the whole channel; of its error all {all} places get 1/{all} = {each}."
    ),
    "global_max_pool": lambda: _pooled(
        GlobalMaxPool(),
        "The largest number of the channel; its whole error goes to the {reached} place that has it, of {all}.",
    ),
    "max_pool1d": lambda: both_ways(
        MaxPool1d(kernel_size=2),
        lambda y, errors: (
            f"The largest of each window, {', '.join(number(each) for each in y[:, 0])}; the whole error goes to the "
            f"entry that won, and nothing to the others: {', '.join(number(each) for each in errors['x'][:, 0])}."
        ),
        _SIGNAL,
        error=[[2], [4], [6]],
    ),
    "max_pool2d": lambda: _pooled(
        MaxPool2d(kernel_size=2),
        "Windows of 2 × 2 and their largest entries. Errors go to the entry that won, the first of equal ones: to "
        "{reached} of {all}.",
    ),
    "upsample2d": _enlarged,
    "zero_pad": _padded,
}
