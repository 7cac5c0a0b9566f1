"""What all plots of the gallery are drawn with: one style, lines, tables of numbers, and words for what is seen."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from line_art import number
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["DERIVATIVE", "INK", "LINES", "THIRD", "VALUE", "Plot", "cells", "digits", "drawn", "lines", "plain"]

#: Lines and text, the value, the derivative, what is beside them. The style sheet inverts drawings in the dark scheme.
INK, VALUE, DERIVATIVE, THIRD = "#444444", "#3f51b5", "#d84315", "#2e7d32"
LINES = ((VALUE, "-"), (DERIVATIVE, "--"), (THIRD, "-."), ("#8e24aa", ":"))

# Text stays text, in the reader's own font.
_STYLE: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9, "axes.titlesize": 9}
_STYLE |= {"font.family": "sans-serif", "legend.frameon": False, "legend.fontsize": 8}
_STYLE |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)


#: How many pixels of the page an inch takes.
PIXELS = 112


@dataclass(frozen=True)
class Plot:
    """What one should remember of a picture, the picture as SVG text, and what is seen in it, in words."""

    caption: str
    svg: str
    seen: str
    width: int  #: In pixels of the page: all plots have letters of one size.


def drawn(draw: Callable[[Figure], str], size: tuple[float, float] = (4.6, 2.7)) -> Plot:
    """Return a plot of that size in inches; `draw` fills the figure and returns the caption."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        caption = draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    return Plot(
        caption, _numbered(text.getvalue()), "; ".join(filter(None, map(_words, panels))), round(size[0] * PIXELS)
    )


def _numbered(svg: str) -> str:
    """Number the frames that lines end at: Matplotlib names each by its place, whose last bit layouts leave open.

    Equal drawings then have equal bytes.
    """
    known: dict[str, str] = {}
    return re.sub(r'(?<=["#])p[0-9a-f]{10}(?=[")])', lambda found: known.setdefault(found[0], f"p{len(known)}"), svg)


def _words(axes: Axes) -> str:
    """Say what a panel shows: its title, what runs along and up, and the names of its lines."""
    parts = [axes.get_title() + (f": {axes.get_label()}" if axes.get_label() else "")]
    if axes.get_xlabel():
        low, high = (digits(end) for end in axes.get_xlim())
        ticks = len(axes.get_xticks()) > 1 and axes.xaxis.get_scale() == "linear"
        parts.append(f"{axes.get_ylabel()} over {axes.get_xlabel()}".strip() + f" from {low} to {high}" * ticks)
    names = [name for name in axes.get_legend_handles_labels()[1] if name]
    parts.append(f"lines: {', '.join(names)}" if names else "")
    return ", ".join(filter(None, parts))


def plain(axes: Axes, along: str = "", up: str = "", title: str = "") -> None:
    """Take what is no data from a panel, and name its axes."""
    axes.grid(color=INK, alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(xlabel=along, ylabel=up, title=title)


def lines(
    axes: Axes, x: Any, curves: Mapping[str, Any], along: str = "", up: str = "", title: str = "", legend: bool = True
) -> None:
    """Draw curves by name over the same x, each in its own colour and dashes."""
    for (name, y), (colour, dashes) in zip(curves.items(), LINES, strict=False):
        axes.plot(x, y, dashes, color=colour, linewidth=1.8, label=name)
    plain(axes, along, up, title)
    if legend and len(curves) > 1:
        axes.legend()


def cells(
    axes: Axes,
    values: Any,
    title: str = "",
    places: int = 1,
    marked: Sequence[tuple[int, int]] = (),
    whole: bool = False,
) -> None:
    """Draw a table of numbers: blue positive, orange negative, the stronger the larger; `marked` ones have a frame.

    `whole` numbers are written where they are 0, too.
    """
    table = np.atleast_2d(np.asarray(values, float))
    table = table.reshape(-1, table.shape[-1])
    largest = np.nanmax(np.abs(table), initial=0) or 1
    for (row, column), entry in np.ndenumerate(table):
        if np.isnan(entry):
            continue
        strength = 0.08 + 0.6 * abs(entry) / largest if entry else 0.03
        face = (*matplotlib.colors.to_rgb(VALUE if entry >= 0 else DERIVATIVE), strength)
        box = matplotlib.patches.Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, facecolor=face)
        axes.add_patch(box)
        if (row, column) in marked:
            box.set(edgecolor=INK, linewidth=1.4)
        if entry or whole:
            axes.text(column, row, number(entry, places), ha="center", va="center", fontsize=8)
    rows, columns = table.shape
    axes.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6), aspect="equal", title=title, anchor="N")
    axes.axis("off")
    # What a screen reader is told; Matplotlib draws no label of axes.
    axes.set_label(
        "; ".join(", ".join("none" if np.isnan(each) else number(each, places) for each in row) for row in table)
    )


def digits(value: float, count: int = 2) -> str:
    """Write a number with so many digits that count, as one would say it."""
    text = f"{value:,.0f}" if 10**count <= abs(value) < 1e5 else f"{value:.{count}g}"
    mantissa, _, power = text.partition("e")
    if power:
        raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        text = f"{'' if mantissa == '1' else mantissa + ' · '}10{raised}"
    return text.replace("-", "−")
