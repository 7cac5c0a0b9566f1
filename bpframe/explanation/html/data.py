"""What a page's script knows: what becomes known in which step, and the graph of numbers that paths are read from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from bpframe.explanation.as_json import numbers
from bpframe.explanation.elision import ends
from bpframe.explanation.formula.numerals import count_as_data, in_full
from bpframe.explanation.html.equations import said
from bpframe.explanation.html.picture import COST, Picture
from bpframe.explanation.html.walk import WalkStep
from bpframe.explanation.paths.path_sums import derivatives_of, paths_to
from bpframe.explanation.paths.scalar_graph import ScalarGraph, Scalars
from bpframe.explanation.sections import Sections
from bpframe.reports.web import without_controls

__all__ = ["script_data"]

#: So many single weights can be chosen from a list, and of so many parameters the first and the last.
CHOICES, PARAMETERS = 600, 120


def script_data(explanation: Sections, picture: Picture, steps: Sequence[WalkStep]) -> dict[str, Any]:
    """Return data for JSON."""
    inputs = [key for key, unit in picture.units.items() if unit.nodes and unit.nodes[0].role == "input"]
    where = {
        key: number for number, step in enumerate(steps) if step.phase == "backward" for key in step.knows.get("d", ())
    }
    found: dict[str, Any] = {
        "steps": [
            {"phase": step.phase, "knows": step.knows, "lit": step.lit, "said": said(step.title, step.line)}
            for step in steps
        ],
        "inputs": inputs,
        "errors": where,
        "numbers": None,
        "parameters": [],
    }
    graph = explanation.paths.graph
    if picture.single and graph is not None:
        found["numbers"] = _numbers(picture, graph)
    else:
        found["parameters"] = _parameters(explanation, picture, graph)
    return found


def _numbers(picture: Picture, graph: ScalarGraph) -> dict[str, Any]:
    end = graph.size - 1
    units: list[str | None] = [None] * graph.size
    by_name = {group.name: group for group in graph.groups}
    for key, unit in picture.units.items():
        if key == COST:
            units[end] = key
        for node in unit.nodes:
            units[by_name[node.name].start + (unit.place or 0)] = key
    counts = paths_to(graph, end)
    choices = []
    for group in graph.groups:
        if group.kind not in ("parameter", "input"):
            continue
        for entry in range(group.start, group.stop):
            index = tuple(int(each) for each in np.unravel_index(entry - group.start, group.shape or (1,)))
            edges = picture.of_parameter.get((group.name, index), ())
            choices.append({"entry": entry, "edges": edges, "paths": str(count_as_data(counts[entry]))})
    return {
        "end": end,
        "names": [_name(group, place) for group in graph.groups for place in range(group.stop - group.start)],
        "edges": [[source, target, numbers(number)] for source, target, number in graph.edges],
        "slopes": [numbers(each) for each in derivatives_of(graph, end)],
        "units": units,
        "ways": {f"{source}>{target}": key for (source, target), key in picture.edges.items()},
        "choices": choices[:CHOICES],
    }


def _name(group: Scalars, place: int) -> list[Any]:
    """Return a number's name in parts: the letter or name, the layer, the indices, and whether it is a name."""
    shape = group.shape
    index = [int(each) for each in np.unravel_index(place, shape)] if shape else []
    letter = re.fullmatch(r"(\w)\^(\d+)", group.letter or "")
    if group.kind == "cost":
        return ["C", "", "", False]
    if letter is None:
        told = "" if group.stop - group.start == 1 else ",".join(map(str, index))
        return [without_controls(group.name), "", told, True]
    return [
        letter[1],
        letter[2],
        ("," if max(shape, default=0) > 9 else "").join(str(each + 1) for each in index),
        False,
    ]


def _parameters(explanation: Sections, picture: Picture, graph: ScalarGraph | None) -> list[dict[str, Any]]:
    """Return how many paths lead from each parameter, and all that lies on them."""
    counts = None if graph is None else paths_to(graph, graph.size - 1)
    groups = {} if graph is None else {group.name: group for group in graph.groups}
    owners: dict[str, list[str]] = {}
    for key, unit in picture.units.items():
        for node in unit.nodes:
            for jacobian in node.jacobians:
                if jacobian.kind == "parameter":
                    owners.setdefault(jacobian.of, []).append(key)
    end = "C" if picture.has_cost else without_controls(explanation.differentiated)
    found: list[dict[str, Any]] = []
    lit: dict[tuple[str, ...], list[str]] = {}
    first, _, last = ends([part for part in explanation.gradient.parts if part.kind == "parameter"], PARAMETERS)
    for part in (*first, *last):
        size = part.value.size
        told = f"{size:,} number{'s' * (size != 1)}"
        if counts is not None and size:
            group = groups[part.name]
            own = counts[group.start : group.stop]
            least, most = min(own), max(own)
            each = f"{in_full(least)}" if least == most else f"{in_full(least)} to {in_full(most)}"
            told += f", and from each of them {each} path{'s' * (most != 1)} to {end}: {in_full(sum(own))} together"
        units = tuple(owners[part.name])
        if units not in lit:
            lit[units] = _downstream(picture, units)
        found.append({"name": without_controls(part.name), "told": told, "lit": lit[units]})
    return found


def _downstream(picture: Picture, units: Sequence[str]) -> list[str]:
    """Return the units that come after some, with these, and the edges on the way."""
    reached, edges = set(units), []
    for key in picture.units:  # in an order in which each comes after those that it reads
        own = [edge for (source, target), edge in picture.edges.items() if target == key and source in reached]
        if own:
            reached.add(key)
            edges += own
    return [*sorted(reached), *edges]
