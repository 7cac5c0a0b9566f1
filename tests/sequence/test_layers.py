"""Values by definition, open axes, edges of sizes, and what masks mean."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost
from bpframe_sequence import (
    Attention,
    Embedding,
    Gru,
    Lstm,
    MaskedGru,
    MaskedLstm,
    MaskedMultiHeadAttention,
    MaskedSimpleRnn,
    MultiHeadAttention,
    PositionalEncoding,
    SimpleRnn,
    TransformerBlock,
)

import bpframe as bp
from bpframe.errors import ContractError, ShapeMismatch

RECURRENT: dict[str, tuple[Any, Any]] = {
    "simple_rnn": (SimpleRnn, MaskedSimpleRnn),
    "lstm": (Lstm, MaskedLstm),
    "gru": (Gru, MaskedGru),
    "gru, reset before": (partial(Gru, reset_after=False), partial(MaskedGru, reset_after=False)),
}


def test_sinusoids_are_those_of_the_paper() -> None:
    y = bp.Network([PositionalEncoding()], input_shape=(7, 5)).predict(np.zeros((1, 7, 5)))[0]
    for t in range(7):
        for i in range(5):
            angle = t / 10000 ** ((i // 2 * 2) / 5)
            assert np.isclose(y[t, i], np.cos(angle) if i % 2 else np.sin(angle), rtol=0, atol=1e-14)


@pytest.mark.parametrize("after", [True, False])
def test_a_gru_is_its_equations(after: bool) -> None:
    net = bp.Network([Gru(units=3, reset_after=after, return_sequences=True)], input_shape=(5, 2), seed=0)
    rng = np.random.default_rng(0)
    net.parameters.vector[:] = rng.standard_normal(net.parameters.vector.size)
    w, u, b = net.parameters.values()
    x, h = rng.standard_normal((4, 5, 2)), np.zeros((4, 3))
    shown = net.predict(x)
    for t in range(5):
        r, z = (1 / (1 + np.exp(-(x[:, t] @ w[k].T + h @ u[k].T + b[k]))) for k in (slice(0, 3), slice(3, 6)))
        kept = r * (h @ u[6:].T + b[9:]) if after else (r * h) @ u[6:].T
        h = (1 - z) * np.tanh(x[:, t] @ w[6:].T + b[6:9] + kept) + z * h
        np.testing.assert_allclose(shown[:, t], h, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("sequences", [True, False])
def test_what_stands_in_the_padding_does_not_count(kind: str, sequences: bool) -> None:
    layer = RECURRENT[kind][1](units=3, return_sequences=sequences, bidirectional=True)
    net = bp.Network(
        inputs={"x": (6, 2), "mask": (6,)}, nodes={"h": bp.node(layer, "x", "mask")}, cost=QuadraticCost(), seed=1
    )
    rng = np.random.default_rng(0)
    mask = (rng.random((4, 6)) < 0.6).astype(int)  # holes, too
    x = rng.standard_normal((4, 6, 2))
    other = np.where(mask[..., None] == 1, x, 1e3)
    assert (net.predict({"x": x, "mask": mask}) == net.predict({"x": other, "mask": mask})).all()
    # The steps that count, alone, give the same.
    for n in range(4):
        short = x[n, mask[n] == 1][None]
        alone = bp.Network(
            inputs={"x": (None, 2), "mask": (None,)},
            nodes={"h": bp.node(layer, "x", "mask")},
            cost=QuadraticCost(),
            seed=1,
        )
        shown = alone.predict({"x": short, "mask": np.ones(short.shape[:2], int)})
        whole = net.predict({"x": x[n : n + 1], "mask": mask[n : n + 1]})
        np.testing.assert_allclose(whole[:, mask[n] == 1] if sequences else whole, shown, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_sequence_of_no_steps_ends_in_zeros_and_no_examples_are_none(kind: str) -> None:
    layer = RECURRENT[kind][0](units=2, bidirectional=True)
    p = {key: np.ones(each.shape) for key, each in layer.parameters(((0, 3),)).items()}
    saved: dict[str, Any] = {}
    x = np.zeros((2, 0, 3))
    assert (layer.forward(x, p, saved) == np.zeros((2, 4))).all()
    for operator in layer.jacobian(x, p, saved).values():
        assert operator._known_shapes()[1] == (4,)
    net = bp.Network([layer], cost=QuadraticCost(), input_shape=(None, 3))
    assert net.predict(np.zeros((0, 4, 3))).shape == (0, 4)


@pytest.mark.parametrize(
    "layers",
    [
        [SimpleRnn(units=2, return_sequences=True), Gru(units=2, bidirectional=True)],
        [Lstm(units=2, return_sequences=True), Lstm(units=2)],
        [Gru(units=2, reset_after=False, return_sequences=True, bidirectional=True), Gru(units=2, reset_after=False)],
        [PositionalEncoding(), TransformerBlock(heads=1, units=3), MultiHeadAttention(heads=2, causal=True)],
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_open_axes_take_any_length_and_derivatives_are_exact(layers: list[Any], dtype: str) -> None:
    net = bp.Network([*layers, Dense(units=1)], cost=QuadraticCost(), input_shape=(None, 2), dtype=dtype, seed=3)
    rng = np.random.default_rng(0)
    for times in (1, 4):
        x = rng.standard_normal((3, times, 2)).astype(dtype)
        y = np.zeros_like(net.predict(x))
        v = rng.standard_normal(net.parameters.vector.size).astype(dtype)
        exact, near = net.hvp(x, y, v), net.hvp(x, y, v, method="difference")
        assert exact.dtype == dtype
        np.testing.assert_allclose(
            exact, near, rtol=0, atol=(1e-5 if dtype == "float64" else 2e-2) * np.abs(near).max()
        )
        if dtype == "float64":
            assert net.check_gradients(x, y)


def test_a_causal_step_does_not_see_what_follows() -> None:
    net = bp.Network([TransformerBlock(heads=2, causal=True)], input_shape=(5, 4), seed=0)
    x = np.random.default_rng(0).standard_normal((2, 5, 4))
    later = x.copy()
    later[:, 3:] += 1
    assert (net.predict(x)[:, :3] == net.predict(later)[:, :3]).all()


def test_large_inputs_give_finite_gradients() -> None:
    for layer in (
        Lstm(units=2),
        Gru(units=2),
        Gru(units=2, reset_after=False),
        SimpleRnn(units=2),
        MultiHeadAttention(heads=1),
        TransformerBlock(heads=1),
    ):
        for dtype in ("float32", "float64"):
            net = bp.Network([layer], cost=QuadraticCost(), input_shape=(3, 2), dtype=dtype, seed=0)
            x = 1e4 * np.array([[[1, -1], [-1, 1], [1, 1]]], dtype)
            assert np.isfinite(net.gradient(x, np.zeros_like(net.predict(x))).vector).all()


def test_the_padding_of_an_embedding_is_zero_and_stays_so() -> None:
    net = bp.Network(
        inputs={"tokens": (4,)},
        nodes={
            "e": bp.node(Embedding(size=5, units=4, mask_zero=True), "tokens"),
            "a": bp.node(MaskedMultiHeadAttention(heads=2), "e", "tokens"),
            "h": bp.node(MaskedLstm(units=3), "a", "tokens"),
        },
        cost=QuadraticCost(),
        seed=0,
    )
    tokens = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    assert (net.trace({"tokens": tokens})["e"][tokens == 0] == 0).all()
    gradient = net.gradient({"tokens": tokens}, np.ones((2, 3)))["e.w"]
    assert (gradient[0] == 0).all()
    assert gradient[1:4].any(axis=1).all()
    assert (gradient[4] == 0).all()
    assert net.check_gradients({"tokens": tokens}, np.ones((2, 3)))


def test_shapes_that_do_not_fit_are_refused() -> None:
    for layers, shape in (
        ([Lstm(units=2)], (3,)),
        ([MultiHeadAttention(heads=3)], (5, 4)),
        ([PositionalEncoding(length=3)], (4, 2)),
        ([TransformerBlock(heads=2)], (4, 3)),
    ):
        with pytest.raises(ShapeMismatch):
            bp.Network(layers, input_shape=shape)
    with pytest.raises(ShapeMismatch):
        bp.Network(
            inputs={"q": (3, 2), "k": (4, 2), "v": (5, 2)},
            nodes={"a": bp.node(Attention(), "q", "k", "v")},
        )


@pytest.mark.parametrize("kind", RECURRENT)
def test_truncation_keeps_values_and_is_told_where_numbers_are_asked(kind: str) -> None:
    def network(truncate: int | None) -> bp.Network:
        layer = RECURRENT[kind][0](units=3, truncate=truncate)
        return bp.Network([layer], cost=QuadraticCost(), input_shape=(5, 2), seed=1)

    x, y = np.random.default_rng(0).standard_normal((4, 5, 2)), np.zeros((4, 3))
    whole, cut, long = network(None), network(2), network(5)
    assert (whole.predict(x) == cut.predict(x)).all()
    assert (whole.gradient(x, y).vector == long.gradient(x, y).vector).all()
    assert not np.allclose(whole.gradient(x, y).vector, cut.gradient(x, y).vector, rtol=1e-3)
    assert long.check_gradients(x, y)
    assert not cut.check_gradients(x, y)
    v = np.ones(cut.parameters.vector.size)
    np.testing.assert_array_equal(whole.hvp(x, y, v), long.hvp(x, y, v))
    with pytest.raises(ContractError, match="truncated gradient"):
        cut.hvp(x, y, v)
