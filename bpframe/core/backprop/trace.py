"""One forward pass to look at: every node's value, and its local Jacobian when asked."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from bpframe.core.backprop.local_jacobian import local_jacobian
from bpframe.core.backprop.plan import Plan
from bpframe.core.backprop.steps import Slots
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.graph.parameters import ParameterVector
from bpframe.core.operators import Operator
from bpframe.errors import no_such
from bpframe.validation.plain_arrays import Array

__all__ = ["Trace"]


class Trace:
    """One pass of a batch through a network: each node's value, and its local Jacobian when asked.

    `trace["dense_1"]` is a node's value, (N, *features), read-only; `trace.jacobian("dense_1")` maps the names of the
    node's inputs and parameters to operators; `print(trace)` shows both as a table. A block's name stands for its
    output, that of a node with several outputs for the first. A trace that a network handed out has a workspace of its
    own: it keeps its arrays for good.

    Attributes: `batch`, the number N of examples; `dtype` of values and parameters; `parameters`, those that the pass
    read; `plan`, the steps of the network, and `slots`, the arrays by slot of the plan.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.plan: Plan = workspace.plan
        self.slots: Slots = workspace.slots
        self.parameters: ParameterVector = workspace.parameters
        self.batch: int = workspace.batch
        self.dtype: np.dtype[Any] = workspace.dtype
        self._jacobians: dict[str, Mapping[str, Operator]] = {}

    def __getitem__(self, name: str) -> Array:
        return self.slots[self.plan.value_slots[self._known(self.plan.graph.value_of(name))]]  # type: ignore[no-any-return]

    def jacobian(self, name: str) -> Mapping[str, Operator]:
        """Return the local Jacobians of a node by input and parameter name: ∂v/∂input, ∂v/∂θ.

        That of a node with several outputs is of all their entries in a row; a block's is that of its last node.
        """
        name = self._known(self.plan.graph.value_of(name) if name in self.plan.graph.blocks else name)
        if name not in self.plan.step_of:
            raise KeyError(f"'{name}' is an input: it has no local Jacobian")
        if name not in self._jacobians:
            found = local_jacobian(self.workspace, self.plan.step_of[name])
            # Copies: a component may hand out one operator again and again, which the next call then binds anew.
            self._jacobians[name] = MappingProxyType({key: copy.copy(each) for key, each in found.items()})
        return self._jacobians[name]

    def __repr__(self) -> str:
        graph = self.plan.graph
        rows = [("node", "component", "value", "of the first example", "local Jacobian")]
        for name in graph.shapes:
            node, value = graph.by_name.get(name), self.slots[self.plan.value_slots[name]]
            maps = () if node is None else (f"{key} {each.structure}" for key, each in self.jacobian(name).items())
            kind = "an input" if node is None else node.component.kind
            rows.append((name, kind, str(value.shape).replace(" ", ""), _first(value), ", ".join(maps)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
        return "\n".join((f"a pass of {self.batch} examples", *lines))

    def _known(self, name: str) -> str:
        if name not in self.plan.value_slots:
            raise no_such("node", name, [*self.plan.value_slots, *self.plan.graph.blocks])
        return name


def _first(value: Array) -> str:
    """Return the first example's numbers, or some of them, on one line."""
    if not value.size:
        return ""
    numbers = value[0].reshape(-1)
    some = " ".join(f"{each:.4g}" for each in numbers[:4])
    return some if numbers.size <= 4 else f"{some} ..."
