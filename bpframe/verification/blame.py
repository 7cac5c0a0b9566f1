"""Which component of a network is at fault: every local Jacobian on the way, at the very values of a pass."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from bpframe.core.backprop.trace import Trace
from bpframe.core.component import Component
from bpframe.core.graph.graph import Graph, Node, Shape
from bpframe.core.graph.randomness import stream
from bpframe.measured.by_number import has_kink
from bpframe.measured.line import sizes
from bpframe.testing.checks.adjoint import paired
from bpframe.testing.checks.directions import compared_along
from bpframe.testing.diagnosis import diagnose, explained
from bpframe.testing.kit import check_component
from bpframe.testing.measuring import Block, by_rows, function_of, wrong_blocks
from bpframe.testing.point import Point
from bpframe.testing.probe import CostProbe, LayerProbe, Probe
from bpframe.testing.probing import AnyProbe
from bpframe.testing.shapes import shorter_shapes, taken
from bpframe.validation.plain_arrays import Array
from bpframe.verification.gradient_check import Fault

__all__ = ["find_faults", "nodes_after"]


#: Mistakes are looked for in so many examples at most, in Jacobians of so many columns at most.
EXAMPLES = 7
COLUMNS = 300

#: Besides the values of the pass, mistakes are looked for at random points of these scales.
SCALES = (1.0, 2.0)


def nodes_after(graph: Graph, names: Collection[str]) -> set[str]:
    """Return the nodes that the gradients of these parameters, by path, and inputs go through."""
    found: set[str] = set()
    for node in graph.nodes:
        paths = {node.parameter_path(name) for name in node.parameters}
        if paths & set(names) or any(source in found or source in names for source in node.sources):
            found.add(node.name)
    return found


def find_faults(trace: Trace, targets: Mapping[str, Array], training: bool, failed: Collection[str]) -> list[Fault]:
    """Return the components whose Jacobian is not what forward does, of those that wrong gradients go through.

    `failed` are the parameters, by path, and inputs whose gradient is wrong. The Jacobian of every node that theirs go
    through, and of the cost, is tried along random directions at the values that the node had in the pass, in the order
    of the graph; what fails is measured entry by entry, and the kit's diagnosis names the mistake. Where all are right,
    the nodes are held to the conformance kit.

    The trace and its arrays are float64. Random components draw other numbers than in the pass.
    """
    graph = trace.plan.graph
    between = nodes_after(graph, failed)
    places = [each for each in _places(trace, targets, training) if each.name in between or each.is_cost]
    for look in (_faults_of, _kit_faults):
        faults = [_with_victims(fault, graph, failed, place.is_cost) for place in places for fault in look(place)]
        if faults:
            return faults
    return []


@dataclass(frozen=True)
class _Place:
    """A component where it stands: its probe, and the point at which the pass met it."""

    name: str
    where: str
    component: Component
    shapes: tuple[Shape, ...]
    probe: AnyProbe
    point: Point
    is_cost: bool = False


def _places(trace: Trace, targets: Mapping[str, Array], training: bool) -> Iterator[_Place]:
    plan = trace.plan
    for step in plan.steps:
        node = step.node
        values = dict(zip(node.input_keys, (trace.slots[slot] for slot in step.input_slots), strict=True))
        integers = node.component.integer_inputs
        arrays = {key: array for key, array in values.items() if key not in integers} | {
            name: array.copy() for name, array in trace.slots[step.parameter_slot].items()
        }
        point = Point(
            arrays,
            {key: array for key, array in values.items() if key in integers},
            trace.slots[step.state_slot],
            training and node.trainable,
            trace.batch,
        )
        probe = LayerProbe(node.component, node.input_shapes)
        yield _Place(node.name, node.where, node.component, node.input_shapes, probe, point)
    for each in plan.costs:
        shape = plan.graph.shapes[each.output]
        words = ("y", *plan.graph.weight_words[each.output])
        given = {word: targets[key] for word, (key, _) in zip(words, each.given, strict=True)}
        point = Point({"a": trace.slots[each.value_slot]}, given, {}, training, trace.batch)
        yield _Place(each.output, each.where, each.cost, (shape,), CostProbe(each.cost, [shape]), point, True)


def _faults_of(place: _Place) -> Iterator[Fault]:
    """Yield a fault for every key whose Jacobian, or its transpose, is wrong."""
    for key in place.probe.shapes:
        rng = stream(0, "faults", place.name, key)
        wrong = _wrong_examples(place, key, rng)
        if wrong is not None:
            yield _diagnosed(place, key, wrong)
            continue
        fault = _transpose_fault(place, key, rng)
        if fault is not None:
            yield fault


def _wrong_examples(place: _Place, key: str, rng: np.random.Generator) -> Array | None:
    """Return which examples are wrong along random directions; None where none is."""
    array, alone = place.point.arrays[key], by_rows(place.probe, place.point, key)
    # Entries of very different sizes are seen where each is changed by its own.
    for size in (np.ones_like(array), sizes(array, alone)):
        direction: Array = np.asarray(rng.standard_normal(array.shape)) * size
        _, _, wrong = compared_along(place.probe, place.point, key, direction)
        if wrong.any():
            # No Jacobian is wrong on a kink, where the complex step takes one side.
            kinks = has_kink(function_of(place.probe, place.point, key), array, direction, alone)
            wrong = wrong & ~kinks
        if wrong.any():
            return np.asarray(wrong.reshape(len(wrong), -1).any(axis=1))
    return None


def _diagnosed(place: _Place, key: str, wrong: Array) -> Fault:
    """Measure the Jacobian entry by entry, at the pass's values where it is small, and look for the mistake."""
    probe, examples, training = place.probe, _chosen_examples(place, wrong), place.point.training
    blocks: list[Block] = []
    if _columns(probe, key, len(examples), training) <= COLUMNS:
        blocks += wrong_blocks(probe, [probe.rows(place.point, examples)], key)
    else:
        shorter = (each for _, each in taken(place.component, shorter_shapes(place.shapes)))
        small = next((each for each in shorter if _columns(each, key, EXAMPLES, training) <= COLUMNS), None)
        if small is None:
            return _fault(place, key, "too large to be measured entry by entry; wrong along random directions")
        probe, examples = small, list(range(EXAMPLES))
    drawn = [probe.sample(stream(0, "faults", f"{scale}"), EXAMPLES, scale, training) for scale in SCALES]
    blocks += wrong_blocks(probe, drawn, key)
    if not blocks:
        return _fault(place, key, "right at small sizes and wrong at these: a size may be written into it")
    cause = diagnose(probe, *blocks) or "no known mistake explains the numbers"
    return _fault(place, key, cause, ("worst", blocks[0].worst(probe, blocks[0].wrong, examples)))


