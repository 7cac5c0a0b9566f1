"""Integers that a network reads are held to the domain that its components declare, before any pass."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_convolution import Flatten
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_sequence import Embedding

import bpframe as bp
from bpframe.derivatives.points.given_arrays import checked_array
from bpframe.errors import DataError, GraphError
from bpframe.extend import Array, Cost, Gather, Layer, Operator, Parameter, PositiveInt

TOKENS = np.array([[0, 4, 2], [2, 3, 1]])
Y = np.full((2, 2), 0.5)


def network():
    layers = [Embedding(size=5, units=2), Flatten(), Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), seed=0)


def vector(net):
    return np.ones(net.parameters.vector.size)


def descent():
    return GradientDescent(learning_rate=0.1)


PASSES = {
    "predict": lambda net, x: net.predict(x),
    "cost": lambda net, x: net.cost(x, Y),
    "accuracy": lambda net, x: net.accuracy(x, np.array([0, 1])),
    "gradient": lambda net, x: net.gradient(x, Y),
    "training gradient": lambda net, x: net.gradient(x, Y, training=True),
    "trace": lambda net, x: net.trace(x),
    "vjp": lambda net, x: net.vjp(x, Y),
    "jvp": lambda net, x: net.jvp(x, np.ones((2, 3))),
    "parameter_vjp": lambda net, x: net.parameter_vjp(x, Y),
    "parameter_jvp": lambda net, x: net.parameter_jvp(x, {"dense_1.b": np.ones(2)}),
    "jacobian": lambda net, x: net.jacobian(x, wrt="parameters"),
    "sparse jacobian": lambda net, x: net.jacobian(x, wrt="parameters", form="sparse"),
    "factored jacobian": lambda net, x: net.jacobian(x, wrt="parameters", form="factored"),
    "spectrum": lambda net, x: net.spectrum(x),
    "hvp": lambda net, x: net.hvp(x, Y, vector(net)),
    "ggn_vp": lambda net, x: net.ggn_vp(x, Y, vector(net)),
    "linear operator": lambda net, x: net.linear_operator("jacobian", x),
    "gradients per example": lambda net, x: net.per_example.gradients(x, Y),
    "norms per example": lambda net, x: net.per_example.squared_norms(x, Y),
    "curvature": lambda net, x: net.curvature.gauss_newton_diagonal(x, Y),
    "kfac": lambda net, x: net.curvature.kfac(x, Y),
    "check_gradients": lambda net, x: net.check_gradients(x, Y),
    "fit": lambda net, x: net.fit(x, Y, optimizer=descent(), epochs=1),
    "fit's validation": lambda net, x: net.fit(TOKENS, Y, optimizer=descent(), epochs=1, validation_data=(x, Y)),
}


def planted(value, dtype=np.int64):
    array = TOKENS.astype(dtype)
    array[1, 2] = value
    return array


WRONG = {
    "negative": (planted(-1), "-1 at [1, 2]"),
    "too large": (planted(5), "5 at [1, 2]"),
    "far too large": (planted(2**62), "4611686018427387904 at [1, 2]"),
    "unsigned that wraps": (planted(2**64 - 1, np.uint64), "18446744073709551615 at [1, 2]"),
    "unsigned that just wraps": (planted(2**63, np.uint64), "9223372036854775808 at [1, 2]"),
    "negative in int8": (planted(-128, np.int8), "-128 at [1, 2]"),
    "a negative float": (planted(-1.0, np.float64), "-1.0 at [1, 2]"),
    "a float beyond int64": (planted(1e300, np.float64), "1e+300 at [1, 2]"),
    "a fraction": (planted(2.5, np.float64), "2.5 at [1, 2]"),
    "NaN": (planted(np.nan, np.float64), "nan at [1, 2]"),
    "infinity": (planted(np.inf, np.float64), "inf at [1, 2]"),
    "truth values": (TOKENS > 1, "bool: False at [0, 0]"),
    "texts": (TOKENS.astype(str), "<U21"),
    "the first of several": (np.array([[0, -3, 1], [7, 0, 9]]), "-3 at [0, 1], and 2 more"),
    "a list": ([[0, 1, 2], [0, 1, 5]], "5 at [1, 2]"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", PASSES)
def test_other_values_are_refused_in_every_pass_with_input_place_and_value(name, wrong):
    x, received = WRONG[wrong]
    net = network()
    before = net.parameters.vector.tobytes()
    with pytest.raises(DataError, match="the input 'x' ") as caught:
        PASSES[name](net, x)
    assert caught.value.received == received
    assert caught.value.expected in ("integers from 0 to 4", "integers")
    assert net.parameters.vector.tobytes() == before


@pytest.mark.parametrize("name", ["predict", "cost", "gradient"])
def test_a_pass_that_is_repeated_looks_again(name):
    net = network()
    for _ in range(6):
        PASSES[name](net, TOKENS)
    with pytest.raises(DataError, match="outside its domain"):
        PASSES[name](net, planted(-1))


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int32, np.float32, np.float64, ">i4"])
def test_every_value_of_the_domain_is_taken_in_any_dtype(dtype):
    np.testing.assert_array_equal(network().predict(TOKENS.astype(dtype)), network().predict(TOKENS))


def test_no_examples_are_within_any_domain():
    assert network().predict(np.zeros((0, 3), int)).shape == (0, 2)


class Signed(Layer):
    """w[n + 3], for −3 <= n < 3."""

    integer_inputs: ClassVar[tuple[str, ...]] = ("n",)
    domain = {"n": (-3, 3)}  # noqa: RUF012

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def parameters(self) -> dict[str, Parameter]:
        return {"w": Parameter((6,), init=1.0)}

    def forward(self, n: Array, p: dict[str, Array]) -> Array:
        return p["w"][n + 3]

    def jacobian(self, n: Array) -> dict[str, Operator]:
        return {"w": Gather(n + 3)}


class Unlimited(Signed):
    """Says nothing of its values."""

    domain = None

    def forward(self, n: Array, p: dict[str, Array]) -> Array:
        return p["w"][n % 6]


def test_negative_integers_are_taken_where_they_are_declared():
    net = bp.Network([Signed()], input_shape=(2,))
    assert net.predict([[-3, 2]]).tolist() == [[1, 1]]
    for wrong in (-4, 3):
        with pytest.raises(DataError, match=f"integers from -3 to 2(?s:.)*{wrong} at "):
            net.predict([[0, wrong]])


def test_where_nothing_is_declared_integers_begin_at_zero():
    net = bp.Network([Unlimited()], input_shape=(2,))
    assert net.predict([[0, 2**60]]).shape == (1, 2)
    with pytest.raises(DataError, match=r"integers of at least 0(?s:.)*-1 at \[0, 1\](?s:.)*domain"):
        net.predict([[0, -1]])


def test_several_readers_take_what_all_of_them_take():
    def build(*sizes):
        return bp.Network(
            nodes={f"e{size}": bp.node(Embedding(size=size, units=1), "t") for size in sizes},
            inputs={"t": ()},
            output=[f"e{size}" for size in sizes],
        )

    with pytest.raises(DataError, match="integers from 0 to 3"):
        build(6, 4).predict([4])

    class Negative(Signed):
        domain = {"n": (-9, 0)}  # noqa: RUF012

    with pytest.raises(GraphError, match="no integer of the input 't'"):
        bp.Network(
            nodes={"a": bp.node(Embedding(size=3, units=1), "t"), "b": bp.node(Negative(), "t")},
            inputs={"t": ()},
            output=["a", "b"],
        )


class Chosen(Cost):
    """−a_y."""

    integer_targets: ClassVar[bool] = True
    classes: PositiveInt = 3

    def input_domain(self) -> dict[str, tuple[int, int]]:
        return {"y": (0, self.classes)}

    def target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return ()

    def forward(self, a: Array, y: Array) -> Array:
        return -a[np.arange(len(y)), y]

    def jacobian(self, a: Array, y: Array) -> Array:
        gradient = np.zeros_like(a)
        gradient[np.arange(len(y)), y] = -1
        return gradient


@pytest.mark.parametrize("wrong", [-1, 3, 2**63])
def test_integer_targets_are_held_to_their_domain_too(wrong):
    net = bp.Network([Dense(units=3)], input_shape=(2,), cost=Chosen())
    x, y = np.ones((4, 2)), np.array([0, 1, 2, wrong], np.uint64 if wrong > 9 else np.int64)
    calls = [
        lambda: net.cost(x, y),
        lambda: net.gradient(x, y),
        lambda: net.per_example.gradients(x, y),
        lambda: net.fit(x, y, optimizer=descent(), epochs=1),
    ]
    for call in calls:
        with pytest.raises(DataError, match=f"the target of 'dense_1' is outside its domain(?s:.)*{wrong} at"):
            call()


@pytest.mark.parametrize(("dtype", "largest"), [(np.float16, 2**11), (np.float32, 2**24), (np.float64, 2**53)])
def test_floats_that_are_too_coarse_for_whole_numbers_are_no_integers(dtype, largest):
    assert checked_array(np.array([largest - 1], dtype), (), "input 'n'", np.int64).tolist() == [largest - 1]
    with pytest.raises(DataError, match="outside its domain"):
        checked_array(np.array([2 * largest], np.float64).astype(dtype), (), "input 'n'", np.int64)


# Data files know floating-point numbers alone.


def test_whole_floats_are_taken_as_the_integers_that_they_stand_for():
    taken = checked_array(np.array([[0.0, 3.0]], np.float32), (2,), "input 'tokens'", np.int64)
    assert taken.dtype == np.int64
    assert taken.tolist() == [[0, 3]]


@pytest.mark.parametrize("number", [1.5, np.nan, np.inf])
def test_other_floats_are_refused_where_integers_are_wanted(number):
    with pytest.raises(DataError, match="holds no integers"):
        checked_array(np.array([[1.0, number]]), (2,), "input 'tokens'", np.int64)
