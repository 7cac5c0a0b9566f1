"""The forward pass with its numbers: z^l = w^l a^{l−1} + b^l, a^l = σ(z^l), and the cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bpframe.core.graph.graph import Node
from bpframe.core.operators import IdentityMap
from bpframe.explanation.elision import ends
from bpframe.explanation.formula import (
    Applied,
    Atom,
    Call,
    Dots,
    Expression,
    Grid,
    HalfSquare,
    Minus,
    Plus,
    Symbol,
    Times,
)
from bpframe.explanation.formula.numerals import kept
from bpframe.explanation.line import Line
from bpframe.explanation.notation import Layer
from bpframe.explanation.worked import Worked
from bpframe.validation.plain_arrays import Array

__all__ = ["ForwardPass", "forward_pass", "written_out"]

#: A matrix of letters shows so many rows and columns, and eq. (2) so many factors.
LETTERS, FACTORS = 4, 8


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """`lines` of the nodes in order; `whole` is eq. (2), of a network without biases and activations.

    `weights` shows which letter stands for which number, eq. (3); `costs` the cost of each output, eq. (4), and where
    there are several, or penalties, their sum. `cost` is C.
    """

    weights: tuple[Line, ...]
    lines: tuple[Line, ...]
    whole: Line | None
    costs: tuple[Line, ...]
    cost: float


def forward_pass(worked: Worked) -> ForwardPass:
    """Write the forward pass down."""
    return ForwardPass(
        weights=tuple(_letters(worked)),
        lines=tuple(line for node in worked.graph.nodes for line in _lines(worked, node)),
        whole=_whole(worked),
        costs=tuple(_costs(worked)) if worked.has_cost else (),
        cost=worked.cost,
    )


def written_out(symbol: Symbol, shape: tuple[int, ...], whole: Expression) -> Grid:
    """Return the entries of a matrix or a column as letters, of large ones the corners."""
    places = [kept(length, LETTERS, LETTERS) for length in shape]
    if len(shape) == 1:
        column = [Dots(shape[0] - LETTERS + 1) if i is None else symbol.at(i + 1) for i in places[0]]
        return Grid(tuple((each,) for each in column), whole)
    left_out = shape[0] * shape[1]
    rows = tuple(
        tuple(Dots(left_out) if i is None or j is None else symbol.at(i + 1, j + 1) for j in places[1])
        for i in places[0]
    )
    return Grid(rows, whole)


def _letters(worked: Worked) -> Iterator[Line]:
    for layer in worked.notation.layers:
        symbol = worked.notation.parameters[layer.weight]
        array = worked.parameter(layer.weight)
        if symbol.layer == layer.number:  # one that is shared is shown once
            says = f"w^{layer.number}_jk is the weight from neuron k to neuron j: the parameter {layer.weight}"
            yield Line(
                "3", symbol, written_out(symbol, array.shape, symbol), {symbol: array}, array, says, layer.weight,
                layer.number,
            )  # fmt: skip


def _lines(worked: Worked, node: Node) -> Iterator[Line]:
    notation, value = worked.notation, worked.value(node.name)
    layer = notation.layer_of(node.name)
    if layer is None:
        yield _by_name(worked, node, value)
    elif layer.affine == node.name:
        yield _affine(worked, layer, value)
        if layer.activation is None and not notation.linear:
            a, z = Symbol("a", layer.number), Symbol("z", layer.number)
            yield Line("", a, z, {z: value}, value, "no activation follows", node.name, layer.number)
    else:
        a, z = notation.symbols[node.name], Symbol("z", layer.number)
        function = notation.functions[layer.number]
        is_identity = isinstance(next(iter(worked.jacobian(node).values())), IdentityMap)
        says = f"σ is {node.component.kind}" + (", which passes its input on" if is_identity else ", entry by entry")
        symbols = Applied(function, z)
        values: dict[Atom, Array] = {symbols: value}
        yield Line("", a, symbols, values, value, says, node.name, layer.number)


def _affine(worked: Worked, layer: Layer, value: Array) -> Line:
    notation = worked.notation
    weight, read = notation.parameters[layer.weight], notation.symbols[layer.reads]
    values: dict[Atom, Array] = {weight: worked.parameter(layer.weight), read: worked.value(layer.reads)}
    symbols: Expression = Times((weight, read))
    if layer.bias is not None:
        bias = notation.parameters[layer.bias]
        symbols, values[bias] = Plus((symbols, bias)), worked.parameter(layer.bias)
    left = notation.value(layer.affine)
    shared = (
        f", with the parameters of {worked.graph.by_name[layer.affine].owner}" if weight.layer != left.layer else ""
    )
    says = f"layer {layer.number}, the weighted input of its {_counted(layer.units, 'neuron')}{shared}"
    return Line("", left, symbols, values, value, says, layer.affine, layer.number)


def _by_name(worked: Worked, node: Node, value: Array) -> Line:
    notation = worked.notation
    symbols = Call(
        node.component.kind,
        tuple(notation.symbols[source] for source in node.sources),
        tuple(notation.parameters[node.parameter_path(name)] for name in node.parameters),
    )
    return Line("", notation.symbols[node.name], symbols, {symbols: value}, value, "", node.name)


def _whole(worked: Worked) -> Line | None:
    """Return eq. (2), where the network is a chain of layers without biases and activations."""
    notation = worked.notation
    layers = notation.layers
    if not notation.linear or len(worked.graph.nodes) != len(layers) or any(each.bias is not None for each in layers):
        return None
    if any(layer.reads != before.output for before, layer in pairwise(layers)):
        return None
    expression: Expression = notation.symbols[layers[0].reads]
    values: dict[Atom, Array] = {notation.symbols[layers[0].reads]: worked.value(layers[0].reads)}
    first, left_out, last = ends(layers, FACTORS)  # of thousands of factors, one within the other, nobody reads all
    for layer in first:
        weight = notation.parameters[layer.weight]
        expression, values[weight] = Times((weight, expression)), worked.parameter(layer.weight)
    if left_out:
        expression = Times((Dots(left_out), expression))
    for layer in last:
        weight = notation.parameters[layer.weight]
        expression, values[weight] = Times((weight, expression)), worked.parameter(layer.weight)
    output = layers[-1].output
    says = "the whole network: one product after another"
    return Line("2", notation.symbols[output], expression, values, worked.value(output), says, output)


def _costs(worked: Worked) -> Iterator[Line]:
    graph, notation, letter = worked.graph, worked.notation, worked.notation.cost
    penalty = worked.engine.penalties.cost(worked.trace.parameters.views)
    several = len(graph.cost) > 1 or bool(worked.engine.penalties)
    parts: list[Symbol] = []
    values: dict[Atom, Array] = {}
    for output, cost in graph.cost.items():
        a, y = notation.symbols[output], Symbol("y", of=output if len(graph.cost) > 1 else None)
        value, target = worked.value(output), worked.targets[output][0, ...]
        own = worked.parts[output]
        left = Symbol("C", of=output) if several else letter
        symbols: Expression = Call(cost.kind, (a, y))
        known: dict[Atom, Array] = {a: value.reshape(-1), y: target.reshape(-1)}
        tag, says = "", f"{cost.kind} of the output and the target y"
        if is_half_square(worked, output):
            symbols, tag = HalfSquare(Minus(y, a)), "4"
            says = "half the squared distance between the output and the target y"
        else:
            known = {symbols: own}  # type: ignore[dict-item]
        parts.append(left)
        values[left] = own
        yield Line(tag, left, symbols, known, own, says, output)
    if several:
        symbols = Plus(tuple(parts))
        if worked.engine.penalties:
            r = Symbol("R")
            symbols, values[r] = Plus((*parts, r)), np.asarray(penalty)
        says = "together" + (", with the penalties R of the parameters" if worked.engine.penalties else "")
        yield Line("", letter, symbols, values, np.asarray(worked.cost), says)


def is_half_square(worked: Worked, output: str) -> bool:
    """Whether an output's cost is that of eq. (4): its second derivative is the identity, its first a − y."""
    step = next(each for each in worked.trace.plan.costs if each.output == output)
    target, value = worked.targets[output][0, ...], worked.value(output)
    if step.hessian is None or target.shape != value.shape:
        return False
    hessian = step.hessian.function(*step.hessian.arguments(worked.trace.slots))
    difference = value - target
    half = 0.5 * float(np.sum(difference.astype(np.float64) ** 2))
    close = 1e3 * float(np.finfo(worked.trace.dtype).eps)
    return (
        isinstance(hessian, IdentityMap)
        and bool(np.allclose(worked.starts[output], difference, rtol=close, atol=0))
        and abs(half - float(worked.parts[output])) <= close * abs(half)
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
