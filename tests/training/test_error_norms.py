"""How large errors are, kept epoch by epoch: what is measured, when, and that nothing else changes."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import LevenbergMarquardt
from bpframe_reference import (
    Dense,
    ErrorNorms,
    GradientDescent,
    KeepBest,
    QuadraticCost,
    Sigmoid,
    StopEarly,
    WatchErrors,
)
from bpframe_regularisation import Dropout
from bpframe_sequence import Lstm

import bpframe as bp
from bpframe.categories.error_norms import error_norm
from bpframe.errors import DataError, ShapeMismatch, SpecError
from bpframe.training.history import History
from tests.explanation.networks import sigmoids

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 3)), RNG.random((6, 2))
DESCENT = GradientDescent(learning_rate=0.5)


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def norms_by_loops(network: bp.Network, x: Any, y: Any) -> dict[str, float]:
    """Return √(Σ_n ‖∂C_n/∂v‖² / N) of two layers with sigmoids, number by number."""
    w2, b2, w3, b3 = (network.parameters[f"dense_{layer}.{letter}"].tolist() for layer in (1, 2) for letter in "wb")
    squares = dict.fromkeys(("dense_1", "sigmoid_1", "dense_2", "sigmoid_2"), 0.0)
    for example, target in zip(x.tolist(), y.tolist(), strict=True):
        a2 = [sigmoid(sum(w * a for w, a in zip(row, example, strict=True)) + b) for row, b in zip(w2, b2, strict=True)]
        a3 = [sigmoid(sum(w * a for w, a in zip(row, a2, strict=True)) + b) for row, b in zip(w3, b3, strict=True)]
        at_a3 = [a - t for a, t in zip(a3, target, strict=True)]
        at_z3 = [d * a * (1 - a) for d, a in zip(at_a3, a3, strict=True)]
        at_a2 = [sum(w3[j][k] * at_z3[j] for j in range(len(at_z3))) for k in range(len(a2))]
        at_z2 = [d * a * (1 - a) for d, a in zip(at_a2, a2, strict=True)]
        for name, error in zip(squares, (at_z2, at_a2, at_z3, at_a3), strict=True):
            squares[name] += sum(each**2 for each in error)
    return {name: math.sqrt(square / len(x)) for name, square in squares.items()}


def measured(history: History) -> list[int]:
    return [record.epoch for record in history.epochs if record.error_norms]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_norms_are_those_of_plain_loops(dtype: str) -> None:
    network = sigmoids(4, 2, inputs=3, dtype=dtype)
    x, y = X.astype(dtype), Y.astype(dtype)
    history = network.fit(x, y, optimizer=DESCENT, epochs=3, callbacks=[ErrorNorms(x=x, y=y)])
    assert history.epochs[-1].error_norms == pytest.approx(
        norms_by_loops(network, x, y), rel=1e-12 if dtype == "float64" else 1e-5
    )
    assert measured(history) == [1, 2, 3]


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e-170, 1e170, 1e300])
def test_norms_whose_squares_no_number_holds_are_those_of_errors_of_usual_size(size: float) -> None:
    error = RNG.standard_normal((5, 2, 3))
    assert error_norm(error * size) == pytest.approx(size * math.sqrt(sum(each**2 for each in error.flat) / 5))
    network = bp.Network([Dense(units=2), Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), seed=1)
    network.parameters["dense_2.w"][...] = [[1e-200, 0.0], [0.0, 1e-200]]
    history = network.fit(
        X, Y, optimizer=GradientDescent(learning_rate=1e-300), epochs=1, callbacks=[ErrorNorms(x=X, y=Y)]
    )
    norms = history.epochs[-1].error_norms
    assert norms["dense_1"] == pytest.approx(1e-200 * norms["dense_2"])
    row = network.error_flow(X, Y).layers[0]
    assert (row.node, row.passes_on) == ("dense_2", pytest.approx(1e-200))


def test_norms_of_what_is_not_finite_or_nothing_are_what_it_is() -> None:
    for number in (0.0, math.inf, -math.inf, math.nan):
        found = error_norm(np.array([[number, 0.0]]))
        assert math.isnan(found) if math.isnan(number) else found == abs(number)


def test_parameters_are_the_same_with_it_and_without_also_where_layers_draw() -> None:
    def trained(*callbacks: ErrorNorms) -> bytes:
        layers = [Dense(units=8), Dropout(rate=0.4), Sigmoid(), Dense(units=2)]
        network = bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), seed=3, dtype="float32")
        for _ in range(2):
            network.fit(X, Y, optimizer=DESCENT, epochs=7, batch_size=4, callbacks=callbacks)
        return network.parameters.vector.tobytes()

    assert trained() == trained(ErrorNorms(x=X, y=Y)) == trained(ErrorNorms(x=X[:1], y=Y[:1], every=3))


def test_later_epochs_are_measured_less_often_where_they_are_short_and_the_last_one_is() -> None:
    network = sigmoids(2, 2, inputs=3)
    history = network.fit(X, Y, optimizer=DESCENT, epochs=31, callbacks=[ErrorNorms(x=X, y=Y)])
    assert measured(history) == [1, 2, 3, 5, 7, 10, 14, 20, 28, 31]
    many = np.repeat(X, 130, axis=0), np.repeat(Y, 130, axis=0)
    long = network.fit(*many, optimizer=DESCENT, epochs=10, batch_size=1, callbacks=[ErrorNorms(x=X, y=Y)])
    assert measured(long) == [1, 2, 3, 5, 7, 9, 10]  # 780 steps each, so that two epochs are 1,500 steps
    every = [ErrorNorms(x=X, y=Y, every=2)]
    assert measured(network.fit(X, Y, optimizer=DESCENT, epochs=5, callbacks=every)) == [2, 4, 5]


def test_a_history_that_goes_on_has_the_norms_of_all_trainings() -> None:
    network = sigmoids(2, 2, inputs=3)
    for epochs in (2, 6):
        network.fit(X, Y, optimizer=DESCENT, epochs=epochs, callbacks=[ErrorNorms(x=X, y=Y)])
    assert network.history is not None
    assert [record.epoch for record in network.history.epochs] == [*range(1, 9)]
    assert measured(network.history) == [1, 2, 3, 4, 5, 7, 8]
    assert network.history.epochs[-1].error_norms == pytest.approx(norms_by_loops(network, X, Y), rel=1e-12)


def test_a_method_that_drives_itself_and_a_training_that_ends_early_are_measured() -> None:
    network = sigmoids(2, 2, inputs=3)
    history = network.fit(X, Y, optimizer=LevenbergMarquardt(), epochs=3, callbacks=[ErrorNorms(x=X, y=Y)])
    assert measured(history) == [record.epoch for record in history.epochs] != []
    ending = [StopEarly(patience=1, watch="cost", least=1.0), ErrorNorms(x=X, y=Y, every=100)]
    history = network.fit(X, Y, optimizer=DESCENT, epochs=9, callbacks=ending)
    assert measured(history) == [len(history)] == [2]
    assert history.epochs[-1].error_norms == pytest.approx(norms_by_loops(network, X, Y), rel=1e-12)


def test_frozen_and_recurrent_nodes_and_several_outputs_have_norms() -> None:
    network = bp.Network(
        inputs={"x": (4, 3)},
        nodes={
            "memory": bp.node(Lstm(units=2), "x"),
            "one": bp.node(Dense(units=2), "memory"),
            "two": bp.node(Dense(units=1), "memory"),
        },
        output=["one", "two"],
        cost={"one": QuadraticCost(), "two": QuadraticCost()},
        frozen="memory.*",
        seed=2,
    )  # fmt: skip
    x, y = RNG.standard_normal((5, 4, 3)), {"one": RNG.random((5, 2)), "two": RNG.random((5, 1))}
    network.fit(x, y, optimizer=DESCENT, epochs=1, callbacks=[ErrorNorms(x=x, y=y)])
    assert network.history is not None
    norms, trace = network.history.epochs[-1].error_norms, network.trace(x)
    squares = dict.fromkeys(("memory", "one", "two"), 0.0)
    for example in range(5):
        back = np.zeros(trace["memory"][example].shape)
        for output in ("one", "two"):
            error = trace[output][example] - y[output][example]
            squares[output] += sum(each**2 for each in error)
            for j, each in enumerate(error):
                back += each * network.parameters[f"{output}.w"][j]
        squares["memory"] += sum(each**2 for each in back.ravel())
    assert norms == pytest.approx({name: math.sqrt(square / 5) for name, square in squares.items()}, rel=1e-12)


def test_norms_are_written_and_read_back_and_a_history_without_them_is_read() -> None:
    network = sigmoids(2, 2, inputs=3)
    history = network.fit(X, Y, optimizer=DESCENT, epochs=2, callbacks=[ErrorNorms(x=X, y=Y)])
    assert History.model_validate_json(history.model_dump_json()) == history
    history.epochs[0].error_norms = {"dense_1": math.inf, "sigmoid_1": 0.0}
    written = json.loads(history.model_dump_json())
    assert History.model_validate(written).epochs[0].error_norms == {"dense_1": math.inf, "sigmoid_1": 0.0}
    for record in written["epochs"]:
        del record["error_norms"]
    assert measured(History.model_validate(written)) == []


def test_left_out_examples_are_every_kth_of_the_training_as_the_network_takes_them() -> None:
    x, y = RNG.standard_normal((150, 3)), RNG.random((150, 2))
    network = sigmoids(4, 2, inputs=3)
    network.fit(x, y, optimizer=DESCENT, epochs=2, callbacks=[ErrorNorms(), WatchErrors(every=9)])
    assert network.history is not None
    assert network.history.epochs[-1].error_norms == pytest.approx(norms_by_loops(network, x[::3], y[::3]), rel=1e-12)


def test_left_out_examples_of_several_inputs_and_costs_with_weights_are_taken_by_name() -> None:
    network = bp.Network(
        inputs={"a": (3,), "b": (3,)},
        nodes={"one": bp.node(Dense(units=2), "a"), "two": bp.node(Dense(units=1), "b")},
        output=["one", "two"],
        cost={"one": QuadraticCost(), "two": QuadraticCost()},
    )
    x, y = {"a": X, "b": X}, {"one": Y, "two": Y[:, :1]}
    for each in (ErrorNorms(), ErrorNorms(x=x, y=y)):
        network.parameters.vector[:] = np.linspace(-1, 1, network.parameters.vector.size)
        network.fit(x, y, optimizer=DESCENT, epochs=1, sample_weight=np.arange(6.0), callbacks=[each], seed=1)
    assert network.history is not None
    first, second = network.history.epochs
    assert first.error_norms == second.error_norms != {}


def test_left_out_examples_of_a_network_that_takes_raw_ones_are_raw(tmp_path) -> None:
    from bpframe.data import CsvData
    from bpframe.documents import RunSpec, TrainingSpec, network_spec
    from bpframe.runs.experiment import prepare_experiment

    x, labels = X[:, :2] * [100.0, 1.0], ["no", "yes"] * 3
    rows = [f"{a!r},{b!r},{label}" for (a, b), label in zip(x.tolist(), labels, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,kind", *rows]))
    spec = RunSpec(
        network=network_spec([Dense(units=2)], input_shape=(2,), cost=QuadraticCost()),
        training=TrainingSpec(optimizer=DESCENT, epochs=1, callbacks=[ErrorNorms()]),
        data=CsvData(path="data.csv", targets=["kind"], one_hot=True, scaling="standard"),
    )
    experiment = prepare_experiment(spec, tmp_path)
    experiment.train(False)
    experiment.save(tmp_path / "run")
    network = bp.load(tmp_path / "run")
    for given in (labels, np.array(labels)):
        history = network.fit(x, given, optimizer=DESCENT, epochs=1, callbacks=[ErrorNorms()])
        errors = network.errors(x, given)
        assert history.epochs[0].error_norms == {name: error_norm(each) for name, each in errors.items()}


def test_gradients_are_those_of_the_network() -> None:
    network = sigmoids(4, 2, inputs=3)
    history = network.fit(X, Y, optimizer=DESCENT, epochs=2, callbacks=[ErrorNorms(gradients=True)])
    gradient = network.gradient(X, Y)
    assert history.epochs[-1].gradient_norms == pytest.approx(
        {path: math.sqrt(sum(float(g) ** 2 for g in each.flat)) for path, each in gradient.items()}
    )
    assert list(history.epochs[-1].gradient_norms) == ["dense_1.w", "dense_1.b", "dense_2.w", "dense_2.b"]
    assert History.model_validate_json(history.model_dump_json()) == history


def test_examples_that_cannot_be_measured_are_refused_before_anything_changes() -> None:
    network = sigmoids(4, 2, inputs=3)
    for callback in (ErrorNorms(x=X[:, :2], y=Y), WatchErrors(x=X, y=Y[:3]), ErrorNorms(x=X), WatchErrors(y=Y)):
        with pytest.raises((ShapeMismatch, DataError), match=f"callback '{callback.kind}': before_training failed"):
            network.fit(X, Y, optimizer=DESCENT, epochs=3, callbacks=[callback])
        assert network.history is None


def test_two_of_it_are_refused_since_there_is_one_place_for_their_norms() -> None:
    network = sigmoids(4, 2, inputs=3)
    with pytest.raises(SpecError, match="error_norms stands among the callbacks more than once"):
        network.fit(X, Y, optimizer=DESCENT, epochs=3, callbacks=[ErrorNorms(), ErrorNorms(x=X, y=Y)])
    assert network.history is None


def test_parameters_that_were_moved_after_the_last_epoch_are_not_measured_as_its_own() -> None:
    network = sigmoids(4, 2, inputs=3)
    best = KeepBest(watch="cost", larger=True)  # the first epoch, whose cost is the largest
    history = network.fit(X, Y, optimizer=DESCENT, epochs=6, callbacks=[best, ErrorNorms(every=4)])
    assert history.column("best_epoch") == [1]
    assert measured(history) == [4]
