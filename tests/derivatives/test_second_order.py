"""What products with the Hessian ask components to declare, and where."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import BatchNorm

from bpframe import Network, node
from bpframe.core.component import Layer
from bpframe.errors import ContractError, DerivativeError
from bpframe.extend import Array, Broadcast, Diagonal, IdentityMap, Operator, Parameter, compose
from tests.components.activations import Sine
from tests.components.costs import Quartic
from tests.oracles import assert_close

from .dense import At
from .zoo import made


def test_a_missing_second_order_is_named_and_differences_do_without() -> None:
    network, x, y = made(Dense(units=3), Sine(), Dense(units=2))
    v = np.random.default_rng(0).standard_normal(network.parameters.vector.shape)
    with pytest.raises(DerivativeError, match=r"layers\[1\] 'sine_1' \(sine\)") as caught:
        network.hvp(x, y, v)
    assert 'method="difference"' in caught.value.hint
    expected = At(network, x, y).hessian() @ v
    assert_close(network.hvp(x, y, v, method="difference"), expected, 1e-8)
    operator = network.linear_operator("hessian", x, y, method="difference")
    assert_close(operator @ v, expected, 1e-8)


def test_second_order_is_needed_only_where_a_change_and_an_error_meet() -> None:
    network, x, y = made(Dense(units=3), Sine(), Dense(units=2))
    v = {"dense_2.w": np.random.default_rng(0).standard_normal((2, 3))}
    found = network.hvp(x, y, v)
    flat_v = network.parameters.like()
    flat_v["dense_2.w"] = v["dense_2.w"]
    expected = At(network, x, y).hessian() @ flat_v.vector
    assert_close(np.concatenate([each.reshape(-1) for each in found.values()]), expected, 1e-9)
    early, x, y = made(Sine(), Dense(units=2))
    assert_close(early.hvp(x, y, np.eye(8)), At(early, x, y).hessian(), 1e-9)
    with pytest.raises(DerivativeError, match="sine_1"):
        early.hvp(x, y, np.ones(x.shape), wrt="inputs")


def test_a_node_that_no_error_reaches_is_not_asked() -> None:
    network = Network(
        inputs={"x": (3,)},
        nodes={"a": node(Dense(units=3), "x"), "costs": node(Dense(units=2), "a"), "free": node(Sine(), "a")},
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
        return {"x": IdentityMap(), "t": Broadcast()}


def test_a_jacobian_that_is_handed_no_values_needs_no_second_order() -> None:
    network, x, y = made(Constant(), Tanh(), Constant(), Dense(units=2))
    assert_close(network.hvp(x, y, np.eye(14)), At(network, x, y).hessian(), 1e-9)
    network, x, y = made(Tanh(), Scaled(), Dense(units=2))
    with pytest.raises(DerivativeError, match="scaled_1"):
        network.hvp(x, y, np.ones(14))


def test_differences_need_no_hessian() -> None:
    network, x, y = made(Dense(units=2), cost=Quartic())
    v = np.random.default_rng(0).standard_normal(8)
    assert_close(network.hvp(x, y, v, method="difference"), At(network, x, y).hessian() @ v, 1e-8)


class Wrong(Scaled):
    """Declares whatever it is told to."""

    blocks: ClassVar[dict] = {}

    def second_order(self, x: Array, u: Array) -> dict:
        return self.blocks


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({("x", "r"): IdentityMap()}, "'r'"),
        ({"x": IdentityMap()}, "no pair"),
        ({("x", "x", "s"): IdentityMap()}, "no pair"),
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

    def second_order(self, x: Array, u: Array, p: dict, saved: dict, training: bool) -> dict:
        if training:
            raise DerivativeError("the second order in training is not declared")
        return super().second_order(x, u, p, saved, training)


def test_a_component_may_refuse_in_training_alone() -> None:
    network, x, y = made(Dense(units=3), Uncurved(epsilon=0.1), Tanh(), Dense(units=2))
    v = np.ones(network.parameters.vector.shape)
    network.hvp(x, y, v)
    with pytest.raises(DerivativeError, match=r"layers\[1\] 'uncurved_1' \(uncurved\).* in training"):
        network.hvp(x, y, v, training=True)
    expected = At(network, x, y, training=True).hessian() @ v
    assert_close(network.hvp(x, y, v, training=True, method="difference"), expected, 1e-8)
