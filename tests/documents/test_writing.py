"""What is written is read back equal, in every file type, and a file appears whole or not at all."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Identity
from hypothesis import given, settings
from hypothesis import strategies as st

import bpframe as bp
from bpframe.data import CsvData, DigitsData, NpzData
from bpframe.documents import (
    RunSpec,
    TrainingSpec,
    component_document,
    network_spec,
    node,
    parse_spec,
    read_spec,
    spec_document,
    write_spec,
)
from bpframe.documents.text import dump_text
from bpframe.errors import RegistryError, SpecError, SpecFileError
from bpframe.extend import Activation, Diagonal
from bpframe.plugins import default_registry

SUFFIXES = (".yaml", ".json", ".toml")
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,6}", fullmatch=True) | st.sampled_from(
    ["on", "no", "true", "null", "kind", "x", "dense_1", "_"]
)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False) | st.sampled_from(
    [1e-300, 5e-324, 1e308, 3.0]
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SHAPES = st.lists(st.integers(1, 10**20), max_size=3).map(tuple)
TABLES = st.dictionaries(st.text(max_size=5), st.lists(FINITE, max_size=3).map(tuple), max_size=3)


def initializers(kinds):
    normal = st.builds(kinds["Normal"], deviation=POSITIVE)
    mixture = st.deferred(lambda: st.builds(kinds["Mixture"], parts=st.lists(anything, max_size=2).map(tuple)))
    anything = normal | mixture
    return anything


def layers(kinds):
    odd = st.builds(
        kinds["Odd"],
        label=st.text(max_size=8),
        number=st.floats(allow_nan=False),
        finite=FINITE,
        maybe=st.integers(),
        mode=st.sampled_from(["same", "valid"]),
        odd=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3).map(tuple),
        table=TABLES,
        exact=st.builds(kinds["Normal"], deviation=POSITIVE),
    )
    dense = st.builds(
        kinds["Dense"],
        units=st.integers(1, 2**63 - 1),
        bias=st.booleans(),
        weights=initializers(kinds),
        biases=st.none() | initializers(kinds),
    )
    inner = st.builds(kinds["Sigmoid"])
    return odd | dense | inner | st.builds(kinds["Add"]) | st.builds(kinds["Recurrent"], inner=inner)


@st.composite
def networks(draw, kinds):
    costs = st.builds(kinds["QuadraticCost"], weight=POSITIVE)
    rest = {"dtype": draw(st.sampled_from(["float32", "float64"])), "seed": draw(st.integers(0, 2**63 - 1))}
    if draw(st.booleans()):
        names = draw(st.lists(NAMES, max_size=5, unique=True))
        source = draw(st.sampled_from(["x", "picture"]))
        chain = [
            node(draw(layers(kinds)), name=name if draw(st.booleans()) else None) for name in names if name != source
        ] or [draw(layers(kinds))]
        return network_spec(chain, inputs={source: draw(SHAPES)}, cost=draw(st.none() | costs), **rest)
    names = draw(st.lists(NAMES, min_size=2, max_size=8, unique=True))
    count = draw(st.integers(1, len(names) - 1))
    inputs, named = names[:count], names[count:]
    nodes = {}
    for index, name in enumerate(named):
        sources = draw(st.lists(st.sampled_from(inputs + named[:index]), min_size=1, max_size=3))
        shared = draw(st.none() | st.sampled_from(named))
        nodes[name] = node(draw(layers(kinds)), *sources, share=shared)
    outputs = draw(st.lists(st.sampled_from(named), min_size=1, unique=True))
    asked = {name: draw(costs) for name in outputs if draw(st.booleans())}
    return network_spec(nodes=nodes, inputs={name: draw(SHAPES) for name in inputs}, output=outputs, cost=asked, **rest)


def schedules(kinds):
    """Return schedules of both kinds that ship with bpframe."""
    cosine = st.builds(kinds["Cosine"], start=POSITIVE, over=st.integers(1, 99), by=st.sampled_from(["epoch", "step"]))
    return cosine | st.builds(kinds["Step"], start=POSITIVE, every=st.integers(1, 99))


@st.composite
def runs(draw, kinds):
    rates = POSITIVE | schedules(kinds)
    optimizer = st.builds(kinds["GradientDescent"], learning_rate=rates, decay=st.just(0.0) | POSITIVE)
    training = st.builds(
        TrainingSpec,
        optimizer=optimizer,
        epochs=st.integers(1, 2**31),
        batch_size=st.integers(1, 2**31),
        shuffle=st.booleans(),
        seed=st.none() | st.integers(0, 2**63 - 1),
        metrics=st.lists(st.builds(kinds["Accuracy"]) | st.builds(kinds["TopK"], k=st.integers(1, 9)), max_size=3).map(
            tuple
        ),
        callbacks=st.lists(st.builds(kinds["StopEarly"], patience=st.integers(1, 9)), max_size=2).map(tuple),
    )
    data = st.sampled_from(
        [
            None,
            DigitsData(),
            NpzData(path="ü/x y.npz", test_fraction=0.1),
            CsvData(path="a.csv", targets=["t"], scaling={"divide": 255}, one_hot=True, classes=["a", "b"]),
        ]
    )
    return RunSpec(network=draw(networks(kinds)), training=draw(st.none() | training), data=draw(data))


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=60)
@given(drawing=st.data())
def test_every_run_is_read_back_equal(registry, kinds, suffix, drawing):
    spec = drawing.draw(runs(kinds))
    text = dump_text(spec_document(spec, registry), suffix)
    assert parse_spec(text, registry, suffix=suffix) == spec


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_infinity_is_kept_where_the_field_takes_it(registry, kinds, suffix):
    spec = RunSpec(network=network_spec([kinds["Odd"](number=-math.inf)], input_shape=()))
    text = dump_text(spec_document(spec, registry), suffix)
    assert parse_spec(text, registry, suffix=suffix) == spec


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_none_is_kept_where_it_is_not_the_default(registry, kinds, suffix):
    spec = RunSpec(network=network_spec([kinds["Odd"](maybe=None)], input_shape=(1,)))
    if suffix == ".toml":
        with pytest.raises(SpecFileError, match=r"network\.layers\[0\]\.maybe is null"):
            dump_text(spec_document(spec, registry), suffix)
        return
    text = dump_text(spec_document(spec, registry), suffix)
    assert parse_spec(text, registry, suffix=suffix) == spec


def test_a_chain_is_written_as_layers_with_full_names_and_no_more_names_than_needed(registry, kinds):
    network = network_spec(
        [kinds["Dense"](units=2), node(kinds["Sigmoid"](), name="squash")],
        input_shape=(3,),
        cost=kinds["QuadraticCost"](),
    )
    document = spec_document(RunSpec(network=network), registry)
    normal = {"kind": "test.normal", "deviation": 1.0}
    assert document == {
        "network": {
            "input_shape": [3],
            "layers": [
                {"kind": "test.dense", "units": 2, "bias": True, "weights": normal, "name": "dense_1"},
                {"kind": "test.sigmoid", "name": "squash"},
            ],
            "cost": {"kind": "test.quadratic", "weight": 1.0},
            "dtype": "float64",
            "seed": 0,
        }
    }
    plain = network_spec([kinds["Sigmoid"](), kinds["Sigmoid"]()], inputs={"a": (3,)})
    assert spec_document(RunSpec(network=plain), registry)["network"] == {
        "inputs": {"a": [3]},
        "layers": [{"kind": "test.sigmoid"}, {"kind": "test.sigmoid"}],
        "dtype": "float64",
        "seed": 0,
    }


def test_a_graph_is_written_as_nodes(registry, kinds):
    network = network_spec(
        nodes={"c": node(kinds["Add"](), "a", "b"), "d": node(kinds["Add"](), "c", "a")},
        inputs={"a": (1,), "b": (1,)},
        output="d",
    )
    assert spec_document(RunSpec(network=network), registry)["network"] == {
        "inputs": {"a": [1], "b": [1]},
        "nodes": {"c": {"kind": "test.add", "inputs": ["a", "b"]}, "d": {"kind": "test.add", "inputs": ["c", "a"]}},
        "output": "d",
        "dtype": "float64",
        "seed": 0,
    }


def test_a_component_of_no_set_cannot_be_written(tmp_path, registry, kinds):
    class Local(kinds["Sigmoid"]):
        pass

    spec = RunSpec(network=network_spec([Local()], input_shape=(1,)))
    with pytest.raises(RegistryError, match="Local belongs to no plugin set"):
        write_spec(spec, tmp_path / "s.yaml", registry)
    assert list(tmp_path.iterdir()) == []
    extended = registry.with_components("local", [Local])
    write_spec(spec, tmp_path / "s.yaml", extended)
    assert read_spec(tmp_path / "s.yaml", extended) == spec
    assert component_document(Local(), extended) == {"kind": "local.local"}


# ---- files


@pytest.fixture
def spec(kinds):
    return RunSpec(network=network_spec([kinds["Dense"](units=2)], input_shape=(3,)))


@pytest.mark.parametrize("name", ["s.yaml", "s.yml", "s.json", "s.toml"])
def test_a_file_is_written_whole_and_replaces_an_older_one(tmp_path, registry, spec, name):
    path = tmp_path / name
    path.write_text("old")
    write_spec(spec, path, registry)
    assert read_spec(path, registry) == spec
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_failure_leaves_the_older_file_and_no_draft(tmp_path, registry, spec, monkeypatch):
    path = tmp_path / "s.yaml"
    path.write_text("old")

    def full(descriptor):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SpecFileError, match="no space left"):
        write_spec(spec, path, registry)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["s.yaml"]


def test_what_is_no_run_is_told_how_to_become_one(tmp_path, spec):
    network = bp.Network.from_spec(spec.network)
    for what, hint in ((spec.network, "RunSpec(network=spec)"), (network, "RunSpec(network=network.spec)"), (3, None)):
        with pytest.raises(SpecError, match=r"^this is no spec of a run") as caught:
            write_spec(what, tmp_path / "s.yaml")
        assert caught.value.hint == hint
    assert not [*tmp_path.iterdir()]


def test_the_hint_about_a_class_that_no_set_provides_works_as_it_stands(tmp_path):
    class Doubled(Activation):
        def forward(self, x):
            return 2 * x

        def jacobian(self, x):
            return Diagonal(np.full_like(x, 2))

    spec = RunSpec(network=network_spec([Doubled()], input_shape=(3,)))
    with pytest.raises(RegistryError, match="Doubled belongs to no plugin set") as caught:
        write_spec(spec, tmp_path / "s.yaml")
    registry = eval(caught.value.hint.rpartition(": ")[2], {"bpframe": bp, "Doubled": Doubled})
    write_spec(spec, tmp_path / "s.yaml", registry)
    assert "kind: mine.doubled" in (tmp_path / "s.yaml").read_text()
    assert read_spec(tmp_path / "s.yaml", registry) == spec


def test_the_hint_about_an_array_in_a_field_of_any_type_works(tmp_path):
    def written(cls, value):
        registry = default_registry().with_components("mine", [cls])
        spec = RunSpec(network=network_spec([cls(m=value)], input_shape=(3,)))
        write_spec(spec, tmp_path / "s.yaml", registry)
        assert read_spec(tmp_path / "s.yaml", registry) == spec

    class Loose(Identity):
        m: Any

    class Stated(Identity):
        m: np.ndarray

    with pytest.raises(SpecFileError, match=r"^Loose\.m cannot be written") as caught:
        written(Loose, np.eye(3))
    assert caught.value.hint == "give the field the type np.ndarray"
    written(Stated, np.eye(3))


def test_a_place_that_cannot_be_written_is_named(tmp_path, registry, spec):
    with pytest.raises(SpecFileError, match="cannot be written"):
        write_spec(spec, tmp_path / "nowhere" / "s.yaml", registry)
    with pytest.raises(SpecFileError, match="does not end like a spec's"):
        write_spec(spec, tmp_path / "s.txt", registry)
    (tmp_path / "d.yaml").mkdir()
    with pytest.raises(SpecFileError, match="cannot be written"):
        write_spec(spec, tmp_path / "d.yaml", registry)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_half_a_character_is_kept_or_refused(tmp_path, registry, kinds, suffix):
    spec = RunSpec(network=network_spec([kinds["Odd"](label="\ud800")], input_shape=(3,)))
    path = tmp_path / f"s{suffix}"
    if suffix == ".yaml":  # the only one that escapes it
        write_spec(spec, path, registry)
        assert read_spec(path, registry) == spec
        return
    with pytest.raises(SpecFileError, match="cannot be written"):
        write_spec(spec, path, registry)
    assert list(tmp_path.iterdir()) == []
