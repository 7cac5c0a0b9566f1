"""Which numbers a normalisation takes a mean and a variance of; which numbers dropout leaves out."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib
import numpy as np
from bpframe_regularisation import Dropout
from component_plots import INK, Plot
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

import bpframe as bp

__all__ = ["PICTURES"]

EXAMPLES, PLACES, CHANNELS = 2, 3, 4
COLOURS = ["#3f51b5", "#d84315", "#7cb342", "#fdd835", "#8e24aa", "#26a69a", "#8d6e63", "#ec407a"]


def _groups(group: Callable[[int, int, int], int]) -> np.ndarray:
    """Return the number of the group of each (example, place, channel)."""
    return np.array(
        [[[group(n, i, c) for c in range(CHANNELS)] for i in range(PLACES)] for n in range(EXAMPLES)], dtype=float
    )


def _normalised(of: str, group: Callable[[int, int, int], int]) -> Plot:
    caption = (
        f"{EXAMPLES} examples of {PLACES} places and {CHANNELS} channels: numbers of one colour share {of}, "
        "and with these alone their derivatives are coupled."
    )
    return Plot(caption, _cells(_groups(group), ListedColormap(COLOURS), len(COLOURS)))


def _dropped() -> Plot:
    net = bp.Network([Dropout(rate=0.5)], input_shape=(PLACES, CHANNELS), seed=3)
    y = net.trace(np.ones((EXAMPLES, PLACES, CHANNELS)), training=True)["dropout_1"]
    caption = "y of two examples x = 1 in training, rate 0.5: what is empty was left out, the others are 2."
    return Plot(caption, _cells(np.where(y > 0, 0.0, np.nan), ListedColormap(COLOURS), len(COLOURS)))


def _cells(values: np.ndarray, colours: ListedColormap, count: int) -> str:
    style = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9, "font.family": "sans-serif"}
    style |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(4.6, 2.0), layout="constrained")
        for n, axes in enumerate(figure.subplots(1, EXAMPLES)):
            axes.pcolormesh(values[n], cmap=colours, vmin=0, vmax=count - 1, edgecolors="white", linewidth=1.5)
            axes.set(title=f"example {n}", xlabel="channel", ylabel="place", aspect="equal")
            axes.set_xticks(np.arange(CHANNELS) + 0.5, range(CHANNELS))
            axes.set_yticks(np.arange(PLACES) + 0.5, range(PLACES))
            axes.invert_yaxis()
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return text.getvalue()


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "batch_norm": lambda: _normalised("a mean and a variance, over the whole batch", lambda n, i, c: c),
    "layer_norm": lambda: _normalised("a mean and a variance", lambda n, i, c: n * PLACES + i),
    "rms_norm": lambda: _normalised("a mean square", lambda n, i, c: n * PLACES + i),
    "group_norm": lambda: _normalised("a mean and a variance (2 groups)", lambda n, i, c: 2 * n + c // 2),
    "dropout": _dropped,
}
