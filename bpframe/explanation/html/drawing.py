"""The computational graph as SVG, lying for wide pages and standing for narrow ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bpframe.explanation.formula.numerals import in_words, printed
from bpframe.explanation.html.picture import COST, Picture, Unit
from bpframe.explanation.html.placing import Placed
from bpframe.explanation.nodes import ExplainedNode
from bpframe.explanation.sections import Sections
from bpframe.reports.web import attributes, escaped, without_controls
from bpframe.validation.plain_arrays import Array

__all__ = ["drawing", "short", "spoken"]

#: A drawing that stands is as wide as a telephone.
NARROW = 318

RADIUS = 26


@dataclass(frozen=True)
class Sizes:
    """`along` lies between columns, `across` between places; a unit is `width` by `height`, a circle where `round_`."""

    upright: bool
    round_: bool
    along: float
    across: float
    width: float
    height: float
    breadth: float

    def point(self, place: tuple[float, float]) -> tuple[float, float]:
        """Return where a place is on the sheet."""
        margin = (self.height if self.upright else self.width) / 2 + (34 if self.round_ else 14)
        u, v = margin + self.along * place[0], self.breadth / 2 + self.across * place[1]
        return (v, u) if self.upright else (u, v)


def drawing(explanation: Sections, picture: Picture, places: Placed, upright: bool) -> str:
    """Return the SVG, with all that is ever shown in it; a page hides what is not known yet."""
    sizes = _sizes(picture, places, upright)
    ends = [*places.at.values(), *(place for way in places.ways.values() for place in way)]
    points = [sizes.point(place) for place in ends]
    room = (sizes.width / 2 + (50 if sizes.round_ else 12), sizes.height / 2 + (34 if sizes.round_ else 24))
    left, top = (min(point[each] for point in points) - room[each] for each in (0, 1))
    width, height = (max(point[each] for point in points) + room[each] - (left, top)[each] for each in (0, 1))
    if upright and width < NARROW:
        left, width = left - (NARROW - width) / 2, NARROW
    lines = "".join(_edge(picture, places, sizes, ends, key) for ends, key in picture.edges.items())
    units = "".join(_unit(explanation, picture, places, sizes, unit) for unit in picture.units.values())
    kind = "upright" if upright else "lying"
    told = escaped(spoken(explanation))
    return (
        f'<svg class="graph {kind}" viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="group" aria-label="The computational graph"><desc>{told}</desc>'
        f"<g>{lines}</g><g>{units}</g></svg>"
    )


def spoken(explanation: Sections) -> str:
    """Return the graph in words."""
    told = [
        f"{node.name} ({node.kind})" + (f" reads {' and '.join(node.reads)}" if node.reads else "")
        for node in explanation.nodes[:40]
    ]
    rest = len(explanation.nodes) - len(told)
    return "; ".join(told) + (f"; and {rest} more" if rest > 0 else "") + "."


def short(number: float) -> str:
    """Return a number with three digits, for a drawing."""
    return printed(number, 3)


def _sizes(picture: Picture, places: Placed, upright: bool) -> Sizes:
    most = places.most
    if not picture.single:
        across = max(112.0, min(172.0, (NARROW - 4) / most)) if upright else 96.0
        width = across - 8 if upright else 160.0
        breadth = max(NARROW, across * most) if upright else across * most + 20
        return Sizes(upright, False, 104 if upright else 212, across, width, 76, breadth)
    round_ = most <= (2 if upright else 3) and _all_short(picture, 7, 4 if upright else 9)
    across = min(150.0, (NARROW - 4) / most) if upright else 118 if round_ else 70
    width = 2 * RADIUS if round_ else min(68, across - 6) if upright else 72
    breadth = NARROW if upright else across * (most - 1) + 130
    along = 116 if upright else 150
    return Sizes(upright, round_, along, across, width, 2 * RADIUS if round_ else 56, breadth)


def _all_short(picture: Picture, value: int, error: int) -> bool:
    """Whether no value and no error has more signs than have room in a circle, and beside it."""
    nodes = [node for unit in picture.units.values() for node in unit.nodes]
    values = (short(float(each)) for node in nodes for each in node.value.reshape(-1))
    errors = (short(float(each)) for node in nodes if node.error is not None for each in node.error.reshape(-1))
    return all(len(each) <= value for each in values) and all(len(each) <= error for each in errors)


def _edge(picture: Picture, places: Placed, sizes: Sizes, ends: tuple[str, str], key: str) -> str:
    way = [sizes.point(places.at[ends[0]]), *map(sizes.point, places.ways[key]), sizes.point(places.at[ends[1]])]
    path = f"M{way[0][0]:.0f} {way[0][1]:.0f}"
    for (x, y), (to_x, to_y) in pairwise(way):
        if len(way) == 2 and picture.single:
            path += f"L{to_x:.0f} {to_y:.0f}"
        elif sizes.upright:
            path += f"C{x:.0f} {(y + to_y) / 2:.0f} {to_x:.0f} {(y + to_y) / 2:.0f} {to_x:.0f} {to_y:.0f}"
        else:
            path += f"C{(x + to_x) / 2:.0f} {y:.0f} {(x + to_x) / 2:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"
    # Where edges leave one neuron their labels stand apart at the far end, where they arrive at one, at the near end.
    share = 0.33 if sizes.upright else 0.41
    x, y = (way[0][each] + share * (way[1][each] - way[0][each]) for each in (0, 1))
    number = picture.weights.get(key)
    written = number is not None and not picture.crowded
    label = _text("label", x, y + 5, short(number) if written and number is not None else "")
    chosen = ' tabindex="0" role="button" aria-pressed="false"' if written else ""
    kind = "edge weight" if number is not None else "edge"
    said = "" if number is None else f"<title>{escaped(picture.called[key])} = {short(number)}</title>"
    hit = f'<path class="hit" d="{path}"/>' if number is not None else ""
    return f'<g class="{kind}" data-key="{key}"{chosen}>{said}{hit}<path class="line" d="{path}"/>{label}</g>'


def _unit(explanation: Sections, picture: Picture, places: Placed, sizes: Sizes, unit: Unit) -> str:
    x, y = sizes.point(places.at[unit.key])
    width, height = sizes.width, sizes.height
    if unit.key == COST:
        return _cost(explanation, sizes, x, y)
    shape = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{RADIUS}"/>' if sizes.round_ else _rectangle(x, y, width, height)
    factor = (
        _text("factor", x + width / 2 + 4, y - height / 2 + 3, "") if len(unit.nodes) > 1 and picture.single else ""
    )
    inside = _neuron(explanation, unit, sizes, x, y) if picture.single else _box(unit, sizes, x, y)
    name = escaped(_said(unit))
    return (
        f'<g class="unit z a d" data-key="{unit.key}" tabindex="0" role="button" aria-label="{name}">'
        f"<title>{name}</title>{shape}{inside}{factor}</g>"
    )


def _cost(explanation: Sections, sizes: Sizes, x: float, y: float) -> str:
    width, height = 78.0, 44.0
    targets = [float(each) for array in explanation.targets.values() for each in np.asarray(array).reshape(-1)[:4]]
    told = f"y = {', '.join(map(short, targets))}" if len(targets) <= 2 else "y given"
    value = short(explanation.value)
    return (
        f'<g class="unit z a d" data-key="{COST}"><title>the cost, C = {value}</title>'
        f"{_rectangle(x, y, width, height)}"
        f'<text class="name" x="{x:.0f}" y="{y - 6:.0f}"><tspan class="letter">C</tspan></text>'
        f'<text class="value out" x="{x:.0f}" y="{y + 13:.0f}">{value}</text>'
        f'<text class="small" x="{x:.0f}" y="{y + height / 2 + 15:.0f}">{told}</text></g>'
    )


def _neuron(explanation: Sections, unit: Unit, sizes: Sizes, x: float, y: float) -> str:
    place = unit.place or 0
    first, output = unit.nodes[0], unit.output
    before, value = (float(node.value.reshape(-1)[place]) for node in (first, output))
    error = None if first.error is None else float(np.asarray(first.error).reshape(-1)[place])
    delta = "" if error is None else short(error)
    name = _name(output, place)
    half = sizes.width / 2
    if sizes.round_ and sizes.upright:
        return (
            _text("name end", x - half - 7, y + 5, name)
            + _values(before, value, unit, x, y + 5)
            + _text("error start", x + half + 7, y + 5, f"δ {delta}" if delta else "")
        )
    if sizes.round_:
        return (
            _text("name", x, y - half - 10, name)
            + _values(before, value, unit, x, y + 5)
            + _text("error", x, y + half + 18, f"δ {delta}" if delta else "")
        )
    return (
        _text("name tiny", x, y - 13, _name(output, place, int(sizes.width / 7)))
        + _values(before, value, unit, x, y + 6, "tight") + _text("error tight", x, y + 21, delta)
    )  # fmt: skip


def _values(before: float, value: float, unit: Unit, x: float, y: float, more: str = "") -> str:
    """Return a neuron's z, where it has one, which makes room for its a when that is known."""
    long = " long" if max(len(short(before)), len(short(value))) > 5 else ""
    told = _text(f"value out {more}{long}", x, y, short(value))
    return told if len(unit.nodes) == 1 else _text(f"value in {more}{long}", x, y, short(before)) + told


