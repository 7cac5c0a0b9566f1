"""Singular values of Jacobians: right by value, and telling whether errors vanish or explode."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_reference import Add, Dense, Sigmoid
from bpframe_regularisation import BatchNorm

from bpframe import Network, node
from bpframe.errors import BatchCoupledError, DerivativeError, MemoryLimitError
from bpframe.extend import Array, Diagonal, Gather, IdentityMap, Layer, Matrix, Operator
from tests.oracles import input_jacobian

from .zoo import BATCH, ZOO, named


@pytest.mark.parametrize("example", ZOO, ids=lambda example: example.name)
def test_singular_values_are_those_of_the_measured_jacobians(example) -> None:
    network, (x, _) = example.make(), example.data()
    graph = network.graph
    for of in graph.outputs:
        found = network.spectrum(x, of=of)
        for name in graph.inputs:
            if name in graph.integer_inputs or name not in [value.name for value in found.values]:
                continue
            whole = input_jacobian(network, x, name, output=of)
            rows, columns = math.prod(graph.shapes[of]), math.prod(graph.inputs[name])
            blocks = whole.reshape(BATCH, rows, BATCH, columns)[range(BATCH), :, range(BATCH)]
            expected = np.linalg.svd(blocks, compute_uv=False)
            value = found[name]
            np.testing.assert_allclose(value.error, expected, rtol=0, atol=1e-9 * max(1, expected.max()))
            np.testing.assert_allclose(value.frobenius, np.sqrt(np.square(blocks).sum(axis=(1, 2))), rtol=1e-9)
            np.testing.assert_allclose(value.gain, value.frobenius / np.sqrt(rows), rtol=1e-12)
            assert value.local is None


@pytest.mark.parametrize("example", ZOO, ids=lambda example: example.name)
def test_local_singular_values_are_those_of_all_that_a_value_is_computed_from(example) -> None:
    network, (x, _) = example.make(), example.data()
    trace = network.trace(x)
    for of in network.graph.outputs:
        for value in network.spectrum(x, of=of).values:
            if value.local is None:
                continue
            each = network.graph.by_name[value.name]
            jacobian = trace.jacobian(value.name)
            whole = [jacobian[key].joint_dense(BATCH, np.empty(0)) for key in dict.fromkeys(each.input_keys)]
            rows = math.prod(each.output_shape)
            blocks = [part.reshape(BATCH, rows, BATCH, -1)[range(BATCH), :, range(BATCH)] for part in whole]
            expected = np.linalg.svd(np.concatenate(blocks, axis=2), compute_uv=False)
            np.testing.assert_allclose(value.local, expected, rtol=0, atol=1e-9)


def deep(width: int, layers: int, scale: float) -> tuple[Network, np.ndarray]:
    network = Network([layer for _ in range(layers) for layer in (Dense(units=width), Tanh())], input_shape=(width,),
                      seed=3)  # fmt: skip
    network.parameters.vector[...] = 0
    for path, array in network.parameters.items():
        if path.endswith(".w"):
            array[...] = scale * np.eye(width)
    return network, np.zeros((3, width))


def test_a_product_of_scaled_identities_grows_and_shrinks_as_its_powers() -> None:
    for scale in (0.5, 1.0, 2.0):
        network, x = deep(4, 12, scale)
        found = network.spectrum(x)  # at 0, tanh' = 1
        assert [value.name for value in found.values][:3] == ["tanh_12", "dense_12", "tanh_11"]
        np.testing.assert_allclose(found["x"].error, scale**12)
        np.testing.assert_allclose(found["tanh_6"].gain, scale**6)
        np.testing.assert_allclose(found["x"].condition, 1)
        np.testing.assert_allclose(found["dense_1"].local, scale)
    vanishing = deep(4, 12, 0.5)[0].spectrum(np.zeros((3, 4)))
    assert vanishing.vanishing == ("tanh_2", "dense_2", "tanh_1", "dense_1", "x")
    assert vanishing.exploding == ()
    assert vanishing.verdict == "errors vanish, from tanh_2 on back (gain 9.8e-04, below 0.001)"
    exploding = deep(4, 12, 2.0)[0].spectrum(np.zeros((3, 4)))
    assert exploding.exploding[0] == "tanh_2"
    assert "errors explode, from tanh_2 on back (gain 1.0e+03, above 1000)" in str(exploding)
    assert "keep their length" in str(deep(4, 12, 1.0)[0].spectrum(np.zeros((3, 4))))


def test_the_table_shows_every_value() -> None:
    network, x = deep(2, 2, 0.5)
    assert str(network.spectrum(x)).splitlines() == [
        "singular values of ∂tanh_2/∂value, medians over 3 examples",
        "  value    kind   gain  largest  smallest  condition  local largest  smallest",
        "  tanh_2   tanh      1        1         1          1              1         1",
        "  dense_2  dense     1        1         1          1            0.5       0.5",
        "  tanh_1   tanh    0.5      0.5       0.5          1              1         1",
        "  dense_1  dense   0.5      0.5       0.5          1            0.5       0.5",
        "  x        input  0.25     0.25      0.25          1",
        "errors keep their length: every gain is between 0.001 and 1000",
    ]


def test_a_jacobian_that_is_not_of_full_rank_has_an_infinite_condition() -> None:
    network = Network([Dense(units=2)], input_shape=(2,), seed=0)
    network.parameters["dense_1.w"][...] = [[1, 0], [0, 0]]
    found = network.spectrum(np.ones((1, 2)))
    assert found["x"].condition.tolist() == [np.inf]
    assert (found["x"].largest, found["x"].smallest) == (1, 0)
    assert "inf" in str(found)


@pytest.mark.filterwarnings("error")
def test_a_jacobian_of_zeros_has_an_infinite_condition_too() -> None:
    network = Network([Dense(units=2)], input_shape=(2,), seed=0)
    network.parameters["dense_1.w"][...] = 0
    found = network.spectrum(np.ones((3, 2)))
    assert found["x"].condition.tolist() == [np.inf] * 3
    assert not found["x"].largest.any()


def test_one_value_a_node_and_several_paths() -> None:
    network = Network(inputs={"x": (3,)}, nodes={"s": node(Sigmoid(), "x"), "y": node(Add(), "s", "x", "x")}, seed=0)
    x = np.random.default_rng(0).standard_normal((2, 3))
    slope = np.exp(-x) / (1 + np.exp(-x)) ** 2
    np.testing.assert_allclose(network.spectrum(x)["x"].error, -np.sort(-(slope + 2), axis=1))
    np.testing.assert_allclose(network.spectrum(x)["y"].local, np.full((2, 3), np.sqrt(5)))  # [I, 2 I]
    inner = network.spectrum(x, of="s")
    assert [value.name for value in inner.values] == ["s", "x"]
    alone = network.spectrum(x, of="x")
    assert [value.name for value in alone.values] == ["x"]
    np.testing.assert_array_equal(alone["x"].error, 1)


class Doubled(Layer):
    """Give the first of three features twice, and leave the second out: y = (x₁, x₁, x₃)."""

    def forward(self, x: Array) -> Array:
        return x[:, [0, 0, 2]]

    def jacobian(self) -> Operator:
        return Gather(np.array([[0, 0, 2]]))


def test_entries_that_share_a_column_are_not_taken_for_singular_values() -> None:
    network = Network([Doubled()], input_shape=(3,))
    local = network.spectrum(np.ones((2, 3)))["doubled_1"].local
    np.testing.assert_allclose(local, [[np.sqrt(2), 1, 0]] * 2, atol=1e-15)


class Mixture(Layer):
    """y = W a + a²/2 ⊙ b + c: one Jacobian that all examples share, one of each example, and one without numbers."""

    def output_shape(self, shapes):
        return (2,)

    def forward(self, a: Array, b: Array, c: Array) -> Array:
        return a @ W.T + np.square(b) / 2 + c

    def jacobian(self, a: Array, b: Array, c: Array) -> dict[str, Operator]:
        return {"a": Matrix(W), "b": Diagonal(b), "c": IdentityMap()}


W = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]])


def test_a_value_that_depends_in_one_way_on_one_input_and_in_its_own_way_on_another() -> None:
    rng = np.random.default_rng(4)
    network = Network(inputs={"a": (3,), "b": (2,), "c": (2,)}, nodes={"y": node(Mixture(), "a", "b", "c")})
    x = {name: rng.standard_normal((5, *shape)) for name, shape in network.graph.inputs.items()}
    whole = [np.hstack([W, np.diag(b), np.eye(2)]) for b in x["b"]]
    found = network.spectrum(x)
    np.testing.assert_allclose(found["y"].local, [np.linalg.svd(j, compute_uv=False) for j in whole], rtol=1e-12)
    np.testing.assert_allclose(found["a"].error, [np.linalg.svd(W, compute_uv=False)] * 5, rtol=1e-12)
    np.testing.assert_allclose(found["b"].error, -np.sort(-np.abs(x["b"]), axis=1), rtol=1e-12)


def test_refusals() -> None:
    two = named("gated-two-outputs")
    network, (x, _) = two.make(), two.data()
    with pytest.raises(DerivativeError, match=r"(?s)several outputs.*'product' or 'side'"):
        network.spectrum(x)
    with pytest.raises(DerivativeError, match=r"(?s)no value.*side"):
        network.spectrum(x, of="sidee")
    with pytest.raises(KeyError, match="gate"):
        network.spectrum(x, of="side")["left"]
    with pytest.raises(DerivativeError, match="no examples"):
        network.spectrum({name: array[:0] for name, array in x.items()}, of="side")
    with pytest.raises(MemoryLimitError, match=r"(?s)∂product.*svds"):
        network.spectrum(x, of="product", memory_limit=100)
    coupled = Network([Dense(units=3), BatchNorm()], input_shape=(2,), seed=1)
    with pytest.raises(BatchCoupledError, match="batch_norm_1"):
        coupled.spectrum(np.eye(2), training=True)
    assert coupled.spectrum(np.eye(2))["x"].error.shape == (2, 2)


def test_float32_stays_float32() -> None:
    network = ZOO[0].make("float32")
    x, _ = ZOO[0].data(dtype="float32")
    for value in network.spectrum(x).values:
        assert value.error.dtype == value.gain.dtype == np.float32
