"""Where attention looks, what positions look like, what gates do, and how far back a gradient reaches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from bpframe_sequence import (
    Attention,
    CrossAttention,
    Embedding,
    Gru,
    Lstm,
    MaskedAttention,
    MaskedGru,
    MaskedLstm,
    MaskedMultiHeadAttention,
    MaskedSelfAttention,
    MaskedSimpleRnn,
    MaskedTransformerBlock,
    MultiHeadAttention,
    PositionalEncoding,
    SelfAttention,
    SimpleRnn,
    TransformerBlock,
)
from drawing import Plot, cells, digits, drawn
from matplotlib.figure import Figure
from recurrent_pictures import forgetting, gru_gates, lstm_gates, reach, unpadded
from sequence_pictures import influence, maps, padded

import bpframe as bp
from bpframe.extend import Array

__all__ = ["PICTURES"]

WORDS = ["to", "be", "or", "not", "to", "be"]
PADDED = [*WORDS[:4], "·", "·"]


def _weights(layer: Any, q: Array, k: Array, heads: int = 1, **mask: Array) -> Array:
    """Return how much each query takes of each key, by head: what comes out where each value is an axis of its own."""
    count = len(q)
    inputs = {"q": q, "k": k, "v": np.tile(np.eye(count), heads), **mask}
    shapes = {name: each.shape for name, each in inputs.items()}
    net = bp.Network(inputs=shapes, nodes={"a": bp.node(layer, *inputs)}, output="a")
    shown = net.predict({name: each[None] for name, each in inputs.items()})[0]
    return np.asarray(shown).reshape(count, heads, count).swapaxes(0, 1)


def _same_word() -> Array:
    """Return a vector for each word, equal for equal words."""
    names = sorted(set(WORDS))
    return 2.4 * np.eye(len(names))[[names.index(word) for word in WORDS]]


def _attended() -> Plot:
    x = _same_word()
    found = {"attention": _weights(Attention(), x, x)[0], "causal": _weights(Attention(causal=True), x, x)[0]}
    return maps(
        found,
        "How much each word (a row) takes of each other, where q = k is a vector for each word: most of words like "
        f"itself, {found['attention'][0, 0]:.2f} and {found['attention'][0, 4]:.2f} of the two “to”. A causal one "
        "takes nothing of what follows.",
        WORDS,
        WORDS,
    )


def _masked() -> Plot:
    x = _same_word()
    found = {
        "all six": _weights(Attention(), x, x)[0],
        "the first four": _weights(MaskedAttention(), x, x, mask=np.array(4))[0],
    }
    return maps(
        found,
        f"The last two are padding: their columns are 0, and what they took, {found['all six'][0, 4:].sum():.2f} of "
        "the first row, goes to the others: each row still adds up to 1.",
        WORDS,
        WORDS,
    )


def _two_heads() -> Plot:
    x, places = _same_word(), 4.5 * np.eye(len(WORDS))
    wide = places.shape[1] - x.shape[1]
    q = np.concatenate([x, np.zeros((len(x), wide)), np.roll(places, -1, axis=1)], axis=1)
    k = np.concatenate([x, np.zeros((len(x), wide)), places], axis=1)
    found = _weights(Attention(heads=2, causal=True), q, k, heads=2)
    return maps(
        {"head 0": found[0], "head 1": found[1]},
        f"What two causal heads can learn: one takes of equal words, the other {found[1, 3, 2] * 100:.0f} % "
        "of the word before, since its queries look for the position before their own.",
        WORDS,
        WORDS,
    )


def reaching(layer: Any, other: Any, names: tuple[str, str], say: str, features: int = 8, mask: bool = False) -> Plot:
    """Draw which steps of x reach which of y, for a layer and a variation of it, which may be masked."""
    x = np.random.default_rng(1).normal(size=(len(WORDS), features))
    first = influence(layer, {"x": x})
    second = influence(other, {"x": x, **({"mask": np.array(4)} if mask else {})})
    off = ~np.eye(len(WORDS), dtype=bool)
    said = say.format(own=digits(np.diag(first).mean()), others=digits(first[off].mean()), zeros=(second == 0).sum())
    return maps(dict(zip(names, (first, second), strict=True)), said, WORDS, PADDED if mask else WORDS, least=0.2)


def _crossed() -> Plot:
    rng = np.random.default_rng(1)
    inputs = {"x": rng.normal(size=(4, 8)), "memory": rng.normal(size=(6, 8))}
    layer = CrossAttention(heads=2)
    found = {"‖∂y_t/∂memory_s‖": influence(layer, inputs, "memory")}
    own = influence(layer, inputs, "x")
    return maps(
        found,
        "Every step of y (a row) depends on every step of the memory (a column), by "
        f"{digits(found['‖∂y_t/∂memory_s‖'].min())} at least, and of x on its own step alone: all "
        f"{(own == 0).sum()} other derivatives are 0.",
        ["y 0", "y 1", "y 2", "y 3"],
        list("012345"),
    )


def _positions() -> Plot:
    y = bp.Network([PositionalEncoding()], input_shape=(150, 32)).predict(np.zeros((1, 150, 32)))[0]

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        shown = axes.imshow(y, cmap="coolwarm", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        axes.set(xlabel="feature", ylabel="position")
        figure.colorbar(shown, ticks=(-1, 0, 1)).outline.set_visible(False)
        distances = np.linalg.norm(y[:, None] - y, axis=-1)
        np.fill_diagonal(distances, np.inf)
        return (
            "What is added at 150 positions to 32 features: sines and cosines in turn, each pair slower than the "
            f"one before, as the hands of clocks. No two rows are alike: they are {digits(distances.min())} apart "
            "at least."
        )

    return drawn(draw, (4.6, 2.9))


def _looked_up() -> Plot:
    table = np.array([[1.0, 2], [3, -1], [-2, 4], [0, 5], [6, 1]])
    tokens, error = np.array([2, 4, 2]), np.array([[1.0, 2], [3, 4], [5, 6]])
    net = bp.Network([Embedding(size=5, units=2)], input_shape=(3,))
    name = net.graph.nodes[0].name
    net.load_parameters({f"{name}.w": table})
    trace = net.trace(tokens[None])
    back = np.asarray(trace.jacobian(name)["w"].vjp(error[None]))[0]

    def draw(figure: Figure) -> str:
        panels = {"w": table, "tokens": tokens[:, None], "y": trace[name][0], "error of y": error, "error of w": back}
        for axes, (title, values) in zip(
            figure.subplots(1, 5, width_ratios=[2, 1.4, 2, 2.4, 2.4]), panels.items(), strict=True
        ):
            cells(axes, values, title, whole=True)
            axes.set_ylim(4.6, -0.6)
        return (
            "A token's row of w. Token 2 is read twice, so that two errors add up in its row, 1 + 5 = "
            f"{digits(back[2, 0])}; the {np.count_nonzero(~back.any(axis=1))} rows that nobody read get none."
        )

    return drawn(draw, (4.4, 1.9))


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "attention": _attended,
    "cross_attention": _crossed,
    "embedding": _looked_up,
    "forget_bias": forgetting,
    "gru": gru_gates,
    "lstm": lstm_gates,
    "masked_attention": _masked,
    "masked_gru": partial(
        padded, MaskedGru(units=3, return_sequences=True), Gru(units=3, return_sequences=True), unpadded
    ),
    "masked_lstm": partial(
        padded, MaskedLstm(units=3, return_sequences=True), Lstm(units=3, return_sequences=True), unpadded
    ),
    "masked_multi_head_attention": partial(
        reaching,
        MultiHeadAttention(heads=2),
        MaskedMultiHeadAttention(heads=2),
        ("multi_head_attention", "masked, 4 steps"),
        "‖∂y_t/∂x_s‖: without a mask all steps reach all. With one, nothing comes from padding: {zeros} of 36 are 0.",
        mask=True,
    ),
    "masked_self_attention": partial(
        reaching,
        SelfAttention(),
        MaskedSelfAttention(),
        ("self_attention", "masked, 4 steps"),
        "‖∂y_t/∂x_s‖: of padding neither keys nor values are seen; what is left there are its own queries: {zeros} "
        "of 36 are 0.",
        features=6,
        mask=True,
    ),
    "masked_simple_rnn": partial(
        padded, MaskedSimpleRnn(units=3, return_sequences=True), SimpleRnn(units=3, return_sequences=True), unpadded
    ),
    "masked_transformer_block": partial(
        reaching,
        TransformerBlock(heads=2, units=16),
        MaskedTransformerBlock(heads=2, units=16),
        ("transformer_block", "masked, 4 steps"),
        "‖∂y_t/∂x_s‖: padding reaches nobody but itself, by its residual connection: {zeros} of 36 are 0.",
        mask=True,
    ),
    "multi_head_attention": _two_heads,
    "positional_encoding": _positions,
    "self_attention": partial(
        reaching,
        SelfAttention(),
        SelfAttention(causal=True),
        ("self_attention", "causal"),
        "‖∂y_t/∂x_s‖, where x is q, k and v side by side: every step reaches every other. A causal one lets "
        "nothing come from later steps: {zeros} of 36 are 0.",
        features=6,
    ),
    "simple_rnn": reach,
    "transformer_block": partial(
        reaching,
        TransformerBlock(heads=2, units=16),
        TransformerBlock(heads=2, units=16, causal=True),
        ("transformer_block", "causal"),
        "‖∂y_t/∂x_s‖: a step reaches itself by {own}, since its input is added, and others by {others}. With "
        "causal=True {zeros} of 36 are 0.",
    ),
}
