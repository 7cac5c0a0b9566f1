"""Costs and metrics over the epochs as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from bpframe.reports.web import escaped
from bpframe.training.history import EpochRecord, History

__all__ = ["charts", "short"]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 240, 64, 28, 12

#: A scale is logarithmic where the largest number is so many times the smallest.
DECADES = 30.0

#: So many points of a line are drawn.
POINTS = 1000

Line = Sequence[tuple[int, float]]


def charts(history: History) -> str:
    """Return one chart for the costs, one for each metric, and one for each figure that an optimizer reports."""
    groups: dict[str, dict[str, Line]] = {
        "cost": {
            "training": _line(history, "cost"),
            "validation": _line(history, "validation_cost"),
            "penalty": _line(history, "penalty"),
        }
    }
    metrics = dict.fromkeys(name.removeprefix("validation_") for record in history.epochs for name in record.metrics)
    for name in ("accuracy", *metrics):
        groups[name] = {"training": _line(history, name), "validation": _line(history, f"validation_{name}")}
    for name in dict.fromkeys(name for record in history.epochs for name in record.figures):
        groups.setdefault(name, {})["value"] = _line(history, name)
    found = (_chart(name, {each: line for each, line in lines.items() if line}) for name, lines in groups.items())
    return "".join(each for each in found if each)


def _line(history: History, name: str) -> Line:
    points = [(record.epoch, value) for record in history.epochs if (value := _value(record, name)) is not None]
    step = -(-len(points) // POINTS)
    return points[::step] if step > 1 else points


def _value(record: EpochRecord, name: str) -> float | None:
    """Return a quantity of an epoch where it is one finite number."""
    own = name in EpochRecord.model_fields and name not in ("metrics", "figures", "error_norms")
    found = getattr(record, name) if own else {**record.figures, **record.metrics}.get(name)
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else None


def _chart(name: str, lines: Mapping[str, Line]) -> str:
    if not lines:
        return ""
    numbers = [value for line in lines.values() for _, value in line]
    epochs = [epoch for line in lines.values() for epoch, _ in line]
    low, high, first, last = min(numbers), max(numbers), min(epochs), max(epochs)
    decades = low > 0 and high / low > DECADES

    def place(epoch: int, value: float) -> str:
        share = (epoch - first) / (last - first) if last > first else 0.5
        a, b, c = (math.log(each) if decades else each for each in (low, value, high))
        height = (b - a) / (c - a) if c > a else 0.5
        return f"{LEFT + share * (WIDTH - LEFT - 12):.1f},{HEIGHT - BOTTOM - height * (HEIGHT - BOTTOM - TOP):.1f}"

    drawn = "".join(
        f'<polyline class="curve {kind}" points="{" ".join(place(*point) for point in line)}"/>'
        + ("" if len(line) > 1 else _dot(kind, place(*line[0])))
        for kind, line in lines.items()
    )
    ends = ", ".join(f"{kind} {line[-1][1]:.4g}" for kind, line in lines.items())
    key = " ".join(f'<span class="key {kind}">{kind} {line[-1][1]:.4g}</span>' for kind, line in lines.items())
    told = escaped(f"{name.replace('_', ' ')} over the epochs {first} to {last}; at the end {ends}")
    title = escaped(name.replace("_", " ") + (" (logarithmic)" if decades else ""))
    return (
        f'<figure><figcaption><b>{title}</b> {key}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{told}">{"".join(_frame(low, high, first, last))}{drawn}</svg></figure>'
    )


def _dot(kind: str, place: str) -> str:
    x, y = place.split(",")
    return f'<circle class="dot {kind}" cx="{x}" cy="{y}" r="4"/>'


def _frame(low: float, high: float, first: int, last: int) -> Iterator[str]:
    bottom = HEIGHT - BOTTOM
    yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{WIDTH - 12}"/>'
    yield f'<text class="end" x="{LEFT - 6}" y="{bottom}">{short(low)}</text>'
    if high > low:
        yield f'<text class="end" x="{LEFT - 6}" y="{TOP + 8}">{short(high)}</text>'
    yield f'<text x="{LEFT}" y="{HEIGHT - 8}">{first}</text>'
    if last > first:
        yield f'<text class="end" x="{WIDTH - 12}" y="{HEIGHT - 8}">epoch {last}</text>'


def short(number: float) -> str:
    """Return a number as charts write it: three digits, and a minus as wide as a plus."""
    return f"{number:.3g}".replace("-", "−")
