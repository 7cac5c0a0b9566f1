"""From a network's description to its graph: every mistake in the wiring and the shapes is found here.

No array exists yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from bpframe.core.component import Activation, Block, Cost, Layer, Parameter, State, contract_of
from bpframe.core.component.domain import integers_of
from bpframe.core.component.parameter import checked_shape
from bpframe.core.graph.asking import ask_shape
from bpframe.core.graph.by_pattern import by_pattern
from bpframe.core.graph.description import NetworkSpec
from bpframe.core.graph.graph import Graph, InlinedBlock, Node, Shape, asked_words, batched
from bpframe.core.graph.inlining import level_of
from bpframe.core.graph.outputs import Part, parts_of
from bpframe.core.graph.wiring import Level, dangling, name_of, ordered
from bpframe.errors import ContractError, DuplicateNode, GraphError, ShapeMismatch
from bpframe.validation.intervals import Interval
from bpframe.validation.method_errors import method_errors

__all__ = ["build_graph"]

Owner = TypeVar("Owner", Node, InlinedBlock)


def build_graph(spec: NetworkSpec) -> Graph:
    """Check a network's description and put its nodes in order, with those of blocks in the blocks' place.

    Raises
    ------
    DuplicateNode, DanglingInput, CycleError, UnreachableNode, ShapeMismatch, GraphError, ContractError, SpecError

    """
    level = Level(spec.nodes, tuple(spec.inputs), spec.outputs, spec.places())
    building = _Building(spec.inputs)
    known = building.built(level, {each: each for each in spec.inputs})
    nodes = tuple(building.nodes.values())
    shapes = building.shapes
    outputs = tuple(known[output] for output in spec.outputs)
    if len(set(outputs)) != len(outputs):
        raise GraphError("an output is named twice", received=", ".join(spec.outputs))
    costs = {known[output]: cost for output, cost in spec.cost.items()}
    targets = {output: _cost_shape("target_shape", output, cost, shapes) for output, cost in costs.items()}
    weights = {
        output: _cost_shape("weight_shape", output, cost, shapes, targets[output])
        for output, cost in costs.items()
        if asked_words(cost)
    }
    integers = _integer_domains(spec, nodes)
    graph = Graph(dict(spec.inputs), integers, nodes, outputs, costs, targets, weights, building.blocks)
    _check_paths(graph)
    return by_pattern(graph, spec, building.untrained)


class _Building:
    """The graph so far: the shape of every value, nodes and blocks by their names in the network."""

    def __init__(self, inputs: Mapping[str, Shape]) -> None:
        self.shapes: dict[str, Shape] = {name: tuple(shape) for name, shape in inputs.items()}
        self.nodes: dict[str, Node] = {}
        self.blocks: dict[str, InlinedBlock] = {}
        self.untrained: set[str] = set()

    def built(self, level: Level, known: dict[str, str]) -> dict[str, str]:
        """Build a level's nodes. `known` says which value of the network a name stands for, and learns the nodes'."""
        for index in ordered(level):
            each = level.nodes[index]
            name = name_of(each)
            path = f"{level.path}{name}"
            self._check_free(path, level.places[index])
            sources = tuple(known[source] for source in each.inputs or ())
            if isinstance(each.component, Block):
                known[name] = self._block(each.component, level, index, path, sources)
                continue
            node = self._node(level, index, path, sources)
            known[name] = self._added(node)
            for output, part in node.outputs.items():
                own, place, contract = f"{path}.{output}", f"{node.place}.{output}", contract_of(Part)
                added = Node(own, place, part, contract, (path,), (node.output_shape,), part.shape, {}, own, {})
                known[f"{name}.{output}"] = self._added(added)
            if node.outputs:  # the bare name reads the first
                known[name] = f"{path}.{next(iter(node.outputs))}"
        return known

    def _block(self, block: Block, level: Level, index: int, path: str, sources: tuple[str, ...]) -> str:
        """Build a block's nodes; return the name of its output."""
        where = level.where(index)
        shapes = tuple(self.shapes[source] for source in sources)
        owner = self._shared(level, index, self.blocks)
        shared = None if owner is None else owner.name
        inner = level_of(block, path, level, index, shapes, self._read(sources), shared)
        before = len(self.nodes)
        known = self.built(inner, dict(zip(block.inputs, sources, strict=True)))
        names = tuple(self.nodes)[before:]
        if owner is not None:
            mine = [name.removeprefix(inner.path) for name in names]
            theirs = [name.removeprefix(f"{owner.name}.") for name in owner.nodes]
            if mine != theirs:
                raise GraphError(
                    f"{where} cannot share the parameters of '{owner.name}', whose nodes are others",
                    expected=", ".join(theirs),
                    received=", ".join(mine),
                )
        output = known[inner.outputs[0]]
        self.blocks[path] = InlinedBlock(
            path, level.places[index], block, sources, shapes, names, output, path if owner is None else owner.owner
        )
        return output

    def _check_free(self, path: str, place: str) -> None:
        if path in self.shapes or path in self.blocks:
            problem, hint = (
                f"{place}: the name '{path}' is taken",
                "a block or a node 'a' has its node or output 'b' at 'a.b'",
            )
            raise DuplicateNode(problem, expected="a name of its own for every node, also inside blocks", hint=hint)

    def _added(self, node: Node) -> str:
        self._check_free(node.name, node.place)
        self.nodes[node.name] = node
        self.shapes[node.name] = node.output_shape
        return node.name

    def _node(self, level: Level, index: int, path: str, sources: tuple[str, ...]) -> Node:
        each, where = level.nodes[index], level.where(index)
        component, contract = each.component, contract_of(type(each.component))
        shapes, read_from = tuple(self.shapes[source] for source in sources), self._read(sources)
        stated = ask_shape(component, "output_shape", shapes, where, read_from, default=shapes[0])
        if names := type(component).outputs:
            outputs = parts_of(names, stated, where)
            output_shape: Shape = (outputs[names[-1]].stop,)
        else:
            outputs, output_shape = {}, checked_shape(stated, f"{where}: output_shape")
        if isinstance(component, Activation) and output_shape != shapes[0]:
            problem = f"{where}: an activation's output has its input's shape; a Layer's may have another"
            raise ContractError(problem, expected=str(shapes[0]), received=f"output_shape {output_shape}")
        parameters = ask_shape(component, "parameters", shapes, where, read_from, default={})
        state = ask_shape(component, "initial_state", shapes, where, read_from, default={})
        _check_mapping(parameters, Parameter, f"{where}: parameters")
        _check_mapping(state, State, f"{where}: initial_state")
        for name in parameters:
            if "." in name or name in (contract.inputs or ()):
                raise ContractError(
                    f"{where}: a parameter cannot be called '{name}'", expected="a name that no input has"
                )
        owner = self._shared(level, index, self.nodes)
        if owner is not None:
            mine, theirs = ({name: one.shape for name, one in of.items()} for of in (parameters, owner.parameters))
            if mine != theirs:
                refused = f"{where} cannot share the parameters of '{owner.name}'"
                raise ShapeMismatch(refused, expected=str(theirs), received=str(mine))
        if not (level.trainable and each.trainable):
            self.untrained.add(path)
        return Node(
            path, level.places[index], component, contract, sources, shapes, output_shape,
            parameters, path if owner is None else owner.owner, state, outputs,
        )  # fmt: skip

    def _read(self, sources: tuple[str, ...]) -> str:
        return ", ".join(f"'{source}' {batched(self.shapes[source])}" for source in sources)

    def _shared(self, level: Level, index: int, built: Mapping[str, Owner]) -> Owner | None:
        """Return the node, or block, whose parameters this one uses: one that it names, or one of a shared block."""
        each, where = level.nodes[index], level.where(index)
        name = name_of(each)
        if level.shared is not None:
            path = shown = f"{level.shared}.{name}"
        elif each.share is not None:
            path, shown = f"{level.path}{each.share}", each.share
        else:
            return None
        refused = f"{where} cannot share the parameters of '{shown}'"
        others: dict[str, Layer] = {name_of(other): other.component for other in level.nodes if other is not each}
        found: Node | InlinedBlock | None = self.nodes.get(path) or self.blocks.get(path)
        given: Layer | None = found.component if found is not None else others.get(shown)
        if given is None:
            inside: list[str] = [each.removeprefix(level.path) for each in self.nodes if each.startswith(level.path)]
            raise dangling(f"{where} shares the parameters of '{shown}'", shown, dict.fromkeys([*others, *inside]))
        if type(given) is not type(each.component):
            raise GraphError(refused, expected=f"another {each.component.kind}", received=given.kind)
        if found is None:
            raise GraphError(
                f"{where} shares the parameters of '{shown}', which comes after it",
                hint=f"let '{shown}' share the parameters of '{name}' instead",
            )
        return built[path]


