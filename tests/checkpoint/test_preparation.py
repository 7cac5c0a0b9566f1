"""A loaded run is the function of raw inputs that was trained: in values, costs, derivatives and further training."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Add, Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.curve_fitting import fit_curve
from bpframe.data import CsvData, DigitsData, FittedPreparation, NpzData
from bpframe.documents import RunSpec, TrainingSpec
from bpframe.errors import CheckpointError, DataError, NonFiniteError, ShapeMismatch
from bpframe.runs.experiment import Experiment, prepare_experiment
from bpframe.runs.saved_run import open_run

CLASSES = ("cat", "dog", "eel")


def animals(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return three kinds of animals, told apart by measurements of very different sizes, and their names."""
    rng = np.random.default_rng(5)
    kind = rng.integers(0, 3, count)
    x = np.column_stack([5e4 + 900 * kind, 1e-3 * (kind == 1)]) + rng.normal(size=(count, 2)) * [100, 1e-4]
    return x, np.array(CLASSES)[kind]


def descent(rate: float = 2.0) -> GradientDescent:
    return GradientDescent(learning_rate=rate)


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    x, y = animals()
    np.savez(tmp_path / "animals.npz", x=x, y=y)
    network = bp.Network(
        [Dense(units=6), Sigmoid(), Dense(units=3), Sigmoid()], input_shape=(2,), cost=QuadraticCost(), seed=1
    )
    training = TrainingSpec(optimizer=descent(3.0), epochs=30, batch_size=5, seed=0)
    data = NpzData(path="animals.npz", one_hot=True, scaling="standard")
    found = prepare_experiment(RunSpec(network=network.spec, training=training, data=data), tmp_path)
    found.train(progress=False)
    return found


@pytest.fixture
def net(experiment: Experiment, tmp_path: Path) -> bp.Network:
    return bp.load(experiment.save(tmp_path / "run"))


def scaled(x: np.ndarray) -> np.ndarray:
    """Return inputs scaled by NumPy's own mean and deviation of the training inputs."""
    raw, _ = animals()
    return (x - raw.mean(axis=0)) / raw.std(axis=0)


def test_it_predicts_what_was_trained_from_raw_inputs(net: bp.Network, experiment: Experiment) -> None:
    x, y = animals()
    trained = experiment.network.predict(experiment.dataset.x)
    assert np.array_equal(net.predict(x), trained)
    assert np.array_equal(net.predict({"x": x}), trained)
    assert np.array_equal(net.predict(x.tolist()), trained)
    assert np.array_equal(net.predict(experiment.dataset.x, raw=False), trained)
    assert np.mean(np.array(CLASSES)[trained.argmax(axis=1)] == y) > 0.95
    assert net.predict(x[:0]).shape == (0, 3)


def test_costs_and_accuracies_take_labels_as_they_are(net: bp.Network) -> None:
    x, y = animals()
    one_hot = np.eye(3)[[CLASSES.index(each) for each in y]]
    a = net.predict(x)
    cost = float(np.mean(0.5 * ((a - one_hot) ** 2).sum(axis=1)))
    share = np.mean(a.argmax(axis=1) == one_hot.argmax(axis=1))
    for targets in (y, y.tolist(), y.astype(object), y[:, None], one_hot):
        assert net.cost(x, targets) == pytest.approx(cost, rel=1e-12)
        assert net.accuracy(x, targets) == share
    with pytest.raises(DataError, match="label 'cow' is not among the classes"):
        net.cost(x, np.where(y == "cat", "cow", y))
    with pytest.raises(DataError, match="label 0 is not among the classes"):
        net.accuracy(x, np.zeros(len(x), int))  # the number of a class is not its label


def test_numbers_that_are_labels_are_not_taken_for_places(tmp_path: Path) -> None:
    """Classes 1, 2, 3: the label 1 is the first output."""
    x, y = animals()
    numbers = np.array([CLASSES.index(each) for each in y]) + 1
    np.savez(tmp_path / "numbers.npz", x=x, y=numbers)
    data = NpzData(path="numbers.npz", one_hot=True, scaling="standard").load(tmp_path)
    net = bp.Network([Dense(units=3), Sigmoid()], input_shape=(2,), cost=QuadraticCost())
    net.fit(data.x, data.y, optimizer=descent(), epochs=20)
    loaded = bp.load(net.save(tmp_path / "run", preparation=data.preparation))
    assert loaded.accuracy(x, numbers) == np.mean(loaded.predict(x).argmax(axis=1) + 1 == numbers) > 0.9


