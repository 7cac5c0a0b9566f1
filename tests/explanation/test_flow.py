"""How errors flow back over a batch: what is measured, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Relu
from bpframe_classification import CrossEntropy
from bpframe_reference import Dense, GradientDescent, QuadraticCost, WatchErrors
from bpframe_sequence import Embedding, Lstm

import bpframe as bp
from tests.explanation.networks import sigmoids

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 3)), RNG.random((6, 2))


def test_sizes_shares_and_singular_values_are_those_of_the_definitions() -> None:
    network = sigmoids(4, 2, inputs=3, seed=1)
    found = network.error_flow(X, Y)
    assert [row.name for row in found.layers] == ["layer 3", "layer 2"]
    errors, trace = network.errors(X, Y), network.trace(X)
    for row, dense, sigmoid in zip(found.layers, ("dense_2", "dense_1"), ("sigmoid_2", "sigmoid_1"), strict=True):
        weight, a = network.parameters[f"{dense}.w"], trace[sigmoid]
        arriving = np.sqrt(np.mean(np.sum(errors[sigmoid] ** 2, axis=1)))
        leaving = np.sqrt(np.mean(np.sum((errors[dense] @ weight) ** 2, axis=1)))
        assert row.error == pytest.approx(arriving, rel=1e-12)
        assert row.passes_on == pytest.approx(leaving / arriving, rel=1e-12)
        assert row.flat == np.mean(a * (1 - a) < 0.02)
        ends = [np.linalg.svd((each * (1 - each))[:, None] * weight, compute_uv=False)[[0, -1]] for each in a]
        assert (row.largest, row.smallest) == pytest.approx(np.median(ends, axis=0), rel=1e-12)


def test_a_saturated_layer_is_told_in_words() -> None:
    network = sigmoids(4, 2, inputs=3, seed=1)
    network.parameters["dense_1.b"][...] = 9.0
    (said, *_) = network.error_flow(X, Y).says
    assert said.startswith("layer 2 passes on ")
    assert said.endswith("% of its error: its sigmoid is saturated, flat at 100 % of its values")


def test_dead_units_and_vanishing_errors_are_told_in_words() -> None:
    network = bp.Network([Dense(units=5), Relu(), Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    network.parameters["dense_1.b"][:3] = -100.0
    found = network.error_flow(X, Y)
    assert "3 of the 5 units of layer 2 are dead: the slope of their relu is 0 at every example" in found.says
    network.parameters["dense_2.w"][...] *= 1e-5
    assert any(each.startswith("errors vanish: layer 2 gets") for each in network.error_flow(X, Y).says)
    assert "3 of 5" in str(found)


def test_errors_that_explode_are_told_in_words() -> None:
    network = bp.Network(
        [Dense(units=5), Dense(units=5), Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), seed=0
    )
    network.parameters["dense_2.w"][...] = 1e3 * np.eye(5)
    network.parameters["dense_3.w"][...] = 1e3 * np.eye(2, 5)
    says = network.error_flow(X, Y).says
    assert "layer 3 passes on 1,000 times its error: the largest singular value of its Jacobian is 1,000" in says
    assert says[-1].startswith("errors explode: layer 2 gets ")


def test_nodes_that_are_no_layers_and_integers_have_their_rows() -> None:
    network = bp.Network(
        [Embedding(size=5, units=3), Lstm(units=2), Dense(units=4)], input_shape=(3,), cost=CrossEntropy()
    )
    target = RNG.integers(0, 4, (6, *network.graph.target_shapes["dense_1"]))
    found = network.error_flow(RNG.integers(0, 5, (6, 3)), target)
    rows = {row.name: row for row in found.layers}
    assert rows["embedding_1"].passes_on is None
    assert rows["lstm_1"].passes_on is not None
    assert found.to_dict()["layers"][-1]["name"] == "embedding_1"


def test_where_there_is_no_error_it_is_said() -> None:
    network = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    assert network.error_flow(X, network.predict(X)).says[0].startswith("no error")


def test_a_training_is_watched_epoch_by_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    network = sigmoids(4, 2, inputs=3)
    network.fit(
        X, Y, optimizer=GradientDescent(learning_rate=1.0), epochs=4, callbacks=[WatchErrors(x=X, y=Y, every=2)]
    )
    shown = capsys.readouterr().out
    assert shown.count("how errors flow back, over 6 examples") == 2
    assert f"after epoch 4, {network.error_flow(X, Y)}\n" in shown
