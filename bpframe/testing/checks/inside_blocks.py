"""What must hold of a block beside what holds of any layer: its nodes, and the network that they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.graph import Graph
from bpframe.core.graph.outputs import Part
from bpframe.derivatives.first_order.spaces import Space, Wrt
from bpframe.derivatives.first_order.vjp import input_vjp, parameter_vjp
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.derivatives.second_order.hvp import HessianProduct
from bpframe.errors import DerivativeError
from bpframe.measured.by_number import measured_along
from bpframe.testing.block_probe import BlockProbe
from bpframe.testing.checks.base import Check, Failure, Setting, Skipped
from bpframe.testing.checks.drafts import draft_checks
from bpframe.testing.checks.entries import entry_checks
from bpframe.testing.point import Point
from bpframe.validation.plain_arrays import Array

__all__ = ["block_checks"]

BATCH = 3

#: Points are normal numbers of these scales, and so many single entries of each gradient are looked at.
SCALES = (0.3, 1.0)
ENTRIES = 6


def block_checks(setting: Setting) -> list[Check]:
    """Return the checks of a block's nodes; the other families look at the block as at any layer."""
    probe = setting.probe
    if not isinstance(probe, BlockProbe):
        return []
    checks = [Check("nodes", partial(_nodes, setting, probe))]
    seen: list[tuple[object, object]] = []
    for node in probe.graph.nodes:
        if isinstance(node.component, Part) or (node.component, node.input_shapes) in seen:
            continue
        seen.append((node.component, node.input_shapes))
        name = node.name.removeprefix(f"{probe.NAME}.")
        inner = partial(Setting, node.component, node.input_shapes, setting.seed)
        checks.append(Check(f"inside[{name}]", partial(_inside, inner, name)))
    checks.append(Check("gradient", partial(_gradient, setting, probe)))
    if probe.parameters:
        checks.append(Check("per_example", partial(_per_example, setting, probe)))
    checks.append(Check("hessian", partial(_hessian, setting, probe)))
    return checks


#: How often `nodes` is asked again: one that tosses a coin passes once in a thousand times.
ASKED_AGAIN = 10


def _nodes(setting: Setting, probe: BlockProbe) -> None:
    """`nodes` returns the same nodes each time: a network is built from them again when it is loaded or copied."""
    before = repr(setting.component)
    first = _described(probe.graph)
    for again in (probe.built(setting.shapes) for _ in range(ASKED_AGAIN)):
        if (found := _described(again)) != first:
            changed = next((pair for pair in zip(first, found, strict=False) if pair[0] != pair[1]), (first, found))
            raise Failure(
                "nodes returns other nodes when it is asked again",
                diagnosis="it depends on more than its fields and the shapes: a counter, a random number, a set",
                rows=[("first", str(changed[0])), ("then", str(changed[1]))],
            )
    if repr(setting.component) != before:
        raise Failure("nodes changes the block's fields", rows=[("before", before), ("after", repr(setting.component))])


def _described(graph: Graph) -> list[tuple[Any, ...]]:
    return [(node.name, node.component, node.sources, node.owner) for node in graph.nodes]


def _inside(make: Callable[[], Setting], name: str) -> None:
    """The node's own Jacobians: where one is wrong, the block's are, and this says which."""
    setting = make()
    for check in draft_checks(setting) or entry_checks(setting):
        try:
            check.run()
        except Failure as failure:
            raise Failure(
                f"{check.name} of the node '{name}': {failure.message}", diagnosis=failure.diagnosis, rows=failure.rows
            ) from failure


def _at(
    probe: BlockProbe, setting: Setting, purpose: str, scale: float = 1.0, training: bool = False
) -> tuple[Point, Array]:
    point = setting.point(purpose, BATCH, scale, training)
    return point, setting.rng(f"{purpose}, targets").standard_normal((BATCH, *probe.output_shape))


def _per_example(setting: Setting, probe: BlockProbe) -> None:
    """Gradients of the single examples are those that each example has alone."""
    point, targets = _at(probe, setting, "per example")
    whole = _gradients(probe, point, targets)
    for number in range(BATCH):
        alone = _gradients(probe, probe.rows(point, [number]), targets[[number]])
        for path, array in alone.items():
            if not np.allclose(array[0], whole[path][number], rtol=1e-9, atol=1e-11 * _size(whole[path])):
                raise Failure(f"the gradient of one example in '{path}' depends on the others in the batch")


def _gradients(probe: BlockProbe, point: Point, targets: Array) -> dict[str, Array]:
    at = Linearisation(probe.trace(point), {probe.output: targets})
    return {path: form.vectors() for path, form in at.parameter_forms(at.errors)}


