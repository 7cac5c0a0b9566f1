"""Targets are scaled in training, and everything that is predicted comes back in their own units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_classification import BinaryCrossEntropy, CrossEntropy
from bpframe_metrics import R2, Mae, Rmse
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.data import NpzData, from_table
from bpframe.documents import parse_spec
from bpframe.errors import CheckpointError, DataError, SpecError
from bpframe.runs import open_run, run_experiment

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)) * [1, 10, 100]
Y = np.column_stack([1e4 + 500 * X[:, 0] - 3 * X[:, 2], 0.001 * np.sin(X[:, 1])])
TABLE = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "p": Y[:, 0], "q": Y[:, 1]}


def trained(scale: Any = "standard", **fields: Any) -> tuple[bp.Network, Any]:
    data = from_table(TABLE, ["p", "q"], scaling="standard", scale_targets=scale, **fields)
    net = bp.Network([Dense(units=6), Tanh(), Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    net.fit(data, optimizer=Adam(learning_rate=0.02), epochs=8, metrics=[Mae(), Rmse(), R2()])
    return net, data


def test_targets_are_scaled_by_the_training_part_alone() -> None:
    data = from_table(TABLE, ["p", "q"], scale_targets="standard", test_fraction=0.25)
    assert np.allclose(data.y.mean(axis=0), 0, atol=1e-12)
    assert np.allclose(data.y.std(axis=0), 1)
    every = np.concatenate([data.y, data.y_test])
    assert np.allclose(np.sort(data.preparation.restored(every), axis=0), np.sort(Y, axis=0), rtol=1e-12)
    ranged = from_table(TABLE, ["p", "q"], scale_targets="minmax").y
    assert (ranged.min(), ranged.max()) == (0, 1)
    divided = from_table(TABLE, "p", scale_targets={"divide": 1000})
    assert np.allclose(divided.y[:, 0], Y[:, 0] / 1000)


def test_predictions_and_their_derivatives_are_in_the_targets_units() -> None:
    net, data = trained()
    bare, fitted = net.without_preparation(), data.preparation.target_scaling
    offset, scale = np.array(fitted.offset), np.array(fitted.scale)
    assert np.allclose(net.predict(X), bare.predict(data.x) * scale + offset, rtol=1e-12)
    assert np.array_equal(net.predict(data.x, raw=False), bare.predict(data.x))
    assert net.cost(X, Y) == pytest.approx(bare.cost(data.x, data.y), rel=1e-12)
    # Differences are somebody else's derivatives.
    step = 1e-4 * X.std(axis=0)
    differences = np.stack(
        [(net.predict(X + step * e) - net.predict(X - step * e)) / (2 * step[k]) for k, e in enumerate(np.eye(3))],
        axis=-1,
    )
    jacobian = net.jacobian(X)
    size = np.abs(differences).max(axis=(0, 2), keepdims=True)
    assert np.allclose(jacobian / size, differences / size, atol=1e-6)
    v, u = RNG.normal(size=X.shape), RNG.normal(size=Y.shape)
    assert np.allclose(net.jvp(X, v), np.einsum("nij,nj->ni", jacobian, v))
    assert np.allclose(net.vjp(X, u), np.einsum("nij,ni->nj", jacobian, u))
    factored, sparse = net.jacobian(X, form="factored"), net.jacobian(X, form="sparse")
    assert np.allclose(factored.jvp(v), net.jvp(X, v))
    assert np.allclose(sparse @ v.reshape(-1), net.jvp(X, v).reshape(-1))
    theta = {path: RNG.normal(size=array.shape) for path, array in net.parameters.items()}
    pushed, pulled = net.parameter_jvp(X, theta), net.parameter_vjp(X, u)
    assert (pushed * u).sum() == pytest.approx(sum((pulled[path] * theta[path]).sum() for path in theta))
    assert np.allclose(pushed, bare.parameter_jvp(data.x, theta) * scale)
    before = net.predict(X)
    for path, array in net.parameters.items():
        array += 1e-7 * theta[path]
    assert np.allclose((net.predict(X) - before) / 1e-7 / scale, pushed / scale, atol=1e-4)


def test_metrics_are_in_the_targets_units_in_training_and_after_it() -> None:
    net, _ = trained()
    off = net.predict(X) - Y
    last = net.history.epochs[-1].metrics
    assert last["mae"] == pytest.approx(np.abs(off).mean())
    assert last["rmse"] == pytest.approx(np.sqrt((off**2).mean(axis=0)).mean())


def test_a_run_keeps_it_and_measures_in_the_same_units(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=X, y=Y[:, :1])
    experiment = run_experiment(
        parse_spec("""
