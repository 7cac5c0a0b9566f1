"""What a network says of itself: tables, the memory and the calls of a training step, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bpframe.categories import Optimizer
from bpframe.differentiable.evaluated import Evaluated
from bpframe.reports.drawing import draw, mermaid
from bpframe.reports.step_memory import Memory, step_memory
from bpframe.reports.step_plan import StepPlan, step_plan
from bpframe.reports.summary import Summary, summarise
from bpframe.shapes import OpenEngine
from bpframe.validation.strict_numbers import checked_truth

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Described"]


class Described(Evaluated):
    """Reports on a network, to be read or drawn."""

    def summary(self, unfold: bool = False) -> Summary:
        """Return a table of the nodes: component, output shape, parameters, structure of the Jacobian.

        A block is one row; with `unfold` each of its nodes has one.
        """
        engine = self._engine.closed() if isinstance(self._engine, OpenEngine) else self._engine
        return summarise(engine, self.graph, checked_truth("unfold", unfold))

    def memory(self, batch_size: int, optimizer: Optimizer | None = None) -> Memory:
        """Return the memory that training takes with batches of this size, beside the examples.

        Raises
        ------
        DataError, ContractError
            No batch size; a component fails at inputs of zeros, or there is no cost.

        """
        return step_memory(self._of_one_shape("the memory of a step"), batch_size, optimizer)

    def step_plan(self, batch_size: int) -> StepPlan:
        """Return what a repeated training step does with batches of this size: its NumPy calls and their buffers.

        Raises
        ------
        DataError, ContractError
            As `memory`.

        """
        return step_plan(self._of_one_shape("the plan of a step"), batch_size)

    def to_mermaid(self, unfold: bool = False) -> str:
        """Return the graph as the text of a Mermaid flowchart: a block as one node, or with `unfold` as its nodes."""
        return mermaid(self.graph, checked_truth("unfold", unfold))

    def draw(self, path: str | Path | None = None, unfold: bool = False) -> Figure:
        """Draw the graph with matplotlib (extra `plot`); write the picture to `path` where one is given.

        A block is one node, or with `unfold` all of its nodes.

        Errors: MissingExtra (without matplotlib and networkx); DataError (the picture cannot be written).
        """
        return draw(self.graph, path, checked_truth("unfold", unfold))
