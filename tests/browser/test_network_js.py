"""The numbers of the site's stepper and playground, computed in a browser, are bpframe's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bpframe_activations import Relu, Tanh
from bpframe_classification import BinaryCrossEntropy
from bpframe_reference import Dense, Identity, QuadraticCost, Sigmoid

import bpframe as bp

ACTIVATIONS = {"identity": Identity, "sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu}

COMPUTE = """async (drawn) => {
  const {backward, cost, descended, forward, pathCount, paths, squaredNorm} =
    await import("/assets/stepper/network.js");
  return drawn.map(({network, x, y, weight}) => {
    const values = forward(network, x);
    const gradient = backward(network, values, y);
    const after = descended(network, gradient, 0.125);
    return {
      z: values.z, a: values.a, cost: cost(network, values, y), delta: gradient.delta, weights: gradient.weights,
      paths: paths(network, values, y, weight), count: String(pathCount(network, weight.layer)),
      after: after.weights, afterBiases: after.biases, squared: squaredNorm(gradient, network.biases !== null),
    };
  });
}"""


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """A random network of the kinds that the pages show, an example of it, and one of its weights.

    Weights are such that no tanh is saturated: there 1 − a², in bpframe as in the browser, has lost digits.
    """
    sizes = [int(size) for size in rng.integers(1, 6, rng.integers(2, 6))]
    cost = str(rng.choice(["quadratic", "cross-entropy"]))
    layer = int(rng.integers(2, len(sizes) + 1))
    network = {
        "sizes": sizes,
        "weights": [[], []] + [(rng.normal(size=(n, m)) / m**0.5).tolist() for m, n in itertools.pairwise(sizes)],
        "biases": [[], []] + [rng.normal(size=n).tolist() for n in sizes[1:]],
        "hidden": str(rng.choice(list(ACTIVATIONS))),
        "output": "sigmoid" if cost == "cross-entropy" else str(rng.choice(list(ACTIVATIONS))),
        "cost": cost,
    }
    if rng.random() < 0.25:
        network["biases"] = None
    weight = {"layer": layer, "j": int(rng.integers(sizes[layer - 1])), "k": int(rng.integers(sizes[layer - 2]))}
    y = rng.integers(0, 2, sizes[-1]).astype(float) if cost == "cross-entropy" else rng.normal(size=sizes[-1])
    return {"network": network, "x": rng.normal(size=sizes[0]).tolist(), "y": y.tolist(), "weight": weight}


def in_bpframe(network: dict[str, Any]) -> bp.Network:
    """The same network: nodes z2, a2, z3, …; the cross-entropy takes the scores z^L."""
    last = len(network["sizes"])
    nodes, before = {}, "a1"
    for layer in range(2, last + 1):
        units, bias = network["sizes"][layer - 1], network["biases"] is not None
        nodes[f"z{layer}"], before = bp.node(Dense(units=units, bias=bias), before), f"z{layer}"
        if layer < last or network["cost"] == "quadratic":
            activation = ACTIVATIONS[network["output"] if layer == last else network["hidden"]]
            nodes[f"a{layer}"], before = bp.node(activation(), before), f"a{layer}"
    cost = QuadraticCost() if network["cost"] == "quadratic" else BinaryCrossEntropy()
    built = bp.Network(inputs={"a1": (network["sizes"][0],)}, nodes=nodes, output=before, cost=cost)
    for layer in range(2, last + 1):
        built.parameters[f"z{layer}.w"] = np.array(network["weights"][layer])
        if network["biases"] is not None:
            built.parameters[f"z{layer}.b"] = np.array(network["biases"][layer])
    return built


def same(found: Any, expected: Any) -> None:
    """To 1e-12 of the largest entry."""
    expected = np.asarray(expected)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=1e-12 * np.max(np.abs(expected), initial=0))


@pytest.fixture
def compute(open_page: Callable[..., Any]) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    page = open_page("tutorial/stepper/")
    return lambda networks: page.evaluate(COMPUTE, networks)


def test_values_costs_errors_and_gradients_of_200_random_networks_are_those_of_bpframe(
    compute: Callable[..., Any],
) -> None:
    rng = np.random.default_rng(20)
    networks = [drawn(rng) for _ in range(200)]
    for each, found in zip(networks, compute(networks), strict=True):
        network = each["network"]
        last, scores = len(network["sizes"]), network["cost"] == "cross-entropy"
        built, x, y = in_bpframe(network), np.array([each["x"]]), np.array([each["y"]])
        trace, errors, gradient = built.trace(x), built.errors(x, y), built.gradient(x, y)
        share = network["sizes"][-1] if scores else 1  # bpframe's cross-entropy is the mean over an example's scores
        same(found["cost"], built.cost(x, y) * share)
        for layer in range(2, last + 1):
            same(found["z"][layer], trace[f"z{layer}"][0])
            if layer < last or not scores:
                same(found["a"][layer], trace[f"a{layer}"][0])
            same(found["delta"][layer], errors[f"z{layer}"][0])
            same(found["weights"][layer], gradient[f"z{layer}.w"] * share)
            same(found["after"][layer], np.array(network["weights"][layer]) - gradient[f"z{layer}.w"] * share / 8)
            if network["biases"] is not None:
                same(found["delta"][layer], gradient[f"z{layer}.b"] * share)
                same(
                    found["afterBiases"][layer],
                    np.array(network["biases"][layer]) - gradient[f"z{layer}.b"] * share / 8,
                )
        if scores:
            same(found["a"][last], 1 / (1 + np.exp(-trace[f"z{last}"][0])))
        same(found["squared"], sum(np.sum((entry * share) ** 2) for entry in gradient.values()))


def test_the_products_along_all_paths_add_up_to_the_derivative(compute: Callable[..., Any]) -> None:
    rng = np.random.default_rng(12)
    networks = [drawn(rng) for _ in range(200)]
    for each, found in zip(networks, compute(networks), strict=True):
        network, weight = each["network"], each["weight"]
        layer, j, k = weight["layer"], weight["j"], weight["k"]
        ways = [[j, *way] for way in itertools.product(*(range(size) for size in network["sizes"][layer:]))]
        assert [path["neurons"] for path in found["paths"]] == ways
        assert found["count"] == str(len(ways))
        products = [np.prod(path["factors"]) for path in found["paths"]]
        same([path["product"] for path in found["paths"]], products)
        largest = np.max(np.abs(products))  # paths may cancel
        assert abs(sum(products) - found["weights"][layer][j][k]) <= 1e-12 * largest * len(ways)
        plain = network["hidden"] == network["output"] == "identity"
        for path in found[
            "paths"
        ]:  # eq. (12): the cost first, then the weights from the output down, the activation last
            pairs = enumerate(itertools.pairwise(path["neurons"]), layer + 1)
            edges = [network["weights"][upper][q][p] for upper, (p, q) in pairs]
            assert path["factors"][1:-1] == edges[::-1] if plain else path["factors"][2:-1:2] == edges[::-1]
            assert path["factors"][-1] == found["a"][layer - 1][k]


def test_saturated_sigmoids_lose_neither_cost_nor_error_of_the_cross_entropy(compute: Callable[..., Any]) -> None:
    network = {"sizes": [1, 1], "weights": [[], [], [[1.0]]], "biases": [[], [], [0.0]], "hidden": "sigmoid"}
    network |= {"output": "sigmoid", "cost": "cross-entropy"}
    weight = {"layer": 2, "j": 0, "k": 0}
    cases = [{"network": network, "x": [x], "y": [y], "weight": weight} for x in (-800.0, 800.0) for y in (0.0, 1.0)]
    found = compute(cases)
    assert [each["cost"] for each in found] == [0.0, 800.0, 800.0, 0.0]
    assert [each["delta"][2] for each in found] == [[0.0], [-1.0], [1.0], [0.0]]
