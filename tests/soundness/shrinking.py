"""Make a program that fails smaller, as long as it fails in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from .program import Node, Program

__all__ = ["shrunk"]

TANH = "bank.plain.Tanh()"


def shrunk(program: Program, fails: Callable[[Program], bool], most: int = 150) -> Program:
    """Return a smaller program that fails too, after `most` trials at most."""
    found, left = program, most
    progress = True
    while progress and left > 0:
        progress = False
        for smaller in _smaller(found):
            left -= 1
            if left <= 0:
                break
            if fails(smaller):
                found, progress = smaller, True
                break
    return found


def _smaller(program: Program) -> Iterator[Program]:
    steps = program.steps
    for half in (steps[: len(steps) // 2], steps[len(steps) // 2 :]):
        if 0 < len(half) < len(steps):
            yield replace(program, steps=half)
    for number in reversed(range(len(steps))):
        if len(steps) > 1:
            yield replace(program, steps=(*steps[:number], *steps[number + 1 :]))
    for number in range(len(program.nodes)):
        yield from _without(program, number)
    for name in program.outputs:
        if len(program.outputs) > 1 and len(program.costs.keys() - {name}) > 0:
            yield from _without_output(program, name)
    for name, made in program.costs.items():
        if len(program.costs) > 1:
            yield replace(program, costs={key: each for key, each in program.costs.items() if key != name})
        if made != "bank.QuadraticCost()":
            yield replace(program, costs={**program.costs, name: "bank.QuadraticCost()"})
    for number, node in enumerate(program.nodes):
        alike = len(node.sources) == 1 and program.shapes[node.sources[0]] == program.shapes[node.name]
        if alike and node.made != TANH and not node.share and not _is_shared(program, node):
            yield _with(program, number, replace(node, made=TANH))
    for number, step in enumerate(steps):
        for shorter in _shorter(step):
            yield replace(program, steps=(*steps[:number], shorter, *steps[number + 1 :]))


def _shorter(step: str) -> Iterator[str]:
    times = re.search(r"\* (\d+):", step)
    if times and int(times[1]) > 1:
        yield step.replace(times[0], f"* {int(times[1]) // 2}:")
    form = re.search(r"\b(copied|fortran|gaps|backwards|stretched|locked|single)\((x\[\w+\])\)", step)
    if form:
        yield step.replace(form[0], form[2])
    order = re.search(r"in \((\d+), (\d+, )*\d+\)", step)
    if order:
        yield step.replace(order[0], f"in ({order[1]},)")


def _with(program: Program, number: int, node: Node) -> Program:
    nodes = program.nodes
    return replace(program, nodes=(*nodes[:number], node, *nodes[number + 1 :]))


def _is_shared(program: Program, node: Node) -> bool:
    return any(each.share == node.name for each in program.nodes)


def _without(program: Program, number: int) -> Iterator[Program]:
    """Leave a node out: what read it reads its source."""
    node = program.nodes[number]
    if _is_shared(program, node):
        return
    for source in dict.fromkeys(node.sources):
        if program.shapes[source] != program.shapes[node.name] or source in program.outputs:
            continue
        if node.name in program.outputs and source in program.inputs:
            continue
        nodes = tuple(
            replace(each, sources=tuple(source if one == node.name else one for one in each.sources))
            for each in program.nodes
            if each is not node
        )
        outputs = tuple(source if one == node.name else one for one in program.outputs)
        costs = {source if one == node.name else one: made for one, made in program.costs.items()}
        yield replace(program, nodes=nodes, outputs=outputs, costs=costs)


def _without_output(program: Program, name: str) -> Iterator[Program]:
    """Leave an output out, and the nodes that only it needed."""
    outputs = tuple(each for each in program.outputs if each != name)
    costs = {key: each for key, each in program.costs.items() if key != name}
    needed = set(outputs)
    for node in reversed(program.nodes):
        if node.name in needed:
            needed |= {*node.sources, *([node.share] if node.share else [])}
    nodes = tuple(each for each in program.nodes if each.name in needed)
    inputs = {key: shape for key, shape in program.inputs.items() if key in needed}
    yield replace(program, nodes=nodes, outputs=outputs, costs=costs, inputs=inputs)
