"""A data section gives class numbers where the network's cost wants them, and one-hot rows otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_classification import CrossEntropy
from bpframe_reference import Dense, GradientDescent

import bpframe as bp
from bpframe.data import CsvData, DigitsData, IdxData, NpzData
from bpframe.documents import RunSpec, TrainingSpec
from bpframe.errors import ContractError, DataError, ShapeMismatch
from bpframe.runs import open_run, run_experiment
from bpframe.testing import check_component
from tests.oracles import assert_close

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 3))
LABELS = np.array(["ant", "bee", "cat"] * 4)
NUMBERS = np.arange(12) % 3


def network(targets="classes", inputs=3, classes=3):
    return bp.Network([Dense(units=classes)], input_shape=(inputs,), cost=CrossEntropy(targets=targets))


def run(data, base, targets="classes", **shapes):
    net = network(targets, **shapes)
    training = TrainingSpec(optimizer=GradientDescent(learning_rate=0.3), epochs=2, metrics=["accuracy"])
    return run_experiment(RunSpec(network=net.spec, training=training, data=data), base)


@pytest.fixture
def folder(tmp_path):
    np.savez(tmp_path / "text.npz", x=X, y=LABELS)
    np.savez(tmp_path / "numbers.npz", x=X, y=NUMBERS)
    rows = [f"{a},{b},{c},{label}" for (a, b, c), label in zip(X.tolist(), LABELS, strict=True)]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,c,kind", *rows]), encoding="utf-8")
    numbered = [f"{a},{b},{c},{k}" for (a, b, c), k in zip(X.tolist(), NUMBERS, strict=True)]
    (tmp_path / "numbered.csv").write_text("\n".join(["a,b,c,kind", *numbered]), encoding="utf-8")
    for name, array in (("x", (X * 40 + 120).astype(np.uint8)), ("y", NUMBERS.astype(np.uint8))):
        header = bytes([0, 0, 8, array.ndim]) + b"".join(each.to_bytes(4, "big") for each in array.shape)
        (tmp_path / f"{name}.idx").write_bytes(header + array.tobytes())
    return tmp_path


SECTIONS = {
    "npz of text": NpzData(path="text.npz", one_hot=True),
    "npz of numbers as labels": NpzData(path="numbers.npz", one_hot=True),
    "npz of numbers": NpzData(path="numbers.npz"),
    "csv of text": CsvData(path="table.csv", targets=("kind",), one_hot=True),
    "csv of numbers": CsvData(path="numbered.csv", targets=("kind",)),
    "idx": IdxData(inputs="x.idx", targets="y.idx"),
    "idx as labels": IdxData(inputs="x.idx", targets="y.idx", one_hot=True),
}


@pytest.mark.parametrize(("digits", "way"), [(DigitsData(one_hot=False), r"y\[..., 0\]"), (DigitsData(), r"y.argmax")])
def test_digits_that_are_no_class_numbers_are_told_how_to_become_some(digits, way):
    net, loaded = network(inputs=64, classes=10), digits.load()
    with pytest.raises(ShapeMismatch, match=rf"(?s)target of 'dense_1'.*try .*{way}.*load\(class_numbers=True\)"):
        net.cost(loaded.x, loaded.y)
    numbers = loaded.y[..., 0] if loaded.y.shape[-1] == 1 else loaded.y.argmax(axis=-1)
    again = digits.load(class_numbers=True)
    assert np.array_equal(numbers, again.y)
    assert net.cost(loaded.x, numbers) == net.cost(again.x, again.y)


@pytest.mark.parametrize("section", SECTIONS)
def test_costs_that_want_class_numbers_get_them(section, folder):
    dataset = SECTIONS[section].load(folder, class_numbers=True)
    np.testing.assert_array_equal(dataset.y, NUMBERS)
    experiment = run(SECTIONS[section], folder)
    assert experiment.dataset.y.shape == (12,)
    assert experiment.evaluate().accuracy is not None


@pytest.mark.parametrize("section", [name for name in SECTIONS if SECTIONS[name].one_hot])
def test_the_same_cost_gets_one_hot_rows_where_it_wants_these_and_learns_the_same(section, folder):
    numbers, rows = run(SECTIONS[section], folder), run(SECTIONS[section], folder, "probabilities")
    np.testing.assert_array_equal(rows.dataset.y, np.eye(3)[NUMBERS])
    assert_close(rows.network.parameters.vector, numbers.network.parameters.vector)
    assert rows.evaluate().accuracy == numbers.evaluate().accuracy


def test_the_digits_serve_both():
    both = [run(DigitsData(), ".", targets, inputs=64, classes=10) for targets in ("classes", "probabilities")]
    assert both[0].dataset.y.shape == (1437,)
    assert both[0].dataset.y.dtype == np.int64
    assert_close(both[0].evaluate().cost, both[1].evaluate().cost)
    assert both[0].evaluate().accuracy == both[1].evaluate().accuracy > 0.9
    assert both[0].history.epochs[-1].validation_accuracy == both[1].history.epochs[-1].validation_accuracy


@pytest.mark.filterwarnings("ignore:no installed plugin set")
def test_a_saved_run_takes_labels_numbers_and_one_hot_rows(folder):
    experiment = run(SECTIONS["csv of text"], folder)
    experiment.save(folder / "run")
    opened = open_run(folder / "run", [CrossEntropy])
    found, _ = opened.evaluate()
    assert_close(found.cost, experiment.evaluate().cost)
    assert found.accuracy == experiment.evaluate().accuracy
    net = bp.load(folder / "run", [CrossEntropy])
    assert net.preparation.class_numbers
    for y in (LABELS, np.eye(3)[NUMBERS]):
        assert_close(net.cost(X, y), found.cost)
        assert net.accuracy(X, y) == found.accuracy
    with pytest.raises(DataError, match="not among the classes"):
        net.cost(X, np.array(["dog"] * 12))


def test_numbers_that_are_no_integers_are_refused(folder):
    np.savez(folder / "measured.npz", x=X, y=X[:, 0])
    with pytest.raises(DataError, match="no integers"):
        run(NpzData(path="measured.npz"), folder)


@pytest.mark.parametrize("targets", ["classes", "probabilities"])
def test_one_class_of_cost_serves_both_kinds_of_targets(targets):
    report = check_component(CrossEntropy(targets=targets), [(4,)])
    assert report.ok, str(report)
    net = network(targets)
    y = NUMBERS if targets == "classes" else np.eye(3)[NUMBERS]
    assert net.graph.target_shapes == {"dense_1": y.shape[1:]}
    other = network("probabilities" if targets == "classes" else "classes")
    assert_close(net.gradient(X, y).vector, other.gradient(X, np.eye(3)[NUMBERS] if y is NUMBERS else NUMBERS).vector)


def test_what_integer_targets_must_say_is_told():
    class Undecided(CrossEntropy):
        """A cost whose property returns nothing."""

        @property
        def integer_targets(self):
            return None

    with pytest.raises(ContractError, match="integer_targets says neither"):
        bp.Network([Dense(units=3)], input_shape=(3,), cost=Undecided())
