"""A table of a network's nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.component import Cost, contract_of
from bpframe.core.graph.graph import Graph, batched
from bpframe.reports.folding import Folded, ShownNode
from bpframe.reports.tables import table_of

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Row", "Summary", "summarise"]

HEADINGS = ("node", "component", "reads", "output", "parameters", "Jacobian")


@dataclass(frozen=True)
class Row:
    """One node: what it is, what it reads, what it gives, and how its local Jacobians are built.

    Of its own `parameters`, `frozen` are not trained; a node that `shares` another's has none of its own. One that is
    not `trainable` is outside training. Of a block that is shown as one node, `nodes` counts those that it is made of;
    elsewhere it is 0. `outputs` has the shapes of several.
    """

    node: str
    component: str
    reads: tuple[str, ...]
    output_shape: tuple[int, ...]
    parameters: int
    shares: str | None
    jacobian: Mapping[str, str]
    frozen: int = 0
    trainable: bool = True
    nodes: int = 0
    outputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """A network's nodes, how many parameters are trained, how many are frozen, and its dtype.

    `str()` and `print` lay it out as a table.
    """

    inputs: Mapping[str, tuple[int, ...]]
    rows: tuple[Row, ...]
    outputs: tuple[str, ...]
    costs: Mapping[str, str]
    parameters: int
    dtype: str
    frozen: int = 0
    penalties: Mapping[str, str] = field(default_factory=dict)

    def table(self) -> Table:
        """Return the table for rich's consoles."""
        table = table_of(HEADINGS, self._cells(), len(HEADINGS))
        table.columns[HEADINGS.index("parameters")].justify = "right"
        table.caption = self._caption()
        table.caption_justify = "left"
        return table

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for name, shape in self.inputs.items():
            yield name, "input", "", batched(shape), "", ""
        for row in self.rows:
            counted = f"{row.parameters:,}" if row.shares is None else f"those of {row.shares}"
            if not row.trainable or row.frozen:
                some = row.trainable and row.frozen < row.parameters
                counted += f", {row.frozen:,} frozen" if some else " frozen"
            structure = ", ".join(f"{key}: {value}" for key, value in row.jacobian.items())
            if row.nodes:
                structure = f"a block of {row.nodes} node{'s' * (row.nodes > 1)}"
            shapes = ", ".join(f"{name} {batched(shape)}" for name, shape in row.outputs.items())
            shapes = shapes or batched(row.output_shape)
            yield row.node, row.component, ", ".join(row.reads), shapes, counted, structure

    def _caption(self) -> str:
        costs = ", ".join(f"{kind} of {output}" for output, kind in self.costs.items()) or "none"
        frozen = f" and {self.frozen:,} frozen ones" if self.frozen else ""
        told = f"{self.parameters:,} parameters{frozen}, {self.dtype}; output {', '.join(self.outputs)}; cost {costs}"
        penalties = ", ".join(f"{kind} of {path}" for path, kind in self.penalties.items())
        return f"{told}; penalties {penalties}" if penalties else told

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        console = Console(file=StringIO(), width=120, color_system=None, force_jupyter=False)
        console.print(self.table())
        return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{each}</th>" for each in HEADINGS)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>" for cells in self._cells())
        caption = f'<caption style="caption-side: bottom">{escape(self._caption())}</caption>'
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def summarise(engine: Engine, graph: Graph, unfold: bool) -> Summary:
    """Describe a graph, with an engine of its or of some length; Jacobian structures are those that zeros give.

    A block is one row, or a row for each of its nodes with `unfold`.
    """
    folded, structures = Folded(graph, unfold), _structures(engine)
    return Summary(
        inputs=dict(graph.inputs),
        rows=tuple(_row(node, folded, structures) for node in folded.nodes),
        outputs=tuple(map(folded.value, graph.outputs)),
        costs={folded.value(output): cost.kind + _mark(cost) for output, cost in graph.cost.items()},
        parameters=engine.parameters.vector.size,
        dtype=str(engine.dtype),
        frozen=engine.frozen.vector.size,
        penalties=_by_path(graph),
    )


def _by_path(graph: Graph) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for path, penalty in graph.penalties:
        found.setdefault(path, []).append(penalty.kind)
    return {path: " and ".join(kinds) for path, kinds in found.items()}


def _mark(cost: Cost) -> str:
    return ", a draft (numerical)," if contract_of(type(cost)).is_draft else ""


def _row(shown: ShownNode, folded: Folded, structures: Mapping[str, Mapping[str, str]]) -> Row:
    own = [node for node in shown.nodes if node.owner == node.name]
    return Row(
        node=shown.name,
        component=shown.kind,
        reads=tuple(map(folded.value, shown.sources)),
        output_shape=shown.output_shape,
        parameters=sum(each.size for node in own for each in node.parameters.values()),
        shares=None if shown.owner == shown.name else shown.owner,
        jacobian={} if shown.is_block else structures[shown.name],
        frozen=sum(node.parameters[name].size for node in own for name in node.frozen),
        trainable=any(node.trainable for node in shown.nodes),
        nodes=len(shown.nodes) if shown.is_block else 0,
        outputs=shown.outputs,
    )


def _structures(engine: Engine) -> dict[str, dict[str, str]]:
    inputs: dict[str, Any] = {
        name: np.zeros((1, *shape), np.int64 if name in engine.graph.integer_inputs else engine.dtype)
        for name, shape in engine.graph.inputs.items()
    }
    with np.errstate(all="ignore"):
        trace = engine.trace(inputs)
        return {
            node.name: {key: each.structure for key, each in trace.jacobian(node.name).items()}
            for node in engine.graph.nodes
        }
