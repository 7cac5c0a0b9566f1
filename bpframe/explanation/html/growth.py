"""Why back-propagation, drawn: the multiplications of each way on this network, and how they grow with its size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from bpframe.explanation.formula.numerals import in_words, roughly
from bpframe.explanation.paths import Multiplications, growth
from bpframe.explanation.paths.counts_plot import DEPTHS, SAME, WAYS, WIDTHS
from bpframe.reports.web import apart, decades, escaped, power_of_ten

__all__ = ["growth_figures", "growth_sentence"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 230, 46, 126, 14, 28

#: What the ways are called beside their lines.
SHORT = {
    "path_by_path": "path by path", "sweeps": "sweeps", "reaching": "sweeps without 0", "reverse": "back-prop.",
}  # fmt: skip

#: What they are called where there is room.
NAMES = {way: name.replace("\n", " ") for way, (name, _) in WAYS.items()}


def growth_figures(counts: Multiplications, direct: int | None) -> str:
    """Return three pictures with logarithmic axes: this network, dense layers that get deeper, and that get wider."""
    found = {"direct": direct, **{way: getattr(counts, way) for way in SHORT}}
    figures = _bars(f"Multiplications of this network of {counts.weights:,} weights", found)
    for name, sizes, along in (("depth", DEPTHS, float), ("width", WIDTHS, math.log2)):
        points = {size: growth(SAME, size) if name == "depth" else growth(size, SAME) for size in sizes}
        lines = {way: [(size, int(getattr(point, way))) for size, point in points.items()] for way in SHORT}
        other = "width" if name == "depth" else "depth"
        figures += _lines(f"Multiplications of dense layers of {other} {SAME}, by {name}", name, lines, along)
    return f'<div class="growth">{figures}</div>'


def growth_sentence() -> str:
    """Return what the pictures measure of O(n), in a sentence."""
    points = [*(growth(SAME, depth) for depth in DEPTHS), *(growth(width, SAME) for width in WIDTHS)]
    weights = [point.weights for point in points]
    reverse = [point.reverse / point.weights for point in points]
    paths = [point.path_by_path / point.weights for point in points]
    return (
        f"Over these sizes, from {min(weights):,} weights to {max(weights):,}, back-propagation takes "
        f"{in_words(min(reverse), 2)} to {in_words(max(reverse), 2)} multiplications for each weight: its work grows "
        f"as the number of weights does, which is what O(n) says. Path by path it is {in_words(min(paths), 2)} to "
        f"{max(paths):,.0f}."
    )


def _bars(title: str, found: Mapping[str, int | None]) -> str:
    shown = {way: count for way, count in found.items() if count}
    low, high = decades(shown.values())
    low = min(low, 0)
    step = (HEIGHT - TOP - BOTTOM) / max(len(shown), 1)

    def along(logarithm: float) -> float:
        return (WIDTH - 24) * (logarithm - low) / (high - low)

    drawn = ""
    for number, (way, count) in enumerate(shown.items()):
        y, length = TOP + number * step, max(along(math.log10(count)), 2)
        drawn += (
            f'<text x="0" y="{y + 11:.1f}">{NAMES[way]}: {roughly(count, power_of_ten)}</text>'
            f'<rect class="way {way}" x="0" y="{y + 16:.1f}" width="{length:.1f}" height="{step - 24:.1f}"/>'
        )
    for power in range(low, high + 1, -(-(high - low) // 5)):
        kind = "tick" if power == low else "tick middle"
        drawn += f'<text class="{kind}" x="{along(power):.1f}" y="{HEIGHT - 8}">{power_of_ten(power)}</text>'
    told = "; ".join(f"{NAMES[way]} {roughly(count, power_of_ten)}" for way, count in shown.items())
    return _figure(title, f"{title}, on a logarithmic axis: {told}", drawn)


def _lines(
    title: str, name: str, lines: Mapping[str, Sequence[tuple[int, int]]], along: Callable[[float], float]
) -> str:
    low, high = decades(count for line in lines.values() for _, count in line)
    sizes = [size for size, _ in lines["reverse"]]
    first, last = along(sizes[0]), along(sizes[-1])
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT

    def place(size: int, count: int) -> tuple[float, float]:
        x = LEFT + (along(size) - first) / (last - first) * (right - LEFT)
        return x, bottom - (math.log10(count) - low) / (high - low) * (bottom - TOP)

    drawn = f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
    for power in range(low, high + 1, -(-(high - low) // 6)):
        y = place(sizes[0], 10**power)[1]
        drawn += f'<path class="rule" d="M{LEFT} {y:.1f}H{right}"/>'
        drawn += f'<text class="tick end" x="{LEFT - 6}" y="{y + 4:.1f}">{power_of_ten(power)}</text>'
    for size in (sizes[0], sizes[len(sizes) // 2], sizes[-1]):
        told = f"{name} {size}" if size == sizes[-1] else str(size)
        x = place(size, 10**low)[0]
        drawn += f'<text class="tick middle" x="{x:.1f}" y="{HEIGHT - 8}">{told}</text>'
    heights = apart({way: place(*line[-1])[1] + 4 for way, line in lines.items()}, 15, TOP, HEIGHT - 12)
    for way, line in lines.items():
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line))
        drawn += f'<polyline class="way {way}" points="{points}"/>'
        drawn += f'<text class="way {way}" x="{right + 6}" y="{heights[way]:.1f}">{SHORT[way]}</text>'
    ends = "; ".join(
        f"{NAMES[way]} from {roughly(line[0][1], power_of_ten)} to {roughly(line[-1][1], power_of_ten)}"
        for way, line in lines.items()
    )
    return _figure(title, f"{title} from {sizes[0]} to {sizes[-1]}, on a logarithmic axis: {ends}", drawn)


def _figure(title: str, told: str, drawn: str) -> str:
    return (
        f'<figure class="count"><figcaption>{escaped(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{escaped(told)}">{drawn}</svg></figure>'
    )
