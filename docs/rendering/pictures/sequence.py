"""Where attention looks, what positions look like, what gates do, and how far back a gradient reaches."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib
import numpy as np
from bpframe_sequence import Attention, Gru, Lstm, PositionalEncoding, SimpleRnn
from component_plots import DERIVATIVE, INK, VALUE, Plot
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

import bpframe as bp

__all__ = ["PICTURES"]

WORDS = ["to", "be", "or", "not", "to", "be"]
STEPS, UNITS = 40, 32
#: When the series is to be remembered.
WRITES = (6, 17, 30)


def _weights(layer: Any, q: np.ndarray, k: np.ndarray, heads: int = 1) -> np.ndarray:
    """Return how much each query takes of each key, by head: what comes out where each value is an axis of its own."""
    count = len(q)
    v = np.tile(np.eye(count), heads)
    net = bp.Network(
        inputs={"q": q.shape, "k": k.shape, "v": v.shape}, nodes={"a": bp.node(layer, "q", "k", "v")}, output="a"
    )
    shown = net.predict({"q": q[None], "k": k[None], "v": v[None]})[0]
    return np.asarray(shown).reshape(count, heads, count).swapaxes(0, 1)


def _same_word() -> np.ndarray:
    """Return a vector for each word, equal for equal words."""
    names = sorted(set(WORDS))
    return 2.4 * np.eye(len(names))[[names.index(word) for word in WORDS]]


def _attended() -> Plot:
    x = _same_word()
    maps = {
        "attention": _weights(Attention(), x, x)[0],
        "causal": _weights(Attention(causal=True), x, x)[0],
    }
    caption = (
        "How much each word takes of each other, where q = k is a vector for each word: most of words like itself. A "
        "causal one takes nothing of what follows."
    )
    return Plot(caption, _maps(maps))


def _two_heads() -> Plot:
    x, places = _same_word(), 4.5 * np.eye(len(WORDS))
    wide = places.shape[1] - x.shape[1]
    q = np.concatenate([x, np.zeros((len(x), wide)), np.roll(places, -1, axis=1)], axis=1)
    k = np.concatenate([x, np.zeros((len(x), wide)), places], axis=1)
    found = _weights(Attention(heads=2, causal=True), q, k, heads=2)
    caption = (
        "What two causal heads can learn: one takes of equal words, the other of the word before, since its queries "
        "look for the position before their own."
    )
    return Plot(caption, _maps({"head 0": found[0], "head 1": found[1]}))


def _maps(maps: Mapping[str, np.ndarray]) -> str:
    with matplotlib.rc_context(_style()):
        figure = Figure(figsize=(4.8, 2.6), layout="constrained")
        for axes, (title, weights) in zip(figure.subplots(1, len(maps), sharey=True), maps.items(), strict=True):
            axes.pcolormesh(weights, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1)
            for (row, column), weight in np.ndenumerate(weights):
                if weight >= 0.1:
                    ink = "white" if weight > 0.6 else INK
                    axes.text(column + 0.5, row + 0.5, f"{weight:.1f}", ha="center", va="center", color=ink, fontsize=7)
            axes.set_title(title, fontsize=9)
            axes.set(aspect="equal", xlabel="key")
            places = np.arange(len(WORDS)) + 0.5
            axes.set_xticks(places, WORDS, rotation=60)
            axes.set_yticks(places, WORDS)
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
        figure.axes[0].set_ylabel("query")
        figure.axes[0].invert_yaxis()
        return _text(figure)


def _positions() -> Plot:
    y = bp.Network([PositionalEncoding()], input_shape=(150, 32)).predict(np.zeros((1, 150, 32)))[0]
    caption = (
        "What is added at 150 positions to 32 features: sines and cosines in turn, each pair slower than the one "
        "before, as the hands of clocks. No two rows are alike."
    )
    with matplotlib.rc_context(_style()):
        figure = Figure(figsize=(4.6, 2.9), layout="constrained")
        axes = figure.subplots()
        drawn = axes.imshow(y, cmap="coolwarm", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        axes.set(xlabel="feature", ylabel="position")
        figure.colorbar(drawn, ticks=(-1, 0, 1)).outline.set_visible(False)
        return Plot(caption, _text(figure))


def _series() -> np.ndarray:
    """Return the values of a series, and 1 where one is to be remembered, (T, 2)."""
    write = np.zeros(STEPS)
    write[list(WRITES)] = 1
    return np.stack([np.sin(np.arange(STEPS) / 4), write], axis=1)


def _sampled(layer: Any, w: Mapping[str, tuple[float, float]], b: Mapping[str, float]) -> np.ndarray:
    """Run a layer of one unit whose gates read the input alone; return what it shows."""
    net = bp.Network([layer], input_shape=(STEPS, 2))
    name = net.graph.nodes[0].name
    net.load_parameters(
        {f"{name}.w": np.array(list(w.values())), f"{name}.u": np.zeros((len(w), 1)), f"{name}.b": list(b.values())}
    )
    return np.asarray(net.predict(_series()[None]))[0, :, 0]


def _lstm_gates() -> Plot:
    w = {"i": (0, 12), "f": (0, -12), "g": (1, 0), "o": (0, 0)}
    b = {"i": -6.0, "f": 6.0, "g": 0.0, "o": 6.0}
    shown = _sampled(Lstm(units=1, return_sequences=True), w, b)
    caption = (
        "One unit that remembers: where it is told to (dotted), the input gate opens and the forget gate closes, and "
        "the cell takes the input, squashed by tanh; in between it is kept."
    )
    gates = {"input gate i": _gate(w["i"], b["i"]), "forget gate f": _gate(w["f"], b["f"])}
    return Plot(caption, _gated(shown, gates))


def _gru_gates() -> Plot:
    w = {"r": (0, 0), "z": (0, -12), "n": (1, 0)}
    b = {"r": 0.0, "z": 6.0, "n": 0.0, "q": 0.0}
    shown = _sampled(Gru(units=1, return_sequences=True), w, b)
    caption = (
        "One unit that remembers: where it is told to (dotted), z closes and the state becomes n = tanh x; in "
        "between, z = 1 keeps it. One gate does what two do in an LSTM."
    )
    return Plot(caption, _gated(shown, {"update gate z": _gate(w["z"], b["z"])}))


def _gate(w: tuple[float, float], b: float) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-(_series() @ np.array(w) + b))))


def _gated(shown: np.ndarray, gates: Mapping[str, np.ndarray]) -> str:
    time = np.arange(STEPS)
    with matplotlib.rc_context(_style()):
        figure = Figure(figsize=(4.6, 3.2), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        above.plot(time, _series()[:, 0], color=INK, linewidth=1, alpha=0.7, label="input")
        above.step(time, shown, where="mid", color=VALUE, linewidth=1.8, label="h")
        for (name, gate), colour, line in zip(gates.items(), (DERIVATIVE, VALUE), ("-", "--"), strict=False):
            below.step(time, gate, line, where="mid", color=colour, linewidth=1.4, label=name)
        for axes in (above, below):
            for write in WRITES:
                axes.axvline(write, color=INK, linestyle=":", linewidth=1)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        below.set(xlabel="step", ylim=(-0.05, 1.05))
        return _text(figure)


def _reach() -> Plot:
    lags = np.arange(STEPS)
    layers = {"simple_rnn": SimpleRnn(units=UNITS), "gru": Gru(units=UNITS), "lstm": Lstm(units=UNITS)}
    caption = (
        f"How much the last state moves with the input of an earlier step, ‖∂h_T/∂x_t‖ beside that of the last step: "
        f"layers of {UNITS} units where they start, medians of 15 seeds."
    )
    with matplotlib.rc_context(_style()):
        figure = Figure(figsize=(4.6, 2.7), layout="constrained")
        axes = figure.subplots()
        for (name, layer), colour, line in zip(
            layers.items(), (DERIVATIVE, "#7cb342", VALUE), ("--", "-.", "-"), strict=True
        ):
            norms = np.median([_norms(layer, seed) for seed in range(15)], axis=0)
            axes.semilogy(lags, norms / norms[0], line, color=colour, linewidth=1.8, label=name)
        axes.grid(color=INK, alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("steps back, T − t")
        axes.legend(frameon=False)
        return Plot(caption, _text(figure))


def _norms(layer: Any, seed: int) -> np.ndarray:
    """Return ‖∂h_T/∂x_t‖ for t = T, T − 1, ..., for one random sequence."""
    net = bp.Network([layer], input_shape=(STEPS, UNITS), seed=seed)
    x = np.random.default_rng(seed).standard_normal((1, STEPS, UNITS))
    jacobian = np.asarray(net.jacobian(x)).reshape(UNITS, STEPS, UNITS)
    return np.sqrt(np.square(jacobian).sum(axis=(0, 2)))[::-1]


def _style() -> dict[str, Any]:
    style: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9}
    style["font.family"] = "sans-serif"
    return style | dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)


def _text(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return text.getvalue()


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "attention": _attended,
    "gru": _gru_gates,
    "lstm": _lstm_gates,
    "multi_head_attention": _two_heads,
    "positional_encoding": _positions,
    "simple_rnn": _reach,
}
