"""How the tutorial calls a network's values: z^l, a^l, w^l, b^l, δ^l, where it has such layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.graph import Graph, Node
from bpframe.core.operators import Diagonal, IdentityMap, Matrix, WeightTimes
from bpframe.explanation.formula import Partial, Symbol
from bpframe.validation.plain_arrays import Array

__all__ = ["Layer", "Notation", "notation_of"]


@dataclass(frozen=True)
class Layer:
    """A layer as the tutorial numbers them, the input being layer 1: z = w·reads + b, and a = σ(z).

    `affine` and `activation` are nodes; without an activation a^l = z^l. `weight` and `bias` are paths of parameters,
    `reads` is the value that it starts from, `units` the number of its neurons.
    """

    number: int
    affine: str
    activation: str | None
    reads: str
    weight: str
    bias: str | None
    units: int

    @property
    def output(self) -> str:
        """The node whose value is a^l."""
        return self.affine if self.activation is None else self.activation


@dataclass(frozen=True)
class Notation:
    """The names of values and parameters in equations.

    `symbols` has one for every value, as those who read it call it, and `parameters` one for every parameter. Layers
    are found by what their local Jacobians are: a `Matrix` that is the weight, whose own Jacobian is `WeightTimes` the
    input, with an elementwise node behind it or not. There are none where two of them stand side by side.
    `cost` is the letter for what is differentiated: C, or the output itself.
    """

    layers: tuple[Layer, ...]
    symbols: Mapping[str, Symbol]
    parameters: Mapping[str, Symbol]
    cost: Symbol
    functions: Mapping[int, Symbol]

    @cached_property
    def linear(self) -> bool:
        """Whether no layer has an activation, so that δ^l is ∂C/∂a^l: eq. (13)."""
        return bool(self.layers) and all(each.activation is None for each in self.layers)

    @cached_property
    def by_affine(self) -> dict[str, Layer]:
        """The layer of each affine node."""
        return {each.affine: each for each in self.layers}

    @cached_property
    def by_activation(self) -> dict[str, Layer]:
        """The layer of each elementwise node that belongs to one."""
        return {each.activation: each for each in self.layers if each.activation is not None}

    def layer_of(self, name: str) -> Layer | None:
        """Return the layer that a node belongs to."""
        return self.by_affine.get(name) or self.by_activation.get(name)

    def value(self, name: str) -> Symbol:
        """Return what stands for a node's value where the node itself is spoken of: z^l for an affine node."""
        layer = self.by_affine.get(name)
        return self.symbols[name] if layer is None or self.linear else Symbol("z", layer.number)

    def error(self, name: str) -> Symbol | Partial:
        """Return what stands for ∂C/∂value: δ^l for an affine node, ∂C/∂a^l for its activation, else δ_name."""
        layer = self.by_affine.get(name)
        if layer is not None:
            return Symbol("δ", layer.number)
        if name in self.by_activation or not self.symbols[name].is_name:
            return Partial(self.cost, self.symbols[name])
        return Symbol("δ", of=name)

    @property
    def delta(self) -> str:
        """What δ means here, in words."""
        c = "C" if not self.cost.is_name else self.cost.base
        if not self.layers:
            return f"δ of a node is ∂{c}/∂value: how fast {c} grows with the node's value"
        named = any(symbol.is_name and self.layer_of(name) is None for name, symbol in self.symbols.items())
        others = f"; δ of a node with a name is ∂{c}/∂value" if named else ""
        if self.linear:
            return f"δ^l is ∂{c}/∂a^l, eq. (13): without activations z^l and a^l are the same{others}"
        return f"δ^l is ∂{c}/∂z^l, the error at the weighted input of layer l, as in BP1 to BP4{others}"


def notation_of(trace: Trace, cost: Symbol) -> Notation:
    """Return the notation of the network that a pass went through."""
    graph = trace.plan.graph
    layers = _layers(trace)
    symbols = {name: Symbol(name, is_name=True) for name in graph.shapes}
    if len(graph.inputs) == 1 and not graph.integer_inputs:
        symbols[next(iter(graph.inputs))] = Symbol("a", 1)
    parameters = {path: Symbol(path, is_name=True) for path in graph.all_parameters}
    for each in layers:
        symbols[each.output] = Symbol("a", each.number)
        if each.activation is not None:
            symbols[each.affine] = Symbol("z", each.number)
        owner = graph.by_name[each.affine].owner == each.affine
        if owner:
            parameters[each.weight] = Symbol("w", each.number)
            if each.bias is not None:
                parameters[each.bias] = Symbol("b", each.number)
    if cost.is_name and cost.base in symbols:
        cost = symbols[cost.base]
    kinds = {each.number: graph.by_name[each.activation].component.kind for each in layers if each.activation}
    same = len(set(kinds.values())) == 1
    functions = {number: Symbol("σ") if same else Symbol("σ", number) for number in kinds}
    return Notation(layers, symbols, parameters, cost, functions)


