"""Products with the Hessian against dense matrices, and what they ask of components."""

from __future__ import annotations

import tracemalloc
from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from hypothesis import given, settings
from hypothesis import strategies as st

from bpframe import Network, node
from bpframe.component import Activation, Cost, Layer
from bpframe.derivatives import memory
from bpframe.errors import ContractError, DataError, DerivativeError, ShapeMismatch
from bpframe.extend import Array, Broadcast, Diagonal, Identity, Operator, Parameter, compose
from tests.contract.cases import MODES, Case, mode_id, scatter
from tests.contract.components.batch_norm import BatchNorm
from tests.contract.components.dropout import Dropout
from tests.contract.components.tanh import Tanh
from tests.oracles import assert_close

from .dense import At
from .zoo import ZOO

PARAMETERS_AND_INPUTS = [
    pytest.param(example, wrt, id=f"{example.name}-{wrt}")
    for example in ZOO
    for wrt in ("parameters", "inputs")
    if not (wrt == "inputs" and example.tokens)
]


def columns(network, x, wrt):
    """All unit vectors, in the form in which products take them: (D, ...)."""
    if wrt == "parameters":
        return np.eye(network.parameters.vector.size)
    arrays = x if isinstance(x, dict) else {next(iter(network.graph.inputs)): x}
    basis, found, start = np.eye(sum(array.size for array in arrays.values())), {}, 0
    for name, array in arrays.items():
        found[name] = basis[:, start : start + array.size].reshape(-1, *array.shape)
        start += array.size
    return found


def flat(result):
    """What a product returned for D unit vectors, as (D, D)."""
    if isinstance(result, np.ndarray):
        return result
    return np.concatenate([array.reshape(len(array), -1) for array in result.values()], axis=1)


@pytest.mark.parametrize(("example", "wrt"), PARAMETERS_AND_INPUTS)
def test_all_columns_of_every_network(example, wrt) -> None:
    network = example.make()
    x, y = example.data()
    found = flat(network.hvp(x, y, columns(network, x, wrt), wrt=wrt))
    assert_close(found, At(network, x, y, wrt).hessian(), 1e-9)
    assert_close(found, found.T, 1e-12)


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_a_product_agrees_with_the_cost_alone(example) -> None:
    network = example.make()
    x, y = example.data(batch=2)
    v = np.random.default_rng(0).standard_normal(network.parameters.vector.shape)
    assert_close(network.hvp(x, y, v), At(network, x, y).hessian_times(v), 1e-9)


@pytest.mark.parametrize(("case", "training"), [each for each in MODES if not each[0].tokens], ids=mode_id)
def test_every_component_of_the_contract_between_layers(case, training) -> None:
    network, x = case.trainable(), case.x(4)
    y = np.random.default_rng(0).standard_normal((4, 2))
    v = np.random.default_rng(1).standard_normal((3, network.parameters.vector.size))
    at = At(network, x, y, training=training)
    assert_close(case.trainable().hvp(x, y, v, training=training), v @ at.hessian(), 1e-9)


@pytest.fixture
def network() -> Network:
    return next(each for each in ZOO if each.name == "gated-two-outputs").make()


@pytest.fixture
def data():
    return next(each for each in ZOO if each.name == "gated-two-outputs").data()


def test_vectors_come_back_in_the_kind_that_went_in(network, data) -> None:
    rng = np.random.default_rng(0)
    v = rng.standard_normal((2, 3, network.parameters.vector.size))
    found = network.hvp(*data, v)
    assert found.shape == v.shape
    by_path, start = {}, 0
    for path, array in network.parameters.items():
        by_path[path] = v[..., start : start + array.size].reshape(2, 3, *array.shape)
        start += array.size
    mapped = network.hvp(*data, by_path)
    assert list(mapped) == list(network.parameters)
    np.testing.assert_allclose(
        np.concatenate([each.reshape(2, 3, -1) for each in mapped.values()], axis=-1), found, rtol=1e-12, atol=1e-15
    )
    one = network.hvp(*data, network.parameters.like(v[1, 2].copy()))
    np.testing.assert_allclose(one.vector, found[1, 2], rtol=1e-12, atol=1e-15)
    one["left.w"] = 0.0  # the caller's own


