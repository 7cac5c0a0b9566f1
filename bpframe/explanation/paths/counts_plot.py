"""Why back-propagation, drawn: this network's multiplications by each way, and how they grow with depth and width."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bpframe.explanation.paths.growth import growth
from bpframe.explanation.paths.multiplications import Multiplications
from bpframe.training.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_counts"]

#: The sizes that growth is drawn at: of one the other stays the same.
DEPTHS, WIDTHS, SAME = range(1, 11), (1, 2, 4, 8, 16, 32, 64, 128), 4

#: The longest bar that can be drawn; longer ones are cut, and their labels say how long they are.
LONGEST = 10**200

#: The ways in the order in which they are drawn, by what they are called in counts, with a colour each.
WAYS = {
    "direct": ("written out", "C3"),
    "path_by_path": ("path by path", "C1"),
    "sweeps": ("forward, a sweep\nfor each weight", "C4"),
    "reaching": ("forward, without\nwhat is 0", "C0"),
    "reverse": ("back-propagation", "C2"),
}


def draw_counts(counts: Multiplications, direct: int | None) -> Figure:
    """Draw the multiplications of all derivatives, all on one logarithmic scale.

    To the left those of this network, with the `direct` ones of derivatives written out where they are known; then
    those of dense layers over the depth, and over the width.

    Errors: MissingExtra without matplotlib, which the extra `plot` installs.
    """
    figure = new_figure(11.0, 4.0)
    own, deeper, wider = figure.subplots(1, 3, sharey=True, width_ratios=(1.3, 1, 1))
    found = {"direct": direct, **{way: getattr(counts, way) for way in WAYS if way != "direct"}}
    shown = {way: float(min(count, LONGEST)) for way, count in found.items() if count}
    bars = own.bar([WAYS[way][0] for way in shown], list(shown.values()), color=[WAYS[way][1] for way in shown])
    own.bar_label(
        bars, [f"{count:,.0f}" if count < 1e6 else f"{Decimal(found[way] or 0):.1e}" for way, count in shown.items()]
    )
    own.tick_params("x", rotation=30)
    own.set_title(f"this network, {counts.weights:,} weights")
    own.set_ylabel("multiplications")
    own.set_yscale("log")
    own.margins(y=0.15)
    for axes, sizes, name in ((deeper, DEPTHS, "depth"), (wider, WIDTHS, "width")):
        points = [growth(SAME, size) if name == "depth" else growth(size, SAME) for size in sizes]
        for way, (label, colour) in WAYS.items():
            if way != "direct":
                heights = [float(getattr(point, way)) for point in points]
                axes.plot(list(sizes), heights, marker=".", color=colour, label=label.replace("\n", " "))
        axes.set_title(f"dense layers, {'width' if name == 'depth' else 'depth'} {SAME}")
        axes.set_xlabel(name)
        axes.grid(alpha=0.3)
    wider.set_xscale("log", base=2)
    deeper.legend(fontsize=8)
    return figure
