"""Kronecker factors: identities in which they are exact, their definition, and products with their inverses."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Relu, Tanh
from bpframe_reference import Dense, QuadraticCost, Sigmoid

from bpframe import Network, node
from bpframe.derivatives.points import memory
from bpframe.errors import DataError, DerivativeError, MemoryLimitError
from bpframe.extend import Array, Broadcast, Diagonal, Layer, Operator, Parameter, compose
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.contract.cases import scatter
from tests.oracles import assert_close

from .dense import At
from .test_curvature_blocks import parts_of
from .zoo import ZOO, made, named


class MeanOf(Operator):
    """v ↦ the mean over places."""

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return v.mean(axis=-2)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        places = self.in_shape[0]
        return np.broadcast_to(u[..., None, :] / places, (*u.shape[:-1], places, u.shape[-1]))


class MeanOverPlaces(Layer):
    """Average over time or over the patches of an image."""

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape[1:]

    def forward(self, x: Array) -> Array:
        return x.mean(axis=1)

    def jacobian(self) -> Operator:
        return MeanOf()


def network_of(sizes, activation=None, cost=None, shape=None, last=()):
    layers = []
    for units in sizes[1:]:
        layers += [Dense(units=units), *([activation] if activation else [])]
    layers = layers[:-1] if activation else layers
    network = Network([*layers, *last], cost=cost or QuadraticCost(), input_shape=shape or sizes[:1], seed=1)
    scatter(network)
    return network


def blocks_of(network, x, y):
    """The exact blocks, from forward passes alone."""
    dense = At(network, x, y).gauss_newton()
    return {path: dense[np.ix_(places, places)] for path, places in parts_of(network).items()}


def assert_blocks(factors, expected) -> None:
    assert list(factors) == list(expected)
    for path, block in expected.items():
        a, b = factors[path]
        assert_close(factors.block(path), block, 1e-10)
        np.testing.assert_array_equal(np.kron(b, a), factors.block(path))


def test_deep_linear_networks_with_quadratic_cost_have_exact_blocks() -> None:
    network = network_of((4, 3, 3, 2))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))
    assert_blocks(network.curvature.kfac(x, y), blocks_of(network, x, y))


@pytest.mark.parametrize("activation", [Tanh(), Sigmoid(), Relu()], ids=lambda each: each.kind)
@pytest.mark.parametrize("cost", [QuadraticCost(), SoftmaxCrossEntropy()], ids=lambda each: each.kind)
def test_one_example_has_exact_blocks(activation, cost) -> None:
    network = network_of((5, 4, 4, 2), activation, cost)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 5))
    y = rng.standard_normal((1, 2)) if isinstance(cost, QuadraticCost) else rng.integers(0, 2, 1)
    expected = blocks_of(network, x, y)
    assert_blocks(network.curvature.kfac(x, y), expected)
    assert all(np.abs(block).max() > 1e-6 for block in expected.values())
    x, y = np.concatenate([x, x + 1]), np.concatenate([y, y])  # of two examples they are not
    factors, expected = network.curvature.kfac(x, y), blocks_of(network, x, y)
    assert np.abs(factors.block("dense_1.w") - expected["dense_1.w"]).max() > 1e-3 * expected["dense_1.w"].max()


def test_expand_is_exact_for_deep_linear_networks_with_a_cost_at_every_place() -> None:
    network = network_of((3, 4, 2), shape=(5, 3))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 5, 3)), rng.standard_normal((6, 5, 2))
    expected = blocks_of(network, x, y)
    assert_blocks(network.curvature.kfac(x, y, weight_sharing="expand"), expected)
    reduced = network.curvature.kfac(x, y, weight_sharing="reduce")
    assert np.abs(reduced.block("dense_1.w") - expected["dense_1.w"]).max() > 0.1 * expected["dense_1.w"].max()


def test_reduce_is_exact_for_deep_linear_networks_that_average_over_places() -> None:
    network = network_of((3, 4, 2), shape=(5, 3), last=(MeanOverPlaces(),))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 5, 3)), rng.standard_normal((6, 2))
    expected = blocks_of(network, x, y)
    factors = network.curvature.kfac(x, y, weight_sharing="reduce")
    assert_blocks(factors, expected)
    assert factors.exact == {"dense_1.b", "dense_2.b"}
    expanded = network.curvature.kfac(x, y, weight_sharing="expand")
    assert np.abs(expanded.block("dense_1.w") - expected["dense_1.w"]).max() > 0.1 * expected["dense_1.w"].max()
    assert expanded.exact == frozenset()


@pytest.mark.parametrize("name", ["sigmoid-quadratic", "tanh-deep", "softmax-cross-entropy", "residual"])
def test_factors_are_the_means_of_activations_and_errors(name) -> None:
    example = named(name)
    network = example.make()
    x, y = example.data()
    factors, trace, expected = network.curvature.kfac(x, y), network.trace(x), blocks_of(network, x, y)
    for each in network.graph.nodes:
        if each.parameters:
            (source,) = each.sources
            activation = x if source in network.graph.inputs else trace[source]
            a, b = factors[f"{each.name}.w"]
            assert_close(a, activation.T @ activation / len(x), 1e-12)
            assert_close(b, expected[f"{each.name}.b"], 1e-9)  # a bias has the errors for vectors
            np.testing.assert_array_equal(factors[f"{each.name}.b"][0], [[1.0]])


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_blocks_that_are_said_to_be_exact_are(example) -> None:
    network = example.make()
    x, y = example.data()
    expected = blocks_of(network, x, y)
    floor = 1e-13 * max(np.abs(block).max() for block in expected.values())
    for weight_sharing in ("expand", "reduce"):
        factors = network.curvature.kfac(x, y, weight_sharing=weight_sharing)
        for path in factors.exact:
            if np.abs(expected[path]).max() < floor:
                assert np.abs(factors.block(path)).max() < floor
            else:
                assert_close(factors.block(path), expected[path], 1e-9)
        for path, (a, b) in factors.items():
            assert len(a) * len(b) == network.parameters[path].size
            for factor in (a, b):
                np.testing.assert_array_equal(factor, factor.T)
                assert np.linalg.eigvalsh(factor).min() > -1e-12 * np.abs(factor).max()
    one_place = {"layer-norm": "layer_norm_1.g", "embedding": "embedding_1.w"}
    if example.name in one_place:
        assert one_place[example.name] in network.curvature.kfac(x, y).exact


def test_what_two_nodes_share_has_the_places_of_both() -> None:
    network = Network(
        inputs={"x": (3,)},
        nodes={
            "first": node(Dense(units=3), "x"),
            "squashed": node(Tanh(), "first"),
            "again": node(Dense(units=3), "squashed", share="first"),
        },
        cost=QuadraticCost(),
    )
    scatter(network)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    squashed, w = network.trace(x)["squashed"], network.parameters["first.w"]
    at_first = (1 - squashed**2)[:, :, None] * w.T  # δ of the first place for every column of S = I
    errors = np.concatenate([np.broadcast_to(np.eye(3), (4, 3, 3)), at_first], axis=0)
    expanded = network.curvature.kfac(x, y)
    activations = np.concatenate([x, squashed])
    assert_close(expanded["first.w"][0], activations.T @ activations / 8, 1e-12)
    assert_close(expanded["first.w"][1], np.einsum("nir,njr->ij", errors, errors) / 4, 1e-12)
    assert_close(expanded["first.b"][1], expanded["first.w"][1], 1e-12)
    reduced = network.curvature.kfac(x, y, weight_sharing="reduce")
    mean, summed = (x + squashed) / 2, at_first + np.eye(3)
    assert_close(reduced["first.w"][0], mean.T @ mean / 4, 1e-12)
    assert_close(reduced["first.w"][1], np.einsum("nir,njr->ij", summed, summed) / 4, 1e-12)
    assert_close(reduced.block("first.b"), blocks_of(network, x, y)["first.b"], 1e-9)
    assert reduced.exact == {"first.b"}


@pytest.mark.parametrize("name", ["softmax-cross-entropy", "convolution"])
def test_random_vectors_estimate_the_factors_without_bias(name) -> None:
    example = named(name)
    network = example.make()
    x, y = example.data()
    exact = network.curvature.kfac(x, y)
    estimates = [network.curvature.kfac(x, y, samples=4, seed=seed) for seed in range(300)]
    for path, (a, b) in exact.items():
        np.testing.assert_array_equal(estimates[0][path][0], a)
        found = np.array([each[path][1] for each in estimates])
        spread = found.std(axis=0) / np.sqrt(len(found))
        assert (np.abs(found.mean(axis=0) - b) <= 5 * spread + 1e-12 * b.max()).all()
        assert np.abs(found.mean(axis=0) - b).max() < 0.1 * b.max()
    again = network.curvature.kfac(x, y, samples=4, seed=1)
    for path in exact:
        np.testing.assert_array_equal(again[path][1], estimates[1][path][1])


@pytest.mark.parametrize("weight_sharing", ["expand", "reduce"])
def test_portions_of_examples_and_columns_add_up(weight_sharing, monkeypatch) -> None:
    chosen = [each for each in ZOO if each.name in ("attention", "shared-weights", "convolution-cross-entropy")]
    for network, x, y in [
        made(Dense(units=2), Sigmoid()),  # one array of errors, again and again
        *((each.make(), *each.data(batch=5)) for each in chosen),
    ]:
        whole = network.curvature.kfac(x, y, weight_sharing=weight_sharing)
        with monkeypatch.context() as small:
            small.setattr(memory, "PORTION_BYTES", 40)
            parts = network.curvature.kfac(x, y, weight_sharing=weight_sharing)
        assert parts.exact == whole.exact
        for path, (a, b) in parts.items():
            assert_close(a, whole[path][0], 1e-12)
            np.testing.assert_allclose(b, whole[path][1], rtol=1e-12, atol=1e-14)


@pytest.fixture
def factors():
    network = network_of((5, 4, 2), Tanh())
    rng = np.random.default_rng(0)
    return network, network.curvature.kfac(rng.standard_normal((20, 5)), rng.standard_normal((20, 2)))


def written_out(factors, damped):
    """One matrix of all blocks."""
    blocks = [damped(path) for path in factors]
    size = sum(map(len, blocks))
    whole, start = np.zeros((size, size)), 0
    for block in blocks:
        whole[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    return whole


def test_products_with_blocks_and_damped_inverses(factors) -> None:
    network, factors = factors
    v = np.random.default_rng(1).standard_normal((3, network.parameters.vector.size))
    np.testing.assert_allclose(factors.matvec(v), v @ written_out(factors, factors.block), rtol=1e-12, atol=1e-13)

    for damping in (1e-3, 0.7):

        def plain(path, damping=damping):
            return factors.block(path) + damping * np.eye(len(factors.block(path)))

        def split(path, damping=damping):
            a, b = factors[path]
            if len(a) == 1:
                return plain(path)
            pi = np.sqrt(np.trace(a) / len(a) / (np.trace(b) / len(b)))
            left = b + np.sqrt(damping) / pi * np.eye(len(b))
            return np.kron(left, a + np.sqrt(damping) * pi * np.eye(len(a)))

        for method, damped in (("exact", plain), ("factored", split)):
            expected = np.linalg.solve(written_out(factors, damped), v.T).T
            np.testing.assert_allclose(factors.solve(v, damping, method), expected, rtol=1e-9, atol=1e-12)


def test_vectors_come_back_in_the_kind_that_went_in(factors) -> None:
    network, factors = factors
    vector = network.parameters.like(np.random.default_rng(1).standard_normal(network.parameters.vector.size))
    kept = vector.vector.copy()
    for product in (factors.matvec, lambda v: factors.solve(v, 0.1), lambda v: factors.solve(v, 0.1, "factored")):
        flat, found = product(vector.vector), product(vector)
        np.testing.assert_array_equal(found.vector, flat)
        assert found.shapes == vector.shapes
        np.testing.assert_array_equal(vector.vector, kept)
        mapped = product({"dense_1.w": np.stack([vector["dense_1.w"]] * 2)})
        assert list(mapped) == list(vector)
        np.testing.assert_allclose(mapped["dense_1.w"][1], found["dense_1.w"], rtol=1e-12)
        assert mapped["dense_2.b"].shape == (2, 2)
        assert not mapped["dense_2.b"].any()
    with pytest.raises(DataError, match="no parameter vectors of the network"):
        factors.matvec({"dense_9.w": vector["dense_1.w"]})


def test_a_block_of_zeros_can_be_damped() -> None:
    network, x, y = made(Dense(units=3), Relu(), Dense(units=2))
    network.parameters["dense_1.b"] = -100.0  # every unit is dead
    factors = network.curvature.kfac(x, y)
    assert not factors["dense_1.w"][1].any()
    assert not factors["dense_2.w"][0].any()
    v = np.ones(network.parameters.vector.size)
    for method in ("exact", "factored"):
        found = factors.solve(network.parameters.like(v), 0.25, method)
        np.testing.assert_allclose(found["dense_1.b"], 4.0)
        assert np.isfinite(found.vector).all()
    np.testing.assert_allclose(factors.solve(v, 0.25)[:9], 4.0)


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_float32_stays_float32(example) -> None:
    single, double = example.make("float32"), example.make()
    double.parameters.vector[:] = single.parameters.vector
    x, y = example.data(dtype="float32")
    found, expected = single.curvature.kfac(x, y), double.curvature.kfac(x, y)
    largest = max(np.abs(b).max() for _, b in expected.values())
    for path, (a, b) in found.items():
        assert a.dtype == b.dtype == np.float32
        assert_close(a, expected[path][0], 1e-5)
        np.testing.assert_allclose(b, expected[path][1], rtol=1e-4, atol=1e-5 * largest)
    v = np.ones(single.parameters.vector.size, np.float32)
    for product in (found.matvec(v), found.solve(v, 0.1), found.solve(v, 0.1, "factored")):
        assert product.dtype == np.float32


class Scaled(Layer):
    """A scale for every feature: its operator has no outer products."""

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"s": Parameter((features,), init=1)}

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        return x * p["s"]

    def jacobian(self, x: Array, p: dict[str, Array]) -> dict[str, Operator]:
        whole = np.ones_like(x[:1])
        return {"x": Diagonal(whole * p["s"]), "s": compose(Diagonal(x), Broadcast())}


def test_what_cannot_be_computed_is_refused_by_name() -> None:
    network, x, y = made(Dense(units=6), Scaled(), Dense(units=2))
    assert "scaled_1.s" in network.curvature.kfac(x, y).exact
    limit = 6 * 6 * 8
    network.curvature.kfac(x, y, memory_limit=limit)
    with pytest.raises(MemoryLimitError, match=r"'(scaled_1\.s|dense_1\.[wb]|dense_2\.w)'"):
        network.curvature.kfac(x, y, memory_limit=limit - 1)
    with pytest.raises(MemoryLimitError, match=r"the block of 'dense_1\.w'"):
        network.curvature.kfac(x, y).block("dense_1.w", memory_limit=limit)
    with pytest.raises(DerivativeError, match="weight_sharing is unknown"):
        network.curvature.kfac(x, y, weight_sharing="reduced")
    factors = network.curvature.kfac(x, y)
    for damping in (0, -1.0, float("nan"), float("inf"), True, "1"):
        with pytest.raises(DerivativeError, match="damping"):
            factors.solve(network.parameters, damping)
    with pytest.raises(DerivativeError, match="method is unknown"):
        factors.solve(network.parameters, 0.1, "heuristic")