def test_parameters_and_inputs_that_are_left_out_do_not_change(network, data) -> None:
    x, y = data
    only = {"right.w": np.ones(network.parameters["right.w"].shape)}
    whole = {path: np.zeros(array.shape) for path, array in network.parameters.items()} | only
    for path, array in network.hvp(x, y, only).items():
        np.testing.assert_allclose(array, network.hvp(x, y, whole)[path], rtol=1e-12, atol=1e-15)
    found = network.hvp(x, y, {"z": np.ones(x["z"].shape)}, wrt="inputs")
    zeros = network.hvp(x, y, {"z": np.ones(x["z"].shape), "x": np.zeros(x["x"].shape)}, wrt="inputs")
    for name in x:
        assert found[name].shape == x[name].shape
        np.testing.assert_allclose(found[name], zeros[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
@pytest.mark.parametrize("method", ["exact", "difference"])
def test_float32_stays_float32(example, method) -> None:
    x, y = example.data(dtype="float32")
    single, double = example.make("float32"), example.make()
    double.parameters.vector[:] = single.parameters.vector
    v = np.random.default_rng(0).standard_normal((2, double.parameters.vector.size))
    found = single.hvp(x, y, v, method=method)
    assert found.dtype == np.float32
    assert_close(found, double.hvp(x, y, v), 1e-5 if method == "exact" else 3e-3)


@pytest.mark.parametrize(("example", "wrt"), PARAMETERS_AND_INPUTS)
def test_differences_of_gradients_come_near(example, wrt) -> None:
    network = example.make()
    x, y = example.data()
    v = {name: array[-2:] for name, array in columns(network, x, wrt).items()} if wrt == "inputs" else None
    v = np.random.default_rng(0).standard_normal((2, network.parameters.vector.size)) if v is None else v
    theta = network.parameters.vector.copy()
    exact, near = network.hvp(x, y, v, wrt=wrt), network.hvp(x, y, v, wrt=wrt, method="difference")
    assert_close(flat(near), flat(exact), 1e-8)
    np.testing.assert_array_equal(network.parameters.vector, theta)


class Silent(Activation):
    """sin, with no second order."""

    def forward(self, x: Array) -> Array:
        return np.sin(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.cos(x))


class NoHessian(Cost):
    """Σ (a − y)⁴."""

    def forward(self, a: Array, y: Array) -> Array:
        return ((a - y) ** 4).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return 4 * (a - y) ** 3


def made(*layers, cost=None):
    network = Network(list(layers), input_shape=(3,), cost=cost or QuadraticCost(), seed=1)
    scatter(network)
    rng = np.random.default_rng(0)
    return network, rng.standard_normal((4, 3)), rng.standard_normal((4, 2))


def test_a_missing_second_order_is_named_and_differences_do_without() -> None:
    network, x, y = made(Dense(units=3), Silent(), Dense(units=2))
    v = np.random.default_rng(0).standard_normal(network.parameters.vector.shape)
    with pytest.raises(DerivativeError, match=r"layers\[1\] 'silent_1' \(silent\)") as caught:
        network.hvp(x, y, v)
    assert 'method="difference"' in caught.value.hint
    expected = At(network, x, y).hessian() @ v
    assert_close(network.hvp(x, y, v, method="difference"), expected, 1e-8)
    operator = network.linear_operator("hessian", x, y, method="difference")
    assert_close(operator @ v, expected, 1e-8)


def test_second_order_is_needed_only_where_a_change_and_an_error_meet() -> None:
    network, x, y = made(Dense(units=3), Silent(), Dense(units=2))
    v = {"dense_2.w": np.random.default_rng(0).standard_normal((2, 3))}
    found = network.hvp(x, y, v)
    flat_v = network.parameters.like()
    flat_v["dense_2.w"] = v["dense_2.w"]
    expected = At(network, x, y).hessian() @ flat_v.vector
    assert_close(np.concatenate([each.reshape(-1) for each in found.values()]), expected, 1e-9)
    early, x, y = made(Silent(), Dense(units=2))
    assert_close(early.hvp(x, y, np.eye(8)), At(early, x, y).hessian(), 1e-9)
    with pytest.raises(DerivativeError, match="silent_1"):
        early.hvp(x, y, np.ones(x.shape), wrt="inputs")


def test_a_node_that_no_error_reaches_is_not_asked() -> None:
    network = Network(
        inputs={"x": (3,)},
        nodes={"a": node(Dense(units=3), "x"), "costs": node(Dense(units=2), "a"), "free": node(Silent(), "a")},
        output=["costs", "free"],
        cost={"costs": QuadraticCost()},
        seed=1,
    )
    x, y = np.ones((2, 3)), np.zeros((2, 2))
    assert_close(network.hvp(x, y, np.eye(20)), At(network, x, y).hessian(), 1e-9)


class Scaled(Layer):
    """y = s ⊙ x + t, where jacobian reads x and p; `told` says whether the bend is declared."""

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"s": Parameter((features,), init=1), "t": Parameter((features,))}

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        return p["s"] * x + p["t"]

    def jacobian(self, x: Array, p: dict[str, Array]) -> dict[str, Operator]:
        return {
            "x": compose(Diagonal(np.ones_like(x)), Diagonal(p["s"][None])),
            "s": compose(Diagonal(x), Broadcast()),
            "t": Broadcast(),
        }


class Constant(Layer):
    """y = x + t: its Jacobians are handed no values."""

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"t": Parameter((features,))}

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        return x + p["t"]

    def jacobian(self) -> dict[str, Operator]:
        return {"x": Identity(), "t": Broadcast()}


