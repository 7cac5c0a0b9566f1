"""The mean cost of a mini-batch as a function of a network's parameters, as part of training."""

from __future__ import annotations

import math

from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.training.nonfinite import all_finite, nonfinite_error
from bpframe.validation.first_nonfinite import noting_nonfinite
from bpframe.validation.plain_arrays import Array

__all__ = ["BatchObjective"]


class BatchObjective(LeastSquares):
    """The mean cost of a mini-batch in training mode: `gradient` is a pass of training.

    It updates the network's state, and refuses NaN and infinity.
    """

    def gradient(self) -> tuple[float, Array]:
        """Return C and g; random numbers are drawn anew in each call.

        Errors: NonFiniteError that names the place.
        """
        engine = self.engine
        with engine.lane() as lane:
            inputs, targets = self.examples.inputs, self.examples.targets
            with noting_nonfinite() as noted:
                total, workspace = engine.differentiate(lane, inputs, targets, True, "training")
            if not math.isfinite(total) or not all_finite(lane.gradient.vector):
                raise nonfinite_error(workspace, "in a mini-batch", "the parameters before it", noted)
            if engine.plan.state_slots:
                engine.state = workspace.new_state()
            return total / self.count, lane.gradient.vector.copy()