def test_training_goes_on_with_raw_data_as_with_prepared_data(
    net: bp.Network, experiment: Experiment, tmp_path: Path
) -> None:
    x, y = animals()
    data, same = experiment.dataset, bp.load(tmp_path / "run").without_preparation()
    fields = {"optimizer": descent(), "epochs": 4, "batch_size": 7, "seed": 3}
    net.fit(x, y, validation_data=(x, y), metrics=["accuracy"], **fields)
    same.fit(data.x, data.y, validation_data=(data.x, data.y), metrics=["accuracy"], **fields)
    assert net.parameters.vector.tobytes() == same.parameters.vector.tobytes()
    assert net.history.column("validation_cost") == same.history.column("validation_cost")

    again = bp.load(net.save(tmp_path / "again"))
    assert again.preparation == net.preparation == data.preparation
    assert np.array_equal(again.predict(x), same.predict(data.x))
    np.save(tmp_path / "new.npy", x)
    assert open_run(tmp_path / "again").predict(tmp_path / "new.npy").labels == data.preparation.labels(
        again.predict(x)
    )


def test_history_goes_on_where_the_run_ended(net: bp.Network, tmp_path: Path) -> None:
    x, y = animals()
    before = net.history.model_copy(deep=True)
    steps = before.steps
    history = net.fit(x, y, optimizer=descent(), epochs=3, batch_size=20)
    assert (len(history), history.steps) == (3, 9)  # what this training did
    assert net.history.epochs[:30] == before.epochs
    assert [record.epoch for record in net.history.epochs] == [*range(1, 34)]
    assert net.history.column("cost")[30:] == history.column("cost")
    assert (net.history.steps, net.history.stopped) == (steps + 9, "completed")
    again = bp.load(net.save(tmp_path / "again"))
    again.fit(x, y, optimizer=descent(), epochs=2)
    assert len(again.history) == 35
    assert len(net.history) == 33