network: {input_shape: [3], layers: [{kind: dense, units: 1}], cost: {kind: quadratic}, dtype: float32}
training: {optimizer: {kind: adam, learning_rate: 0.1}, epochs: 30, metrics: [mae]}
data: {kind: npz, path: d.npz, scaling: standard, scale_targets: standard, test_fraction: 0.25}
"""),
        tmp_path,
    )
    experiment.save(tmp_path / "run")
    net, run = bp.load(tmp_path / "run"), open_run(tmp_path / "run")
    assert run.evaluate()[0] == experiment.evaluate()
    every, _ = run.evaluate(tmp_path / "d.npz")
    assert every.metrics["mae"] == pytest.approx(np.abs(net.predict(X) - Y[:, :1]).mean(), rel=1e-3)
    assert every.metrics["mae"] < 0.1 * Y[:, 0].std()
    np.save(tmp_path / "x.npy", X)
    assert np.array_equal(run.predict(tmp_path / "x.npy").outputs["dense_1"], net.predict(X))
    assert net.predict(X).dtype == np.float32
    assert "targets  y' = (y - " in repr(net.preparation)


def test_training_on_raw_tables_goes_on_from_the_same_numbers() -> None:
    net, _ = trained()
    before = net.cost(X, Y)
    net.fit(X, Y, optimizer=Adam(learning_rate=0.02), epochs=5)
    assert net.cost(X, Y) < before


def test_accuracy_of_numbers_of_0_and_1_is_of_what_is_predicted() -> None:
    yes = (X[:, 0] > 0).astype(float)
    data = from_table({"a": X[:, 0], "y": yes}, "y", scale_targets="standard")
    net = bp.Network([Dense(units=1)], input_shape=(1,), cost=QuadraticCost())
    net.fit(data, optimizer=Adam(learning_rate=0.1), epochs=20)
    assert net.accuracy(X[:, :1], yes) == np.mean((net.predict(X[:, :1])[:, 0] > 0.5) == yes)


@pytest.mark.parametrize("cost", [BinaryCrossEntropy(), CrossEntropy()])
def test_outputs_that_say_something_else_than_the_target_are_refused(cost: Any) -> None:
    data = from_table({"a": [1, 2, 3], "y": [0, 1, 1]}, "y", scale_targets="standard")
    net = bp.Network([Dense(units=1)], input_shape=(1,), cost=cost)
    with pytest.raises(SpecError, match="cannot be scaled"):
        net.fit(data, optimizer=Adam(), epochs=1)


def test_what_cannot_be_scaled_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="scale_targets is for measured numbers"):
        NpzData(path="d.npz", one_hot=True, scale_targets="standard")
    with pytest.raises(DataError, match="numbers of classes"):
        from_table({"a": [1, 2], "y": [0, 1]}, "y", scale_targets="standard", class_numbers=True)
    net, _ = trained()
    folder = net.save(tmp_path / "run")
    fitted = net.preparation.model_dump()
    fitted["target_scaling"] = {"offset": [0, 0, 0], "scale": [1, 1, 1]}
    bare = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    with pytest.raises(CheckpointError, match="network's output"):
        bare.save(tmp_path / "other", preparation=type(net.preparation)(**fitted))
    assert np.array_equal(bp.load(folder).predict(X), net.predict(X))
