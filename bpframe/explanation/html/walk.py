"""The walk through an explanation, step by step: forward, backward, to the derivatives, and one step down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bpframe.explanation.elision import ends
from bpframe.explanation.html.picture import COST, Picture
from bpframe.explanation.line import Line
from bpframe.explanation.sections import Sections

__all__ = ["PHASES", "WalkStep", "shortened", "walk"]

Phase: TypeAlias = Literal["forward", "backward", "derivatives", "step"]

#: What each phase is called.
PHASES: dict[Phase, str] = {
    "forward": "Forward", "backward": "Backward", "derivatives": "Derivatives", "step": "One step down",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class WalkStep:
    """One line of the explanation, with what is known in the drawing from it on, and what it is about.

    `knows` has keys of units by what becomes known of them: z, a or d, the error. `lit` are keys of units and edges.
    """

    phase: Phase
    title: str
    line: Line
    knows: dict[str, list[str]]
    lit: list[str]


def walk(explanation: Sections, picture: Picture) -> list[WalkStep]:
    """Return all steps in the order of the work."""
    return list(_steps(explanation, picture))


def _steps(explanation: Sections, picture: Picture) -> Iterator[WalkStep]:
    forward, backward = explanation.forward, explanation.backward
    reads = {node.name: node.reads for node in explanation.nodes}
    for line in forward.lines:
        units = picture.of([line.node or ""])
        edges = picture.edges_into(units) if line.node in reads else []
        activation = any(unit.nodes[0].name != line.node for key, unit in picture.units.items() if key in units)
        knows = {"a": units} if activation or _alone(picture, units) else {"z": units}
        yield WalkStep("forward", f"The value of {line.node}", line, knows, units + ([] if activation else edges))
    if forward.whole is not None:
        yield WalkStep("forward", "The network in one equation", forward.whole, {}, [])
    for line in forward.costs:
        yield WalkStep("forward", "The cost", line, {"a": [COST]}, [COST, *picture.edges_into([COST])])
    for line in backward.errors:
        units = picture.of([line.node or ""])
        title = f"The error of {line.node}"
        yield WalkStep("backward", title, line, {"d": units}, units + _leaving(picture, units))
    layer_of = {each.weight: each.affine for each in explanation.layers}
    layer_of |= {each.bias: each.affine for each in explanation.layers if each.bias is not None}
    weights = {each.weight for each in explanation.layers}
    for phase, lines in (
        ("derivatives", backward.gradients),
        ("step", () if explanation.step is None else explanation.step.lines),
    ):
        for line in lines:
            owner = layer_of.get(line.node or "", (line.node or "").rpartition(".")[0])
            units = picture.of([owner])
            lit = units + (picture.edges_into(units) if line.node in weights else [])
            title = f"The derivative by {line.node}" if phase == "derivatives" else f"{line.node} after the step"
            yield WalkStep(phase, title, line, {}, lit)  # type: ignore[arg-type]


def _alone(picture: Picture, units: list[str]) -> bool:
    """Whether units stand for one node each, so that its value is all that becomes known."""
    return all(len(picture.units[key].nodes) == 1 or picture.units[key].left_out for key in units)


def _leaving(picture: Picture, units: list[str]) -> list[str]:
    return [key for (source, _), key in picture.edges.items() if source in units]


def shortened(steps: Sequence[WalkStep], most: int) -> tuple[list[WalkStep], int]:
    """Return the first and last steps of each phase, `most` in all, and how many were left out.

    What becomes known in a step that is left out is known from the next one on.
    """
    if len(steps) <= most:
        return list(steps), 0
    shown: set[int] = set()
    for phase in PHASES:
        first, _, last = ends([step for step in steps if step.phase == phase], max(2, most // len(PHASES)))
        shown.update(map(id, (*first, *last)))
    kept: list[WalkStep] = []
    waiting: dict[str, list[str]] = {}
    for step in steps:
        knows = step.knows
        if waiting:
            both = {key: [*waiting.get(key, []), *knows.get(key, [])] for key in (*waiting, *knows)}
            knows = {key: list(dict.fromkeys(units)) for key, units in both.items()}
        if id(step) in shown:
            kept.append(replace(step, knows=knows))
            waiting = {}
        else:
            waiting = knows
    return kept, len(steps) - len(kept)
