"""How the entries of a softmax share what there is."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from bpframe_activations import LogSoftmax, Softmax
from component_plots import DERIVATIVE, INK, VALUE, Plot
from matplotlib.figure import Figure

import bpframe as bp

__all__ = ["PICTURES"]

OTHERS = (2.0, 0.0)


def _shares(layer: Any, caption: str) -> Plot:
    first = np.linspace(-6, 8, 141)
    x = np.stack([first, *(np.full_like(first, each) for each in OTHERS)], axis=1)
    y = np.asarray(bp.Network([layer], input_shape=(3,)).predict(x))
    style: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9}
    style |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    with matplotlib.rc_context({**style, "font.family": "sans-serif"}):
        figure = Figure(figsize=(4.6, 2.7), layout="constrained")
        axes = figure.subplots()
        for place, (colour, line) in enumerate(zip((VALUE, DERIVATIVE, "#7cb342"), ("-", "--", "-."), strict=True)):
            axes.plot(first, y[:, place], line, color=colour, linewidth=1.8, label=f"a[{place}]")
        axes.grid(color=INK, alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("z[0]")
        axes.legend(frameon=False)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Plot(caption, text.getvalue())


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "log_softmax": lambda: _shares(
        LogSoftmax(), "z = (z[0], 2, 0): the largest is near 0, the others lie below it by as much as their scores do."
    ),
    "softmax": lambda: _shares(
        Softmax(), "z = (z[0], 2, 0): what the first gains the others lose, and the two keep their ratio, e² to 1."
    ),
}
