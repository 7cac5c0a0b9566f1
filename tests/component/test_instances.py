"""In Python, instances are meant: a class, a name, an operator in their place is told with what to write."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, Identity, QuadraticCost, ScaledNormal, Sigmoid

import bpframe as bp
from bpframe import extend
from bpframe.errors import ContractError, SpecError
from bpframe.testing import check_component

X = np.ones((2, 3))


def network(**given):
    return bp.Network(**{"layers": [Dense(units=3)], "cost": QuadraticCost(), "input_shape": (3,), **given})


PLACES = {
    "training.optimizer": (
        lambda given: network().fit(X, X, optimizer=given, epochs=1),
        "GradientDescent(learning_rate=0.1)",
    ),
    "optimizer=": (lambda given: network().memory(2, given), "GradientDescent(learning_rate=0.1)"),
    "cost=": (lambda given: network(cost=given), "QuadraticCost()"),
    "cost['dense_1']": (lambda given: network(cost={"dense_1": given}), "QuadraticCost()"),
    "layers[1]": (lambda given: network(layers=[Sigmoid(), given]), "Dense(units=30)"),
    "node 'a'": (lambda given: network(layers=None, nodes={"a": given}), "Dense(units=30)"),
    "node()": (lambda given: bp.node(given, "x"), "Dense(units=30)"),
    "Dense.weights": (lambda given: Dense(units=3, weights=given), "ScaledNormal()"),
    "check_component": (check_component, "Dense(units=30)"),
}

CLASSES = {
    "training.optimizer": (GradientDescent, "GradientDescent(learning_rate=...)"),
    "optimizer=": (GradientDescent, "GradientDescent(learning_rate=...)"),
    "cost=": (QuadraticCost, "QuadraticCost()"),
    "cost['dense_1']": (QuadraticCost, "QuadraticCost()"),
    "layers[1]": (Dense, "Dense(units=...)"),
    "node 'a'": (Dense, "Dense(units=...)"),
    "node()": (Dense, "Dense(units=...)"),
    "Dense.weights": (ScaledNormal, "ScaledNormal()"),
    "check_component": (Dense, "Dense(units=...)"),
}


def refused(place, given):
    with pytest.raises(SpecError) as caught:
        PLACES[place][0](given)
    error = caught.value
    assert error.problem.startswith(f"{place} ")
    assert error.expected == f"an instance, such as {PLACES[place][1]}"
    return error


@pytest.mark.parametrize("place", PLACES)
def test_a_class_is_to_be_called(place):
    given, written = CLASSES[place]
    error = refused(place, given)
    assert f"the class {given.__name__}" in error.problem
    assert error.hint == f"make an instance of it: {written}"


# An optimizer may be named: tests/training/test_optimizer_by_name.py.
@pytest.mark.parametrize("place", [each for each in PLACES if each != "training.optimizer"])
def test_a_name_is_for_spec_files(place):
    error = refused(place, "adam")
    assert error.received == "'adam'"
    assert "names are for spec files" in error.hint
    assert PLACES[place][1] in error.hint


@pytest.mark.parametrize("place", [each for each in PLACES if not each.startswith("cost")])
def test_a_mapping_with_a_kind_is_for_spec_files(place):
    assert "names are for spec files" in refused(place, {"kind": "adam"}).hint


@pytest.mark.parametrize("place", PLACES)
def test_an_operator_of_a_components_name_is_told_apart(place):
    for given in (extend.IdentityMap, extend.IdentityMap()):
        assert refused(place, given).hint == "bpframe.extend.IdentityMap is the operator, which jacobian returns"


@pytest.mark.parametrize("place", [each for each in PLACES if each != "check_component"])
def test_a_category_is_not_to_be_called(place):
    for given in (extend.Optimizer, extend.Component, 3, np.tanh):
        assert refused(place, given).hint is None


@pytest.mark.parametrize("given", ["dense", Dense(units=3), Dense, {"a": Dense(units=3)}])
def test_layers_are_a_list(given):
    with pytest.raises(SpecError, match=r"^layers= wants a list of layers") as caught:
        network(layers=given)
    assert caught.value.hint == "[Dense(...), Sigmoid()]"


def test_a_field_of_one_class_takes_its_fields_as_a_mapping_still():
    class Held(Identity):
        inner: Dense

    assert Held(inner={"units": 2}).inner == Dense(units=2)
    with pytest.raises(SpecError, match=r"^Held\.inner cannot be the class Dense"):
        Held(inner=Dense)


@pytest.mark.parametrize("shapes", [(3,), 3, [3, 4]])
def test_shapes_to_check_at_are_a_list_of_shapes(shapes) -> None:
    with pytest.raises(ContractError, match="wants a feature shape for every input") as caught:
        check_component(Dense(units=2), shapes)
    assert "[(3,)]" in str(caught.value)
