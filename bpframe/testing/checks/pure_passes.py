"""`pure = True`: what the author vouches for is tried, a thousand repeated passes against as many called ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpframe.core.backprop.called_pass import CalledPass, Wanted
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.weights import mask_key, weight_key
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.component import Layer, Parameter
from bpframe.core.graph.building import build_graph
from bpframe.core.graph.description import NetworkSpec, NodeSpec
from bpframe.core.graph.graph import Graph
from bpframe.core.operators import Broadcast, IdentityMap, Operator
from bpframe.documents.written_out import network_spec
from bpframe.errors import StaleRecordError
from bpframe.replay.program import Program
from bpframe.replay.repeating import planned
from bpframe.testing.checks.base import Check, Failure, Setting, named
from bpframe.testing.probe import CostProbe, LayerProbe
from bpframe.testing.small_fit import Squares
from bpframe.validation.plain_arrays import Array

__all__ = ["pure_checks"]

Arrays = dict[str, Array]

PASSES = 1000
#: Of a component that the record calls in both directions: then a repeated pass is a called one.
PASSES_OF_CALLS = 100
BATCH = 3


class _Shifted(Layer):
    """z = x + b, with b = 0: an error that is to reach b passes through whatever reads z."""

    def parameters(self, shape: tuple[int, ...]) -> dict[str, Parameter]:
        return {"b": Parameter(shape, init=0.0)}

    def forward(self, x: Array, p: Arrays) -> Array:
        return x + p["b"]

    def jacobian(self) -> dict[str, Operator]:
        return {"x": IdentityMap(), "b": Broadcast()}


def pure_checks(setting: Setting) -> list[Check]:
    """Return the check of a component that says of itself that it is pure."""
    vouches = setting.probe is not None and setting.component.pure is True
    return named(setting, _repeated) if vouches else []


def _repeated(setting: Setting) -> None:
    probe = setting.need_probe()
    if not isinstance(probe, LayerProbe | CostProbe):
        return
    graph = _graph(probe)
    for training in setting.modes():
        repeated = Program(_workspace(graph), training, Wanted.GRADIENT)
        called = CalledPass(_workspace(graph), training, Wanted.GRADIENT)
        for number, (inputs, targets, theta) in enumerate(_points(setting, probe, graph, training)):
            if number >= PASSES_OF_CALLS and isinstance(probe, LayerProbe) and probe.NODE in repeated.direct:
                break
            found = []
            for each in (repeated, called):
                each.workspace.parameters.vector[...] = theta
                try:
                    cost = each.run(inputs, targets, 1 / BATCH)
                except StaleRecordError:
                    cost = float("nan")
                found.append(
                    (
                        cost,
                        [each.workspace.slots[slot].tobytes() for slot in each.workspace.plan.gradient_slots.values()],
                    )
                )
            if found[0] != found[1]:
                raise Failure(
                    f"pass {number + 1}, repeated, gives other numbers than when forward and jacobian are called",
                    diagnosis="it depends on more than its arguments: a counter, a variable elsewhere, a random number",
                    rows=[("try", "leave out pure = True: what is not understood is called in every pass")],
                )


def _graph(probe: LayerProbe | CostProbe) -> Graph:
    """Return a graph in which all that the component does decides over a cost and its gradient."""
    if isinstance(probe, CostProbe):
        return build_graph(network_spec([_Shifted()], input_shape=probe.shapes["a"], cost=probe.component))
    node = probe.node
    shifted = {
        source: NodeSpec(component=_Shifted(), name=f"shifted_{source}", inputs=(source,))
        for key, source in zip(node.input_keys, node.sources, strict=True)
        if key not in probe.integer_keys
    }
    sources = tuple(shifted[source].name if source in shifted else source for source in node.sources)
    nodes = (*shifted.values(), NodeSpec(component=probe.component, name=probe.NODE, inputs=sources))
    cost = {probe.NODE: Squares()}
    return build_graph(NetworkSpec(inputs=probe.graph.inputs, nodes=nodes, outputs=(probe.NODE,), cost=cost))


def _workspace(graph: Graph) -> Workspace:
    engine = Engine(planned(graph), np.float64, 0)
    return engine.new_workspace(BATCH, "repeated", gradient=engine.parameters.like())


def _points(
    setting: Setting, probe: LayerProbe | CostProbe, graph: Graph, training: bool
) -> Iterator[tuple[Arrays, Arrays, Array]]:
    """Yield inputs, targets and parameters of one pass after another: a few points, again and again."""
    rng = setting.rng("repeated")
    drawn = []
    for _ in range(7):
        point = probe.sample(rng, BATCH, training=training)
        if isinstance(probe, LayerProbe):
            inputs = probe.inputs_at(point)
            targets = {probe.NODE: rng.standard_normal((BATCH, *probe.output_shape))}
            own = {f"{probe.NODE}.{name}": point.arrays[name] for name in probe.node.parameters}
        else:
            (name,), (output,) = graph.inputs, graph.outputs
            keys = {"y": output, "weight": weight_key(output), "mask": mask_key(output)}
            targets = {keys[word]: array for word, array in point.constants.items()}
            inputs, own = {name: point.arrays["a"]}, {}
        parts = [own.get(path, np.zeros(each.shape)).ravel() for path, each in graph.parameters.items()]
        drawn.append((inputs, targets, np.concatenate(parts)))
    for number in range(PASSES):
        yield drawn[number * number % len(drawn)]
