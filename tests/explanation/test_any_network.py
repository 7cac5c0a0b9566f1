"""Networks of every kind explain themselves: what stands in their equations works out to what they computed."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import numpy as np
import pytest
from bpframe_activations import Relu, Softmax, Tanh
from bpframe_classification import CrossEntropy, ProbabilityCrossEntropy
from bpframe_convolution import Conv2d, Flatten, MaxPool2d
from bpframe_merges import Residual, SumLayer
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import L2, BatchNorm, Dropout
from bpframe_sequence import Embedding, Gru, Lstm
from hypothesis import given, settings
from hypothesis import strategies as st

import bpframe as bp
from bpframe.extend import Activation, Diagonal, Layer
from tests.derivatives.zoo import ZOO, Example
from tests.explanation.networks import sigmoids
from tests.explanation.reading import all_lines, wrong_lines
from tests.explanation.test_data import valid


def explained(network: bp.Network, x: Any, y: Any) -> Any:
    """Return an explanation whose equations hold, whose views can be made, and whose gradient is the network's."""
    found = network.explain(x, y, expand=False)
    assert wrong_lines(found) == []
    assert found.to_text()
    assert found.to_latex()
    assert found.to_html()
    json.dumps(found.to_dict(), allow_nan=False)
    whole = {name: np.asarray(each)[None] for name, each in x.items()} if isinstance(x, dict) else np.asarray(x)[None]
    target = {name: np.asarray(each)[None] for name, each in y.items()} if isinstance(y, dict) else np.asarray(y)[None]
    gradient = network.gradient(whole, target)
    for part in found.gradient.parts:
        if part.kind == "parameter":
            assert np.array_equal(part.gradient, gradient[part.name])
    return found


def first(arrays: Any) -> Any:
    return {name: array[0] for name, array in arrays.items()} if isinstance(arrays, dict) else arrays[0]


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_every_equation_of_every_kind_of_network_holds(example: Example) -> None:
    x, y = example.data(1)
    found = explained(example.make(), first(x), first(y))
    measured = [check for part in found.gradient.parts for check in part.checks if check.complex_step is not None]
    scale = max((abs(check.back_propagation) for check in measured), default=0.0)
    for check in measured:
        assert check.complex_step == pytest.approx(check.back_propagation, rel=1e-8, abs=1e-10 * scale)


@pytest.mark.parametrize("name", ["residual", "gated-two-outputs", "embedding"])
def test_the_schema_holds_for_graphs_several_outputs_and_integers(name: str) -> None:
    example = next(each for each in ZOO if each.name == name)
    x, y = example.data(1)
    valid(example.make().explain(x, y, expand=False))


@pytest.mark.parametrize("example", ZOO[:8], ids=lambda each: each.name)
def test_equations_hold_in_float32(example: Example) -> None:
    x, y = example.data(1, "float32")
    found = explained(example.make("float32"), first(x), first(y))
    assert found.gradient.parts[0].gradient.dtype == np.float32
    assert "measured in float64" in found.gradient.note


def test_layers_of_a_residual_network_are_numbered_and_its_sums_go_by_name() -> None:
    example = next(each for each in ZOO if each.name == "residual")
    x, y = example.data(1)
    found = example.make().explain(x, y, expand=False)
    assert [(each.number, each.affine, each.activation) for each in found.layers] == [
        (2, "one", "squashed"), (3, "two", "squashed_again"), (4, "end", None),
    ]  # fmt: skip
    text = found.to_text()
    assert "z^3 = w^3 sum + b^3" in text
    assert "δ_sum = (w^3)ᵀ δ^3 + (∂sum_again/∂sum)ᵀ δ_sum_again" in text


def test_a_weight_that_is_used_twice_has_one_letter_and_a_gradient_of_two_terms() -> None:
    example = next(each for each in ZOO if each.name == "shared-weights")
    x, y = example.data(1)
    text = example.make().explain(x, y, expand=False).to_text()
    assert "z^3 = w^2 a^2 + b^2" in text
    assert "∂C/∂w^2 = δ^2 (a^1)ᵀ + δ^3 (a^2)ᵀ" in text


