"""Arrays that cannot be used are refused before anything changes, and the message names array and position."""

from __future__ import annotations

import re

import numpy as np
import pytest
from bpframe_reference import Dense, Identity, QuadraticCost

import bpframe as bp
from bpframe.errors import BpframeError, DataError, ShapeMismatch

from .networks import chain, descent, samples, shared, shared_samples


def planted(array, position, value):
    array = array.copy()
    array[position] = value
    return array


X, Y = samples(7)
LARGEST = np.finfo(np.float32).max


def object_array():
    array = np.empty((7, 3), object)
    array[...] = 1.0
    return array


WRONG_X = {
    "NaN": (planted(X, (3, 1), np.nan), DataError, ["input 'x' is not finite", "nan at [3, 1]", "numpy.isfinite"]),
    "infinity": (planted(X, (0, 2), np.inf), DataError, ["input 'x' is not finite", "inf at [0, 2]"]),
    "minus infinity": (planted(X, (6, 0), -np.inf), DataError, ["-inf at [6, 0]"]),
    "the first of several": (
        planted(planted(X, (5, 0), np.nan), (2, 2), np.inf), DataError, ["inf at [2, 2]"],
    ),
    "another number of features": (X[:, :2], ShapeMismatch, ["input 'x'", "(N, 3)", "(7, 2)"]),
    "one example without its axis": (X[0], ShapeMismatch, ["(N, 3)", "(3,)", "x[None]"]),
    "another order of axes": (X.reshape(7, 3, 1), ShapeMismatch, ["(7, 3, 1)", "x.reshape(7, 3)"]),
    "a number": (1.0, ShapeMismatch, ["(N, 3)", "()"]),
    "None": (None, DataError, ["input 'x'", "NoneType"]),
    "complex numbers": (X + 1j, DataError, ["input 'x' holds no real numbers", "complex128"]),
    "objects": (object_array(), DataError, ["input 'x'", "object"]),
    "texts": (np.full((7, 3), "1"), DataError, ["input 'x'", "<U1"]),
    "rows of unequal length": ([[1, 2, 3], [1, 2]], DataError, ["input 'x'"]),
    "texts in a list": ([["a", "b", "c"]], DataError, ["input 'x'"]),
    "None among numbers": ([[1.0, None, 2.0]], DataError, ["input 'x'"]),
    "integers beyond 64 bits": ([[10**30, 0, 0]], DataError, ["input 'x'"]),
    "another name": ({"y": X}, DataError, ["expected", "x", "received", "y"]),
    "one name too many": ({"x": X, "z": X}, DataError, ["x, z"]),
    "no name": ({}, DataError, ["none"]),
}  # fmt: skip

METHODS = {
    "predict": lambda net, x: net.predict(x),
    "cost": lambda net, x: net.cost(x, Y),
    "gradient": lambda net, x: net.gradient(x, Y),
    "accuracy": lambda net, x: net.accuracy(x, Y),
    "trace": lambda net, x: net.trace(x),
    "vjp": lambda net, x: net.vjp(x, Y),
    "jvp": lambda net, x: net.jvp(x, X),
    "fit": lambda net, x: net.fit(x, Y, optimizer=descent()),
    "fit's validation": lambda net, x: net.fit(X, Y, optimizer=descent(), validation_data=(x, Y)),
}


@pytest.mark.parametrize("wrong", WRONG_X)
@pytest.mark.parametrize("method", METHODS)
def test_wrong_inputs_are_refused(method, wrong):
    (x, kind, parts), net = WRONG_X[wrong], chain()
    before = net.parameters.vector.tobytes()
    with pytest.raises(kind) as caught:
        METHODS[method](net, x)
    assert [part for part in parts if part not in str(caught.value)] == [], str(caught.value)
    assert net.parameters.vector.tobytes() == before


WRONG_Y = {
    "NaN": (planted(Y, (4, 1), np.nan), DataError, ["target of 'sigmoid_2' is not finite", "nan at [4, 1]"]),
    "infinity": (planted(Y, (4, 0), np.inf), DataError, ["target of 'sigmoid_2'", "inf at [4, 0]"]),
    "too few": (Y[:6], ShapeMismatch, ["number of examples", "7", "6"]),
    "too many": (np.concatenate([Y, Y]), ShapeMismatch, ["7", "14"]),
    "another number of outputs": (np.ones((7, 3)), ShapeMismatch, ["target of 'sigmoid_2'", "(N, 2)", "(7, 3)"]),
    "class numbers": (np.ones(7, int), ShapeMismatch, ["target of 'sigmoid_2'", "(N, 2)", "(7,)"]),
    "complex numbers": (Y + 1j, DataError, ["target of 'sigmoid_2'", "complex128"]),
    "another name": ({"dense_1": Y}, DataError, ["sigmoid_2", "dense_1"]),
    "None": (None, DataError, ["target of 'sigmoid_2'"]),
}
SAMPLED = {
    "cost": lambda net, y: net.cost(X, y),
    "gradient": lambda net, y: net.gradient(X, y),
    "fit": lambda net, y: net.fit(X, y, optimizer=descent()),
    "fit's validation": lambda net, y: net.fit(X, Y, optimizer=descent(), validation_data=(X, y)),
}