def test_whoever_listens_sees_the_whole_history_grow(net: bp.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def tell(network: bp.Network, epoch: int, history: bp.History) -> None:
        seen.append((epoch, len(history), len(network.history), network.history.steps - 30 * 12))

    monkeypatch.setattr("bpframe.trainable.fitting.listeners", lambda hook: tell)
    net.fit(*animals(), optimizer=descent(), epochs=2, batch_size=20)
    assert seen == [(1, 1, 31, 3), (2, 2, 32, 6)]


def test_a_training_that_fails_leaves_the_history_of_before_and_its_own() -> None:
    x, y = np.ones((4, 2)), np.ones((4, 1))
    net = bp.Network([Dense(units=1)], input_shape=(2,), cost=QuadraticCost())
    first = net.fit(x, y, optimizer=descent(0.1), epochs=3, batch_size=2)
    with pytest.raises(NonFiniteError):
        net.fit(x, y, optimizer=descent(1e200), epochs=5, batch_size=2)
    assert (net.history.stopped, net.history.epochs[:3]) == ("not finite", first.epochs)
    assert len(first) == 3
    before = net.history
    with pytest.raises(ShapeMismatch):
        net.fit(x[:, :1], y, optimizer=descent(), epochs=3)
    assert net.history is before


def differences(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return ∂f/∂x by central differences, (*f, K) for one example x (1, K)."""
    columns = []
    for k, h in enumerate(steps):
        e = np.zeros_like(x)
        e[0, k] = h
        columns.append((f(x + e) - f(x - e)) / (2 * h))
    return np.stack(columns, axis=-1)


def test_derivatives_in_the_inputs_are_those_of_the_raw_inputs(net: bp.Network) -> None:
    x, y = animals()
    x, y = x[:1], y[:1]
    steps = animals()[0].std(axis=0) * 1e-5
    J = differences(lambda x: net.predict(x)[0], x, steps)  # (3, 2)
    u, v = np.array([[0.3, -1.0, 0.7]]), steps[None] * [[2.0, -1.0]]
    assert np.all(np.abs(net.jacobian(x)[0] - J) <= 1e-6 * np.abs(J).max(axis=0))
    assert np.all(np.abs(net.jacobian(x, form="sparse").toarray() - J) <= 1e-6 * np.abs(J).max(axis=0))
    factored = net.jacobian(x, form="factored")
    assert np.allclose(factored.vjp(u), u @ J, rtol=1e-6, atol=0)
    assert np.allclose(factored.jvp(v), v @ J.T, rtol=1e-6, atol=0)
    assert np.allclose(net.vjp(x, u), u @ J, rtol=1e-6, atol=0)
    assert np.allclose(net.jvp(x, v), v @ J.T, rtol=1e-6, atol=0)
    both, told = net.jacobian(x, wrt=["x", "dense_1", "dense_2.b"], explain=True)
    assert np.all(np.abs(both["x"][0] - J) <= 1e-6 * np.abs(J).max(axis=0))
    bare = net.without_preparation()
    assert np.array_equal(both["dense_1"], bare.jacobian(scaled(x), wrt="dense_1"))
    assert np.array_equal(both["dense_2.b"], bare.jacobian(scaled(x), wrt="dense_2.b"))
    assert "x" in str(told)

    operator = net.linear_operator("jacobian", x, wrt="inputs")
    assert np.allclose(operator.matvec(v[0]), J @ v[0], rtol=1e-6, atol=0)
    assert np.allclose(operator.rmatvec(u[0]), J.T @ u[0], rtol=1e-6, atol=0)
    assert np.allclose(operator.matmat(v.T), J @ v.T, rtol=1e-6, atol=0)


def test_derivatives_of_second_order_in_the_inputs_are_those_of_the_raw_inputs(net: bp.Network) -> None:
    x, y = animals()
    x, y = x[:1], y[:1]
    deviation = animals()[0].std(axis=0)
    one_hot = np.eye(3)[[CLASSES.index(y[0])]]

    def gradient(x: np.ndarray) -> np.ndarray:
        return net.vjp(x, net.predict(x) - one_hot)[0]  # of ½‖a − y‖²

    H = differences(gradient, x, 1e-5 * deviation)  # (2, 2), in units that differ by 10⁷
    unit = np.outer(1 / deviation, 1 / deviation) * np.abs(H * np.outer(deviation, deviation)).max()
    for k in range(2):
        v = np.eye(2)[k][None]
        for method in ("exact", "difference"):
            product = net.hvp(x, y, v, wrt="inputs", method=method)
            assert np.all(np.abs(product - H[:, k]) <= 1e-5 * unit[:, k]), method
        operator = net.linear_operator("hessian", x, y, wrt="inputs")
        assert np.all(np.abs(operator.matvec(v[0]) - H[:, k]) <= 1e-5 * unit[:, k])
    J = net.jacobian(x)[0]
    v = deviation[None] * [[1.0, -2.0]]
    assert np.allclose(net.ggn_vp(x, y, v, wrt="inputs"), v @ J.T @ J, rtol=1e-10, atol=0)


def test_what_asks_for_nothing_in_the_inputs_is_that_of_the_prepared_examples(
    net: bp.Network, experiment: Experiment
) -> None:
    x, y = animals(20)
    bare = net.without_preparation()
    inputs = net.preparation.apply_inputs(x)
    targets = net.preparation.apply_targets(y)
    assert np.array_equal(net.gradient(x, y).vector, bare.gradient(inputs, targets).vector)
    change = np.ones_like(net.parameters.vector)
    assert np.array_equal(net.hvp(x, y, change), bare.hvp(inputs, targets, change))
    assert np.array_equal(net.per_example.squared_norms(x, y), bare.per_example.squared_norms(inputs, targets))
    assert np.array_equal(
        net.curvature.gauss_newton_diagonal(x, y).vector, bare.curvature.gauss_newton_diagonal(inputs, targets).vector
    )
    u = np.ones((20, 3))
    assert all(np.array_equal(net.parameter_vjp(x, u)[path], g) for path, g in bare.parameter_vjp(inputs, u).items())
    assert np.array_equal(net.trace(x)["x"], inputs)
    assert net.check_gradients(x[:3], y[:3])
    assert np.array_equal(
        net.linear_operator("hessian", x, y) @ change, bare.linear_operator("hessian", inputs, targets) @ change
    )


def test_without_preparation_is_the_same_network(net: bp.Network, experiment: Experiment) -> None:
    x, _ = animals()
    bare = net.without_preparation()
    assert bare.preparation is None
    assert np.shares_memory(bare.parameters.vector, net.parameters.vector)
    assert np.array_equal(bare.predict(experiment.dataset.x), net.predict(x))
    assert net.preparation is not None


def test_a_run_saved_by_what_takes_prepared_arrays_takes_raw_ones(
    net: bp.Network, experiment: Experiment, tmp_path: Path
) -> None:
    x, _ = animals()
    expected = experiment.network.predict(experiment.dataset.x)
    assert experiment.network.preparation is None  # it takes the arrays of its data set
    for number, source in enumerate((experiment.network, net.without_preparation())):
        loaded = bp.load(source.save(tmp_path / f"again-{number}"))
        assert np.array_equal(loaded.predict(x), expected)


def test_the_preparation_can_be_read(net: bp.Network) -> None:
    shown = repr(net.preparation)
    raw, _ = animals()
    for part in ("(N, 2), float64", "x' = (x - offset) / scale", f"{raw.mean(axis=0)[0]:.6g}", "'cat', 'dog', 'eel'"):
        assert part in shown
    assert len(shown.splitlines()) < 10
    wide = FittedPreparation(
        dtype="float32", input_shape=(4000,), flatten=True, scaling={"offset": [0] * 4000, "scale": [2] * 4000}
    )
    assert len(repr(wide)) < 700
    assert "4,000 in all" in repr(wide)


def test_copies_keep_the_preparation(net: bp.Network) -> None:
    x, _ = animals()
    for twin in (copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.preparation == net.preparation
        assert np.array_equal(twin.predict(x), net.predict(x))


def test_images_come_in_any_shape_that_the_file_could_have(tmp_path: Path) -> None:
    raw = DigitsData(scaling="none").load().x[:5]
    data = DigitsData().load(dtype="float32")
    net = bp.Network([Dense(units=10), Sigmoid()], input_shape=(64,), cost=QuadraticCost(), dtype="float32")
    loaded = bp.load(net.save(tmp_path / "run", preparation=data.preparation))
    assert loaded.predict(raw.astype(np.uint8)).tobytes() == net.predict(raw / 16).tobytes()
    J = loaded.jacobian(raw)
    assert J.dtype == np.float32
    assert np.allclose(J, net.jacobian(raw / 16) / 16, rtol=1e-6, atol=0)


def test_targets_that_are_numbers_may_have_one_axis(tmp_path: Path) -> None:
    x = np.arange(12.0).reshape(6, 2)
    np.savez(tmp_path / "line.npz", x=x, y=x.sum(axis=1))
    data = NpzData(path="line.npz", scaling="minmax").load(tmp_path)
    net = bp.Network([Dense(units=1)], input_shape=(2,), cost=QuadraticCost())
    loaded = bp.load(net.save(tmp_path / "run", preparation=data.preparation))
    assert loaded.cost(x, x.sum(axis=1)) == net.cost(data.x, data.y)
    loaded.fit(x, x.sum(axis=1), optimizer=descent(0.1), epochs=1)


def test_masked_entries_are_refused_in_raw_inputs_too(net: bp.Network) -> None:
    x, _ = animals()
    with pytest.raises(DataError, match="masked entries"):
        net.predict(np.ma.masked_greater(x, 5e4))
    assert np.array_equal(net.predict(np.ma.masked_array(x)), net.predict(x))


def test_fit_curve_asks_for_prepared_points(net: bp.Network) -> None:
    x, _ = animals()
    y = np.ones((60, 3))
    with pytest.raises(DataError, match="has a preparation") as refused:
        fit_curve(net, x, y)
    assert "without_preparation()" in str(refused.value)
    fit_curve(net.without_preparation(), net.preparation.apply_inputs(x), y, iterations=1)


def test_a_preparation_of_another_network_is_not_saved(net: bp.Network, tmp_path: Path) -> None:
    preparation = net.preparation
    several = bp.Network(
        inputs={"a": (2,), "b": (2,)}, nodes={"sum": bp.node(Add(), "a", "b")}, output="sum", cost=QuadraticCost()
    )
    for wrong in (bp.Network([Dense(units=3)], input_shape=(5,)), several):
        with pytest.raises(CheckpointError, match="not one of this network's inputs"):
            wrong.save(tmp_path / "wrong", preparation=preparation)
    other = preparation.model_copy(update={"classes": ("a", "b", "c")})
    with pytest.raises(CheckpointError, match="another one is given"):
        net.save(tmp_path / "wrong", preparation=other)
    assert not (tmp_path / "wrong").exists()
    net.save(tmp_path / "same", preparation=preparation)


def test_a_preparation_of_another_network_is_not_loaded(
    net: bp.Network, tmp_path: Path, without_digests: Callable[[Path], Path]
) -> None:
    run = without_digests(tmp_path / "run")
    wide = net.preparation.model_copy(update={"input_shape": (3,)})
    (run / "preparation.json").write_text(wide.model_dump_json())
    with pytest.raises(CheckpointError, match="not one of this network's inputs"):
        bp.load(run)


def test_a_run_of_a_csv_file_knows_its_columns(tmp_path: Path) -> None:
    x, y = animals()
    rows = [f"{a!r},{b!r},{kind}" for (a, b), kind in zip(x.tolist(), y, strict=True)]
    (tmp_path / "animals.csv").write_text("\n".join(["weight,height,kind", *rows]))
    data = CsvData(path="animals.csv", targets=("kind",), one_hot=True, scaling="standard").load(tmp_path)
    net = bp.Network([Dense(units=3)], input_shape=(2,), cost=QuadraticCost())
    net.fit(data.x, data.y, optimizer=descent(0.1), epochs=2)
    loaded = bp.load(net.save(tmp_path / "run", preparation=data.preparation))
    assert loaded._preparation.columns.inputs == {"x": ("weight", "height")}


def test_columns_are_measured_by_name_whatever_a_spec_says_of_their_order(tmp_path: Path) -> None:
    x, y = animals()
    rows = [f"{a!r},{b!r},{kind}" for (a, b), kind in zip(x.tolist(), y, strict=True)]
    (tmp_path / "animals.csv").write_text("\n".join(["weight,height,kind", *rows]))
    rows = [f"{kind},{b!r},{a!r}" for (a, b), kind in zip(x.tolist(), y, strict=True)]
    (tmp_path / "swapped.csv").write_text("\n".join(["kind,height,weight", *rows]))
    network = bp.Network([Dense(units=3), Sigmoid()], input_shape=(2,), cost=QuadraticCost())
    training = TrainingSpec(optimizer=descent(), epochs=5)
    for inputs in (None, (0, 1)):
        data = CsvData(path="animals.csv", inputs=inputs, targets=("kind",), one_hot=True, scaling="standard")
        experiment = prepare_experiment(RunSpec(network=network.spec, training=training, data=data), tmp_path)
        experiment.train(progress=False)
        run = open_run(experiment.save(tmp_path / "run", overwrite=True))
        expected, _ = run.evaluate()
        for given in ("", "inputs: [height, weight], ", "inputs: [1, 2], ", "inputs: [height, length], "):
            (tmp_path / "other.yaml").write_text(
                "network: {input_shape: [2], layers: [{kind: dense, units: 2}]}\n"
                f"data: {{kind: csv, path: swapped.csv, {given}targets: [kind], one_hot: true}}\n"
            )
            assert run.evaluate(tmp_path / "other.yaml")[0].cost == pytest.approx(expected.cost, rel=1e-12), given