def _layers(trace: Trace) -> tuple[Layer, ...]:
    graph = trace.plan.graph
    readers = Counter(source for node in graph.nodes for source in node.sources)
    depth: dict[str, int] = dict.fromkeys(graph.inputs, 1)
    found: dict[str, Layer] = {}
    taken: set[str] = set()
    for node in graph.nodes:
        deepest = max((depth[source] for source in node.sources), default=1)
        affine = _affine(trace, node)
        depth[node.name] = deepest if affine is None else deepest + 1
        if affine is not None:
            weight, bias = affine
            found[node.name] = Layer(
                deepest + 1,
                node.name,
                None,
                node.sources[0],
                node.parameter_path(weight),
                None if bias is None else node.parameter_path(bias),
                node.output_shape[0],
            )
        elif len(node.sources) == 1 and (source := node.sources[0]) in found and source not in taken:
            layer = found[source]
            seen = readers[source] == 1 and source not in graph.outputs
            if seen and layer.activation is None and _is_elementwise(trace, node):
                found[source] = Layer(
                    layer.number, layer.affine, node.name, layer.reads, layer.weight, layer.bias, layer.units
                )
                taken.add(source)
    numbers = [each.number for each in found.values()]
    return tuple(found.values()) if len(set(numbers)) == len(numbers) else ()


def _affine(trace: Trace, node: Node) -> tuple[str, str | None] | None:
    """Return the names of a node's weight and bias where it computes w a + b of one input, a column."""
    if len(node.sources) != 1 or not 1 <= len(node.parameters) <= 2 or node.outputs or len(node.output_shape) != 1:
        return None
    jacobian = trace.jacobian(node.name)
    a, value = trace[node.sources[0]], trace[node.name]
    by_input = jacobian.get(node.input_keys[0])
    weights = [name for name in node.parameters if isinstance(jacobian.get(name), WeightTimes)]
    if not isinstance(by_input, Matrix) or len(weights) != 1 or a.ndim != 2:
        return None
    weight = weights[0]
    rest = [name for name in node.parameters if name != weight]
    parameters = {name: _parameter(trace, node.parameter_path(name)) for name in node.parameters}
    times: WeightTimes = jacobian[weight]  # type: ignore[assignment]
    if not (np.array_equal(by_input.w, parameters[weight]) and np.array_equal(times.a, a)):
        return None
    bias = rest[0] if rest else None
    expected = a @ parameters[weight].T
    if bias is not None:
        if parameters[bias].shape != node.output_shape or not _passes_on(jacobian[bias], value):
            return None
        expected = expected + parameters[bias]
    close = 100 * np.finfo(trace.dtype).eps
    size = np.abs(a) @ np.abs(parameters[weight]).T + np.abs(expected)
    return (weight, bias) if bool(np.all(np.abs(value - expected) <= close * size)) else None


def _passes_on(operator: object, value: Array) -> bool:
    """Whether a bias' Jacobian leaves an error as it is: BP3."""
    probe = np.zeros_like(value)
    probe[0] = np.arange(1, 1 + value.shape[1])
    return bool(np.array_equal(operator.sum_vjp(probe), probe[0]))  # type: ignore[attr-defined]


def _is_elementwise(trace: Trace, node: Node) -> bool:
    """Whether a node without parameters works entry by entry, as its one local Jacobian says."""
    if node.parameters or node.outputs:
        return False
    operator = trace.jacobian(node.name).get(node.input_keys[0])
    return isinstance(operator, Diagonal | IdentityMap) and node.input_shapes[0] == node.output_shape


def _parameter(trace: Trace, path: str) -> Array:
    found: Array | None = trace.parameters.views.get(path)
    return trace.workspace.frozen.views[path] if found is None else found


def parameters_of(graph: Graph, node: Node) -> tuple[str, ...]:
    """Return the paths of the parameters that a node uses."""
    return tuple(node.parameter_path(name) for name in node.parameters)