def _transpose_fault(place: _Place, key: str, rng: np.random.Generator) -> Fault | None:
    """Hold Jᵀ u, which gradients are made of, against J v, which is right."""
    probe, point = place.probe, place.point
    operator = probe.operators(point)[key]
    u = rng.standard_normal((point.batch, *probe.output_shape))
    shared = key in probe.parameters
    v: Array = np.asarray(rng.standard_normal(point.arrays[key].shape))
    product = "sum_vjp" if shared else "vjp"
    pulled = operator.sum_vjp(u) if shared else operator.vjp(u)
    pushed = operator.shared_jvp(v, point.batch) if shared else operator.jvp(v)
    left, right, scale = paired(u, v, pushed, pulled)
    if abs(left - right) <= 1e-10 * scale + np.finfo(float).tiny:
        return None
    said = f"{product} is not the transpose of jvp, which is right"
    columns = math.prod(probe.shapes[key])
    if columns <= COLUMNS and not probe.couples(key, point.training):
        basis = np.eye(columns).reshape(columns, *probe.shapes[key])
        spread = basis if shared else np.broadcast_to(basis[:, None], (columns, *point.arrays[key].shape))
        rows = operator.shared_jvp(basis, point.batch) if shared else operator.jvp(np.ascontiguousarray(spread))
        axes = tuple(range(1 if shared else 2, rows.ndim))
        expected = (rows * u).sum(axis=axes)
        expected = expected.reshape(v.shape) if shared else np.moveaxis(expected, 0, 1).reshape(v.shape)
        ratio = _batch_ratio(pulled, expected, point.batch) if shared else None
        cause = ratio or explained(np.asarray(pulled), expected, product)
        said += f"; {cause.replace('measured/declared', f'right/{product}')}" if cause else ""
    return _fault(place, key, said, ("⟨u, J v⟩", f"{left:.9g}"), ("⟨Jᵀ u, v⟩", f"{right:.9g}"))


def _batch_ratio(pulled: Array, expected: Array, batch: int) -> str | None:
    """Tell a mean over the examples from their sum."""
    if batch > 1 and np.shape(pulled) == expected.shape and np.allclose(pulled * batch, expected, rtol=1e-9):
        return "it takes the mean over the examples; the core wants their sum and divides it itself"
    return None


def _kit_faults(place: _Place) -> Iterator[Fault]:
    """Yield what else the kit finds wrong with a component whose Jacobian is right at the values of the pass."""
    shapes, _ = next(taken(place.component, shorter_shapes(place.shapes)), (place.shapes, None))
    families = ("contract", "construction", "purity", "independence", "determinism", "dtype", "jacobian", "adjoint")
    report = check_component(place.component, shapes, only=families)
    for outcome in report.failed[:1]:
        rows = tuple(row for row in outcome.rows if row[0] == "worst")
        diagnosis = f": {outcome.diagnosis}" if outcome.diagnosis else ""
        yield Fault(place.name, place.where, "", f"fails its check {outcome.check}: {outcome.message}{diagnosis}", rows)


def _chosen_examples(place: _Place, wrong: Array) -> list[int]:
    """Return a few examples, the wrong ones first; all of them where they depend on one another."""
    if place.probe.couples_batch and place.point.training:
        return list(range(place.point.batch))
    order = [*np.flatnonzero(wrong), *np.flatnonzero(~wrong)]
    return sorted(int(i) for i in order[:EXAMPLES])


def _columns(probe: Probe, key: str, batch: int, training: bool) -> int:
    return math.prod(probe.shapes[key]) * (batch if probe.couples(key, training) else 1)


def _fault(place: _Place, key: str, diagnosis: str, *rows: tuple[str, str]) -> Fault:
    return Fault(place.name, place.where, key, diagnosis, rows)


def _with_victims(fault: Fault, graph: Graph, failed: Collection[str], is_cost: bool) -> Fault:
    """Add which of the failed gradients go through the Jacobian that the fault is in."""
    node = graph.by_name[fault.node] if fault.node in graph.by_name and not is_cost else None
    return replace(fault, explains=tuple(name for name in failed if _goes_through(graph, name, fault, node)))


def _goes_through(graph: Graph, name: str, fault: Fault, node: Node | None) -> bool:
    """Whether the gradient of a parameter or input goes through the Jacobian that a fault is in."""
    after = nodes_after(graph, [name])
    if node is None or not fault.key:
        return fault.node in after or fault.node == name
    if fault.key in node.parameters:
        return name == node.parameter_path(fault.key)
    source = dict(zip(node.input_keys, node.sources, strict=True))[fault.key]
    return source == name or source in after
