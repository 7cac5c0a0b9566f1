from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from bpframe_classification import CrossEntropy
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.data import CsvData, DigitsData, NpzData, TextData, WavesData
from bpframe.documents import RunSpec, TrainingSpec, parse_spec
from bpframe.errors import BpframeError, DataError, SpecError
from bpframe.runs import prepare_experiment

SPEC = """
network:
  layers: [{kind: dense, units: 10}, {kind: sigmoid}]
  cost: {kind: quadratic}
  input_shape: [64]
training: {optimizer: {kind: gradient_descent, learning_rate: 1.0}, epochs: 2}
data: {kind: digits, validation_fraction: 0.1, stratify: true}
"""


def test_every_kind_of_data_keeps_three_parts_apart(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=np.arange(100.0).reshape(-1, 1), y=np.arange(100) % 2)
    found = NpzData(path="a.npz", validation_fraction=0.2, test_count=10).load(tmp_path)
    assert [len(x) for x, _, _ in found.parts.values()] == [70, 20, 10]
    assert sorted(np.concatenate([x[:, 0] for x, _, _ in found.parts.values()])) == list(range(100))
    waves = WavesData(steps=400, validation_fraction=0.25).load()
    assert [*waves.parts] == ["training", "validation", "test"]
    series = WavesData(steps=400).series()
    assert waves.x_validation is not None
    assert np.array_equal(waves.x_validation[0, :, 0], series[220:252])  # after 220 steps of training
    (tmp_path / "t.txt").write_text("".join(rng.choice(list("abcd"), 1000)))
    text = TextData(path="t.txt", validation_count=100, test_fraction=0.2, length=9).load(tmp_path)
    assert [len(x) for x, _, _ in text.parts.values()] == [77, 11, 22]
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{k},{k}\n" for k in range(10)))
    csv = CsvData(path="a.csv", targets=["y"], validation_count=2, test_count=3, shuffle=False).load(tmp_path)
    assert [y[:, 0].tolist() for _, y, _ in csv.parts.values()] == [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]


def test_scaling_is_fitted_to_the_training_part_alone(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(100.0).reshape(-1, 1), y=np.zeros(100))
    found = NpzData(path="a.npz", validation_count=30, test_count=20, scaling="standard").load(tmp_path)
    assert abs(found.x.mean()) < 1e-12
    assert abs(found.x.std() - 1) < 1e-12


def test_classes_have_the_same_share_in_every_part():
    found = DigitsData(validation_fraction=0.2, test_fraction=0.2, stratify=True).load()
    shares = [y.mean(axis=0) for _, y, _ in found.parts.values()]
    assert np.abs(np.array(shares) - shares[0]).max() < 0.003
    plain = DigitsData(validation_fraction=0.2, test_fraction=0.2).load()
    assert np.abs(np.array([y.mean(axis=0) for _, y, _ in plain.parts.values()]) - shares[0]).max() > 0.01


def test_groups_of_an_array_or_a_column_stay_in_one_part(tmp_path):
    groups = np.arange(60) // 4
    np.savez(tmp_path / "a.npz", x=groups[:, None] * 1.0, y=np.zeros(60), person=groups)
    split = {"validation_fraction": 0.2, "test_fraction": 0.2}
    lines = "".join(f"{k},{k // 4},p{k // 4}\n" for k in range(60))
    (tmp_path / "a.csv").write_text("k,x,person\n" + lines)
    for source in (
        NpzData(path="a.npz", group="person", **split),
        CsvData(path="a.csv", inputs=["x"], targets=["k"], group="person", **split),
    ):
        owned = [set(x[:, 0].tolist()) for x, _, _ in source.load(tmp_path).parts.values()]
        assert [len(each) for each in owned] == [9, 3, 3]
        assert len(set.union(*owned)) == 15
    every = CsvData(path="a.csv", targets=["k"], group="person").load(tmp_path)
    assert every.preparation.feature_names == ("x",)  # a group is no input


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"validation_fraction": 0.1, "validation_count": 3}, "validation_fraction or validation_count"),
        ({"stratify": True}, "only with classes"),
        ({"stratify": True, "one_hot": True, "shuffle": False}, "shuffle"),
        ({"stratify": True, "one_hot": True, "group": "g"}, "stratify or group"),
    ],
)
def test_a_split_that_contradicts_itself_is_refused(fields, message):
    with pytest.raises(SpecError, match=message):
        NpzData(path="a.npz", **fields)


def test_parts_that_leave_nothing_to_train_on_are_refused():
    with pytest.raises(DataError, match="none for training"):
        DigitsData(validation_count=1000, test_count=797).load()


