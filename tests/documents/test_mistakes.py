"""A mistake in a spec is told at its place, in the project's words; pydantic's error never gets out."""

from __future__ import annotations

import copy
import re
import time

import pytest

from bpframe.documents import TrainingSpec, parse_spec
from bpframe.documents.text import dump_text
from bpframe.errors import (
    AmbiguousComponent,
    BpframeError,
    BrokenPlugin,
    SpecError,
    UnknownComponent,
)

LAYER = "network: {{input_shape: [2], layers: [{{kind: sigmoid}}, {}]}}\n"
REST = "network: {{input_shape: [2], layers: [{{kind: sigmoid}}]}}\n{}\n"


def refused(text, registry) -> BpframeError:
    with pytest.raises(BpframeError) as caught:
        parse_spec(text, registry)
    return caught.value


@pytest.mark.parametrize(
    ("layer", "problem", "expected", "hint"),
    [
        ("{kind: dense, units: 0}", "units cannot be 0", "an integer greater than 0", None),
        ("{kind: dense, units: many}", "units cannot be 'many'", "an integer greater than 0", None),
        ("{kind: dense, units: 2.5}", "units cannot be 2.5", "an integer greater than 0", None),
        ("{kind: dense}", "units is missing", "an integer greater than 0", None),
        ("{kind: dense, unit: 3}", "unit is not a field of Dense", "any of units", "did you mean 'units'?"),
        ("{kind: dense, units: 3, input: x}", "input is not a field", "inputs, share", "did you mean 'inputs'?"),
        ("{units: 3}", "kind is missing", "the name of a layer", None),
        ("dense", " cannot be 'dense'", "a layer, such as", "write {kind: dense}"),
        ("3", " cannot be 3", "a layer", None),
        ("{kind: [dense]}", "kind cannot be ['dense']", "a name", None),
        ("{kind: dense, units: 3, name: 3d}", "name cannot be '3d'", "a name of letters", None),
        ("{kind: dense, units: 3, inputs: {a: b}}", "inputs cannot be {'a': 'b'}", "a list of texts", None),
        ("{kind: dense, units: 3, weights: {}}", "weights.kind is missing", "the name of an initializer", None),
        ("{kind: dense, units: 3, weights: normal}", "weights cannot be 'normal'", None, "write {kind: normal}"),
        (
            "{kind: dense, units: 3, weights: {kind: normal, deviation: -1}}",
            "weights.deviation cannot be -1",
            None,
            None,
        ),
        ("{kind: odd, finite: .inf}", "finite cannot be inf", "a number, finite", None),
        ("{kind: odd, mode: full}", "mode cannot be 'full'", "any of 'same', 'valid'", None),
        ("{kind: odd, odd: [1, x]}", "odd[1] cannot be 'x'", "a list of integers", None),
        ("{kind: odd, exact: {kind: mixture}}", "exact.kind cannot be 'mixture', which is no normal", None, None),
        ("{kind: recurrent, inner: {kind: dense, units: 1}}", "inner.kind cannot be 'dense'", None, None),
    ],
)
def test_a_mistake_in_a_layer_is_told_at_its_place(registry, layer, problem, expected, hint):
    error = refused(LAYER.format(layer), registry)
    assert type(error) is SpecError
    place = "network.layers[1]" if problem.startswith(" ") else "network.layers[1]."
    assert error.problem.startswith(place + problem)
    assert expected is None or expected in error.expected
    assert hint is None or error.hint == hint


@pytest.mark.parametrize(
    ("kind", "error_class", "text"),
    [
        ("densee", UnknownComponent, "did you mean  test.dense?"),
        ("quadratic", UnknownComponent, "'quadratic' is the name of a cost"),
        ("gone.layer", BrokenPlugin, "ImportError: no"),
        ("add", AmbiguousComponent, "test (bp-test 1.0), rival (bp-rival 2.0)"),
    ],
)
def test_a_kind_that_cannot_be_resolved_is_told_at_its_place(registry, kind, error_class, text):
    error = refused(LAYER.format(f"{{kind: {kind}}}"), registry)
    assert type(error) is error_class
    assert error.problem.startswith(f"network.layers[1].kind = '{kind}' is ")
    assert text in str(error)