def test_networks_with_layers_side_by_side_go_by_name() -> None:
    example = next(each for each in ZOO if each.name == "gated-two-outputs")
    x, y = example.data(1)
    found = example.make().explain(x, y, expand=False)
    assert found.layers == ()
    assert found.neuron is None
    assert "C = C_product + C_side" in found.to_text()


def test_an_lstm_explains_itself_by_the_general_line() -> None:
    network = bp.Network([Lstm(units=3), Dense(units=2)], input_shape=(4, 2), cost=QuadraticCost(), seed=2)
    x = np.random.default_rng(0).standard_normal((4, 2))
    shape = network.graph.target_shapes["dense_1"]
    found = explained(network, x, np.zeros(shape))
    tags = {line.tag for line in all_lines(found)}
    assert {"BP2, any graph", "BP4, any parameter"} <= tags


def test_integers_have_no_error() -> None:
    layers = [Embedding(size=5, units=3), Flatten(), Dense(units=2)]
    network = bp.Network(layers, input_shape=(2,), cost=CrossEntropy(), seed=1)
    found = explained(network, np.array([4, 0]), 1)
    assert found.nodes[0].error is None
    assert all(part.kind == "parameter" for part in found.gradient.parts)


def test_images_blocks_and_layers_of_training_alone_are_explained() -> None:
    network = bp.Network(
        [
            Conv2d(filters=2, kernel_size=(3, 3)), Relu(), MaxPool2d(kernel_size=(2, 2)), Flatten(), Dropout(rate=0.5),
            Residual(body=[Dense(units=8), Tanh()]), BatchNorm(), Dense(units=3),
        ],
        input_shape=(6, 6, 1),
        cost=CrossEntropy(),
        seed=3,
    )  # fmt: skip
    found = explained(network, np.random.default_rng(1).standard_normal((6, 6, 1)), 2)
    assert {node.block for node in found.nodes} > {None}
    assert all(jacobian.structure for node in found.nodes for jacobian in node.jacobians)


def test_penalties_are_part_of_cost_and_gradient_and_frozen_parameters_have_none() -> None:
    network = bp.Network(
        [Dense(units=3), Sigmoid(), Dense(units=1)], input_shape=(2,), cost=QuadraticCost(),
        penalties={"dense_1.w": L2(rate=0.1)}, frozen="dense_2.*",
    )  # fmt: skip
    found = explained(network, [1.0, 2.0], [1.0])
    text = found.to_text()
    assert "∂C/∂w^2 = δ^2 (a^1)ᵀ + ∂R/∂w^2" in text
    assert "∂C/∂w^3" not in text


def test_identity_operators_between_layers_do_not_hide_what_follows() -> None:
    network = bp.Network([Dense(units=3), Dropout(rate=0.5), Dense(units=1)], input_shape=(2,), cost=QuadraticCost())
    found = explained(network, [1.0, 2.0], [1.0])
    assert [each.activation for each in found.layers] == ["dropout_1", None]


def test_a_wrong_jacobian_is_not_shown_in_silence() -> None:
    class Square(Activation):
        def forward(self, z: Any) -> Any:
            return z * z

        def jacobian(self, z: Any) -> Diagonal:
            return Diagonal(z)

    network = bp.Network([Dense(units=2), Square(), Dense(units=1)], input_shape=(2,), cost=QuadraticCost(), seed=1)
    found = network.explain([1.0, 2.0], [1.0], expand=False)
    assert str(found.gradient.warning).startswith(
        "back-propagation and what is measured differ in dense_1.w, dense_1.b, x"
    )
    assert "WARNING" in found.to_text()
    assert found.to_dict()["gradient"]["warning"] == found.gradient.warning
    assert sigmoids(3, 1).explain([1.0, 2.0], [1.0], expand=False).gradient.warning is None


def test_where_a_component_takes_no_complex_numbers_it_is_said() -> None:
    network = bp.Network([Dense(units=4), Relu(), Dense(units=1)], input_shape=(2,), cost=QuadraticCost(), seed=5)
    network.parameters["dense_1.w"][...] = 0
    network.parameters["dense_1.b"][...] = 0
    found = network.explain([1.0, 2.0], [1.0], expand=False)
    reasons = {part.name: part.reason for part in found.gradient.parts}
    assert reasons["dense_1.b"]
    assert reasons["dense_2.w"] is None


