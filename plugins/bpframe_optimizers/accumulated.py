"""Gradients of several batches that make one step."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Optimizer, PositiveInt
from bpframe_optimizers.fields import Rule

__all__ = ["Accumulated"]


class Accumulated(Optimizer):
    """A step for every k batches, with the mean gradient of their examples: batches beyond what memory holds.

        s ← s + n g,    m ← m + n                             with each batch, n examples
        Δθ = rule(s / m), then s = m = 0                      with each k-th batch, and the last of an epoch

    Between them θ stays. n is the number of examples, or the sum of their weights, so that k batches make the step of
    one batch of them all, to rounding; what is left at the end of an epoch makes a step of its own, as a last, smaller
    batch does. The rule counts its own steps: schedules by steps see these. Batch normalisation, which couples the
    examples of a batch, sees the small batches.
    """

    elementwise: ClassVar[bool] = True
    pure: ClassVar[bool | None] = True

    steps: PositiveInt = Field(description="k, how many batches make a step.")
    optimizer: Optimizer = Field(description="The rule that takes the steps.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return s = 0 and m = 0, of no batch."""
        return {"sum": np.zeros_like(parameters), "examples": np.zeros(()), "batches": np.zeros((), np.int64)}

    def update(
        self,
        gradient: Array,
        state: dict[str, Array],
        new_state: dict[str, Array],
        examples: float,
        epoch_ends: bool,
        optimizer: Rule,
        out: Array,
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ of the rule, or 0, and the new sums."""
        total = new_state["sum"]
        np.multiply(gradient, examples, out=total)
        np.add(total, state["sum"], out=total)
        count, batches = state["examples"] + examples, state["batches"] + 1
        if batches < self.steps and not epoch_ends:
            out[...] = 0
            return out, {"sum": total, "examples": count, "batches": batches}
        # Where nothing counts, the gradient of the last batch is that of the penalties alone.
        change = optimizer(np.divide(total, float(count), out=out) if count > 0 else gradient)
        total[...] = 0
        return change, {"sum": total, "examples": np.zeros(()), "batches": np.zeros((), np.int64)}