def _name(node: ExplainedNode, place: int, room: int = 14) -> str:
    """Return a neuron's letter with its layer and number, or a node's name with the place."""
    letter, sign, layer = node.symbol.partition("^")
    if sign and layer.isdecimal() and node.symbol != node.name:
        return (
            f'<tspan class="letter">{escaped(letter)}</tspan><tspan class="script" dy="-6">{layer}</tspan>'
            f'<tspan class="script" dy="11" dx="-{6 * len(layer)}">{place + 1}</tspan>'
        )
    index = "" if node.value.size == 1 else f"[{place}]"
    return escaped(_cut(node.name, room - len(index)) + index)


def _box(unit: Unit, sizes: Sizes, x: float, y: float) -> str:
    room = int(sizes.width / 8.4)
    if unit.left_out:
        return _text("name", x, y + 5, f"… {unit.left_out:,} more …")
    first, output = unit.nodes[0], unit.output
    kinds = " · ".join(dict.fromkeys(node.kind for node in unit.nodes))
    told = _text("name bold", x, y - 20, escaped(_ending(first.name, room)))
    told += _text("small", x, y - 5, escaped(_cut(kinds, room + 2)))
    told += _text("value out tight", x, y + 12, escaped(_cut(_range(output.value), room + 3)))
    delta = "" if first.error is None else f"δ {_range(np.asarray(first.error))}"
    return told + _text("error tight", x, y + 28, escaped(_cut(delta, room + 3)))


