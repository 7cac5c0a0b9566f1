"""How errors flow back through the layers over a batch: whether they vanish, explode, or meet units that are dead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bpframe.categories.error_norms import error_norm
from bpframe.core.backprop.backward import output_errors
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.forward import costs
from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.graph import Node
from bpframe.core.operators import Diagonal
from bpframe.derivatives.points.walk_back import walk_back
from bpframe.explanation.as_json import numbers
from bpframe.explanation.flow_words import MUCH, sentences
from bpframe.explanation.formula import Symbol
from bpframe.explanation.formula.numerals import in_words
from bpframe.explanation.notation import Layer, notation_of
from bpframe.validation.plain_arrays import Array

__all__ = ["ErrorFlow", "LayerFlow", "error_flow_of"]

#: Below this slope an activation counts as flat: the sigmoid's is at most ¼, and 0.02 where |z| is 3.9.
FLAT = 0.02

#: Singular values are those of so many examples, of Jacobians of so many entries.
EXAMPLES, ENTRIES = 16, 250_000


@dataclass(frozen=True)
class LayerFlow:
    """What a layer does to errors: those of its output that arrive, and the share of them that it passes on.

    `node` is the node that computes its output a. `error` is the root mean square over the examples of ‖∂C/∂a‖;
    `passes_on` is that of what goes on to all that it reads, divided by it: None where nothing arrives, or all that it
    reads is integers. `flat` is the share of its activation's slopes that are smaller in size than 0.02, `dead` counts
    units whose slope is 0 at every example; both are None where nothing in it works entry by entry. `largest` and
    `smallest` are the medians over the examples of the singular values of its Jacobian, ∂a/∂(what it reads); None for
    other nodes, and for large ones.
    """

    name: str
    node: str
    layer: int | None
    activation: str | None
    units: int
    error: float
    passes_on: float | None
    flat: float | None
    dead: int | None
    largest: float | None
    smallest: float | None


@dataclass(frozen=True)
class ErrorFlow:
    """The layers, and nodes that belong to none, from the output back, over some examples.

    `says` is what stands out, in sentences. It prints as a table with them.
    """

    examples: int
    layers: tuple[LayerFlow, ...]
    says: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON-safe data; those that are not finite are named."""
        rows = [{key: numbers(value) for key, value in asdict(each).items()} for each in self.layers]
        return {"examples": self.examples, "layers": rows, "says": list(self.says)}

    def table(self) -> tuple[tuple[str, ...], ...]:
        """Return the numbers as they are printed: the columns' names, and a row for each layer."""
        rows = [("", "error", "passes on", "flat", "dead units", "singular values")]
        for each in self.layers:
            dead = "" if each.dead is None else f"{each.dead:,} of {each.units:,}"
            values = "" if each.largest is None else f"{_short(each.largest)} to {_short(each.smallest)}"
            rows.append((each.name, _short(each.error), _share(each.passes_on), _share(each.flat), dead, values))
        return tuple(rows)

    def __str__(self) -> str:
        rows = self.table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for first, *others in rows:
            cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
            lines.append("  ".join((f"  {first.ljust(widths[0])}", *cells)).rstrip())
        title = f"how errors flow back, over {self.examples:,} example{'s' * (self.examples != 1)}"
        return "\n".join([title, *lines, *self.says])


def _short(number: float | None) -> str:
    return "" if number is None else in_words(number, 3)


def _share(share: float | None) -> str:
    if share is None:
        return ""
    return f"{in_words(share, 2)} times" if share >= MUCH else f"{in_words(100 * share, 2 if share < 1 else 3)} %"


def error_flow_of(engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array]) -> ErrorFlow:
    """Follow the errors of checked examples back, in evaluation mode."""
    with np.errstate(all="ignore"):
        trace = engine.trace(inputs)
        costs(trace.workspace, targets)
        plan = trace.plan
        errors: dict[str, Array] = {}
        sent: dict[str, float] = {}
        for each, delta, jacobian in walk_back(trace, plan.to_everything, output_errors(trace.workspace)):
            errors[each.step.node.name] = np.array(delta)
            parts = [np.asarray(jacobian[key].vjp(delta)) for key, _ in each.edges]
            if parts:
                sent[each.step.node.name] = math.hypot(*map(error_norm, parts))
        notation = notation_of(trace, Symbol("C"))
        rows = []
        for node in reversed(plan.graph.nodes):
            layer = notation.layer_of(node.name)
            if layer is None or layer.output == node.name:
                rows.append(_row(trace, node, layer, errors, sent))
    return ErrorFlow(trace.batch, tuple(rows), sentences(rows))


def _row(
    trace: Trace, node: Node, layer: Layer | None, errors: Mapping[str, Array], sent: Mapping[str, float]
) -> LayerFlow:
    arriving = error_norm(errors[node.name]) if node.name in errors else 0.0
    begin = node.name if layer is None else layer.affine
    leaving = sent.get(begin)
    slopes = _slopes(trace, node) if layer is None or layer.activation is not None else None
    ends = None if layer is None else _singular_values(trace, layer, slopes)
    return LayerFlow(
        name=node.name if layer is None else f"layer {layer.number}",
        node=node.name,
        layer=None if layer is None else layer.number,
        activation=None if slopes is None else node.component.kind,
        units=int(np.prod(node.output_shape)),
        error=arriving,
        passes_on=leaving / arriving if leaving is not None and arriving > 0 else None,
        flat=None if slopes is None else float(np.mean(np.abs(slopes) < FLAT)),
        dead=None if slopes is None else int(np.sum(np.all(slopes == 0, axis=0))),
        largest=None if ends is None else ends[0],
        smallest=None if ends is None else ends[1],
    )


def _slopes(trace: Trace, node: Node) -> Array | None:
    """Return the slopes of a node that works entry by entry, (N, *features); None for others."""
    jacobian = trace.jacobian(node.name)
    if len(jacobian) != 1 or node.parameters:
        return None
    operator = next(iter(jacobian.values()))
    if not isinstance(operator, Diagonal):
        return None
    ones = np.ones((trace.batch, *node.output_shape), trace.dtype)
    return np.array(np.broadcast_to(operator.vjp(ones), ones.shape))


def _singular_values(trace: Trace, layer: Layer, slopes: Array | None) -> tuple[float, float] | None:
    """Return the medians of the largest and the smallest singular value of diag(σ') w; None where it is large."""
    held: Array | None = trace.parameters.views.get(layer.weight)
    weight = np.asarray(trace.workspace.frozen.views[layer.weight] if held is None else held, np.float64)
    if weight.size > ENTRIES or not weight.size or not np.isfinite(weight).all():
        return None
    found = weight[None] if slopes is None else slopes[:EXAMPLES, :, None] * weight
    if not np.isfinite(found).all():
        return None
    values = np.linalg.svd(found, compute_uv=False)
    return float(np.median(values[:, 0])), float(np.median(values[:, -1]))