def test_a_nested_kind_is_told_at_its_place(registry):
    error = refused(LAYER.format("{kind: dense, units: 3, weights: {kind: norml}}"), registry)
    assert error.problem == "network.layers[1].weights.kind = 'norml' is not an initializer"


def test_a_mistake_in_a_named_node_is_told_at_its_place(registry):
    error = refused("network: {input_shape: [1], nodes: {c: {kind: dense, units: 0, inputs: x}}}\n", registry)
    assert error.problem == "network.nodes.c.units cannot be 0"
    error = refused("network: {input_shape: [1], nodes: {3c: {kind: sigmoid, inputs: x}}}\n", registry)
    assert error.problem == "network.nodes.3c cannot be '3c'"


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("training: {}", "training.optimizer is missing"),
        ("training: {optimizer: {kind: gradient_descent, learning_rate: -1}}", "training.optimizer.learning_rate"),
        ("training: {optimizer: {kind: gradient_descent, learning_rate: 1}, batch_size: 0}", "training.batch_size"),
        ("training: {optimizer: {kind: gradient_descent, learning_rate: 1}, epoch: 3}", "training.epoch is not"),
        ("training: {optimizer: {kind: sigmoid}}", "training.optimizer.kind = 'sigmoid' is not an optimizer"),
        ("training: 3", "training cannot be 3"),
        ("data: {kind: digit}", "data.kind cannot be 'digit'"),
        ("data: {}", "data.kind is missing"),
        ("data: digits", "data cannot be 'digits'"),
        ("data: {kind: digits, test_fracton: 0.1}", "data.test_fracton is not a field of data of kind 'digits'"),
        ("data: {kind: npz}", "data.path is missing"),
        ("trainin: {}", "trainin is not a field of the spec"),
    ],
)
def test_a_mistake_in_another_section_is_told_at_its_place(registry, section, problem):
    assert refused(REST.format(section), registry).problem.startswith(problem)


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        ("input_shape: 64", "network.input_shape cannot be 64"),
        ("input_shape: [0]", "network.input_shape[0] cannot be 0"),
        ("inputs: {a: [x]}", "network.inputs.a[0] cannot be 'x'"),
        ("inputs: {3a: [1]}", "network.inputs.3a cannot be '3a'"),
        ("input_shape: [1], dtype: float16", "network.dtype cannot be 'float16'"),
        ("input_shape: [1], seed: -1", "network.seed cannot be -1"),
        ("input_shape: [1], outputs: x", "network.outputs is not a field of network"),
        ("input_shape: [1], cost: quadratic", "network.cost cannot be 'quadratic'"),
        ("input_shape: [1], cost: {kind: quadratik}", "network.cost.kind = 'quadratik' is not a cost"),
        ("input_shape: [1], cost: {sigmoid_1: {kind: quadratic, weight: 0}}", "network.cost.sigmoid_1.weight cannot"),
    ],
)
def test_a_mistake_of_the_network_is_told_at_its_place(registry, network, problem):
    error = refused(f"network: {{{network}, layers: [{{kind: sigmoid}}]}}\n", registry)
    assert error.problem.startswith(problem)


def test_every_mistake_is_listed(registry):
    text = """
    network:
      input_shape: 3
      layers: [{kind: dense, units: 0}, {kind: densee}, {kind: dense, unit: 1}]
    training: {epochs: 0}
    data: {kind: csv}
    """
    told = str(refused(text, registry))
    for each in (
        "network.input_shape cannot be 3",
        "network.layers[0].units cannot be 0",
        "network.layers[1].kind = 'densee' is not a layer",
        "network.layers[2].unit is not a field of Dense (did you mean 'units'?)",
        "training.epochs cannot be 0",
        "training.optimizer is missing",
        "data.path is missing",
    ):
        assert each in told


