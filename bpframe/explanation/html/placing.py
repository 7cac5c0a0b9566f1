"""Where units stand: in columns by how many lie before them, ordered so that few edges cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bpframe.explanation.html.picture import Picture

__all__ = ["Placed", "placed"]

#: How often columns are sorted by their neighbours, forth and back.
SWEEPS = 6


@dataclass(frozen=True)
class Placed:
    """`at` has (column, place across) of each unit; places are around 0, one apart.

    `ways` has for each edge the places that it passes between its ends, one in each column. `columns` counts columns,
    `most` the places in the longest one.
    """

    at: Mapping[str, tuple[int, float]]
    ways: Mapping[str, Sequence[tuple[int, float]]]
    columns: int
    most: int


def placed(picture: Picture) -> Placed:
    """Place the units of a picture: the layered drawing of Sugiyama, with a place for an edge in each column it passes.

    Source: K. Sugiyama, S. Tagawa, M. Toda, Methods for Visual Understanding of Hierarchical System Structures, 1981.
    """
    depth = _depths(picture)
    columns: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    cell = {key: unit.cell for key, unit in picture.units.items()}
    for key in picture.units:
        columns[depth[key]].append(key)
    joined: list[tuple[str, str]] = []
    passing: dict[str, list[str]] = {}
    for (source, target), edge in picture.edges.items():
        last = source
        passing[edge] = []
        for column in range(depth[source] + 1, depth[target]):
            between = f"{edge}@{column}"
            columns[column].append(between)
            cell[between] = between
            passing[edge].append(between)
            joined.append((last, between))
            last = between
        joined.append((last, target))
    _sort(columns, joined, cell)
    at = {
        key: (number, place - (len(column) - 1) / 2)
        for number, column in enumerate(columns)
        for place, key in enumerate(column)
    }
    ways = {edge: [at[each] for each in between] for edge, between in passing.items()}
    return Placed({key: at[key] for key in picture.units}, ways, len(columns), max(map(len, columns)))


def _depths(picture: Picture) -> dict[str, int]:
    """Return the column of each unit: the longest way to it, for all of a cell the same."""
    before: dict[str, set[str]] = {unit.cell: set() for unit in picture.units.values()}
    for source, target in picture.edges:
        before[picture.units[target].cell].add(picture.units[source].cell)
    column: dict[str, int] = {}
    for cell in before:  # cells come after those that they read
        column[cell] = max((column[each] + 1 for each in before[cell]), default=0)
    return {key: column[unit.cell] for key, unit in picture.units.items()}


def _sort(columns: list[list[str]], joined: list[tuple[str, str]], cell: Mapping[str, str]) -> None:
    """Sort each column by the middle of its neighbours in the column before, then in the one behind it."""
    left: dict[str, list[str]] = {}
    right: dict[str, list[str]] = {}
    for source, target in joined:
        left.setdefault(target, []).append(source)
        right.setdefault(source, []).append(target)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        order = range(1, len(columns)) if forth else range(len(columns) - 2, -1, -1)
        for number in order:
            column, neighbours = columns[number], columns[number - 1 if forth else number + 1]
            place = {key: each - (len(neighbours) - 1) / 2 for each, key in enumerate(neighbours)}
            by_cell: dict[str, list[float]] = {}
            for key in column:
                found = [place[each] for each in (left if forth else right).get(key, [])]
                by_cell.setdefault(cell[key], []).extend(found)
            middle = {each: sum(found) / len(found) if found else 0.0 for each, found in by_cell.items()}
            column.sort(key=lambda key: middle[cell[key]])
            _keep_together(column, cell)


def _keep_together(column: list[str], cell: Mapping[str, str]) -> None:
    """Put the neurons of a cell next to one another, in the place of the first."""
    cells = list(dict.fromkeys(cell[key] for key in column))
    column.sort(key=lambda key: cells.index(cell[key]))
