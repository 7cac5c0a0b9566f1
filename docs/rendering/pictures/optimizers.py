"""Optimizers beside gradient descent in a narrow valley, schedules epoch by epoch, starts by what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from bpframe_activations import Relu, Selu
from bpframe_optimizers import (
    Accumulated,
    Adagrad,
    Adam,
    Adamw,
    ClipGlobalNorm,
    ClipNorm,
    ClipValue,
    Constant,
    Cosine,
    Exponential,
    ExponentialAverage,
    Glorot,
    He,
    Lecun,
    Lion,
    Momentum,
    Nadam,
    OneCycle,
    Orthogonal,
    Piecewise,
    Plateau,
    Polynomial,
    Rmsprop,
    Step,
    StochasticAverage,
    TruncatedNormal,
    WarmUp,
    Zeros,
)
from bpframe_reference import GradientDescent
from drawing import Plot, digits, drawn, lines
from matplotlib.figure import Figure
from schedule_pictures import rates
from start_pictures import alike, errors_by_depth
from valley_pictures import path, valley

from bpframe.extend import Optimizer
from bpframe.training.updates import Updater

__all__ = ["PICTURES"]

DESCENT = GradientDescent(learning_rate=0.095)
BATCHES = 48
Paths = Mapping[str, np.ndarray]


def _beside(optimizer: Optimizer, say: str | Callable[[Paths], str], other: Optimizer = DESCENT) -> Plot:
    paths = {optimizer.kind: path(optimizer), other.kind: path(other)}
    return valley(paths, say if callable(say) else lambda _: say)


def _averaged(optimizer: Optimizer, inner: Optimizer, say: str) -> Plot:
    return valley({optimizer.kind: path(optimizer, "average"), "trained parameters": path(inner)}, lambda _: say)


def _first_steps(paths: Paths) -> tuple[str, str]:
    """Return the lengths of the first step of a clipped path, and of gradient descent's."""
    cut, whole = (digits(float(np.linalg.norm(each[1] - each[0]))) for each in paths.values())
    return cut, whole


def _cut(optimizer: Optimizer, how: str) -> Plot:
    def say(paths: Paths) -> str:
        cut, whole = _first_steps(paths)
        return f"{how} The first step is {cut} long instead of {whole}."

    return _beside(optimizer, say)