def _range(array: Array) -> str:
    """Return up to three numbers, of more the least and the largest."""
    if array.size <= 3:
        return ", ".join(short(float(each)) for each in array.reshape(-1))
    return f"{short(float(np.min(array)))} … {short(float(np.max(array)))}"


def _said(unit: Unit) -> str:
    """Return what a unit is and holds, in words."""
    if unit.left_out:
        return f"{unit.left_out} nodes that are not drawn"
    told = []
    for node in unit.nodes:
        place = "" if unit.place is None else f"[{unit.place}]"
        value = node.value.reshape(-1)
        number = _range(value) if unit.place is None else in_words(value[unit.place])
        told.append(f"{node.name}{place} ({node.kind}): {number}")
    first = unit.nodes[0]
    if first.error is not None:
        error = np.asarray(first.error).reshape(-1)
        told.append(f"error δ {_range(error) if unit.place is None else in_words(error[unit.place])}")
    return "; ".join(told)


def _rectangle(x: float, y: float, width: float, height: float) -> str:
    place = f'x="{x - width / 2:.0f}" y="{y - height / 2:.0f}"'
    return f'<rect {place} width="{width:.0f}" height="{height:.0f}" rx="9"/>'


def _text(kind: str, x: float, y: float, inner: str) -> str:
    return f'<text{attributes(class_=kind.strip())} x="{x:.0f}" y="{y:.0f}">{inner}</text>'


def _ending(name: str, most: int) -> str:
    """Return a name in so many signs: of a long one inside a block what stands behind its dots."""
    rest = name
    while len(rest) + 1 > most and "." in rest:
        rest = rest.partition(".")[2]
    return _cut(rest if rest == name else f"…{rest}", most)


def _cut(text: str, most: int) -> str:
    text = without_controls(text)
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"
