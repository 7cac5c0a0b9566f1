"""Ways to say things that users bring along from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.errors import SpecError


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32")])
def test_a_dtype_may_be_named_or_be_numpy_s_own(dtype):
    network = bp.Network([Dense(units=2)], input_shape=(3,), dtype=dtype)
    assert network.spec.dtype == "float32"
    assert network.predict(np.zeros((1, 3))).dtype == np.float32


WHETHER = {
    "verify": lambda net, x, y, v: bp.Network([Dense(units=2)], input_shape=(3,), verify=v),
    "shuffle": lambda net, x, y, v: net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), shuffle=v),
    "progress": lambda net, x, y, v: net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), progress=v),
    "raw": lambda net, x, y, v: net.predict(x, raw=v),
    "training": lambda net, x, y, v: net.gradient(x, y, v),
    "training in a trace": lambda net, x, y, v: net.trace(x, v),
    "training of examples": lambda net, x, y, v: net.per_example.gradients(x, y, training=v),
    "training in a Jacobian": lambda net, x, y, v: net.jacobian(x, training=v),
    "explain": lambda net, x, y, v: net.jacobian(x, explain=v),
    "overwrite": lambda net, x, y, v: net.save("run", overwrite=v),
}


@pytest.mark.parametrize("said", WHETHER)
@pytest.mark.parametrize("value", ["no", "true", 0, 1])
def test_a_word_or_a_number_is_no_truth_value(tmp_path, monkeypatch, said, value):
    monkeypatch.chdir(tmp_path)
    network = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    with pytest.raises(SpecError, match=said.partition(" ")[0]) as caught:
        WHETHER[said](network, np.ones((4, 3)), np.ones((4, 2)), value)
    assert str(value in ("true", 1)).lower() in caught.value.hint.lower()
    assert network.history is None
    assert WHETHER[said](network, np.ones((4, 3)), np.ones((4, 2)), np.True_) is not None


@pytest.mark.parametrize("dtype", ["float16", np.float16, int, 32])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(SpecError, match=r"network\.dtype"):
        bp.Network([Dense(units=2)], input_shape=(3,), dtype=dtype)


def test_one_metric_needs_no_list():
    network = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    x, y = np.ones((4, 3)), np.eye(2)[[0, 1, 0, 1]]
    history = network.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=1, metrics="accuracy")
    assert history.column("accuracy") == [0.5]
    with pytest.raises(KeyError, match="no 'costs'; there are epoch, cost"):
        history.column("costs")


def test_accuracy_takes_lists():
    assert bp.accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1]) == 0.5