def _accumulated() -> Plot:
    """Follow noisy gradients of C = ½ θ², batch by batch."""

    def run(optimizer: Optimizer) -> np.ndarray:
        updater, noise = Updater(optimizer, np.ones(1), np.ones(1)), np.random.default_rng(2).normal(size=BATCHES)
        places = [1.0]
        for each in noise:
            updater.gradient[:] = updater.theta + each
            updater.apply()
            places.append(float(updater.theta[0]))
        return np.array(places)

    def draw(figure: Figure) -> str:
        rule = GradientDescent(learning_rate=0.5)
        found = {"accumulated, 4 batches": run(Accumulated(steps=4, optimizer=rule)), "every batch": run(rule)}
        lines(figure.subplots(), np.arange(BATCHES + 1), found, "batch", "θ")
        calm, wild = (digits(float(each[BATCHES // 2 :].std())) for each in found.values())
        return (
            "C = ½ θ² with noisy gradients: four batches make one step along their mean. In the second half θ "
            f"swings by {calm} around the minimum, with a step for every batch by {wild}."
        )

    return drawn(draw)


#: What each is to teach, and beside whom.
_BY_ADAM = Adam(learning_rate=0.3)
_BOUNCING = GradientDescent(learning_rate=0.098)
_OPTIMIZERS: dict[str, Callable[[], Plot]] = {
    "accumulated": _accumulated,
    "adagrad": partial(_beside, Adagrad(learning_rate=1.0), "steps become shorter in every direction on its own."),
    "adam": partial(_beside, _BY_ADAM, "steps are as long along the valley as across, whatever the curvature."),
    "adamw": partial(
        _beside, Adamw(learning_rate=0.3, weight_decay=0.3), "Adam's path, drawn to 0 beside it.", _BY_ADAM
    ),
    "clip_global_norm": partial(
        _cut, ClipGlobalNorm(norm=4.0, optimizer=DESCENT), "long gradients are cut, and keep their direction."
    ),
    "clip_norm": partial(_cut, ClipNorm(norm=2.0, optimizer=DESCENT), "x and y are cut each on their own."),
    "clip_value": partial(_cut, ClipValue(value=2.0, optimizer=DESCENT), "entries are cut, and the direction turns."),
    "exponential_average": partial(
        _averaged,
        ExponentialAverage(decay=0.7, optimizer=_BOUNCING),
        _BOUNCING,
        "the average lies between the walls that the parameters bounce between.",
    ),
    "lion": partial(_beside, Lion(learning_rate=0.15), "every step is a diagonal one of the same length."),
    "momentum": partial(
        _beside,
        Momentum(learning_rate=0.03, momentum=0.8),
        "what swings to and fro cancels, what does not adds up.",
    ),
    "nadam": partial(_beside, Nadam(learning_rate=0.3), "Adam's path with a look ahead.", _BY_ADAM),
    "rmsprop": partial(_beside, Rmsprop(learning_rate=0.15, alpha=0.9), "each direction is divided by its usual size."),
    "stochastic_average": partial(
        _averaged, StochasticAverage(start=5, optimizer=_BOUNCING), _BOUNCING, "the mean of all from the sixth step on."
    ),
}

_SCHEDULES: dict[str, Callable[[], Plot]] = {
    "cosine": lambda: rates(
        Cosine(start=0.1, over=30, warm_up=3),
        lambda rate: (
            f"It rises for 3 epochs to {digits(rate.max())}, and falls slowly at both ends: to {digits(rate[10])} "
            f"in epoch 11, {digits(rate[20])} in epoch 21, {digits(rate[28])} in epoch 29."
        ),
        Polynomial(start=0.1, over=30),
    ),
    "exponential": lambda: rates(
        Exponential(start=0.1, factor=0.9),
        lambda rate: (
            f"Every epoch takes a tenth: half is left after {np.argmax(rate < rate[0] / 2)} epochs, "
            f"{digits(rate[-1])} after 29."
        ),
        Step(start=0.1, every=10),
    ),
    "one_cycle": lambda: rates(
        OneCycle(peak=0.1, over=30, by="epoch"),
        lambda rate: (
            f"From {digits(rate[0])} to {digits(rate.max())} in epoch {np.argmax(rate) + 1}, and then below where it "
            f"began: {digits(rate[-1])} in the last."
        ),
        Cosine(start=0.1, over=30),
    ),
    "piecewise": lambda: rates(
        Piecewise(boundaries=(10, 20), values=(0.1, 0.02, 0.004)),
        lambda rate: (
            "Numbers of one's own, from epochs of one's own on: "
            f"{', '.join(digits(each) for each in np.unique(rate)[::-1])}, from epochs 1, 11 and 21."
        ),
        Exponential(start=0.1, factor=0.9),
    ),
    "plateau": lambda: rates(
        Plateau(start=0.1, factor=0.5, patience=2, watch="cost"),
        lambda rate: (
            "Where the cost has not become better for more than two epochs, the rate is halved: "
            f"{np.count_nonzero(np.diff(rate))} times, first in epoch {np.argmax(np.diff(rate) != 0) + 2}."
        ),
        watched="cost",
    ),
    "polynomial": lambda: rates(
        Polynomial(start=0.1, over=30, power=2.0),
        lambda rate: f"With power 2 a quarter is left half way, {digits(rate[15])}, where the cosine still has a half.",
        Cosine(start=0.1, over=30),
    ),
    "step": lambda: rates(
        Step(start=0.1, every=10),
        lambda rate: f"Every 10 epochs a tenth of it: {', '.join(digits(each) for each in np.unique(rate)[::-1])}.",
        Exponential(start=0.1, factor=0.9),
    ),
    "warm_up": lambda: rates(
        WarmUp(schedule=Cosine(start=0.1, over=30), over=5),
        lambda rate: (
            f"For 5 epochs the rate rises from {digits(rate[0])} to that of the schedule inside, here a cosine; from "
            f"then on it is that one's: {digits(rate[15])} half way."
        ),
        Cosine(start=0.1, over=30),
    ),
}

_STARTS: dict[str, Callable[[], Plot]] = {
    "constant": partial(alike, Constant(value=1.0)),
    "glorot": partial(errors_by_depth, Glorot()),
    "he": partial(errors_by_depth, He(), Relu()),
    "lecun": partial(errors_by_depth, Lecun(), Selu()),
    "orthogonal": partial(errors_by_depth, Orthogonal()),
    "truncated_normal": partial(errors_by_depth, TruncatedNormal()),
    "zeros": partial(alike, Zeros()),
}

#: Pictures by kind.
PICTURES = {**_OPTIMIZERS, **_SCHEDULES, **_STARTS}