@pytest.mark.parametrize("wrong", WRONG_Y)
@pytest.mark.parametrize("method", SAMPLED)
def test_wrong_targets_are_refused(method, wrong):
    (y, kind, parts), net = WRONG_Y[wrong], chain()
    before = net.parameters.vector.tobytes()
    with pytest.raises(kind) as caught:
        SAMPLED[method](net, y)
    assert [part for part in parts if part not in str(caught.value)] == [], str(caught.value)
    assert net.parameters.vector.tobytes() == before


def test_numbers_that_float32_cannot_hold_are_refused():
    x = planted(X, (2, 0), 1e300)
    chain("float64").predict(x)
    with pytest.raises(DataError) as caught:
        chain("float32").predict(x)
    assert "1e+300 at [2, 0]" in str(caught.value)
    assert "float32" in str(caught.value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_whose_sum_is_not_finite_are_accepted(dtype):
    x = np.full((2, 3), np.finfo(dtype).max, dtype)
    net = bp.Network([Identity()], input_shape=(3,), dtype=dtype)
    np.testing.assert_array_equal(net.predict(x), x)


def test_several_inputs_need_names():
    net, (x, y) = shared(), shared_samples()
    with pytest.raises(DataError, match=r"the network has 2 inputs(?s:.)*left, right"):
        net.predict(x["left"])
    with pytest.raises(DataError, match=r"received +left$"):
        net.predict({"left": x["left"]})
    with pytest.raises(DataError, match="the network has 2 targets"):
        net.cost(x, y["sum"])
    with pytest.raises(ShapeMismatch) as caught:
        net.predict({"left": x["left"], "right": x["right"][:3]})
    assert "'left' 5, 'right' 3" in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [lambda net: net.cost(X, Y), lambda net: net.gradient(X, Y), lambda net: net.fit(X, Y, optimizer=descent())],
)
def test_a_network_without_cost_says_so(call):
    with pytest.raises(DataError, match=re.escape("bp.Network(..., cost=QuadraticCost())")):
        call(chain(cost=False))


def test_a_network_without_cost_still_predicts_and_differentiates():
    net, full = chain(cost=False), chain()
    np.testing.assert_array_equal(net.predict(X), full.predict(X))
    np.testing.assert_array_equal(net.vjp(X, Y), full.vjp(X, Y))


U = np.ones((7, 2))
PRODUCTS = {
    "a cotangent of another shape": (
        lambda net: net.vjp(X, np.ones((7, 3))), ShapeMismatch, ["cotangent", "7, 2", "(7, 3)"],
    ),
    "a cotangent of another batch": (lambda net: net.vjp(X, U[:5]), ShapeMismatch, ["cotangent", "7, 2", "(5, 2)"]),
    "a cotangent without the batch": (lambda net: net.vjp(X, U[0]), ShapeMismatch, ["cotangent", "(2,)"]),
    "a cotangent of no output": (
        lambda net: net.vjp(X, {"dense_1": U}), DataError, ["cotangent", "sigmoid_2", "dense_1"],
    ),
    "a cotangent of texts": (lambda net: net.vjp(X, np.full((7, 2), "u")), DataError, ["cotangent", "<U1"]),
    "a complex cotangent": (lambda net: net.vjp(X, U + 1j), DataError, ["cotangent", "complex128"]),
    "a cotangent of objects": (lambda net: net.vjp(X, U.astype(object)), DataError, ["cotangent", "object"]),
    "a complex parameter cotangent": (lambda net: net.parameter_vjp(X, U + 1j), DataError, ["cotangent", "complex128"]),
    "a complex tangent": (lambda net: net.jvp(X, X + 1j), DataError, ["tangent", "complex128"]),
    "a tangent of another shape": (lambda net: net.jvp(X, U), ShapeMismatch, ["tangent 'x'", "7, 3", "(7, 2)"]),
    "a tangent of no input": (lambda net: net.jvp(X, {"z": X}), DataError, ["tangent", "x", "z"]),
    "no tangent": (lambda net: net.jvp(X, {}), DataError, ["tangent", "none"]),
    "a tangent of no parameter": (
        lambda net: net.parameter_jvp(X, {"dense_1.v": X}), DataError, ["parameter tangent", "dense_1.w", "dense_1.v"],
    ),
    "tangents of different stacks": (
        lambda net: net.parameter_jvp(X, {"dense_1.b": np.ones((2, 4)), "dense_2.b": np.ones(2)}),
        ShapeMismatch,
        ["stack", "'dense_1.b' (2,)", "'dense_2.b' ()"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", PRODUCTS)
def test_wrong_tangents_and_cotangents_are_refused(wrong):
    call, kind, parts = PRODUCTS[wrong]
    with pytest.raises(kind) as caught:
        call(chain())
    assert [part for part in parts if part not in str(caught.value)] == [], str(caught.value)


@pytest.mark.parametrize("given", [X, (X,), (X, Y, None, Y), 3, "data"], ids=["x", "one", "four", "number", "text"])
def test_validation_data_is_a_pair_with_weights_or_without(given):
    with pytest.raises(DataError, match=r"validation_data"):
        chain().fit(X, Y, optimizer=descent(), epochs=1, validation_data=given)


def test_the_accuracy_metric_is_refused_before_training_where_it_makes_no_sense():
    net = bp.Network([Dense(units=2)], input_shape=(4, 3), cost=QuadraticCost())
    before = net.parameters.vector.tobytes()
    with pytest.raises(BpframeError, match="accuracy"):
        net.fit(np.ones((5, 4, 3)), np.ones((5, 4, 2)), optimizer=descent(), epochs=1, metrics=["accuracy"])
    assert net.parameters.vector.tobytes() == before
