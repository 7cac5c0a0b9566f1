"""The record of one forward pass that a network hands out."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp

from .networks import chain, descent, samples, shared, shared_samples


def test_a_trace_holds_every_value_under_its_name():
    net, (x, _) = chain(), samples()
    trace = net.trace(x)
    np.testing.assert_array_equal(trace["x"], x)
    np.testing.assert_allclose(
        trace["dense_1"], x @ net.parameters["dense_1.w"].T + net.parameters["dense_1.b"], rtol=1e-13
    )
    np.testing.assert_array_equal(trace["sigmoid_2"], net.predict(x))
    assert trace.batch == 7


def test_local_jacobians_have_the_keys_of_inputs_and_parameters():
    net, (x, _) = shared(), shared_samples()
    trace = net.trace(x)
    assert sorted(trace.jacobian("one")) == ["a", "b", "w"]
    assert list(trace.jacobian("product")) == ["xs[0]", "xs[1]", "xs[2]"]


@pytest.mark.parametrize(("ask", "message"), [
    (lambda trace: trace["dense1"], "no node 'dense1'; did you mean 'dense_1'?"),
    (lambda trace: trace.jacobian("sigmod_1"), "no node 'sigmod_1'; did you mean 'sigmoid_1'?"),
    (lambda trace: trace["nothing like it"], "there are x, dense_1, sigmoid_1, dense_2, sigmoid_2"),
    (lambda trace: trace.jacobian("x"), "'x' is an input: it has no local Jacobian"),
])  # fmt: skip
def test_an_unknown_name_is_told_with_the_closest_one(ask, message):
    with pytest.raises(KeyError) as caught:
        ask(chain().trace(samples()[0]))
    assert message in caught.value.args[0]


def test_a_trace_keeps_its_values_and_jacobians_for_good():
    """Neither training nor a change of the input's array changes what a trace tells, asked before or after."""
    net, (x, y) = chain(), samples()
    early, late = net.trace(x), net.trace(x)
    values = {name: early[name].copy() for name in net.graph.shapes}
    jacobians = {
        (node, key): operator.dense().copy()
        for node in net.graph.by_name
        for key, operator in early.jacobian(node).items()
        if key != "b"
    }
    net.fit(x, y, optimizer=descent(5.0), epochs=3, batch_size=2)
    x[...] = 0
    for trace in (early, late):
        for name, value in values.items():
            np.testing.assert_array_equal(trace[name], value)
        for (node, key), dense in jacobians.items():
            np.testing.assert_array_equal(trace.jacobian(node)[key].dense(), dense)


def test_a_trace_of_one_layer_multiplies_as_its_weights_do():
    net = bp.Network([Dense(units=2)], input_shape=(3,))
    x = samples()[0]
    operator = net.trace(x).jacobian("dense_1")["a"]
    np.testing.assert_allclose(operator.jvp(x), x @ net.parameters["dense_1.w"].T, rtol=1e-14)


def test_a_trace_prints_values_and_local_jacobians():
    text = str(chain().trace(samples()[0]))
    assert text.startswith("a pass of 7 examples\nnode ")
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["x", "dense_1", "sigmoid_1", "dense_2", "sigmoid_2"]
    assert "a matrix, w weight times, b broadcast" in lines[3]
    assert "z diagonal" in lines[4]


def test_what_a_trace_shows_cannot_be_written():
    trace = chain().trace(samples()[0])
    with pytest.raises(ValueError, match="read-only"):
        trace["dense_1"][...] = 0


def test_errors_of_every_node_by_the_equations():
    """δ^L = ∇_a C ⊙ σ'(z^L), δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ'(z^l); BP1 and BP2, written out."""
    net, (x, y) = chain(), samples()
    found, trace = net.errors(x, y), net.trace(x)
    assert list(found) == ["dense_1", "sigmoid_1", "dense_2", "sigmoid_2"]
    a1, a2 = trace["sigmoid_1"], trace["sigmoid_2"]
    last = (a2 - y) * a2 * (1 - a2)
    first = (last @ net.parameters["dense_2.w"]) * a1 * (1 - a1)
    np.testing.assert_allclose(found["sigmoid_2"], a2 - y, rtol=1e-12)
    np.testing.assert_allclose(found["dense_2"], last, rtol=1e-12)
    np.testing.assert_allclose(found["dense_1"], first, rtol=1e-12)
    np.testing.assert_allclose(net.gradient(x, y)["dense_1.b"], found["dense_1"].mean(axis=0), rtol=1e-12)


def test_errors_are_complete_and_stay_as_they_are():
    net, (x, y) = chain(), samples()
    found = net.errors(x, y)
    before = {name: delta.copy() for name, delta in found.items()}
    net.fit(x, y, optimizer=descent(5.0), epochs=3, batch_size=2)
    for name, delta in before.items():
        np.testing.assert_array_equal(found[name], delta)
        assert not found[name].flags.writeable
    with pytest.raises(TypeError):
        found["dense_1"] = 0


def test_a_node_that_no_cost_depends_on_has_an_error_of_zero():
    nodes = {"a": bp.node(Dense(units=2), "x"), "b": bp.node(Dense(units=3), "x")}
    net = bp.Network(inputs={"x": (2,)}, nodes=nodes, output=["a", "b"], cost={"a": QuadraticCost()})
    found = net.errors(np.ones((4, 2)), {"a": np.zeros((4, 2))})
    np.testing.assert_array_equal(found["b"], np.zeros((4, 3)))
    assert np.abs(found["a"]).max() > 0
