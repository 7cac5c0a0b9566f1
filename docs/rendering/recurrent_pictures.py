"""What gates do, how far back a gradient reaches, and what is left where a sequence has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bpframe_sequence import ForgetBias, Gru, Lstm, SimpleRnn
from drawing import DERIVATIVE, INK, VALUE, Plot, digits, drawn, lines, plain
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

import bpframe as bp
from bpframe.extend import Array

__all__ = ["forgetting", "gru_gates", "lstm_gates", "reach", "unpadded"]

STEPS, UNITS, SEEDS = 40, 32, 5
#: When the series is to be remembered.
WRITES = (6, 17, 30)


def _series() -> Array:
    """Return the values of a series, and 1 where one is to be remembered, (T, 2)."""
    write = np.zeros(STEPS)
    write[list(WRITES)] = 1
    return np.stack([np.sin(np.arange(STEPS) / 4), write], axis=1)


def _sampled(layer: Any, w: Mapping[str, tuple[float, float]], b: Mapping[str, float]) -> Array:
    """Run a layer of one unit whose gates read the input alone; return what it shows."""
    net = bp.Network([layer], input_shape=(STEPS, 2))
    name = net.graph.nodes[0].name
    net.load_parameters(
        {f"{name}.w": np.array(list(w.values())), f"{name}.u": np.zeros((len(w), 1)), f"{name}.b": list(b.values())}
    )
    return np.asarray(net.predict(_series()[None]))[0, :, 0]


def _kept(shown: Array) -> str:
    """Say how much is left of a value at the end of the time for which it is kept."""
    first, last = WRITES[1], WRITES[2] - 1
    return f"after {last - first} steps {shown[last] / shown[first] * 100:.0f} % of it are left"


def lstm_gates() -> Plot:
    """Draw the gates of an LSTM that was told what to keep."""
    w = {"i": (0, 12), "f": (0, -12), "g": (1, 0), "o": (0, 0)}
    b = {"i": -6.0, "f": 6.0, "g": 0.0, "o": 6.0}
    shown = _sampled(Lstm(units=1, return_sequences=True), w, b)
    return _gated(
        "One unit that remembers: where it is told to (dotted), the input gate opens and the forget gate closes, "
        f"and the cell takes the input, squashed by tanh; in between it is kept: {_kept(shown)}.",
        shown,
        {"input gate i": _gate(w["i"], b["i"]), "forget gate f": _gate(w["f"], b["f"])},
    )


def gru_gates() -> Plot:
    """Draw the gate of a GRU that was told what to keep."""
    w = {"r": (0, 0), "z": (0, -12), "n": (1, 0)}
    b = {"r": 0.0, "z": 6.0, "n": 0.0, "q": 0.0}
    shown = _sampled(Gru(units=1, return_sequences=True), w, b)
    return _gated(
        "One unit that remembers: where it is told to (dotted), z closes and the state becomes n = tanh x; in "
        f"between, z = 1 keeps it: {_kept(shown)}. One gate does what two do in an LSTM.",
        shown,
        {"update gate z": _gate(w["z"], b["z"])},
    )


def _gate(w: tuple[float, float], b: float) -> Array:
    return np.asarray(1 / (1 + np.exp(-(_series() @ np.array(w) + b))))


def _gated(caption: str, shown: Array, gates: Mapping[str, Array]) -> Plot:
    def draw(figure: Figure) -> str:
        time = np.arange(STEPS)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        above.plot(time, _series()[:, 0], color=INK, linewidth=1, alpha=0.7, label="input")
        above.step(time, shown, where="mid", color=VALUE, linewidth=1.8, label="h")
        for (name, gate), colour, line in zip(gates.items(), (DERIVATIVE, VALUE), ("-", "--"), strict=False):
            below.step(time, gate, line, where="mid", color=colour, linewidth=1.4, label=name)
        for axes in (above, below):
            for write in WRITES:
                axes.axvline(write, color=INK, linestyle=":", linewidth=1)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        below.set(xlabel="step", ylim=(-0.05, 1.05))
        return caption

    return drawn(draw, (4.8, 3.0))


def reach() -> Plot:
    """Draw how far back the gradients of recurrent layers reach."""
    layers = {"simple_rnn": SimpleRnn(units=UNITS), "gru": Gru(units=UNITS), "lstm": Lstm(units=UNITS)}

    def draw(figure: Figure) -> str:
        norms = {
            name: np.median([_norms(layer, seed) for seed in range(SEEDS)], axis=0) for name, layer in layers.items()
        }
        axes = figure.subplots()
        lines(axes, np.arange(STEPS), {name: each / each[0] for name, each in norms.items()}, "steps back, T − t")
        axes.set_yscale("log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        left = ", ".join(f"{digits(each[20] / each[0])} ({name})" for name, each in norms.items())
        return (
            "How much the last state moves with the input of an earlier step, ‖∂h_T/∂x_t‖ beside that of the last: "
            f"20 steps back {left}. Layers of {UNITS} units where they start, medians of {SEEDS} seeds."
        )

    return drawn(draw)


def _norms(layer: Any, seed: int) -> Array:
    """Return ‖∂h_T/∂x_t‖ for t = T, T − 1, ..., for one random sequence."""
    net = bp.Network([layer], input_shape=(STEPS, UNITS), seed=seed)
    x = np.random.default_rng(seed).standard_normal((1, STEPS, UNITS))
    jacobian = np.asarray(net.jacobian(x)).reshape(UNITS, STEPS, UNITS)
    return np.asarray(np.sqrt(np.square(jacobian).sum(axis=(0, 2)))[::-1])


def forgetting() -> Plot:
    """Draw the biases that an LSTM starts with, and what they keep."""

    def draw(figure: Figure) -> str:
        left, right = figure.subplots(1, 2)
        b = ForgetBias().draw((8,))
        left.bar(range(8), b, color=VALUE, alpha=0.7)
        left.set_xticks(np.arange(4) * 2 + 0.5, ["input", "forget", "cell", "output"])
        plain(left, "gate, of 2 units", title="biases at the start")
        kept, without = (1 / (1 + np.exp(-each)) for each in (b[2], 0.0))
        time = np.arange(11)
        lines(right, time, {"with 1": kept**time, "with 0": without**time}, "step", title="what is left of a cell")
        return (
            f"A forget gate with bias 1 keeps σ(1) = {digits(kept)} of its cell in each step, one with bias 0 a "
            f"half: after ten steps {digits(kept**10)} are left instead of {digits(without**10)}."
        )

    return drawn(draw, (5.4, 2.4))


def unpadded(masked: Array, without: Array) -> str:
    """Say how much a last state depends on the last step that counts and on padding, with a mask and without."""
    last = int(np.flatnonzero(masked)[-1])
    return (
        f"A sequence of {last + 1} steps and {len(masked) - last - 1} of padding (grey). The last state of the "
        f"masked layer depends on step {last} by {digits(masked[last])} and on padding by "
        f"{digits(masked[last + 1 :].max())}; the other goes on over the padding, by which its last state moves, "
        f"and depends on step {last} by {digits(without[last])} only."
    )
