"""BP1 to BP4 on sigmoid networks of one to six layers."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid

import bpframe as bp

from . import mlp
from .deltas import errors

WIDTHS = (3, 4, 2, 5, 3, 4, 2)


@pytest.fixture(params=range(1, 7), ids=lambda depth: f"{depth}-layers")
def depth(request):
    return request.param


@pytest.fixture
def network(depth):
    layers = []
    for layer in range(depth):
        layers += [bp.node(Dense(units=WIDTHS[layer + 1]), name=f"z{layer}"), bp.node(Sigmoid(), name=f"a{layer}")]
    return bp.Network(layers, input_shape=(WIDTHS[0],), cost=QuadraticCost(), seed=depth)


@pytest.fixture
def parameters(network, depth):
    return [(network.parameters[f"z{layer}.w"], network.parameters[f"z{layer}.b"]) for layer in range(depth)]


@pytest.fixture
def data(depth):
    rng = np.random.default_rng(depth)
    return rng.standard_normal((5, WIDTHS[0])), rng.random((5, WIDTHS[depth]))


def close(actual, expected, rtol=1e-10):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=0)


def test_the_gradient_is_that_of_the_complex_step(network, parameters, data, depth):
    gradient = network.gradient(*data)
    for layer, (w, b) in enumerate(mlp.complex_step(parameters, *data)):
        close(gradient[f"z{layer}.w"], w)
        close(gradient[f"z{layer}.b"], b)


def test_values_and_cost_are_those_of_plain_numpy(network, parameters, data, depth):
    z, a = mlp.forward(parameters, data[0])
    trace = network.trace(data[0])
    for layer in range(depth):
        close(trace[f"z{layer}"], z[layer], 1e-13)
        close(trace[f"a{layer}"], a[layer + 1], 1e-13)
    close(network.cost(*data), mlp.mean_cost(parameters, *data), 1e-13)


def test_bp1_to_bp4_are_their_scalar_forms(network, parameters, data, depth):
    x, y = data
    delta = errors(network, x, y)
    trace = network.trace(x)
    weights = [np.zeros_like(w) for w, _ in parameters]
    biases = [np.zeros_like(b) for _, b in parameters]
    for n in range(len(x)):
        scalar_delta, scalar_biases, scalar_weights = mlp.scalar_pass(parameters, x[n], y[n])
        one = network.gradient(x[n : n + 1], y[n : n + 1])
        for layer in range(depth):
            close(delta[f"z{layer}"][n], scalar_delta[layer])  # BP1-2, BP2-2
            close(one[f"z{layer}.b"], scalar_biases[layer])  # BP3
            close(one[f"z{layer}.w"], scalar_weights[layer])  # BP4
            weights[layer] += np.array(scalar_weights[layer]) / len(x)
            biases[layer] += np.array(scalar_biases[layer]) / len(x)
    gradient = network.gradient(x, y)
    for layer in range(depth):
        close(gradient[f"z{layer}.w"], weights[layer])
        close(gradient[f"z{layer}.b"], biases[layer])
        # BP4 and BP3 once more, from the local Jacobians of the parameters alone.
        local = trace.jacobian(f"z{layer}")
        close(local["w"].sum_vjp(delta[f"z{layer}"]) / len(x), weights[layer])
        close(local["b"].sum_vjp(delta[f"z{layer}"]) / len(x), biases[layer])


def test_bp1_and_bp2_hold_in_matrix_form(network, parameters, data, depth):
    x, y = data
    delta, trace = errors(network, x, y), network.trace(x)
    for layer in range(depth):
        slope = trace.jacobian(f"a{layer}")["z"].dense()
        diagonal = np.einsum("njj->nj", slope)
        close(slope, np.einsum("nj,jk->njk", diagonal, np.eye(diagonal.shape[1])), 0)
        if layer == depth - 1:
            expected = (trace[f"a{layer}"] - y) * diagonal  # BP1
        else:
            expected = (
                np.stack([parameters[layer + 1][0].T @ each for each in delta[f"z{layer + 1}"]]) * diagonal
            )  # BP2
        close(delta[f"z{layer}"], expected, 1e-12)


def test_delta_pulled_back_to_the_input_is_what_vjp_gives(network, data):
    x, y = data
    close(network.vjp(x, network.predict(x) - y), errors(network, x, y)["x"], 1e-12)


def test_float32_follows_float64(network, parameters, data, depth):
    layers = [bp.node(each.component, name=each.name) for each in network.graph.nodes]
    single = bp.Network(layers, input_shape=(WIDTHS[0],), cost=QuadraticCost(), dtype="float32")
    for path, value in network.parameters.items():
        single.parameters[path] = value
    expected = network.gradient(*data)
    for path, value in single.gradient(*data).items():
        np.testing.assert_allclose(value, expected[path], rtol=2e-4, atol=1e-6 * np.abs(expected[path]).max())
