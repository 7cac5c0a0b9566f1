"""A number that falls where a measured one gets no better."""

from __future__ import annotations

import math
from typing import ClassVar

from bpframe.extend import (
    DataError,
    Field,
    History,
    HistoryColumn,
    LargerIsBetter,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    Schedule,
)

__all__ = ["Plateau"]


class Plateau(Schedule):
    """A part of the number before, whenever what is watched has become no better for some epochs.

        better:  c < (1 − ε) c_best, or c > (1 + ε) c_best where larger is better
        η ← max(f η, η_min)      after more than `patience` epochs without a better one, then the count begins anew

    All of it follows from the history since the optimizer's state began, so that trainings go on as if they had never
    been interrupted; a loop of single steps has no history, and is refused. What PyTorch's `ReduceLROnPlateau` does
    with the same fields; that leaves out changes of less than 10⁻⁸.

    Source: He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition* (2016), section 3.4: "divided by 10
    when the error plateaus".
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("reduce_lr_on_plateau",)

    start: PositiveFloat = Field(description="The first number.")
    factor: PositiveFloat = Field(0.1, lt=1.0, description="f, by which it is multiplied each time.")
    patience: NonNegativeInt = Field(10, description="For how many epochs nothing may become better.")
    watch: HistoryColumn = Field(
        "validation_cost", description="Which column of the history is watched: a cost or a metric."
    )
    larger: LargerIsBetter = Field(
        None, description="Whether larger is better; left out, as the metric that is watched says, and of costs not."
    )
    threshold: NonNegativeFloat = Field(1e-4, lt=1, description="ε, the share by which it has to become better.")
    cooldown: NonNegativeInt = Field(0, description="For how many epochs nothing is counted after each change.")
    end: NonNegativeFloat = Field(0.0, description="η_min, the least number.")

    def value(self, epoch: int, history: History) -> float:
        """Return the number for what the history tells of the epochs that are over."""
        if not epoch:
            return self.start
        larger = history.larger_is_better(self.watch) if self.larger is None else self.larger
        value, best, bad, cooling = self.start, -math.inf if larger else math.inf, 0, 0
        for measured in self._watched(history):
            limit = best * (1 + self.threshold if larger else 1 - self.threshold)
            if measured > limit if larger else measured < limit:
                best, bad = measured, 0
            else:
                bad += 1
            if cooling:
                cooling, bad = cooling - 1, 0
            if bad > self.patience:
                value, bad, cooling = max(self.factor * value, self.end), 0, self.cooldown
        return value

    def _watched(self, history: History) -> list[float]:
        try:
            values: list[float] = history.column(self.watch)
        except KeyError as error:
            raise DataError(f"plateau watches '{self.watch}'", received=str(error.args[0])) from None
        if len(values) != len(history):
            raise DataError(
                f"plateau watches '{self.watch}', which {len(history) - len(values)} of {len(history)} epochs have not",
                hint="fit(..., validation_data=(x, y)), or Plateau(watch='cost')",
            )
        return values
