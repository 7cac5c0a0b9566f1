"""How large the errors of each layer were over the epochs, and how they flow back at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

from bpframe.categories import ErrorNorms
from bpframe.errors import BpframeError
from bpframe.reports.web import apart, decades, escaped, power_of_ten
from bpframe.runs.experiment import Experiment
from bpframe.runs.report.curves import short
from bpframe.training.history import History

__all__ = ["error_chart", "error_section"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 300, 64, 96, 16, 30

#: So many lines are drawn, so many epochs listed; labels at the lines' ends keep so far apart, and have so many signs.
LINES, LISTED, APART, SIGNS = 8, 10, 18, 10

Item = TypeVar("Item")

#: Each layer's error by epoch, from the output back.
Norms = Mapping[str, Sequence[tuple[int, float]]]


def error_section(experiment: Experiment) -> str:
    """Return the chart, its table and what stands out at the end; nothing where no error was measured."""
    history, network = experiment.history, experiment.network
    if history is None or not any(record.error_norms for record in history.epochs):
        return ""
    asked = next((each for each in experiment.training.callbacks if isinstance(each, ErrorNorms)), None)
    given = None if asked is None or asked.x is None or asked.y is None else (asked.x, asked.y)
    x, y = experiment.measured_examples if given is None else given
    count = len(next(iter(x.values())) if isinstance(x, dict) else x)
    told = (
        "‖δ‖ is the root mean square, over the examples, of ‖∂C/∂a‖, a being the layer's output, or the node's value. "
        f"It was measured after epochs at {count:,} {'of the training' if given is None else 'given'} examples, with "
        "training switched off."
    )
    try:
        flow = network.error_flow(x, y)
    except BpframeError as error:
        nodes = {name: name for record in history.epochs for name in record.error_norms}
        end = f"<p>At the end errors cannot be followed back: {escaped(error.problem)}.</p>"
    else:
        nodes = {each.name: each.node for each in flow.layers}
        end = _end(flow)
    norms = {
        name: [(record.epoch, record.error_norms[node]) for record in history.epochs if node in record.error_norms]
        for name, node in nodes.items()
    }
    return (
        f'<section class="errors"><h2>Errors by layer</h2><p class="soft">{told}</p>'
        f"{error_chart(norms)}{_numbers(norms, history)}{end}</section>"
    )


def _end(flow: Any) -> str:
    """Return how errors flow back with the parameters of the end, in words and numbers."""
    said = "".join(f"<p>{escaped(each[0].upper() + each[1:])}.</p>" for each in flow.says)
    head, *rows = flow.table()
    kept = [place for place in range(len(head)) if not place or any(row[place] for row in rows)]
    columns = "".join(f'<th scope="col">{escaped(head[place]) or "layer or node"}</th>' for place in kept)
    body = "".join(
        f'<tr><th scope="row">{escaped(row[0])}</th>'
        + "".join(f'<td class="count">{escaped(row[place])}</td>' for place in kept[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f"<h3>With the parameters of the end</h3>{said}"
        f'<div class="wide"><table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def error_chart(norms: Norms) -> str:
    """Return one line per layer on a logarithmic axis; of many layers some, with the first and the last.

    0 has no place on such an axis and stands below it, what is not finite above it; lines are broken there.
    """
    drawn = _some(norms)
    points = [point for line in drawn.values() for point in line]
    sizes = [norm for _, norm in points if 0 < norm < math.inf]
    low, high = decades(sizes)
    first, last = min(epoch for epoch, _ in points), max(epoch for epoch, _ in points)

    def place(epoch: int, norm: float) -> tuple[float, float]:
        share = (epoch - first) / (last - first) if last > first else 0.5
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        if not math.isfinite(norm):
            return x, TOP - 6
        if norm == 0:
            return x, HEIGHT - BOTTOM + 6
        return x, HEIGHT - BOTTOM - (math.log10(norm) - low) / (high - low) * (HEIGHT - BOTTOM - TOP)

    shades = len(drawn) - 1 or 1
    lines = "".join(
        f'<g class="layer d{round(8 * number / shades)}"><title>{escaped(name)}</title>{_line(line, place)}</g>'
        for number, (name, line) in enumerate(drawn.items())
    )
    heights = apart({name: place(*line[-1])[1] + 4 for name, line in drawn.items()}, APART, TOP, HEIGHT - 4)
    labels = "".join(
        f'<text class="layer d{round(8 * number / shades)}" x="{WIDTH - RIGHT + 8}" y="{heights[name]:.1f}">'
        f"{escaped(_cut(name))}</text>"
        for number, name in enumerate(drawn)
    )
    ends = "; ".join(f"{name} from {short(line[0][1])} to {short(line[-1][1])}" for name, line in drawn.items())
    told = escaped(f"Error norms over the epochs {first} to {last}, on a logarithmic axis: {ends}")
    notes = [f"{len(drawn)} of {len(norms)} are drawn"] if len(drawn) < len(norms) else []
    notes += ["a ring below the axis is an error of 0"] if any(norm == 0 for _, norm in points) else []
    notes += ["a cross above it one that is not finite"] if any(not math.isfinite(norm) for _, norm in points) else []
    note = f' <span class="soft">{", ".join(notes)}</span>' if notes else ""
    return (
        f'<figure><figcaption><b>‖δ‖ (logarithmic)</b>{note}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{told}">{_frame(low, high, first, last)}{lines}{labels}</svg></figure>'
    )


def _some(norms: Norms) -> Norms:
    """Return the layers that have a point, of many so many as are drawn."""
    return {name: norms[name] for name in _spread([name for name, line in norms.items() if line], LINES)}


def _spread(items: list[Item], most: int) -> list[Item]:
    """Return all, or of more than `most` so many, evenly spread, with the first and the last."""
    if len(items) <= most:
        return items
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def _line(line: Sequence[tuple[int, float]], place: Any) -> str:
    """Return what is finite and not 0 as lines, a point by itself as a dot, and marks for the rest."""
    found = ""
    for drawable, run in groupby(line, lambda point: 0 < point[1] < math.inf):
        places = [place(*point) for point in run]
        if not drawable:
            found += "".join(_mark(x, y) for x, y in places)
        elif len(places) == 1:
            found += f'<circle class="dot" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3"/>'
        else:
            found += f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
    return found


def _mark(x: float, y: float) -> str:
    if y > TOP:
        return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    return f'<path class="mark" d="M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6"/>'


def _frame(low: int, high: int, first: int, last: int) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    found = f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
    step = -(-(high - low) // 8)
    for power in range(high, low - 1, -step):
        y = bottom - (power - low) / (high - low) * (bottom - TOP)
        found += f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>'
        found += f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{power_of_ten(power)}</text>'
    found += f'<text x="{LEFT}" y="{HEIGHT - 6}">{first}</text>'
    return found + (f'<text class="end" x="{right}" y="{HEIGHT - 6}">epoch {last}</text>' if last > first else "")


def _numbers(norms: Norms, history: History) -> str:
    """Return the chart as a table: of many epochs some, with the first and the last."""
    epochs = _spread([record.epoch for record in history.epochs if record.error_norms], LISTED)
    head = "".join(f'<th scope="col">{epoch}</th>' for epoch in epochs)
    rows = ""
    for name, line in norms.items():
        told = {epoch: short(norm) for epoch, norm in line}
        cells = "".join(f'<td class="count">{told.get(epoch, "")}</td>' for epoch in epochs)
        rows += f'<tr><th scope="row">{escaped(name)}</th>{cells}</tr>'
    return (
        '<details><summary>The numbers</summary><div class="wide"><table><thead><tr><th scope="col">after epoch</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _cut(name: str) -> str:
    return name if len(name) <= SIGNS else f"…{name[1 - SIGNS :]}"
