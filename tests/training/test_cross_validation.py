from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.errors import DataError

RULE = GradientDescent(learning_rate=0.05)


def network():
    return bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())


def examples(count=30):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 3)), np.eye(2)[rng.integers(0, 2, count)]


def test_each_fold_is_a_training_without_it_measured_on_it():
    (x, y), net = examples(), network()
    before = net.parameters.vector.tobytes()
    found = bp.cross_validate(net, x, y, folds=3, optimizer=RULE, epochs=2, metrics=["accuracy"])
    assert net.parameters.vector.tobytes() == before
    assert net.history is None
    assert sorted(np.concatenate(found.held_back).tolist()) == list(range(30))
    for k, held_back in enumerate(found.held_back):
        kept = np.setdiff1d(np.arange(30), held_back)
        again = network()
        again.fit(x[kept], y[kept], optimizer=RULE, epochs=2)
        assert again.cost(x[held_back], y[held_back]) == found.measured["validation_cost"][k]
        assert again.accuracy(x[held_back], y[held_back]) == found.measured["validation_accuracy"][k]
    costs = found.measured["validation_cost"]
    assert found.mean["validation_cost"] == costs.mean()
    assert found.spread["validation_cost"] == pytest.approx(np.sqrt(((costs - costs.mean()) ** 2).sum() / 2))
    assert "validation_accuracy" in str(found)


def test_folds_follow_their_seed_classes_and_groups():
    x, y = examples()
    settings = {"folds": 3, "optimizer": RULE, "epochs": 1}

    def folds(**more):
        return [each.tolist() for each in bp.cross_validate(network(), x, y, **settings, **more).held_back]

    assert folds() == folds(split_seed=0)
    assert folds() != folds(split_seed=1)
    assert folds(shuffle=False) == [[*range(10)], [*range(10, 20)], [*range(20, 30)]]
    assert np.ptp([y[held].sum(axis=0) for held in folds(stratify=True)], axis=0).max() <= 1
    groups = np.arange(30) % 7
    assert sum(len(np.unique(groups[held])) for held in folds(group=groups)) == 7


def test_weights_and_tables_are_cut_with_their_rows():
    pandas = pytest.importorskip("pandas")
    x, y = examples()
    weight = np.arange(1.0, 31)
    settings = {"folds": 3, "optimizer": RULE, "epochs": 2, "sample_weight": weight}
    plain = bp.cross_validate(network(), x, y, **settings)
    tables = bp.cross_validate(network(), pandas.DataFrame(x, columns=list("abc")), y, **settings)
    assert np.array_equal(plain.measured["validation_cost"], tables.measured["validation_cost"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folds": 31}, "cannot be cut"),
        ({"validation_split": 0.1}, "no validation_split"),
        ({"stratify": True, "group": np.zeros(30)}, "not both"),
        ({"group": np.zeros(29)}, "one group per example"),
        ({"y": np.zeros((29, 2))}, "different numbers"),
        ({"stratify": True, "y": np.ones((30, 2)) / 2}, "takes classes"),
    ],
)
def test_folds_that_cannot_be_are_refused(change, message):
    x, y = examples()
    with pytest.raises(DataError, match=message):
        bp.cross_validate(network(), x, **{"y": y, "folds": 3, "optimizer": RULE, "epochs": 1, **change})
