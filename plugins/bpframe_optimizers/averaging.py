"""Averages of the parameters along the way, which often predict better than the last ones."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from bpframe.extend import Array, Field, NonNegativeInt, Optimizer, PositiveInt
from bpframe_optimizers.fields import Rule, Share

__all__ = ["ExponentialAverage", "StochasticAverage"]


class ExponentialAverage(Optimizer):
    """An exponential moving average of the parameters, beside a training that it leaves as it is.

        θ̄ ← d θ̄ + (1 − d) θ                                   after each step; θ̄ = θ after the first

    What is measured during training is measured with θ̄, and `net.averaged()` is the network that has it.

    Source: Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging* (1992), with weights that fade;
    as `torch.optim.swa_utils.get_ema_multi_avg_fn`.
    """

    elementwise: ClassVar[bool] = True
    averages: ClassVar[str] = "average"
    pure: ClassVar[bool | None] = True

    decay: Share = Field(0.999, description="d, how much of the average stays in a step.")
    optimizer: Optimizer = Field(description="The rule that trains.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return θ̄ = θ."""
        return {"average": np.array(parameters)}

    def update(
        self,
        gradient: Array,
        parameters: Array,
        state: dict[str, Array],
        new_state: dict[str, Array],
        step: int,
        optimizer: Rule,
        out: Array,
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ of the rule, and the new θ̄."""
        change, average = optimizer(gradient), new_state["average"]
        np.add(parameters, change, out=out)
        if step == 0:
            average[...] = out
        else:
            np.multiply(out, 1 - self.decay, out=out)
            np.multiply(state["average"], self.decay, out=average)
            np.add(average, out, out=average)
        return change, {"average": average}


class StochasticAverage(Optimizer):
    """The mean of the parameters at the ends of epochs, from one on, beside a training that it leaves as it is.

        θ̄ ← θ̄ + (θ − θ̄) / (n + 1),    n ← n + 1               where an epoch, or every so many steps, end

    Before the first of them θ̄ is θ. What is measured during training is measured with θ̄, and `net.averaged()` is the
    network that has it. A learning rate that stays high, or rises again and again, lets θ go around the minimum whose
    middle θ̄ is.

    Source: Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, *Averaging Weights Leads to Wider Optima and Better
    Generalization* (2018), algorithm 1.
    """

    elementwise: ClassVar[bool] = True
    averages: ClassVar[str] = "average"
    pure: ClassVar[bool | None] = True

    start: NonNegativeInt = Field(0, description="How many epochs, or steps, are not averaged.")
    every: PositiveInt = Field(1, description="Of how many epochs, or steps, one is averaged.")
    by: Literal["epoch", "step"] = Field("epoch", description="Whether ends of epochs, or steps, are counted.")
    optimizer: Optimizer = Field(description="The rule that trains.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return θ̄ = θ, the mean of none."""
        return {"average": np.array(parameters), "count": np.zeros((), np.int64), "steps": np.zeros((), np.int64)}

    def update(
        self,
        gradient: Array,
        parameters: Array,
        state: dict[str, Array],
        new_state: dict[str, Array],
        epoch: int,
        epoch_ends: bool,
        optimizer: Rule,
        out: Array,
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ of the rule, and the new θ̄ and n."""
        change, average, count = optimizer(gradient), new_state["average"], int(state["count"])
        steps = state["steps"]
        over = epoch if self.by == "epoch" else int(steps)
        counts = over >= self.start and (over - self.start) % self.every == 0 and (epoch_ends or self.by == "step")
        np.add(parameters, change, out=out)
        if count == 0:  # the first, or none yet
            average[...] = out
        elif counts:
            np.subtract(out, state["average"], out=out)
            np.divide(out, count + 1, out=out)
            np.add(state["average"], out, out=average)
        else:
            average[...] = state["average"]
        return change, {"average": average, "count": np.asarray(count + counts), "steps": steps + 1}
