"""The record of one forward pass that a network hands out."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense

import bpframe as bp
from bpframe.forward import forward

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


def test_a_trace_that_is_used_again_tells_of_the_last_pass():
    network, (x, _) = chain(), samples()
    trace = network.trace(x)
    before = trace.jacobian("sigmoid_1")["z"].dense().copy()
    forward(trace, dict.fromkeys(network.graph.inputs, 2 * x))
    after = trace.jacobian("sigmoid_1")["z"].dense()
    np.testing.assert_array_equal(after, network.trace(2 * x).jacobian("sigmoid_1")["z"].dense())
    assert np.abs(after - before).max() > 1e-3
