"""The data of an explanation: its schema, its numbers, and that it is of one example."""

from __future__ import annotations

import json
import sys
from typing import Any

import jsonschema
import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.errors import DataError, ShapeMismatch
from bpframe.explanation import FORMAT, json_schema
from tests.explanation.networks import A1, Y, linear, olah, sigmoids


def valid(explanation: Any) -> dict[str, Any]:
    """Return the data after a round trip through JSON, once it was seen to fit the schema."""
    data: dict[str, Any] = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
    jsonschema.validate(data, json_schema())
    return data


def test_the_schema_is_a_schema_and_the_format_is_versioned() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert FORMAT == "bpframe explanation 1"
    assert linear().explain(A1, Y, expand=False).to_dict()["format"] == FORMAT


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_data_holds_the_networks_own_numbers(dtype: str) -> None:
    network = sigmoids(3, 2, dtype=dtype)
    x, y = np.array([0.5, -1.5]), np.array([0.0, 1.0])
    data = valid(network.explain(x, y, expand=False))
    gradient = network.gradient(x[None], y[None])
    assert data["value"] == network.cost(x[None], y[None])
    for part in data["gradient"]["parts"][: len(gradient)]:
        assert np.array_equal(np.array(part["gradient"], dtype), gradient[part["name"]])
    errors, trace = network.errors(x[None], y[None]), network.trace(x[None])
    for node in data["nodes"][1:]:
        assert np.array_equal(np.array(node["value"], dtype), trace[node["name"]][0])
        assert np.array_equal(np.array(node["error"], dtype), errors[node["name"]][0])


def test_an_example_may_have_its_axis_or_not() -> None:
    network = linear()
    expected = network.explain(A1, Y, expand=False).to_dict()
    for x, y in (([A1], [Y]), (np.array(A1), -1.0), (np.array([A1]), Y)):
        assert network.explain(x, y, expand=False).to_dict() == expected


def test_several_examples_are_refused() -> None:
    with pytest.raises(DataError, match="an explanation is of one example"):
        linear().explain([A1, A1], [Y, Y], expand=False)
    with pytest.raises(ShapeMismatch):
        linear().explain([1.0, 2.0, 3.0], Y, expand=False)


def test_what_is_differentiated_has_to_be_one_number() -> None:
    with pytest.raises(DataError, match="needs a target"):
        linear().explain(A1, expand=False)
    with pytest.raises(DataError, match="the network has no cost"):
        olah().explain({"a": 2, "b": 1}, [1.0], expand=False)
    with pytest.raises(DataError, match="more than one number comes out"):
        bp.Network([Dense(units=2)], input_shape=(2,)).explain(A1, expand=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": float("nan")},
        {"learning_rate": 0},
        {"learning_rate": "1"},
        {"learning_rate": 10**400},
        {"per_parameter": -1},
    ],
)
def test_numbers_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"the learning rate is none|per_parameter does not say"):
        linear().explain(A1, Y, **wrong)


def test_a_chosen_weight_is_followed_and_one_that_there_is_not_refused() -> None:
    found = sigmoids(3, 2).explain(A1, [0.0, 1.0], weight="w^2_32", expand=False)
    assert [rule.weight for rule in found.paths.rules] == ["w^2_32"]
    assert found.paths.counts is not None
    assert found.paths.counts.weights == 17
    assert (
        sigmoids(3, 2).explain(A1, [0.0, 1.0], weight="dense_1.w[2,1]", expand=False).paths.rules == found.paths.rules
    )
    for wrong in ("w^9_11", "w^2_41"):
        with pytest.raises(DataError, match=r"no .*entry|number of the network"):
            sigmoids(3, 2).explain(A1, [0.0, 1.0], weight=wrong, expand=False)
    with pytest.raises(DataError, match=r"network 'w\\x1b\[31m'"):  # nothing steers a terminal
        sigmoids(3, 2).explain(A1, [0.0, 1.0], weight="w\x1b[31m", expand=False)


def test_the_network_as_one_formula_is_part_of_the_data_and_of_every_view() -> None:
    found = linear().explain(A1, Y)
    formula = valid(found)["expansion"]["formula"]
    assert (formula["operations"], formula["terms"]) == (24, 81)
    assert "(5) direct expansion" in found.to_text()
    assert r"\tag{5}" in found.to_latex()


def test_without_sympy_it_is_said_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    found = linear().explain(A1, Y)
    assert found.expansion.formula is None
    assert "symbolic" in str(found.expansion.reason)
    valid(found)


def test_a_network_too_large_for_paths_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpframe.explanation.chain.MOST_EDGES", 2_000)
    network = bp.Network([Dense(units=60), Dense(units=5)], input_shape=(100,), cost=QuadraticCost())
    found = network.explain(np.ones(100), np.ones(5), expand=False)
    assert found.paths.rules == ()
    assert "edges" in str(found.paths.reason)
    data = found.to_dict()
    assert data["forward"]["lines"][0]["operands"]["w^2"] is None
    assert data["gradient"]["parts"][0]["value"] == network.parameters["dense_1.w"].tolist()
    assert found.paths.reason in " ".join(found.to_text().split())


def test_a_neuron_may_be_an_entry_of_a_node() -> None:
    found = sigmoids(3, 2).explain(A1, [0.0, 1.0], neuron="sigmoid_1[2]", expand=False)
    assert found.neuron is not None
    assert (found.neuron.node, found.neuron.layer, found.neuron.number) == ("dense_1", 2, 3)
    for wrong in ("2:4", "9:1", "dense_1[3]", "dense_1", "nobody[0]", "2"):
        with pytest.raises(DataError, match="no such neuron"):
            sigmoids(3, 2).explain(A1, [0.0, 1.0], neuron=wrong, expand=False)


def test_numbers_that_are_not_finite_are_named() -> None:
    network = bp.Network([Dense(units=1)], input_shape=(2,), cost=QuadraticCost())
    network.parameters["dense_1.w"] = [[1e200, 1e200]]
    data = valid(network.explain(A1, Y, expand=False))
    assert data["value"] == "Infinity"
    assert data["gradient"]["checked"] == 0


def test_an_explanation_leaves_the_network_and_its_arrays_as_they_are() -> None:
    network = sigmoids(3, 1)
    before = network.parameters.vector.copy()
    found = network.explain(A1, Y, expand=False)
    assert np.array_equal(network.parameters.vector, before)
    network.parameters.vector[:] = 0
    assert found.step is not None
    assert np.any(found.step.before["dense_1.w"])
    for node in found.nodes:
        with pytest.raises(ValueError, match="read-only"):
            node.value[...] = 0


def test_what_is_differentiated_may_be_the_weight_that_is_followed() -> None:
    found = sigmoids(3, 2).explain(A1, [0.0, 1.0], weight="C", expand=False)
    (rule,) = found.paths.rules
    assert (rule.count, rule.total, rule.paths_sum) == (1, 1.0, 1.0)
    assert found.paths.lines == ()
    valid(found)
    for view in (found.to_text, found.to_latex, found.to_html):
        assert view()
    with pytest.raises(DataError, match="a weight is chosen by its name"):
        sigmoids(3, 2).explain(A1, [0.0, 1.0], weight=3)  # type: ignore[arg-type]


def test_numbers_next_to_the_largest_there_are_have_a_page() -> None:
    network = sigmoids(3, 2)
    network.parameters["dense_1.w"][0] = 1e308
    found = network.explain([1e10, 1.0], [0.0, 1.0], expand=False)
    assert "1e+308" in found.to_html()
    valid(found)
