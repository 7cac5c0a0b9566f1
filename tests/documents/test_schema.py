"""The JSON Schema accepts what is right, refuses the typical mistakes, and tells an editor what can stand where."""

from __future__ import annotations

import copy

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpframe.documents import (
    RunSpec,
    TrainingSpec,
    json_schema,
    network_spec,
    node,
    resolve_spec,
    spec_document,
)
from bpframe.plugins.registry import PluginSet, Provider, Registry

GOOD = {
    "network": {
        "input_shape": [64],
        "layers": [
            {"kind": "dense", "units": 30, "weights": {"kind": "normal", "deviation": 0.1}},
            {"kind": "test.sigmoid", "name": "squash", "inputs": "dense_1"},
            {"kind": "recurrent", "inner": {"kind": "sigmoid"}, "share": "other"},
        ],
        "output": ["squash"],
        "cost": {"kind": "quadratic"},
        "dtype": "float32",
        "seed": 3,
    },
    "training": {"optimizer": {"kind": "gradient_descent", "learning_rate": 3}, "epochs": 3, "metrics": ["accuracy"]},
    "data": {"kind": "digits"},
}


@pytest.fixture(scope="module")
def schema(registry):
    return json_schema(registry)


@pytest.fixture(scope="module")
def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_good_spec_is_accepted(validator):
    validator.validate(GOOD)
    graph = {
        "inputs": {"a": [1], "b": []},
        "nodes": {"c": {"kind": "test.add", "inputs": ["a", "b"]}, "d": {"kind": "sigmoid", "inputs": "c"}},
        "output": "d",
        "cost": {"d": {"kind": "quadratic"}},
    }
    validator.validate({"network": graph})


def broken(*path, value=None, without=None):
    document = copy.deepcopy(GOOD)
    place = document
    for key in path[:-1]:
        place = place[key]
    if without is not None:
        del place[path[-1]][without]
    else:
        place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    "training",
    [
        {"metrics": ["accuracy", {"kind": "top_k", "k": 3}, "test.accuracy", {"kind": "accuracy"}]},
        {"callbacks": [{"kind": "stop_early", "patience": 2}, "stop_early", "test.stop_early"]},
        {"optimizer": {"kind": "gradient_descent", "learning_rate": {"kind": "cosine", "start": 0.1, "over": 9}}},
    ],
)
def test_components_stand_in_the_training_section(validator, registry, training):
    document = copy.deepcopy(GOOD)
    document["training"] |= training
    document["network"]["layers"].pop()
    validator.validate(document)
    read = resolve_spec(document, registry)
    assert resolve_spec(spec_document(read, registry), registry) == read


@pytest.mark.parametrize(
    "document",
    [
        broken("network", "layers", 0, "kind", value="densee"),
        broken("network", "layers", 0, "kind", value="add"),  # two sets provide it
        broken("network", "layers", 0, "kind", value="quadratic"),
        broken("network", "layers", 0, without="kind"),
        broken("network", "layers", 0, without="units"),
        broken("network", "layers", 0, "unit", value=3),
        broken("network", "layers", 0, "units", value=0),
        broken("network", "layers", 0, "units", value="many"),
        broken("network", "layers", 0, "weights", value={"kind": "norml"}),
        broken("network", "layers", 0, "weights", value={"kind": "dense", "units": 3}),
        broken("network", "layers", 0, "weights", "deviation", value=-1),
        broken("network", "layers", 0, "name", value="3d"),
        broken("network", "layers", 2, "inner", value={"kind": "sigmoid", "name": "x"}),
        broken("network", "layers", 0, value="dense"),
        broken("network", "nodes", value={"c": {"kind": "sigmoid"}}),
        broken("network", "inputs", value={"a": [1]}),
        broken("network", without="input_shape"),
        broken("network", "input_shape", value=64),
        broken("network", "input_shape", value=[0]),
        broken("network", "cost", value={"kind": "quadratik"}),
        broken("network", "cost", value="quadratic"),
        broken("network", "dtype", value="float16"),
        broken("network", "outputs", value="x"),
        broken("training", "epochs", value=0),
        broken("training", without="optimizer"),
        broken("training", "metrics", value=["precison"]),
        broken("training", "metrics", value=[{"kind": "top_k"}]),
        broken("training", "metrics", value=[{"kind": "top_k", "k": 0}]),
        broken("training", "callbacks", value=[{"kind": "stop_early", "patience": 0}]),
        broken("training", "callbacks", value=["accuracy"]),
        broken("training", "optimizer", "learning_rate", value=-1),
        broken("training", "optimizer", "learning_rate", value={"kind": "cosin", "start": 0.1, "over": 9}),
        broken("training", "optimizer", "learning_rate", value={"kind": "cosine", "start": 0.1}),
        broken("training", "optimizer", "learning_rate", value={"kind": "dense", "units": 3}),
        broken("data", "kind", value="digit"),
        broken("data", "test_fracton", value=0.1),
        broken("data", value={"kind": "npz"}),
        broken("trainin", value={}),
        {},
    ],
)
def test_a_mistake_is_refused(validator, document):
    assert not validator.is_valid(document)


