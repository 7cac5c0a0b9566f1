"""Weights of examples in a data section: read, split with the examples, and used in training and measuring."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.data import CsvData, NpzData
from bpframe.documents import RunSpec, TrainingSpec
from bpframe.errors import DataError, SpecError
from bpframe.runs import open_run, run_experiment
from tests.components.masked_cross_entropy import MaskedSquares
from tests.oracles import assert_close

RNG = np.random.default_rng(0)
X, Y, W = RNG.standard_normal((9, 2)), RNG.standard_normal((9, 1)), RNG.integers(0, 3, 9)

SOME = np.ones((9, 2))
SOME[4, 1] = -1


@pytest.fixture
def folder(tmp_path):
    np.savez(tmp_path / "data.npz", x=X, y=Y, w=W, xt=X[:4], yt=Y[:4], wt=W[:4], bad=-W, few=W[:3], one=2.0, some=SOME)
    rows = [",".join(map(str, row)) for row in np.column_stack([X, W, Y]).tolist()]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,count,y", *rows]), encoding="utf-8")
    return tmp_path


SECTIONS = {
    "npz": NpzData(path="data.npz", sample_weight="w", test_count=3),
    "csv": CsvData(path="data.csv", targets=("y",), sample_weight="count", test_count=3),
    "csv by number": CsvData(path="data.csv", inputs=("a", "b"), targets=("y",), sample_weight=2, test_count=3),
}


@pytest.mark.parametrize("section", SECTIONS)
def test_weights_go_with_their_examples(section, folder):
    found = SECTIONS[section].load(folder)
    assert found.x.shape == (6, 2)
    for x, weights in ((found.x, found.sample_weight), (found.x_test, found.sample_weight_test)):
        rows = [int(np.flatnonzero((each == X).all(axis=1))[0]) for each in x]
        np.testing.assert_array_equal(weights, W[rows])


def test_test_parts_have_weights_of_their_own_and_none_are_none(folder):
    words = {"path": "data.npz", "test_inputs": "xt", "test_targets": "yt"}
    found = NpzData(**words, sample_weight="w", test_sample_weight="wt").load(folder)
    np.testing.assert_array_equal(found.sample_weight_test, W[:4])
    plain = NpzData(**words).load(folder)
    assert plain.sample_weight is None
    assert plain.sample_weight_test is None


@pytest.mark.parametrize("section", SECTIONS)
def test_a_run_trains_and_measures_with_them(section, folder):
    net = bp.Network([Dense(units=1)], input_shape=(2,), cost=QuadraticCost())
    training = TrainingSpec(optimizer=GradientDescent(learning_rate=0.1), epochs=2, batch_size=2)
    experiment = run_experiment(RunSpec(network=net.spec, training=training, data=SECTIONS[section]), folder)
    data = experiment.dataset
    net.fit(data.x, data.y, sample_weight=data.sample_weight, optimizer=training.optimizer, epochs=2, batch_size=2)
    np.testing.assert_array_equal(experiment.network.parameters.vector, net.parameters.vector)
    expected = net.cost(data.x_test, data.y_test, sample_weight=data.sample_weight_test)
    assert_close(experiment.evaluate().cost, expected)
    experiment.save(folder / "run")
    found, part = open_run(folder / "run").evaluate()
    assert part == "test"
    assert_close(found.cost, expected)
    kept = SECTIONS[section].model_copy(update={"test_count": 0, "validation_count": 3})
    measured = run_experiment(RunSpec(network=net.spec, training=training, data=kept), folder)
    assert_close(measured.history.epochs[-1].validation_cost, expected)  # which weights go with, too


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (NpzData(path="data.npz", sample_weight="bad"), "below 0"),
        (NpzData(path="data.npz", sample_weight="few"), "one weight per example"),
        (NpzData(path="data.npz", sample_weight="one"), "one weight per example"),
        (NpzData(path="data.npz", sample_weight="some"), r"row 4: a weight is below 0"),
        (NpzData(path="data.npz", sample_weight="ww"), "no array 'ww'"),
        (CsvData(path="data.csv", targets=("y",), sample_weight="counts"), "no column 'counts'"),
        (CsvData(path="data.csv", targets=("y",), sample_weight="a"), None),
        (CsvData(path="data.csv", targets=("y",), sample_weight="b"), "line"),
    ],
)
def test_what_are_no_weights_is_refused(data, part, folder):
    with pytest.raises(DataError, match=part or "below 0"):
        data.load(folder)


def test_weights_of_a_test_part_that_is_not_there_are_refused():
    with pytest.raises(SpecError, match="test_sample_weight"):
        NpzData(path="data.npz", test_sample_weight="wt")


@pytest.mark.parametrize("dtype", [bool, np.int64, np.float64])
def test_weights_of_positions_leave_padding_out_of_a_run(dtype, tmp_path):
    x, y = RNG.normal(size=(9, 4, 2)), RNG.normal(size=(9, 4, 1))
    mask = np.arange(4) < RNG.integers(1, 5, 9)[:, None]
    y[~mask] = 1e6
    np.savez(tmp_path / "padded.npz", x=x, y=y, mask=mask.astype(dtype))
    net = bp.Network([Dense(units=1)], input_shape=(None, 2), cost=MaskedSquares())
    training = TrainingSpec(optimizer=GradientDescent(learning_rate=0.1), epochs=20, batch_size=3)
    data = NpzData(path="padded.npz", sample_weight="mask", test_count=3, shuffle=False)
    experiment = run_experiment(RunSpec(network=net.spec, training=training, data=data), tmp_path)
    squares = ((experiment.network.predict(x[6:]) - y[6:]) ** 2)[..., 0] / 2
    assert_close(experiment.evaluate().cost, squares[mask[6:]].mean())
    assert experiment.history.epochs[-1].cost < 10
