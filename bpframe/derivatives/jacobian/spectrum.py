"""Singular values of Jacobians, value by value: whether errors vanish or explode on their way back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bpframe.core.backprop.trace import Trace
from bpframe.derivatives.jacobian.edge import Edge
from bpframe.derivatives.jacobian.path import check_uncoupled, reads_towards
from bpframe.derivatives.jacobian.sweep import Sweep
from bpframe.derivatives.points.memory import check_memory
from bpframe.errors import DerivativeError
from bpframe.validation.plain_arrays import Array

__all__ = ["Spectrum", "ValueSpectrum", "spectrum_of"]


#: Errors vanish where the gain falls below the first number, and explode where it rises above the second.
VANISHING, EXPLODING = 1e-3, 1e3

_INSTEAD = "fewer examples; or the largest few: scipy.sparse.linalg.svds of net.linear_operator('jacobian', ...)"


@dataclass(frozen=True, eq=False)
class ValueSpectrum:
    """The singular values at one value v of a network, for every example, largest first.

    `error` are those of ∂output/∂v, (N, min(outputs, size of v)): by how much errors change in length on their way from
    the output to v. `local` are those of v's own Jacobian in all its inputs together, None for an input.
    """

    name: str
    kind: str
    outputs: int
    error: Array
    local: Array | None

    @cached_property
    def frobenius(self) -> Array:
        """The Frobenius norm of ∂output/∂v, (N,)."""
        norms: Array = np.linalg.norm(self.error, axis=1)
        return norms

    @cached_property
    def gain(self) -> Array:
        """The root mean square length that a random error of length 1 at the output has at v, (N,): ‖J‖_F/√outputs."""
        return self.frobenius / float(np.sqrt(max(self.outputs, 1)))

    @property
    def largest(self) -> Array:
        """The largest singular value of ∂output/∂v, (N,)."""
        return self.error[:, 0]

    @property
    def smallest(self) -> Array:
        """The smallest singular value of ∂output/∂v, (N,)."""
        return self.error[:, -1]

    @property
    def condition(self) -> Array:
        """Their quotient, (N,); infinite for a Jacobian that is not of full rank."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.smallest > 0, self.largest / self.smallest, np.inf)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Singular values at every value on the way to an output, from the output back to the inputs.

    Errors are said to vanish where the median gain over the examples falls below 1e-3, and to explode where it rises
    above 1e3; a gain is the root mean square length, at a value, of a random error of length 1 at the output.
    """

    of: str
    values: tuple[ValueSpectrum, ...]

    def __getitem__(self, name: str) -> ValueSpectrum:
        for value in self.values:
            if value.name == name:
                return value
        raise KeyError(
            f"'{name}' is not on the way to '{self.of}'; there are " + ", ".join(v.name for v in self.values)
        )

    @property
    def vanishing(self) -> tuple[str, ...]:
        """The values at which errors have vanished."""
        return tuple(value.name for value in self.values if np.median(value.gain) < VANISHING)

    @property
    def exploding(self) -> tuple[str, ...]:
        """The values at which errors have exploded."""
        return tuple(value.name for value in self.values if np.median(value.gain) > EXPLODING)

    @property
    def verdict(self) -> str:
        """One sentence: whether errors vanish or explode, and where they begin to."""
        said = [
            f"errors {verb}, from {names[0]} on back (gain {np.median(self[names[0]].gain):.1e}, {rule})"
            for verb, rule, names in (
                ("vanish", f"below {VANISHING:g}", self.vanishing),
                ("explode", f"above {EXPLODING:g}", self.exploding),
            )
            if names
        ]
        return "; ".join(said) or f"errors keep their length: every gain is between {VANISHING:g} and {EXPLODING:g}"

    def __str__(self) -> str:
        """Lay out the medians over the examples, value by value, and the verdict."""
        head = ("value", "kind", "gain", "largest", "smallest", "condition", "local largest", "smallest")
        rows = [head, *(_row(value) for value in self.values)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        lines = [
            "  ".join([*map(str.ljust, row[:2], widths[:2]), *map(str.rjust, row[2:], widths[2:])]).rstrip()
            for row in rows
        ]
        count = len(self.values[0].error)
        title = f"singular values of ∂{self.of}/∂value, medians over {count} example{'' if count == 1 else 's'}"
        return "\n".join([title, *("  " + line for line in lines), self.verdict])


def spectrum_of(trace: Trace, target: str, memory_limit: int | None = None) -> Spectrum:
    """Return the singular values of ∂target/∂value for every value on the way, with those of the local Jacobians.

    The Jacobians come from one reverse sweep and are held one after another; their singular values are LAPACK's.

    Errors: BatchCoupledError that names a node; MemoryLimitError where one of the Jacobians is above the limit;
    DerivativeError where there are no examples.
    """
    graph, batch = trace.plan.graph, trace.batch
    if batch == 0:
        raise DerivativeError("there are no examples", expected="at least one row", received="0")
    reads = reads_towards(trace, target)
    edges = [edge for each in reads for edge in each.edges(trace)]
    check_uncoupled(edges, "a spectrum")
    outputs, like = math.prod(graph.shapes[target]), np.empty(0, trace.dtype)
    own = {each.node.name: each.whole(trace) for each in reads if each.keys}
    for name in dict.fromkeys(edge.source for edge in edges if edge.source in graph.shapes):
        _check(f"∂{target}/∂{name}", trace, (outputs, math.prod(graph.shapes[name])), memory_limit)
    kinds = {node.name: node.component.kind for node in graph.nodes}
    local = {name: _local(trace, name, each, memory_limit) for name, each in own.items()}
    found = [(target, np.ones((batch, outputs), trace.dtype))]
    if edges:
        for name, held in Sweep(edges, target, forward=False).walk(like, batch):
            if name in graph.shapes:
                found.append((name, _for_all(np.linalg.svd(held.j, compute_uv=False), batch)))
    return Spectrum(
        target,
        tuple(ValueSpectrum(name, kinds.get(name, "input"), outputs, error, local.get(name)) for name, error in found),
    )


def _local(trace: Trace, name: str, edges: list[Edge], limit: int | None) -> Array:
    """The singular values of a value's own Jacobian, in all that it is computed from side by side: (N, k)."""
    batch, dtype = trace.batch, trace.dtype
    outputs = math.prod(trace.plan.graph.shapes[name])
    inputs = sum(math.prod(edge.operator.in_shape) for edge in edges)
    if len(edges) == 1:
        alone = _entries_apart(edges[0], batch, dtype)
        if alone is not None:
            return alone
    _check(f"the local Jacobian of '{name}'", trace, (outputs, inputs), limit)
    like = np.empty(0, dtype)
    parts = [part.j for edge in edges for _, part in Sweep([edge], edge.source, forward=True).walk(like, batch)]
    if len({len(part) for part in parts}) > 1:
        parts = [_for_all(part, batch) for part in parts]
    return _for_all(np.linalg.svd(np.concatenate(parts, axis=2), compute_uv=False), batch)