@given(
    units=st.integers(1, 10**9),
    deviation=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    label=st.text(),
    several=st.booleans(),
)
def test_every_written_spec_is_accepted(registry, validator, kinds, units, deviation, label, several):
    normal = kinds["Normal"](deviation=deviation)
    layers = [
        kinds["Dense"](units=units, weights=kinds["Mixture"](parts=(normal,)), biases=normal if several else None),
        kinds["Odd"](label=label, table={label: (1.0,)}, exact=normal),
        kinds["Recurrent"](inner=kinds["Sigmoid"]()),
    ]
    cost = kinds["QuadraticCost"]()
    if several:
        nodes = {f"n{i}": node(each, "x", share="n0") for i, each in enumerate(layers)}
        network = network_spec(nodes=nodes, input_shape=(1,), output=list(nodes), cost={"n0": cost})
    else:
        network = network_spec(layers, input_shape=(2, 3), cost=cost)
    training = TrainingSpec(optimizer=kinds["GradientDescent"](learning_rate=deviation))
    validator.validate(spec_document(RunSpec(network=network, training=training), registry))


def test_an_editor_finds_every_kind_in_one_enumeration(schema):
    found = schema["$defs"]
    assert found["placed_node"]["properties"]["kind"]["enum"] == [
        *("rival.add", "test.add", "dense", "test.dense", "odd", "test.odd"),
        *("recurrent", "test.recurrent", "sigmoid", "test.sigmoid"),
    ]
    assert found["cost"]["properties"]["kind"]["enum"] == ["quadratic", "test.quadratic"]
    assert found["placed_node"]["required"] == ["kind"]


def test_an_editor_finds_fields_descriptions_and_defaults(schema):
    dense = schema["$defs"]["placed_node.test.dense"]
    assert dense["description"] == "Weighted inputs of a fully connected layer."
    assert list(dense["properties"]) == [
        "kind",
        "units",
        "bias",
        "weights",
        "biases",
        "name",
        "inputs",
        "share",
        "trainable",
    ]
    assert dense["properties"]["units"] == {
        "description": "How many neurons the layer has.",
        "exclusiveMinimum": 0,
        "type": "integer",
    }
    assert dense["properties"]["weights"]["default"] == {"kind": "test.normal", "deviation": 1.0}
    assert dense["required"] == ["kind", "units"]
    assert schema["$defs"]["initializer.test.normal"]["description"] == "Draw from a normal distribution."


def test_every_reference_leads_somewhere(schema):
    def references(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    found = set(references(schema))
    assert found
    assert {each.removeprefix("#/$defs/") for each in found} <= set(schema["$defs"])


def test_a_registry_without_components_has_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema(Registry()))


def test_a_set_that_two_distributions_provide_is_left_out(kinds):
    one = PluginSet(Provider("s", "a", "1", "m"), (kinds["Sigmoid"],))
    two = PluginSet(Provider("s", "b", "1", "m"), (kinds["Add"],))
    assert "node.s.sigmoid" not in json_schema(Registry.build([one, two]))["$defs"]