def test_a_jacobian_that_is_handed_no_values_needs_no_second_order() -> None:
    network, x, y = made(Constant(), Tanh(), Constant(), Dense(units=2))
    assert_close(network.hvp(x, y, np.eye(14)), At(network, x, y).hessian(), 1e-9)
    network, x, y = made(Tanh(), Scaled(), Dense(units=2))
    with pytest.raises(DerivativeError, match="scaled_1"):
        network.hvp(x, y, np.ones(14))


def test_a_cost_without_hessian_is_named() -> None:
    network, x, y = made(Dense(units=2), cost=NoHessian())
    v = np.random.default_rng(0).standard_normal(8)
    with pytest.raises(DerivativeError, match="no_hessian"):
        network.hvp(x, y, v)
    assert_close(network.hvp(x, y, v, method="difference"), At(network, x, y).hessian() @ v, 1e-8)


class Wrong(Scaled):
    """Declares whatever it is told to."""

    blocks: ClassVar[dict] = {}

    def second_order(self, x: Array, u: Array) -> dict:
        return self.blocks


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({("x", "r"): Identity()}, "'r'"),
        ({"x": Identity()}, "no pair"),
        ({("x", "x", "s"): Identity()}, "no pair"),
        ({("x", "s"): Diagonal(np.ones((4, 2)))}, r"'x', 's'.* does not fit"),
        ({("x", "s"): np.ones((4, 3, 2))}, r"'x', 's'.* does not fit"),
        ({("x", "s"): Diagonal(np.ones((4, 3), np.complex128))}, "dtype"),
        ([], "returned a list"),
    ],
    ids=str,
)
def test_declarations_that_do_not_fit_are_named(blocks, message, monkeypatch) -> None:
    network, x, y = made(Dense(units=3), Wrong(), Tanh(), Dense(units=2))
    monkeypatch.setattr(Wrong, "blocks", blocks)
    with pytest.raises(ContractError, match=message) as caught:
        network.hvp(x, y, np.ones(26))
    assert "wrong_1" in str(caught.value)


@pytest.mark.parametrize(
    "blocks",
    [
        lambda x, u: {("x", "s"): compose(Diagonal(u), Broadcast())},
        lambda x, u: {("s", "x"): Diagonal(u)},
        lambda x, u: {("s", "x"): u[:, :, None] * np.eye(3)},
    ],
    ids=["from s to x", "from x to s", "plain array"],
)
def test_a_block_may_be_declared_either_way_round_and_as_an_array(blocks, monkeypatch) -> None:
    monkeypatch.setattr(Wrong, "second_order", lambda self, x, u: blocks(x, u))
    network, x, y = made(Dense(units=3), Wrong(), Tanh(), Dense(units=2))
    assert_close(network.hvp(x, y, np.eye(26)), At(network, x, y).hessian(), 1e-9)


class Uncurved(BatchNorm):
    """Batch normalisation that declares no second order in training."""

    def second_order(self, u: Array, p: dict, saved: dict, training: bool) -> dict:
        if training:
            raise DerivativeError("the second order in training is not declared")
        return super().second_order(u, p, saved, training)