def test_no_training_sees_the_test_part():
    def trained(spoilt: bool):
        experiment = prepare_experiment(parse_spec(SPEC))
        if spoilt:
            poison = np.full_like(experiment.dataset.x_test, np.nan)
            experiment = dataclasses.replace(experiment, dataset=dataclasses.replace(experiment.dataset, x_test=poison))
        experiment.train(progress=False)
        return experiment

    first, second = trained(False), trained(True)
    assert first.network.parameters.vector.tobytes() == second.network.parameters.vector.tobytes()
    assert first.history is not None
    assert [each.validation_cost for each in first.history.epochs] == [
        each.validation_cost for each in second.history.epochs
    ]
    kept = first.dataset
    assert first.history.epochs[-1].validation_cost == first.network.cost(kept.x_validation, kept.y_validation)
    assert first.part == "test"
    assert first.evaluate().examples == 360


def test_without_a_validation_part_nothing_is_measured_beside_the_cost():
    spec = parse_spec(SPEC.replace(", validation_fraction: 0.1, stratify: true", ""))
    experiment = prepare_experiment(spec)
    experiment.train(progress=False)
    assert experiment.history is not None
    assert experiment.history.epochs[-1].validation_cost is None


def test_a_spec_with_data_says_in_one_place_what_is_kept_for_validation():
    spec = parse_spec(SPEC)
    training = TrainingSpec(optimizer=GradientDescent(learning_rate=1.0), validation_split=0.2)
    with pytest.raises(SpecError, match=r"validation_fraction: 0\.2"):
        prepare_experiment(RunSpec(network=spec.network, training=training, data=spec.data))


def network(**fields):
    return bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), **fields)


def examples(count=40):
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, 3)), rng.normal(size=(count, 2))


def test_a_validation_split_is_measured_and_not_trained_on():
    x, y = examples()
    net = network()
    net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=3, validation_split=0.25, shuffle=False)
    same = network()
    held_back = x[30:], y[30:]
    same.fit(
        x[:30], y[:30], optimizer=GradientDescent(learning_rate=0.1), epochs=3, validation_data=held_back, shuffle=False
    )
    assert net.parameters.vector.tobytes() == same.parameters.vector.tobytes()
    assert net.history.column("validation_cost") == same.history.column("validation_cost")


def test_every_training_of_a_network_keeps_the_same_examples_for_validation():
    x, y = examples()
    seen = []
    for seed in (0, 1):
        net = network(seed=3)
        net.fit(x, y, optimizer=GradientDescent(learning_rate=1e-12), epochs=1, validation_split=0.25)
        net.fit(x, y, optimizer=GradientDescent(learning_rate=1e-12), epochs=1, validation_split=0.25, seed=seed)
        seen += net.history.column("validation_cost")
    assert np.ptp(seen) < 1e-9
    assert seen[0] != pytest.approx(network(seed=3).cost(x, y))


def test_weights_and_raw_examples_are_split_with_their_rows():
    x, y = examples()
    frame = pytest.importorskip("pandas").DataFrame(x, columns=["a", "b", "c"])
    weight = np.arange(40.0)
    pairs = []
    for given in (x, frame):
        net = network()
        net.fit(
            given,
            y,
            sample_weight=weight,
            optimizer=GradientDescent(learning_rate=0.1),
            epochs=2,
            validation_split=0.3,
        )
        pairs.append((net.parameters.vector.tobytes(), net.history.column("validation_cost")))
    assert pairs[0] == pairs[1]


def test_a_resumed_training_keeps_the_same_part():
    x, y = examples()
    whole, parted = network(), network()
    settings = {"optimizer": GradientDescent(learning_rate=0.1), "validation_split": 0.25}
    whole.fit(x, y, epochs=4, **settings)
    parted.fit(x, y, epochs=2, **settings)
    parted.resume(x, y, epochs=4)
    assert whole.parameters.vector.tobytes() == parted.parameters.vector.tobytes()
    assert whole.history.column("validation_cost") == parted.history.column("validation_cost")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"validation_data": examples(5)}, "one of both"),
        ({"validation_split": 0.999}, "none for training"),
        ({"validation_split": 1.5}, "validation_split"),
        ({"y": np.zeros((39, 2))}, "different numbers"),
    ],
)
def test_a_wrong_validation_split_is_refused_before_anything_changes(change, message):
    x, y = examples()
    net = network()
    before = net.parameters.vector.tobytes()
    given = {"validation_split": 0.25, "optimizer": GradientDescent(learning_rate=0.1), "y": y, **change}
    with pytest.raises(BpframeError, match=message):
        net.fit(x, **given)
    assert net.parameters.vector.tobytes() == before


def test_a_prepared_data_set_has_its_own_validation_part():
    data = DigitsData(validation_count=100).load(class_numbers=True)
    net = bp.Network([Dense(units=10)], input_shape=(64,), cost=CrossEntropy())
    with pytest.raises(DataError, match="validation_fraction"):
        net.fit(data, optimizer=GradientDescent(learning_rate=0.1), validation_split=0.1)