def _moved(point: Point, step: Array, change: Mapping[str, Array]) -> Point:
    """Return the point moved along a change of some of its arrays, in the dtype of the step."""
    moved = point.mapped(lambda each: each.astype(step.dtype))
    for key, array in change.items():
        moved = moved.with_array(key, moved.arrays[key] + step[0] * array)
    return moved


def _gradient(setting: Setting, probe: BlockProbe) -> None:
    """The gradient of ½ ‖y − t‖² in every input and parameter, against the change of y along directions and entries."""
    for training in setting.modes():
        for scale in SCALES:
            point, targets = _at(probe, setting, f"gradient {scale}", scale, training)
            trace = probe.trace(point)
            residual = {probe.output: trace[probe.output] - targets}
            found = _pulled(probe, trace, residual)
            size = max((_size(array) for array in found.values()), default=0.0)
            for key in probe.shapes:
                gradient = found[probe.path_of(key)]
                for change in _changes(gradient, setting.rng(f"gradient {key}")):

                    def value(step: Array, point: Point = point, change: Mapping[str, Array] = {key: change}) -> Array:
                        return probe.value(_moved(point, step, change))[None]

                    measured = measured_along(value, np.zeros(1), np.ones((1, 1)), False)
                    parts = residual[probe.output] * measured.value[0, 0]
                    declared, expected = float(np.sum(gradient * change)), float(np.sum(parts))
                    relative = 1e-8 if measured.method == "complex step" else 1e-5
                    allowed = relative * float(np.sum(np.abs(parts))) + 1e-10 * size
                    allowed += 8 * float(np.sum(np.abs(residual[probe.output]) * np.max(measured.error, initial=0.0)))
                    if not abs(declared - expected) <= allowed:
                        raise Failure(
                            f"the gradient in '{key}' is not the cost's derivative ({measured.method})",
                            diagnosis="a local Jacobian of one of the nodes is wrong: the checks inside[...] say which",
                            rows=[("declared", f"{declared:.8g}"), ("measured", f"{expected:.8g}")],
                        )


def _pulled(probe: BlockProbe, trace: Trace, residual: Mapping[str, Array]) -> dict[str, Array]:
    """Return the gradients of all inputs and parameters, by their names in the graph."""
    found = parameter_vjp(trace, residual)
    return found | input_vjp(trace, residual) if probe.inputs else found


def _changes(gradient: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Yield a random direction, and single entries."""
    yield np.asarray(rng.standard_normal(gradient.shape))
    for place in rng.permutation(gradient.size)[:ENTRIES]:
        change = np.zeros(gradient.size)
        change[place] = 1.0
        yield change.reshape(gradient.shape)


def _hessian(setting: Setting, probe: BlockProbe) -> None:
    """Products with the Hessian of ½ ‖y − t‖² against the derivative of its gradient, along random directions."""
    point, targets = _at(probe, setting, "hessian")
    at = Linearisation(probe.trace(point), {probe.output: targets})
    spaces: dict[Wrt, list[str]] = {
        "parameters": [key for key in probe.shapes if key in probe.parameters], "inputs": list(probe.inputs),
    }  # fmt: skip
    for wrt, keys in spaces.items():
        if not keys:
            continue
        rng = setting.rng(f"hessian, {wrt}")
        change = {key: np.asarray(rng.standard_normal(point.arrays[key].shape)) for key in keys}
        named = {probe.path_of(key): array.shape for key, array in change.items()}
        try:
            product = HessianProduct(at, Space(wrt, named, np.dtype(np.float64)))
            found = product({probe.path_of(key): array for key, array in change.items()})
        except DerivativeError as error:
            raise Skipped(error.problem) from None

        def gradient(step: Array, change: Mapping[str, Array] = change) -> Array:
            trace = probe.trace(_moved(point, step, change))
            residual = {probe.output: trace[probe.output] - targets}
            pulled = _pulled(probe, trace, residual)
            return np.concatenate([pulled[probe.path_of(key)].ravel() for key in change])[None]

        measured = measured_along(gradient, np.zeros(1), np.ones((1, 1)), False)
        declared = np.concatenate([np.ravel(found.get(name, np.zeros(shape))) for name, shape in named.items()])
        expected = measured.value.reshape(declared.shape)
        relative = 1e-8 if measured.method == "complex step" else 1e-5
        allowed = relative * _size(expected) + 8 * np.broadcast_to(measured.error, measured.value.shape).ravel()
        if not (np.abs(declared - expected) <= allowed).all():
            raise Failure(
                f"products with the Hessian in the {wrt} disagree with the gradient's derivative",
                diagnosis="the second order of one of the nodes is wrong: bpframe check finds it",
                rows=[("declared", str(declared[:4])), ("measured", str(expected[:4]))],
            )


def _size(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0)) + float(np.finfo(float).tiny)
