"""What an activation passes on of an error, where it passes on next to nothing, and how a softmax shares."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from bpframe_activations import (
    Elu,
    Gelu,
    HardSigmoid,
    HardTanh,
    LeakyRelu,
    LogSigmoid,
    LogSoftmax,
    Mish,
    Prelu,
    Relu,
    Selu,
    Silu,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from bpframe_reference import Sigmoid
from drawing import INK, Plot, digits, drawn, lines
from line_art import number
from matplotlib.figure import Figure

import bpframe as bp

__all__ = ["PICTURES", "passed_on"]

#: Below this share of an error next to nothing is passed on.
LITTLE = 0.05
DEPTH = 10
Z = np.linspace(-5, 5, 401)
OTHERS = (2.0, 0.0)


def passed_on(layer: Any, beside: Any = None) -> Plot:
    """Draw σ and σ′, shade where σ′ is next to nothing, and say what comes through ten such layers."""

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        value, slope = _curves(layer, Z)
        if beside:
            axes.plot(Z, _curves(beside, Z)[0], color=INK, linewidth=1, alpha=0.6, label=f"{beside.kind}, beside it")
        lines(axes, Z, {"a": value, "a′": slope}, "z")
        axes.fill_between(Z, 0, 1, np.abs(slope) < LITTLE, transform=axes.get_xaxis_transform(), color=INK, alpha=0.1)
        low, high = min(value.min(), slope.min()), max(value.max(), slope.max())
        axes.set_ylim(max(-2.2, low - 0.1), min(3.0, high + 0.2))
        axes.legend(loc="upper left")
        return _said(slope, float(np.max(_curves(layer, np.linspace(-40, 40, 801))[1])), _through(layer))

    return drawn(draw)


def _curves(layer: Any, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    net = bp.Network([layer], input_shape=(1,))
    return np.asarray(net.predict(z[:, None]))[:, 0], np.asarray(net.jacobian(z[:, None])).reshape(-1)


def _through(layer: Any) -> float:
    """Return what is left of an error behind DEPTH layers, root mean square, where z is standard normal."""
    z = np.linspace(-8, 8, 1601)
    weights = np.exp(-(z**2) / 2)
    return float(np.average(_curves(layer, z)[1] ** 2, weights=weights) ** (DEPTH / 2))


def _said(slope: np.ndarray, most: float, through: float) -> str:
    little = np.abs(slope) < LITTLE
    ends = []
    if little[0]:
        ends.append(f"z < {number(Z[np.argmin(little)], 1)}")
    if little[-1]:
        ends.append(f"z > {number(Z[len(Z) - 1 - np.argmin(little[::-1])], 1)}")
    where = f"less than {LITTLE * 100:.0f} % where {' or '.join(ends)} (grey)" if ends else "never next to nothing"
    return (
        f"Of an error it passes on a′: at most {digits(most, 3)}, {where}. At standard normal z {DEPTH} in "
        f"a row let {digits(through)} of it through."
    )


def _shares(layer: Any, say: Callable[[np.ndarray], str]) -> Plot:
    def draw(figure: Figure) -> str:
        first = np.linspace(-6, 8, 141)
        x = np.stack([first, *(np.full_like(first, each) for each in OTHERS)], axis=1)
        y = np.asarray(bp.Network([layer], input_shape=(3,)).predict(x))
        lines(figure.subplots(), first, {f"a[{place}]": y[:, place] for place in range(3)}, "z[0]")
        return say(y)

    return drawn(draw)


def _ratio(y: np.ndarray) -> str:
    return (
        "z = (z[0], 2, 0): what the first gains the others lose, and the two keep their ratio, "
        f"e² = {digits(y[0, 1] / y[0, 2])} to 1."
    )


def _distance(y: np.ndarray) -> str:
    return (
        "z = (z[0], 2, 0): the largest is near 0, the others lie below it by as much as their scores do: the last two "
        f"stay {digits(y[0, 1] - y[0, 2])} apart."
    )


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "elu": partial(passed_on, Elu(), Relu()),
    "gelu": partial(passed_on, Gelu(), Relu()),
    "hard_sigmoid": partial(passed_on, HardSigmoid(), Sigmoid()),
    "hard_tanh": partial(passed_on, HardTanh(), Tanh()),
    "leaky_relu": partial(passed_on, LeakyRelu(), Relu()),
    "log_sigmoid": partial(passed_on, LogSigmoid(), Sigmoid()),
    "log_softmax": partial(_shares, LogSoftmax(), _distance),
    "mish": partial(passed_on, Mish(), Silu()),
    "prelu": partial(passed_on, Prelu(), Relu()),
    "relu": partial(passed_on, Relu()),
    "selu": partial(passed_on, Selu(), Elu()),
    "silu": partial(passed_on, Silu(), Relu()),
    "softmax": partial(_shares, Softmax(), _ratio),
    "softplus": partial(passed_on, Softplus(), Relu()),
    "softsign": partial(passed_on, Softsign(), Tanh()),
    "tanh": partial(passed_on, Tanh(), Sigmoid()),
}
