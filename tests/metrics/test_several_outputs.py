"""Metrics of a network with several costs are given by output, and named by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_classification import CrossEntropy
from bpframe_metrics import Accuracy, Mae, TopK
from bpframe_reference import Dense, GradientDescent, QuadraticCost, StopEarly

import bpframe as bp
from bpframe.documents import RunSpec, read_spec, write_spec
from bpframe.errors import DataError, SpecError
from bpframe.runs import evaluate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = {"digit": RNG.integers(0, 4, 40), "angle": RNG.normal(size=(40, 1))}
STILL = GradientDescent(learning_rate=1e-30)


def network() -> bp.Network:
    return bp.Network(
        inputs={"x": (3,)},
        nodes={"digit": bp.node(Dense(units=4), "x"), "angle": bp.node(Dense(units=1), "x")},
        output=["angle", "digit"],
        cost={"angle": QuadraticCost(), "digit": CrossEntropy(ignore=0)},
    )


def test_each_output_has_its_own_in_history_evaluate_and_what_watches() -> None:
    net = network()
    metrics = {"digit": ["accuracy", TopK(k=2), TopK(k=3)], "angle": Mae()}
    watch = StopEarly(patience=3, watch="validation_accuracy of digit")
    history = net.fit(X, Y, optimizer=STILL, epochs=9, metrics=metrics, validation_data=(X, Y), callbacks=[watch])
    scores, kept = net.predict(X), Y["digit"] != 0
    ranks = (scores["digit"] > np.take_along_axis(scores["digit"], Y["digit"][:, None], 1)).sum(axis=1)[kept]
    expected = {
        "accuracy of digit": (ranks < 1).mean(),
        "top_k_1 of digit": (ranks < 2).mean(),
        "top_k_2 of digit": (ranks < 3).mean(),
        "mae of angle": pytest.approx(np.abs(scores["angle"] - Y["angle"]).mean(), rel=1e-12),
    }
    assert len(history) == 4, "nothing gets better"
    assert history.epochs[-1].metrics == {f"validation_{name}": value for name, value in expected.items()}
    assert history.column("validation_accuracy of digit") == [expected["accuracy of digit"]] * 4
    assert evaluate(net, X, Y).metrics == expected
    assert net.accuracy(X, {"digit": Y["digit"]}) == expected["accuracy of digit"]
    assert "accuracy of digit 0." in str(evaluate(net, X, Y))


@pytest.mark.parametrize("metrics", [["accuracy"], Accuracy(), [Mae(), Accuracy()]], ids=repr)
def test_without_an_output_they_are_refused_before_anything_changes(metrics: Any) -> None:
    net = network()
    with pytest.raises(DataError, match=r"the network has 2 costs, and metrics say nothing") as caught:
        net.fit(X, Y, optimizer=STILL, epochs=1, metrics=metrics)
    assert 'metrics={"angle": ["' in str(caught.value.hint)
    assert net.history is None
    with pytest.raises(DataError, match="accuracy needs one output"):
        net.accuracy(X, Y["digit"])
    with pytest.raises(DataError, match="accuracy is of one output"):
        net.accuracy(X, Y)


def test_an_output_that_is_none_and_a_name_that_is_none_are_refused() -> None:
    with pytest.raises(DataError, match="metrics of 'digits', which is no output with a cost") as caught:
        network().fit(X, Y, optimizer=STILL, epochs=1, metrics={"digits": ["accuracy"]})
    assert "digit" in str(caught.value.hint)
    with pytest.raises(SpecError, match=r"metrics\['digit'\]\[1\] = 'acuracy' is not a metric"):
        network().fit(X, Y, optimizer=STILL, epochs=1, metrics={"digit": ["accuracy", "acuracy"]})


def test_they_are_written_in_specs_and_read_back(tmp_path: Any) -> None:
    net = network()
    net.fit(X, Y, optimizer=STILL, epochs=1, metrics={"digit": ["accuracy", TopK(k=2)], "angle": ["mae"]})
    write_spec(RunSpec(network=net.spec, training=net.training), tmp_path / "spec.yaml")
    assert read_spec(tmp_path / "spec.yaml").training == net.training
    net.save(tmp_path / "run")
    again = bp.load(tmp_path / "run")
    assert again.history == net.history
    assert evaluate(again, X, Y) == evaluate(net, X, Y)
    text = (tmp_path / "spec.yaml").read_text()
    changed = text[: text.index("  metrics:")] + "  metrics: {digit: [accuracy, {kind: top_k, k: 2}], angle: [mae]}\n"
    (tmp_path / "short.yaml").write_text(changed)
    assert read_spec(tmp_path / "short.yaml").training.metrics == net.training.metrics


def test_of_a_network_with_one_output_the_mapping_names_it() -> None:
    net = bp.Network([Dense(units=4)], cost=CrossEntropy(), input_shape=(3,))
    (output,) = net.graph.outputs
    history = net.fit(X, Y["digit"], optimizer=STILL, epochs=1, metrics={output: ["accuracy"]})
    assert history.column(f"accuracy of {output}") == [net.accuracy(X, Y["digit"])]