def test_axes_that_are_open_and_single_numbers_are_explained() -> None:
    network = bp.Network([Lstm(units=2), SumLayer()], input_shape=(None, 2), cost=QuadraticCost())
    found = explained(network, np.linspace(0, 1, 10).reshape(5, 2), 1.0)
    assert found.nodes[0].shape == (5, 2)
    assert found.nodes[-1].shape == ()


def test_a_component_that_declares_no_jacobian_is_explained_by_what_is_measured() -> None:
    class Cube(Layer):
        draft: ClassVar[bool] = True

        def forward(self, x: Any) -> Any:
            return x**3

    network = bp.Network([Dense(units=2), Cube(), Dense(units=1)], input_shape=(2,), cost=QuadraticCost())
    explained(network, [1.0, 2.0], [1.0])


def test_a_component_that_takes_no_symbols_is_named_in_the_place_of_the_formula() -> None:
    class Clipped(Activation):
        def forward(self, z: Any) -> Any:
            return np.minimum(z, np.finfo(z.dtype).max)

        def jacobian(self, z: Any) -> Diagonal:
            return Diagonal(np.ones_like(z))

    network = bp.Network([Dense(units=2), Clipped()], input_shape=(2,), cost=QuadraticCost())
    found = network.explain([1.0, 2.0], [0.0, 0.0])
    assert found.expansion.formula is None
    told = " ".join(found.to_text().split())
    assert (
        "(clipped) does not take symbols: the network cannot be written as one formula (ValueError: data type" in told
    )


@pytest.mark.parametrize("layer", [Gru(units=2), Gru(units=1, reset_after=False)], ids=["behind", "before"])
def test_a_gru_is_a_formula_whose_numbers_are_the_networks(layer: Gru) -> None:
    network = bp.Network([layer, Dense(units=1)], input_shape=(2, 1), cost=QuadraticCost(), seed=1)
    x, y = np.array([[0.5], [-1.0]]), np.zeros(network.graph.target_shapes["dense_1"])
    found = network.explain(x, y, weight="gru_1.w[0,0]")
    formula = found.expansion.formula
    assert formula is not None, found.expansion.reason
    assert formula.weights == network.parameters.vector.size
    assert formula.operations > 50
    assert not any("709" in each for each in formula.conditions)


def test_a_cost_of_probabilities_is_a_formula() -> None:
    layers = [Dense(units=2, bias=False), Softmax()]
    network = bp.Network(layers, input_shape=(1,), cost=ProbabilityCrossEntropy(), seed=1)
    formula = network.explain([0.5], 1).expansion.formula
    assert formula is not None
    assert formula.formula is not None
    for each in formula.derivatives:
        assert each.number == pytest.approx(each.back_propagated, rel=1e-12)


def test_a_formula_with_a_constant_that_is_no_number_is_not_written() -> None:
    network = bp.Network([Dense(units=2)], input_shape=(1,), cost=ProbabilityCrossEntropy())
    network.parameters["dense_1.w"] = [[-1.0], [2.0]]
    found = network.explain([0.5], 0)
    assert np.isnan(found.value)
    assert "is not a number" in str(found.expansion.reason)
    assert found.to_text()
    assert found.to_html()


@settings(max_examples=15, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    inputs=st.integers(1, 3),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_numbers_of_small_networks_are_those_of_the_network(
    sizes: list[int], inputs: int, seed: int, data: st.DataObject
) -> None:
    network = sigmoids(*sizes, inputs=inputs, seed=seed)
    number = st.floats(-3, 3)
    x = data.draw(st.lists(number, min_size=inputs, max_size=inputs))
    y = data.draw(st.lists(number, min_size=sizes[-1], max_size=sizes[-1]))
    found = explained(network, x, y)
    assert len(found.layers) == len(sizes)
    errors = network.errors(np.array([x]), np.array([y]))
    for line in found.backward.errors[:-1]:
        assert np.allclose(line.result, errors[line.node][0], rtol=1e-12, atol=0)
