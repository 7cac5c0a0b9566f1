"""What curvature asks the loops over time and attention for: second moments, beside vectors pulled back one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_classification import CrossEntropy
from bpframe_reference import Dense, QuadraticCost
from bpframe_sequence import (
    Gru,
    Lstm,
    MaskedGru,
    MaskedLstm,
    MultiHeadAttention,
    SelfAttention,
    SimpleRnn,
    TransformerBlock,
)
from bpframe_sequence.attention_operators import ThroughAttention
from bpframe_sequence.through_time import ThroughTime

import bpframe as bp
from bpframe.extend import Operator

LAYERS = [
    SimpleRnn(units=2, return_sequences=True),
    Lstm(units=2, return_sequences=True, bidirectional=True, truncate=2),
    Gru(units=2, return_sequences=True, bidirectional=True),
    Gru(units=2, reset_after=False, return_sequences=True, bidirectional=True, truncate=2),
    MaskedLstm(units=2, return_sequences=True, bidirectional=True),
    MaskedGru(units=2, reset_after=False, return_sequences=True),
    MaskedGru(units=2, return_sequences=True),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.kind)
def test_moments_are_those_of_vectors_that_are_zero_but_at_one_place(layer: Any) -> None:
    rng, times = np.random.default_rng(0), 4
    x = rng.standard_normal((3, times, 2))
    shapes = ((times, 2), (times,)) if layer.integer_inputs else ((times, 2),)
    given = (x, rng.integers(0, 2, (3, times))) if layer.integer_inputs else (x,)
    p = {key: rng.standard_normal(each.shape) for key, each in layer.parameters(shapes).items()}
    saved: dict[str, Any] = {}
    y = layer.forward(*given, p, saved)
    u = rng.standard_normal(y.shape)
    apart = np.einsum("ntk,st->sntk", u, np.eye(times))
    for key, operator in layer.jacobian(x, p, saved).items():
        if key[0] != "w":
            continue
        through = operator.factors[0]
        e = through.vjp(apart)
        ((place, found),) = through.pulled_moments(u[..., None] * u[..., None, :])
        assert place is None
        np.testing.assert_allclose(found[0], np.einsum("snpk,snpm->km", e, e), atol=1e-12)


@pytest.mark.parametrize("layer", [SelfAttention(heads=2), SelfAttention(heads=1, causal=True)])
def test_moments_of_attention_are_those_of_such_vectors(layer: Any) -> None:
    rng, times = np.random.default_rng(0), 4
    x = rng.standard_normal((3, times, 12))
    saved: dict[str, Any] = {}
    layer.forward(x, saved)
    through = layer.jacobian(x, saved)["x"]
    u = rng.standard_normal((3, times, 4))
    e = through.vjp(np.einsum("ntk,st->sntk", u, np.eye(times)))
    ((place, found),) = through.pulled_moments(u[..., None] * u[..., None, :])
    assert place is None
    np.testing.assert_allclose(found[0], np.einsum("sntk,sntm->km", e, e), atol=1e-12)


@pytest.mark.parametrize(
    "layers",
    [
        [Lstm(units=3, return_sequences=True, bidirectional=True)],
        [Gru(units=3, return_sequences=True), SimpleRnn(units=2, return_sequences=True)],
        [MultiHeadAttention(heads=2)],
        [TransformerBlock(heads=2, units=3, causal=True)],
    ],
    ids=["lstm", "gru", "attention", "transformer"],
)
def test_curvature_is_that_of_the_matrix_written_out(layers: Any) -> None:
    net = bp.Network([*layers, Dense(units=2)], cost=QuadraticCost(), input_shape=(3, 4), seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 2))
    basis = np.eye(net.parameters.vector.size)
    ggn = net.ggn_vp(x, y, basis)
    np.testing.assert_allclose(net.curvature.gauss_newton_diagonal(x, y).vector, np.diag(ggn), rtol=1e-9, atol=1e-12)
    hessian = net.hvp(x, y, basis)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-10)
    vectors = [net.gradient(x[n : n + 1], y[n : n + 1]).vector for n in range(2)]
    np.testing.assert_allclose(net.per_example.squared_norms(x, y), (np.array(vectors) ** 2).sum(axis=1), rtol=1e-10)


@pytest.mark.parametrize(
    "layer",
    [
        SimpleRnn(units=3, return_sequences=True),
        Lstm(units=2, return_sequences=True, bidirectional=True),
        Gru(units=2, return_sequences=True),
        Gru(units=2, reset_after=False, return_sequences=True),
        MultiHeadAttention(heads=2),
    ],
    ids=lambda layer: layer.kind,
)
def test_kronecker_factors_by_moments_are_those_by_columns(layer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    net = bp.Network([layer, Dense(units=3)], cost=CrossEntropy(), input_shape=(5, 4), seed=1)
    x, y = rng.standard_normal((3, 5, 4)), rng.integers(0, 3, (3, 5))
    by_moments = net.curvature.kfac(x, y)
    for operator in (ThroughTime, ThroughAttention):
        monkeypatch.setattr(operator, "pulled_moments", Operator.pulled_moments)
    by_columns = net.curvature.kfac(x, y)
    assert set(by_moments) == set(by_columns)
    for path, factors in by_columns.items():
        for one, other in zip(by_moments[path][:2], factors[:2], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)