def test_a_component_may_refuse_in_training_alone() -> None:
    network, x, y = made(Dense(units=3), Uncurved(epsilon=0.1), Tanh(), Dense(units=2))
    v = np.ones(network.parameters.vector.shape)
    network.hvp(x, y, v)
    with pytest.raises(DerivativeError, match=r"layers\[1\] 'uncurved_1' \(uncurved\).* in training"):
        network.hvp(x, y, v, training=True)
    expected = At(network, x, y, training=True).hessian() @ v
    assert_close(network.hvp(x, y, v, training=True, method="difference"), expected, 1e-8)


def test_differences_draw_the_same_random_numbers() -> None:
    network = Case("dropout", Dropout(rate=0.4), {"x": (7,)}).trainable()
    x, y = {"x": np.random.default_rng(0).standard_normal((4, 7))}, np.ones((4, 2))
    v = np.random.default_rng(1).standard_normal(network.parameters.vector.shape)
    expected = At(network, x, y, training=True).hessian() @ v
    assert_close(network.hvp(x, y, v, training=True, method="difference"), expected, 1e-8)


@settings(deadline=None, max_examples=20)
@given(
    st.sampled_from([each for each in ZOO if each.name in ("attention", "residual", "recurrent", "plain-arrays")]),
    st.integers(0, 2**32 - 1),
    st.floats(-3, 3),
)
def test_products_are_symmetric_and_linear(example, seed, factor) -> None:
    network = example.make()
    x, y = example.data(batch=3, seed=seed % 1000)
    u, v = np.random.default_rng(seed).standard_normal((2, network.parameters.vector.size))
    hu, hv, mixed = network.hvp(x, y, np.stack([u, v, u + factor * v]))
    scale = np.abs(hu).sum() + np.abs(hv).sum() + 1e-300
    assert abs(v @ hu - u @ hv) < 1e-11 * scale * max(np.abs(u).max(), np.abs(v).max())
    np.testing.assert_allclose(mixed, hu + factor * hv, rtol=0, atol=1e-12 * scale * 4)


@pytest.mark.parametrize("wrt", ["parameters", "inputs"])
def test_portions_add_up(monkeypatch, network, data, wrt) -> None:
    x, y = data
    v = columns(network, x, wrt)
    whole = flat(network.hvp(x, y, v, wrt=wrt))
    for size in (1, 1000, 5000):
        monkeypatch.setattr(memory, "PORTION_BYTES", size)
        assert_close(flat(network.hvp(x, y, v, wrt=wrt)), whole, 1e-13)


def test_coupled_examples_stay_together(monkeypatch) -> None:
    network = Case("batch_norm", BatchNorm(epsilon=0.1), {"x": (3,)}).trainable()
    rng = np.random.default_rng(0)
    x, y = {"x": rng.standard_normal((6, 3))}, rng.standard_normal((6, 2))
    monkeypatch.setattr(memory, "PORTION_BYTES", 1)
    found = network.hvp(x, y, columns(network, x, "parameters"), training=True)
    assert_close(found, At(network, x, y, training=True).hessian(), 1e-9)


def test_nothing_of_the_size_of_examples_times_parameters_is_formed() -> None:
    network = Network(
        [Dense(units=150), Sigmoid(), Dense(units=150), Sigmoid(), Dense(units=1)],
        cost=QuadraticCost(), input_shape=(150,), dtype="float32", seed=0,
    )  # fmt: skip
    x, y = np.ones((300, 150), "float32"), np.ones((300, 1), "float32")
    v = np.ones(network.parameters.vector.shape, "float32")
    everything = v.nbytes * len(x)
    tracemalloc.start()
    network.hvp(x, y, v)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < everything / 10


def test_bad_words_and_vectors_are_refused() -> None:
    network, x, y = made(Dense(units=2))
    v = np.ones(8)
    with pytest.raises(DerivativeError, match="wrt"):
        network.hvp(x, y, v, wrt="weights")
    with pytest.raises(DerivativeError, match="method is unknown") as caught:
        network.hvp(x, y, v, method="differences")
    assert caught.value.hint == "did you mean 'difference'?"
    with pytest.raises(ShapeMismatch):
        network.hvp(x, y, np.ones(7))
    with pytest.raises(DataError):
        network.hvp(x, y, {"dense_1.v": np.ones((2, 3))})
    with pytest.raises(DerivativeError, match="no parameters"):
        made(Tanh(), cost=QuadraticCost())[0].hvp(x, x, np.ones(0))
