"""Numbers that change while a network is trained by a rule of their own, such as learning rates."""

from __future__ import annotations

import itertools
import math
from typing import ClassVar, Literal

from pydantic import ValidationInfo, field_validator

from bpframe.extend import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Schedule
from bpframe_optimizers.fields import Rate

__all__ = ["Cosine", "Exponential", "OneCycle", "Piecewise", "Polynomial", "Step", "WarmUp"]

#: What a schedule counts.
Count = Literal["epoch", "step"]


class Step(Schedule):
    """The same number for a while, then a part of it, and so on.

        η_t = η_0 f^⌊t / n⌋

    for t epochs, or steps, that are over.

    Source: He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition* (2016), section 3.4: f = 1/10.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("step_lr",)

    start: PositiveFloat = Field(description="η_0, the first number.")
    factor: PositiveFloat = Field(0.1, le=1.0, description="f, by which it is multiplied each time.")
    every: PositiveInt = Field(description="n, how long it stays the same.")
    by: Count = Field("epoch", description="Whether epochs or steps are counted.")

    def value(self, step: int, epoch: int) -> float:
        """Return η_t."""
        return float(self.start * self.factor ** ((epoch if self.by == "epoch" else step) // self.every))


class Exponential(Schedule):
    """A part of the number before, each time.

        η_t = η_0 f^t

    for t epochs, or steps, that are over. It falls to a half in −log 2 / log f of them.

    Source: Bottou, *Stochastic Gradient Descent Tricks* (2012), section 5.2, discusses such rates; as PyTorch's
    `ExponentialLR`.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("exponential_lr", "exponential_decay")

    start: PositiveFloat = Field(description="η_0, the first number.")
    factor: PositiveFloat = Field(0.95, le=1.0, description="f, by which it is multiplied each time.")
    by: Count = Field("epoch", description="Whether epochs or steps are counted.")

    def value(self, step: int, epoch: int) -> float:
        """Return η_t."""
        return float(self.start * self.factor ** (epoch if self.by == "epoch" else step))