def _check_mapping(value: object, kind: type, what: str) -> None:
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) and isinstance(item, kind) for name, item in value.items()
    ):
        raise ContractError(
            f"{what} did not return a mapping", expected=f"names to {kind.__name__}(shape, ...)", received=repr(value)
        )


def _check_paths(graph: Graph) -> None:
    """Refuse a node that is named like a parameter: `wrt='dense_1.w'` would mean either."""
    for path in graph.parameters:
        if path in graph.shapes:
            owner, _, name = path.rpartition(".")
            hint = f"node '{owner}' has a parameter '{name}'"
            raise DuplicateNode(f"node '{path}' has the name of a parameter", expected="another name", hint=hint)


def _integer_domains(spec: NetworkSpec, nodes: tuple[Node, ...]) -> dict[str, Interval]:
    """Return the network inputs that hold integers, those that every reader takes as integers, and their values."""
    as_integers: dict[str, bool] = {}
    domains: dict[str, Interval] = {}
    for node in nodes:
        for key, source in zip(node.input_keys, node.sources, strict=True):
            wanted = key in node.component.integer_inputs
            if source in spec.inputs and as_integers.setdefault(source, wanted) != wanted:
                raise GraphError(
                    f"the input '{source}' is read as integers by one node and as floating-point numbers by another",
                    hint="give the network two inputs",
                )
            if not wanted:
                continue
            if source not in spec.inputs:
                raise GraphError(
                    f"{node.place} reads integers from '{source}', which computes floating-point numbers",
                    expected="an input of the network",
                    received=f"node '{source}'",
                )
            low, high = integers_of(node.component, key, node.input_keys)
            before = domains.get(source, (low, high))
            domains[source] = found = max(low, before[0]), min(high, before[1])
            if found[0] >= found[1]:
                raise GraphError(
                    f"no integer of the input '{source}' suits all nodes that read it",
                    expected=f"low <= n < high with ({low:g}, {high:g}), for {node.where}",
                    received=f"({before[0]:g}, {before[1]:g}), for the nodes before",
                    hint="give the network two inputs",
                )
    return domains


def _cost_shape(
    method: str, output: str, cost: Cost, shapes: Mapping[str, Shape], default: Shape | None = None
) -> Shape:
    """Return the feature shape of what a cost wants beside an output: of targets, or of weights."""
    methods, shape = contract_of(type(cost)).methods, shapes[output]
    if method not in methods:
        return shape if default is None else default
    where = f"the cost of '{output}' ({cost.kind})"
    with method_errors(where, method, f"'{output}' {batched(shape)}"):
        found = methods[method].call(getattr(cost, method), {"shape": shape})
    return checked_shape(found, f"{where}: {method}")
