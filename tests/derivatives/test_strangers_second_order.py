"""Products with Hessians hold what a stranger's methods and operators do against what they declare."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bpframe_reference import Add, Dense, QuadraticCost

import bpframe as bp
from bpframe import node
from bpframe.errors import ContractError
from bpframe.extend import Array, Diagonal, Layer, Operator, Parameter
from tests.components.activations import Cube

X, Y = np.random.default_rng(0).normal(size=(2, 4, 3))


class Scribbling(Cube):
    """The same, and then something else into what it was handed."""

    def second_order(self, x: Array, u: Array) -> dict[tuple[str, str], Operator]:
        found = super().second_order(x, u)
        for each in (x, u):
            each.setflags(write=True)
            each[...] = 7
        return found


KEPT = np.zeros((4, 3))


class Keeping(Cube):
    """The same, in one array that it uses again and again."""

    def second_order(self, x: Array, u: Array) -> dict[tuple[str, str], Operator]:
        np.multiply(6 * x, u, out=KEPT)
        return {("x", "x"): Diagonal(KEPT)}


def network(first: Cube, second: Cube) -> bp.Network:
    """A network in which two nodes read one value."""
    nodes = {
        "z": node(Dense(units=3), "x"), "a": node(first, "z"), "b": node(second, "z"), "s": node(Add(), "a", "b"),
    }  # fmt: skip
    return bp.Network(inputs={"x": (3,)}, nodes=nodes, output="s", cost=QuadraticCost())


def product(net: bp.Network) -> Array:
    found = net.hvp(X, Y, {path: np.ones_like(each) for path, each in net.parameters.items()})
    return np.concatenate([each.ravel() for each in found.values()])


def test_second_order_cannot_write_into_what_others_read() -> None:
    with pytest.raises(ContractError, match="second_order writes into `x` and `u`"):
        product(network(Cube(), Scribbling()))


def test_an_array_that_second_order_uses_again_is_copied() -> None:
    np.testing.assert_array_equal(product(network(Keeping(), Keeping())), product(network(Cube(), Cube())))


class OneEntry(Diagonal):
    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        return super().sum_vjp(u)[..., :1]


class Narrow(Diagonal):
    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        return super().sum_vjp(u).astype(np.float32)


class Gain(Layer):
    """y = g ⊙ x."""

    operator: str

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"g": Parameter((features,), init=0.5)}

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        return x * p["g"]

    def jacobian(self, x: Array, p: dict[str, Array]) -> dict[str, Operator]:
        kind = OneEntry if self.operator == "one entry" else Narrow
        return {"x": Diagonal(np.broadcast_to(p["g"], x.shape)), "g": kind(x)}

    def second_order(self, x: Array, u: Array) -> dict[tuple[str, str], Operator]:
        return {("x", "g"): Diagonal(u)}


ASKED: dict[str, Callable[[bp.Network, dict[str, Array]], object]] = {
    "hvp": lambda net, v: net.hvp(X, Y, v),
    "ggn_vp": lambda net, v: net.ggn_vp(X, Y, v),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("operator", ["one entry", "narrow"])
def test_an_operators_sum_of_another_shape_or_dtype_is_refused(asked: str, operator: str) -> None:
    net = bp.Network([Dense(units=3), Gain(operator=operator)], cost=QuadraticCost(), input_shape=(3,))
    ones = {path: np.ones_like(each) for path, each in net.parameters.items()}
    with pytest.raises(ContractError, match=r"jacobian\['g'\].sum_vjp returned another shape or dtype"):
        ASKED[asked](net, ones)