def _entries_apart(edge: Edge, batch: int, dtype: Any) -> Array | None:
    """The singular values of a Jacobian with at most one entry in every row and column: their sizes."""
    if any(part.dense_cost is None or part.is_matrix for part in edge.parts):
        return None
    entries = edge.operator.sparse(batch, dtype)
    columns = np.bincount(entries.indices, minlength=entries.shape[1])
    if np.diff(entries.indptr).max(initial=0) > 1 or columns.max(initial=0) > 1:
        return None
    rows, inputs = entries.shape[0] // batch, entries.shape[1] // batch
    sizes = np.zeros((batch, rows), dtype)
    sizes.reshape(-1)[np.diff(entries.indptr) == 1] = np.abs(entries.data)
    return -np.sort(-sizes, axis=1)[:, : min(rows, inputs)]


def _check(what: str, trace: Trace, shape: tuple[int, ...], limit: int | None) -> None:
    check_memory(what, (trace.batch, *shape), trace.dtype, limit, _INSTEAD)


def _for_all(values: Array, batch: int) -> Array:
    return values if len(values) == batch else np.repeat(values, batch, axis=0)


def _row(value: ValueSpectrum) -> tuple[str, ...]:
    columns = [value.gain, value.largest, value.smallest, value.condition]
    numbers = [f"{float(np.median(column)):.2g}" for column in columns]
    if value.local is None:
        return (value.name, value.kind, *numbers, "", "")
    ends = [f"{float(np.median(value.local[:, end])):.2g}" for end in (0, -1)]
    return (value.name, value.kind, *numbers, *ends)
