"""Equations (2) to (20) on the network that they are written for: 2-2-2-1, without biases and activations.

Both sides of each equation come from the framework: totals such as ∂C/∂w from its backward pass, factors such as
∂a^3_1/∂a^2_1 from the nodes' local Jacobians. Plain arithmetic on Python numbers anchors the totals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from bpframe_reference import Dense, Identity, QuadraticCost, Sigmoid, StandardNormal

import bpframe as bp
from bpframe.core.operators import compose

from .deltas import errors


def dense(units, layer):
    return bp.node(Dense(units=units, bias=False, weights=StandardNormal()), name=f"a{layer}")


@dataclass
class Example:
    """One example in one network; indices are those of the article, from 1."""

    network: bp.Network
    x: np.ndarray
    y: np.ndarray

    def __post_init__(self):
        self.trace = self.network.trace(self.x)
        self.gradient = self.network.gradient(self.x, self.y)
        self.delta_of = errors(self.network, self.x, self.y)

    def a(self, layer, j):
        return self.trace["x" if layer == 1 else f"a{layer}"][0, j - 1]

    def w(self, layer, j, k):
        return self.network.parameters[f"a{layer}.w"][j - 1, k - 1]

    def dc_dw(self, layer, j, k):
        return self.gradient[f"a{layer}.w"][j - 1, k - 1]

    def delta(self, layer, j):
        return self.delta_of[f"a{layer}"][0, j - 1]

    def dc_da4(self):
        a = self.trace["a4"]
        return QuadraticCost().jacobian(a, self.y, np.empty_like(a))[0, 0]

    def da_da(self, layer, j, k):
        """∂a^layer_j / ∂a^{layer−1}_k"""
        return self.jacobian(layer)[j - 1, k - 1]

    def jacobian(self, layer):
        return self.trace.jacobian(f"a{layer}")["a"].dense()[0]

    def da_dw(self, layer, i, j, k):
        """∂a^layer_i / ∂w^layer_jk"""
        return self.trace.jacobian(f"a{layer}")["w"].dense()[0, i - 1, j - 1, k - 1]


def network(seed=0):
    return bp.Network([dense(2, 2), dense(2, 3), dense(1, 4)], input_shape=(2,), cost=QuadraticCost(), seed=seed)


@pytest.fixture(params=range(5))
def example(request):
    rng = np.random.default_rng(request.param)
    return Example(network(request.param), rng.standard_normal((1, 2)), rng.standard_normal((1, 1)))


def close(left, right):
    assert left != 0
    assert left == pytest.approx(right, rel=1e-13, abs=0)


def test_eq_2_the_output_is_the_nested_product(example):
    a1, w = (example.a(1, 1), example.a(1, 2)), example.w
    a2 = [w(2, j, 1) * a1[0] + w(2, j, 2) * a1[1] for j in (1, 2)]
    a3 = [w(3, j, 1) * a2[0] + w(3, j, 2) * a2[1] for j in (1, 2)]
    close(example.a(4, 1), w(4, 1, 1) * a3[0] + w(4, 1, 2) * a3[1])


@pytest.mark.parametrize(("j", "k"), [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_eq_3_w_jk_leads_from_neuron_k_to_neuron_j(j, k):
    net = network()
    net.parameters["a2.w"] = np.eye(2)
    net.parameters["a3.w"] = 0.0
    net.parameters["a3.w"][j - 1, k - 1] = 7.0
    trace = net.trace(np.array([[2.0, 3.0]]))
    expected = [0.0, 0.0]
    expected[j - 1] = 7.0 * (2.0, 3.0)[k - 1]
    assert trace["a3"].tolist() == [expected]


def test_eq_4_the_cost_is_half_the_squared_distance(example):
    close(example.network.cost(example.x, example.y), 0.5 * (example.y[0, 0] - example.a(4, 1)) ** 2)


def test_eq_5_the_cost_depends_on_exactly_ten_weights(example):
    assert example.network.parameters.vector.size == 10
    assert {path: view.shape for path, view in example.network.parameters.items()} == {
        "a2.w": (2, 2),
        "a3.w": (2, 2),
        "a4.w": (1, 2),
    }
    before = example.network.cost(example.x, example.y)
    for entry in range(10):
        kept = example.network.parameters.vector[entry]
        example.network.parameters.vector[entry] = kept + 0.5
        assert example.network.cost(example.x, example.y) != before
        example.network.parameters.vector[entry] = kept
    assert np.count_nonzero(example.gradient.vector) == 10


def test_eq_6_the_chain_rule():
    net = bp.Network([bp.node(Sigmoid(), name="t"), bp.node(Sigmoid(), name="z")], input_shape=(1,))
    x = np.array([[0.3]])
    trace = net.trace(x)
    dz_dt, dt_dx = trace.jacobian("z")["z"], trace.jacobian("t")["z"]
    dz_dx = net.vjp(x, np.ones((1, 1)))[0, 0]
    close(dz_dx, dz_dt.dense()[0, 0, 0] * dt_dx.dense()[0, 0, 0])
    close(dz_dx, compose(dz_dt, dt_dx).dense()[0, 0, 0])
    h = 1e-30
    close(dz_dx, (1 / (1 + np.exp(-1 / (1 + np.exp(-(0.3 + 1j * h)))))).imag / h)


def test_eq_7(example):
    close(example.dc_dw(4, 1, 1), example.dc_da4() * example.da_dw(4, 1, 1, 1))


def test_eq_8(example):
    close(example.dc_dw(3, 1, 1), example.dc_da4() * example.da_da(4, 1, 1) * example.da_dw(3, 1, 1, 1))


def test_eq_9_whose_last_factor_is_w_21(example):
    close(example.dc_dw(3, 2, 1), example.dc_da4() * example.da_da(4, 1, 2) * example.da_dw(3, 2, 2, 1))
    assert example.da_dw(3, 2, 1, 1) == 0  # ∂a^3_2/∂w^3_11, as the article prints it


def test_eq_10(example):
    close(example.dc_dw(3, 1, 2), example.dc_da4() * example.da_da(4, 1, 1) * example.da_dw(3, 1, 1, 2))


def test_eq_11_what_stands_in_the_middle_is_a_sum_over_paths(example):
    # Without activations z = a, so that ∂a^4/∂z^4 = 1; between a^4 and z^2_1 stand the products of the Jacobians.
    middle = example.jacobian(4) @ example.jacobian(3)
    close(example.dc_dw(2, 1, 1), example.dc_da4() * 1.0 * middle[0, 0] * example.da_dw(2, 1, 1, 1))


def test_eq_11_with_the_weighted_inputs_as_nodes_of_their_own():
    nodes, before = {}, "x"
    for layer, units in ((2, 2), (3, 2), (4, 1)):
        nodes[f"z{layer}"] = bp.node(Dense(units=units, bias=False), before)
        nodes[f"a{layer}"] = bp.node(Identity(), f"z{layer}")
        before = f"a{layer}"
    net = bp.Network(inputs={"x": (2,)}, nodes=nodes, cost=QuadraticCost())
    x, y = np.array([[1.0, -2.0]]), np.array([[0.25]])
    trace = net.trace(x)
    middle = trace["a4"] - y  # ∂C/∂a^4_1
    for layer in (4, 3, 2):
        middle = middle @ trace.jacobian(f"a{layer}")["z"].dense()[0]
        if layer > 2:
            middle = middle @ trace.jacobian(f"z{layer}")["a"].dense()[0]
    close(net.gradient(x, y)["z2.w"][0, 0], middle[0, 0] * trace.jacobian("z2")["w"].dense()[0, 0, 0, 0])


def paths(example):
    """Return the two products in the bracket of (12)."""
    return (
        example.dc_da4() * example.da_da(4, 1, 1) * example.da_da(3, 1, 1),
        example.dc_da4() * example.da_da(4, 1, 2) * example.da_da(3, 2, 1),
    )


def test_eq_12_multiplies_along_paths_and_adds_over_them(example):
    first, second = paths(example)
    close(example.dc_dw(2, 1, 1), (first + second) * example.da_dw(2, 1, 1, 1))
    assert first != 0
    assert second != 0


def test_eq_12_in_whole_numbers():
    net = network()
    net.parameters.vector[:] = range(1, 11)
    # a² = (1·1 + 2·2, 3·1 + 4·2) = (5, 11);  a³ = (5·5 + 6·11, 7·5 + 8·11) = (91, 123);  a⁴ = 9·91 + 10·123
    example = Example(net, np.array([[1.0, 2.0]]), np.array([[2046.0]]))
    assert [example.a(2, 1), example.a(2, 2), example.a(3, 1), example.a(3, 2)] == [5, 11, 91, 123]
    assert example.a(4, 1) == 2049
    assert example.dc_da4() == 3
    assert paths(example) == (3 * 9 * 5, 3 * 10 * 7)
    assert example.dc_dw(2, 1, 1) == 345  # the answer to (11): (135 + 210) · 1
    assert example.gradient["a2.w"].tolist() == [[345, 690], [402, 804]]
    assert example.gradient["a3.w"].tolist() == [[135, 297], [150, 330]]
    assert example.gradient["a4.w"].tolist() == [[273, 369]]


@pytest.mark.parametrize(("layer", "j"), [(2, 1), (2, 2), (3, 1), (3, 2), (4, 1)])
def test_eq_13_delta_is_the_derivative_by_a(example, layer, j):
    # A network that begins behind layer l has a^l as its input, so that its cost is a function of a^l.
    rest = [dense(2 if later < 4 else 1, later) for later in range(layer + 1, 5)] or [Identity()]
    behind = bp.Network(rest, input_shape=(example.trace[f"a{layer}"].shape[1],), cost=QuadraticCost())
    for path in behind.parameters:
        behind.parameters[path] = example.network.parameters[path]
    step = 1e-3
    activation = np.repeat(example.trace[f"a{layer}"], 2, axis=0)
    activation[:, j - 1] += (step, -step)
    above, below = (behind.cost(activation[i : i + 1], example.y) for i in (0, 1))
    # The cost is quadratic in a^l, for which central differences have no error of truncation.
    assert example.delta(layer, j) == pytest.approx((above - below) / (2 * step), rel=1e-9)


@pytest.mark.parametrize(("layer", "j", "k"), [(2, 1, 1), (2, 2, 1), (2, 1, 2), (3, 2, 2), (3, 1, 2), (4, 1, 2)])
def test_eq_14(example, layer, j, k):
    close(example.dc_dw(layer, j, k), example.delta(layer, j) * example.da_dw(layer, j, j, k))


@pytest.mark.parametrize(("layer", "j", "k"), [(3, 1, 1), (3, 2, 1), (3, 1, 2), (3, 2, 2), (4, 1, 1), (4, 1, 2)])
def test_eq_15_the_derivative_between_layers_is_the_weight(example, layer, j, k):
    close(example.da_da(layer, j, k), example.w(layer, j, k))


def test_eq_16(example):
    close(example.delta(4, 1), example.dc_da4())


def test_eq_17(example):
    close(example.delta(3, 1), example.delta(4, 1) * example.w(4, 1, 1))


def test_eq_18(example):
    close(
        example.delta(2, 1),
        example.delta(3, 1) * example.w(3, 1, 1) + example.delta(3, 2) * example.w(3, 2, 1),
    )


def test_eq_19_the_matrix_is_the_transpose_of_the_jacobian(example):
    matrix = [[example.da_da(3, q, k) for q in (1, 2)] for k in (1, 2)]
    np.testing.assert_array_equal(matrix, example.jacobian(3).T)
    for k in (1, 2):
        close(example.delta(2, k), matrix[k - 1][0] * example.delta(3, 1) + matrix[k - 1][1] * example.delta(3, 2))


def test_eq_20_the_error_goes_back_through_the_transposed_weights(example):
    w3, delta = example.network.parameters["a3.w"], example.delta_of
    np.testing.assert_allclose(delta["a2"][0], w3.T @ delta["a3"][0], rtol=1e-14)
    assert not np.allclose(delta["a2"][0], w3 @ delta["a3"][0])
    operator = example.trace.jacobian("a3")["a"]
    np.testing.assert_allclose(operator.vjp(delta["a3"]), delta["a2"], rtol=1e-14)


def test_every_weight_agrees_with_the_expanded_function(example):
    # Step 1 of the article: one composite function of ten weights, in plain complex numbers.
    def cost(w):
        x, y = example.x[0], example.y[0, 0]
        a2 = [w[0] * x[0] + w[1] * x[1], w[2] * x[0] + w[3] * x[1]]
        a3 = [w[4] * a2[0] + w[5] * a2[1], w[6] * a2[0] + w[7] * a2[1]]
        return 0.5 * (y - (w[8] * a3[0] + w[9] * a3[1])) ** 2

    weights = [complex(w) for w in example.network.parameters.vector]
    for entry in range(10):
        moved = [w + 1e-30j * (i == entry) for i, w in enumerate(weights)]
        close(example.gradient.vector[entry], cost(moved).imag / 1e-30)