@pytest.mark.parametrize(
    ("text", "problem", "also"),
    [
        (
            f"network: {{{''.join(f'f{k}: 1, ' for k in range(20_000))}}}",
            "network.f0 is not a field",
            "at least 89 more",
        ),
        ("network: {input_shape: [%s], layers: []}" % ("x, " * 20_000), "network.input_shape[0] cannot", "at least"),
        (
            f"network: {{input_shape: [3], layers: [{'{kind: densee}, ' * 5000}]}}",
            "more than 100 components",
            "'densee'",
        ),
        (f"network: {{input_shape: [3], layers: [{'{kind: dense, units: x}, ' * 5000}]}}", "more than 100", "units"),
    ],
    ids=["fields", "values", "kinds", "fields of components"],
)
def test_of_thousands_of_mistakes_a_few_are_told_and_soon(registry, text, problem, also):
    began = time.process_time()
    error = refused(text, registry)
    assert time.process_time() - began < 5  # it grew with the square of their number: minutes
    assert problem in error.problem
    assert also in str(error)


# ---- the same values from Python


def test_training_from_python_is_told_alike(kinds):
    optimizer = kinds["GradientDescent"](learning_rate=1)
    with pytest.raises(SpecError, match=r"training\.epochs cannot be 0"):
        TrainingSpec(optimizer=optimizer, epochs=0)
    with pytest.raises(SpecError, match=r"training\.optimizer cannot be"):
        TrainingSpec(optimizer=kinds["Sigmoid"]())
    with pytest.raises(SpecError, match="learning_rate cannot be -1"):
        kinds["GradientDescent"](learning_rate=-1)


# ---- numbers


SPEC = {
    "network": {
        "input_shape": [3],
        "seed": 1,
        "layers": [
            {"kind": "dense", "units": 2, "weights": {"kind": "normal", "deviation": 2.0}},
            {"kind": "odd", "odd": [1, 2], "table": {"a": [1.5]}},
        ],
        "cost": {"kind": "quadratic", "weight": 1.0},
    },
    "training": {
        "optimizer": {"kind": "gradient_descent", "learning_rate": 0.5}, "epochs": 2, "batch_size": 4, "seed": 1,
    },
    "data": {"kind": "digits", "test_fraction": 0.5, "seed": 3, "scaling": {"divide": 4.0}},
}  # fmt: skip


def places_of_numbers(value, place=()):
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in parts:
            yield from places_of_numbers(each, (*place, key))
    elif not isinstance(value, str):
        yield place


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".toml"])
@pytest.mark.parametrize("place", list(places_of_numbers(SPEC)), ids=lambda place: ".".join(map(str, place)))
def test_no_number_in_a_spec_is_read_from_a_truth_value_or_a_text(registry, suffix, place):
    parse_spec(dump_text(SPEC, suffix), registry, suffix=suffix)
    for wrong in (True, False, "1"):
        document = copy.deepcopy(SPEC)
        *path, last = place
        at = document
        for key in path:
            at = at[key]
        at[last] = wrong
        with pytest.raises(SpecError) as caught:
            parse_spec(dump_text(document, suffix), registry, suffix=suffix)
        named = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, place)))
        assert caught.value.problem == f"{named} cannot be {wrong!r}"
        assert caught.value.expected
        assert (caught.value.hint == "write 1, without quotes") is (wrong == "1" and isinstance(wrong, str))


@pytest.mark.parametrize(
    ("given", "place", "expected", "hint"),
    [
        ("classes: [true, false]", "classes[0] cannot be True", "a list of an integer or text", "'True' in quotes"),
        ("classes: [1.0, 2.0]", "classes[0] cannot be 1.0", "a list of an integer or text", "write 1"),
        ("classes: -1", "classes cannot be -1", "an integer of at least 1", None),
        (
            "scaling: normal",
            "scaling cannot be 'normal'",
            "any of 'none', 'standard', 'minmax', or a preparation",
            "{kind: normal}",
        ),
        ("scaling: {divide: -1}", "scaling.divide cannot be -1", "a number greater than 0", None),
        ("scaling: {divid: 1}", "scaling.divid is not a field of Divide", "any of divide", "did you mean 'divide'?"),
    ],
)
def test_of_a_choice_of_types_one_mistake_is_told_at_its_place(registry, given, place, expected, hint):
    error = refused(REST.format(f"data: {{kind: npz, path: a.npz, one_hot: true, {given}}}"), registry)
    assert error.problem == f"data.{place}"
    assert expected in error.expected
    assert (hint or "") in (error.hint or "")
    for inside in ("function-", "constrained", "tuple[", "union["):
        assert inside not in str(error)