class Cosine(Schedule):
    """Half a period of a cosine, from a start down to an end, where it stays; with a straight way up before it.

        η_t = η_end + ½ (η_start − η_end) (1 + cos(π (t − w) / (n − w)))      for w <= t <= n
        η_t = η_start (t + 1) / (w + 1)                                        for t < w

    for t epochs, or steps, that are over; of n, the first w < n warm up. PyTorch's `CosineAnnealingLR` is the same up
    to n, and then rises again.

    Source: Loshchilov and Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts* (2017), eq. (5), without
    restarts; Goyal et al., *Accurate, Large Minibatch SGD* (2017), section 2.2: gradual warm-up.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("cosine_annealing", "cosine_annealing_lr", "cosine_decay")

    start: PositiveFloat = Field(description="η_start, the largest number.")
    end: NonNegativeFloat = Field(0.0, description="η_end, the last number.")
    over: PositiveInt = Field(description="n, when the end is reached.")
    warm_up: NonNegativeInt = Field(0, description="w, how long it rises first: less than n.")
    by: Count = Field("epoch", description="Whether epochs or steps are counted.")

    @field_validator("warm_up")
    @classmethod
    def _ends_before(cls, value: int, info: ValidationInfo) -> int:
        over = info.data.get("over")
        if over is not None and value >= over:
            raise ValueError(f"has to be less than over, {over}: of all that, nothing would be left to fall")
        return value

    def value(self, step: int, epoch: int) -> float:
        """Return η_t."""
        t = epoch if self.by == "epoch" else step
        if t < self.warm_up:
            return self.start * (t + 1) / (self.warm_up + 1)
        share = min(1.0, (t - self.warm_up) / (self.over - self.warm_up))
        return self.end + 0.5 * (self.start - self.end) * (1.0 + math.cos(math.pi * share))


class WarmUp(Schedule):
    """A straight way up to a number, or to another schedule.

        η_t = (t + 1) / (w + 1) η'_t      for t < w,    then η'_t

    for t epochs, or steps, that are over. The other schedule counts from the start on, too, so that the warm-up is a
    part of its time. Asked by hand, `value(step=0, epoch=0, schedule=0.1)` is told its present number.

    Source: Goyal et al., *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour* (2017), section 2.2.
    """

    schedule: Rate = Field(description="η', the number that it rises to, or the schedule.")
    over: PositiveInt = Field(description="w, how long it rises.")
    by: Count = Field("epoch", description="Whether epochs or steps are counted.")

    def value(self, step: int, epoch: int, schedule: float) -> float:
        """Return η_t."""
        t = epoch if self.by == "epoch" else step
        return schedule * min(1.0, (t + 1) / (self.over + 1))


class OneCycle(Schedule):
    """Up to a peak along half a cosine, and down to nearly nothing along another one.

        η_t = η_0 + ½ (η_max − η_0) (1 − cos(π t / a))                        for t <= a = rise n − 1
        η_t = η_max + ½ (η_1 − η_max) (1 − cos(π (t − a) / (n − 1 − a)))      up to n − 1, then η_1

    for t steps, or epochs, that are over: η_0 = η_max / div_factor, η_1 = η_0 / final_div_factor. The names and the
    curve are those of PyTorch's `OneCycleLR`, which refuses steps beyond n.

    Source: Smith and Topin, *Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates*
    (2018), section 3, with cosines in the place of straight lines.
    """

    peak: PositiveFloat = Field(description="η_max, the largest number.")
    over: PositiveInt = Field(description="n, when the end is reached.")
    rise: float = Field(0.3, gt=0, lt=1, description="The share of n that it rises for.")
    div_factor: PositiveFloat = Field(25.0, ge=1, description="How many times less the start is.")
    final_div_factor: PositiveFloat = Field(1e4, ge=1, description="How many times less than the start the end is.")
    by: Count = Field("step", description="Whether steps or epochs are counted.")

    def value(self, step: int, epoch: int) -> float:
        """Return η_t."""
        t = epoch if self.by == "epoch" else step
        start, top, last = self.peak / self.div_factor, self.rise * self.over - 1, self.over - 1
        if t <= top and top > 0:
            return self.peak + 0.5 * (start - self.peak) * (1.0 + math.cos(math.pi * t / top))
        share = min(1.0, (t - max(top, 0.0)) / (last - max(top, 0.0))) if last > max(top, 0.0) else 1.0
        end = start / self.final_div_factor
        return end + 0.5 * (self.peak - end) * (1.0 + math.cos(math.pi * share))


class Polynomial(Schedule):
    """A power of the time that is left, from a start to an end, where it stays.

        η_t = η_end + (η_start − η_end) (1 − t / n)^p                         for t <= n

    for t epochs, or steps, that are over; a straight line where p = 1. As PyTorch's `PolynomialLR`.

    Source: Chen, Papandreou, Kokkinos, Murphy and Yuille, *DeepLab* (2017), section 4.3: p = 0.9.
    """

    start: PositiveFloat = Field(description="η_start, the first number.")
    end: NonNegativeFloat = Field(0.0, description="η_end, the last number.")
    over: PositiveInt = Field(description="n, when the end is reached.")
    power: PositiveFloat = Field(1.0, description="p.")
    by: Count = Field("epoch", description="Whether epochs or steps are counted.")

    def value(self, step: int, epoch: int) -> float:
        """Return η_t."""
        t = epoch if self.by == "epoch" else step
        return float(self.end + (self.start - self.end) * max(0.0, 1 - t / self.over) ** self.power)


class Piecewise(Schedule):
    """Numbers of one's own, each from a time on.

        η_t = v_i      for b_i <= t < b_{i+1},    b_0 = 0

    for t epochs, or steps, that are over.
    """

    boundaries: tuple[PositiveInt, ...] = Field(description="b_1 < b_2 < ..., when the next number begins.")
    values: tuple[NonNegativeFloat, ...] = Field(description="v_0, v_1, ...: one more than boundaries.")
    by: Count = Field("epoch", description="Whether epochs or steps are counted.")

    @field_validator("boundaries")
    @classmethod
    def _rise(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(one >= other for one, other in itertools.pairwise(value)):
            raise ValueError(f"have to rise: {', '.join(map(str, value))}")
        return value

    @field_validator("values")
    @classmethod
    def _one_more(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        boundaries = info.data.get("boundaries")
        if boundaries is not None and len(value) != len(boundaries) + 1:
            raise ValueError(f"have to be {len(boundaries) + 1}, one more than boundaries, not {len(value)}")
        return value

    def value(self, step: int, epoch: int) -> float:
        """Return η_t."""
        t = epoch if self.by == "epoch" else step
        return self.values[sum(t >= each for each in self.boundaries)]
