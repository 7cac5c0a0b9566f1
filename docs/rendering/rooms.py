"""The rooms of bpframe: the picture in CONTRIBUTING.md as a drawing, and the docstrings of all, top floor to ground."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from shapes import escaped
from source_text import ROOT, docstring_of

__all__ = ["Floor", "Picture", "drawing", "picture_in", "rooms_text"]

#: The drawing's measures, in its own units: floors, boxes, and columns beside the floors' titles.
WIDTH, FLOOR, BOX, HEIGHT, TITLES, COLUMN = 960, 62, 124, 30, 270, 138

#: The columns of rooms, such that arrows have a free way down; a room without one takes the first that is free.
COLUMNS = {
    "cli": 2, "runs": 2, "curve_fitting": 4, "network.py": 3, "trainable": 1, "differentiable": 1, "verification": 2,
    "scaffold": 4, "testing": 2, "checkpoint": 3, "reports": 0, "documents": 3, "extend.py": 4, "training": 2,
    "plugins": 3, "data": 4, "derivatives": 1, "replay": 2, "categories": 3, "measured": 0, "core/backprop": 1,
    "core/graph": 1, "core/component": 1, "structures": 1, "core/operators": 1, "validation": 2, "machine": 0,
    "errors.py": 1, "examples": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Floor:
    """A floor: what stands on it, in words, and its rooms: their folders or files in `bpframe/`."""

    title: str
    rooms: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """Floors, top to ground, and arrows between rooms."""

    floors: tuple[Floor, ...]
    arrows: tuple[tuple[str, str], ...]


def picture_in(text: str) -> Picture:
    """Read the Mermaid diagram of a Markdown text: a subgraph for a floor, a node for a room."""
    diagram = re.search(r"^```mermaid\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    if diagram is None:
        raise LookupError("there is no Mermaid diagram")
    named: dict[str, str] = {}
    floors: list[Floor] = []
    arrows: list[tuple[str, str]] = []
    for line in map(str.strip, diagram[1].splitlines()[1:]):
        if found := re.fullmatch(r'subgraph \w+\["(.+)"\]', line):
            floors.append(Floor(found[1], ()))
        elif found := re.fullmatch(r'(\w+)\["(.+)"\]', line):
            named[found[1]] = found[2].rstrip("/")
            floors[-1] = Floor(floors[-1].title, (*floors[-1].rooms, named[found[1]]))
        elif found := re.fullmatch(r"(\w+) --> (\w+)", line):
            arrows.append((named[found[1]], named[found[2]]))
        elif line != "end":
            raise LookupError(f"the diagram holds a line that is no floor, room or arrow: {line}")
    return Picture(tuple(floors), tuple(arrows))


# The drawing ----------------------------------------------------------------------------------------------------------


def drawing(picture: Picture) -> str:
    """Return the picture as one SVG element; a room is a link to its heading on the page."""
    places = {
        room: (TITLES + COLUMN * (column + 0.5), FLOOR * (row + 0.5))
        for row, floor in enumerate(picture.floors)
        for room, column in _columns(floor).items()
    }
    height = FLOOR * len(picture.floors)
    parts = [
        f'<svg class="rooms" viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg">',
        "<title>The rooms of bpframe on their floors, and the main arrows between them</title>",
        '<defs><marker id="rooms-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>',
    ]
    for row, floor in enumerate(picture.floors):
        parts.append(f'<rect class="floor{row % 2}" x="0" y="{FLOOR * row}" width="{WIDTH}" height="{FLOOR}"/>')
        parts.append(f'<text class="title" x="12" y="{FLOOR * (row + 0.5) + 4:.0f}">{html.escape(floor.title)}</text>')
    parts += [_arrow(places[start], places[end]) for start, end in picture.arrows]
    for room, (x, y) in places.items():
        box = f'x="{x - BOX / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{BOX}" height="{HEIGHT}" rx="5"'
        name = f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle">{room}</text>'
        parts.append(f'<a href="#{anchor(room)}"><rect class="room" {box}/>{name}</a>')
    return "".join((*parts, "</svg>"))


def _columns(floor: Floor) -> dict[str, int]:
    taken = [COLUMNS[room] for room in floor.rooms if room in COLUMNS]
    free = (column for column in count() if column not in taken)
    return {room: COLUMNS[room] if room in COLUMNS else next(free) for room in floor.rooms}


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Go straight down as far as the gap above the end, and there across."""
    (x, y), (to_x, to_y) = (start[0], start[1] + HEIGHT / 2), (end[0], end[1] - HEIGHT / 2)
    gap, middle = to_y - (FLOOR - HEIGHT), to_y - (FLOOR - HEIGHT) / 2
    path = f"M{x:.0f},{y:.0f} V{gap:.0f} C{x:.0f},{middle:.0f} {to_x:.0f},{middle:.0f} {to_x:.0f},{to_y:.0f}"
    return f'<path class="arrow" d="{path}" marker-end="url(#rooms-tip)"/>'


def anchor(room: str) -> str:
    """Return the id of a room's heading."""
    return "room-" + re.sub(r"\W", "-", room)


# The rooms ------------------------------------------------------------------------------------------------------------


def rooms_text(picture: Picture, package: Path = ROOT / "bpframe") -> str:
    """Return a heading, a question and an answer for every room, with a line for each of its files."""
    parts: list[str] = []
    opened: set[str] = set()
    for floor in picture.floors:
        parts.append(f"## {floor.title[0].upper()}{floor.title[1:]}")
        for room in floor.rooms:
            outer = room.partition("/")[0]
            if outer not in (room, *opened):
                opened.add(outer)
                parts += _said(package / outer, package, 3)
            parts += _room(package / room, package, 3)
    return "\n\n".join(parts)


def _room(path: Path, package: Path, level: int) -> Iterator[str]:
    yield from _said(path, package, level)
    if not path.is_dir():
        return
    files = sorted(each for each in path.glob("*.py") if each.name != "__init__.py")
    if files:
        lines = {each.name: docstring_of(each).partition("\n")[0] for each in files}
        rows = [f"    - `{file}`: {escaped(line)}" for file, line in lines.items()]
        yield f'??? note "{len(files)} file{"s" * (len(files) != 1)}"\n\n' + "\n".join(rows)
    for inner in sorted(each.parent for each in path.glob("*/__init__.py")):
        yield from _room(inner, package, min(level + 1, 6))


def _said(path: Path, package: Path, level: int) -> Iterator[str]:
    """Yield a heading, the question and the answer."""
    name = path.relative_to(package).as_posix()
    source = path / "__init__.py" if path.is_dir() else path
    question, _, answer = docstring_of(source).partition("\n\n")
    yield f"{'#' * level} `bpframe/{name}{'/' if path.is_dir() else ''}` {{#{anchor(name)}}}"
    yield f"**{escaped(question)}**"
    if answer:
        yield escaped(answer)
