"""A data set, as `from_table` makes it, is measured, cut into folds and tested for rates as it is trained on."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_classification import BinaryCrossEntropy, CrossEntropy
from bpframe_metrics import Mae
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.data import from_table
from bpframe.errors import DataError
from bpframe.runs import evaluate

RULE = GradientDescent(learning_rate=0.1)


def table(count=90):
    rng = np.random.default_rng(3)
    age = rng.normal(40, 10, count)
    return {
        "age": age,
        "city": rng.choice(["Rome", "Oslo"], count),
        "buys": np.where(age > 40, "yes", "no"),
        "pays": 9e3 * age,
    }


def prepared(target="buys", **fields):
    columns = {"inputs": ("age", "city"), "categorical": ["city"], "scaling": "standard", "test_fraction": 0.2}
    return from_table(table(), target, **columns, **fields)


def network(cost, units=2):
    return bp.Network([Dense(units=4), Tanh(), Dense(units=units)], input_shape=(3,), cost=cost, seed=1)


@pytest.mark.parametrize(("cost", "units"), [(CrossEntropy(), 2), (BinaryCrossEntropy(), 1)])
def test_the_test_part_is_measured_as_its_rows_of_the_table_are(cost, units):
    data, net = prepared(validation_fraction=0.2), network(cost, units)
    net.fit(data, optimizer=RULE, epochs=3, metrics=["accuracy"])
    found = evaluate(net, data)
    places = [int(np.flatnonzero((prepared_all().x == row).all(axis=1))[0]) for row in raw_test(data)]
    rows = {name: np.asarray(column)[places] for name, column in table().items()}
    assert found.examples == len(data.x_test) == 18
    assert found.cost == pytest.approx(net.cost(rows, rows["buys"]), rel=1e-12)
    assert found.accuracy == net.accuracy(rows, rows["buys"])
    with pytest.raises(DataError, match="holds its targets"):
        evaluate(net, data, data.y_test)


def raw_test(data):
    """Return the test part with the scaling undone."""
    scaling = data.preparation.scaling
    return np.round(data.x_test * np.array(scaling.scale) + np.array(scaling.offset), 9)


def prepared_all():
    whole = from_table(table(), "buys", inputs=("age", "city"), categorical=["city"])
    whole.x.round(9, out=whole.x)
    return whole


def test_measures_of_scaled_targets_are_in_their_own_units():
    data = prepared("pays", scale_targets="standard")
    net = network(QuadraticCost(), 1)
    net.fit(data, optimizer=RULE, epochs=20, metrics=["mae"])
    error = np.abs(net.predict(data.x_test, raw=False) - data.y_test)
    assert evaluate(net, data).metrics["mae"] == pytest.approx(error.mean() * data.preparation.target_scaling.scale[0])


def test_data_that_were_prepared_otherwise_are_refused():
    net = network(CrossEntropy())
    net.fit(prepared(), optimizer=RULE, epochs=1)
    with pytest.raises(DataError, match="prepared otherwise"):
        evaluate(net, prepared(seed=5))


def test_folds_of_the_training_part_are_those_of_its_arrays():
    data = prepared()
    settings = {"folds": 3, "stratify": True, "optimizer": RULE, "epochs": 2, "metrics": ["accuracy"]}
    found = bp.cross_validate(network(CrossEntropy()), data, **settings)
    again = bp.cross_validate(network(CrossEntropy()), data.x, data.y.argmax(axis=1), **settings)
    assert found.measured["validation_cost"].tolist() == again.measured["validation_cost"].tolist()
    assert found.mean["validation_accuracy"] == again.mean["validation_accuracy"]
    scaled = prepared("pays", scale_targets="standard")
    mae = bp.cross_validate(network(QuadraticCost(), 1), scaled, folds=3, optimizer=RULE, epochs=1, metrics=[Mae()])
    assert mae.mean["validation_mae"] > 1e3
    with pytest.raises(DataError, match="holds its targets"):
        bp.cross_validate(network(CrossEntropy()), data, data.y, **settings)
    with pytest.raises(DataError, match="no targets"):
        bp.cross_validate(network(CrossEntropy()), data.x, **settings)


def test_columns_of_texts_are_classes_to_stratify_by():
    pandas = pytest.importorskip("pandas")
    net, frame = network(CrossEntropy()), pandas.DataFrame(table())
    net.fit(prepared(), optimizer=RULE, epochs=1)
    found = bp.cross_validate(net, frame, frame["buys"], folds=3, stratify=True, optimizer=RULE, epochs=1)
    shares = [(frame["buys"].iloc[rows] == "yes").sum() for rows in found.held_back]
    assert max(shares) - min(shares) <= 1


def test_rates_are_tested_on_the_training_part():
    data, net = prepared(), network(CrossEntropy())
    found = net.range_test(data, optimizer=RULE, steps=10)
    again = net.range_test(data.x, data.y.argmax(axis=1), optimizer=RULE, steps=10)
    assert found.costs.tolist() == again.costs.tolist()
    net.fit(data, optimizer=RULE, epochs=1)
    assert len(net.range_test(data, optimizer=RULE, steps=10).costs) == 10
    with pytest.raises(DataError, match="no targets"):
        net.range_test(data.x, optimizer=RULE)


def test_it_is_shown_by_its_parts():
    assert repr(prepared()) == "Dataset(training 72, test 18; x (N, 3), y (N, 2))"
