"""Arrays of other classes are taken apart at the door: a mask is refused by name, the others are plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

import bpframe as bp
from bpframe.data import FittedPreparation
from bpframe.data.scaling import FittedScaling
from bpframe.errors import DataError, ShapeMismatch
from bpframe.validation.plain_arrays import plain_array

from .networks import chain, descent, samples

X, Y = samples(6)
BIAS = "dense_1.b"
WEIGHT = "dense_2.w"


def masked(array, *places):
    found = np.ma.MaskedArray(array.copy())
    for place in places:
        found[place] = np.ma.masked
    return found


CLASSES, W = np.eye(2)[[0, 1, 1, 0, 0, 1]], np.ones((2, 4))
X2, Y2, CLASSES2 = (masked(each, (3, 1), (4, 0)) for each in (X, Y, CLASSES))
W2 = masked(W, (0, 3), (1, 0))


def fitted(net, x, y):
    net.fit(x, y, optimizer=descent(), epochs=1)
    return net.parameters.vector


def with_weight(net, value):
    net.parameters[WEIGHT] = value
    return net.parameters.vector


EVERY_DOOR = {
    "predict": (lambda net, x: net.predict(x), X, X2, "input 'x'"),
    "predict by name": (lambda net, x: net.predict({"x": x}), X, X2, "input 'x'"),
    "cost": (lambda net, x: net.cost(x, Y), X, X2, "input 'x'"),
    "cost, targets": (lambda net, y: net.cost(X, y), Y, Y2, "target of 'sigmoid_2'"),
    "gradient": (lambda net, x: net.gradient(x, Y).vector, X, X2, "input 'x'"),
    "gradient, targets": (lambda net, y: net.gradient(X, y).vector, Y, Y2, "target of 'sigmoid_2'"),
    "jacobian": (lambda net, x: net.jacobian(x), X, X2, "input 'x'"),
    "trace": (lambda net, x: net.trace(x)["dense_2"], X, X2, "input 'x'"),
    "vjp": (lambda net, u: net.vjp(X, u), Y, Y2, "cotangent 'sigmoid_2'"),
    "parameter_vjp": (lambda net, u: net.parameter_vjp(X, u)[WEIGHT], Y, Y2, "cotangent 'sigmoid_2'"),
    "jvp": (lambda net, v: net.jvp(X, v), X, X2, "tangent 'x'"),
    "parameter_jvp": (lambda net, v: net.parameter_jvp(X, {WEIGHT: v}), W, W2, "parameter tangent"),
    "hvp": (lambda net, v: net.hvp(X, Y, v, wrt="inputs", method="difference"), X, X2, "tangent 'x'"),
    "per example": (lambda net, x: net.per_example.gradients(x, Y).matrix, X, X2, "input 'x'"),
    "curvature": (lambda net, x: net.curvature.gauss_newton_diagonal(x, Y).vector, X, X2, "input 'x'"),
    "fit": (lambda net, x: fitted(net, x, Y), X, X2, "input 'x'"),
    "fit, targets": (lambda net, y: fitted(net, X, y), Y, Y2, "target"),
    "validation": (
        lambda net, x: net.fit(X, Y, optimizer=descent(), epochs=1, validation_data=(x, Y)).epochs[0].validation_cost,
        X, X2, "input 'x'",
    ),
    "parameters": (with_weight, W, W2, f"value of '{WEIGHT}'"),
    "accuracy": (lambda net, y: net.accuracy(X, y), CLASSES, CLASSES2, "target"),
}  # fmt: skip


def memory_mapped(array, folder):
    found = np.memmap(folder / "array", dtype=array.dtype, mode="w+", shape=array.shape)
    found[...] = array
    return found


class Own(np.ndarray):
    """Adds in a way of its own."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        raise AssertionError("computed with a subclass")


HARMLESS = {
    "matrix": lambda array, folder: np.asmatrix(array),
    "masked array without a mask": lambda array, folder: np.ma.MaskedArray(array),
    "masked array with an empty mask": lambda array, folder: np.ma.MaskedArray(array, mask=np.zeros(array.shape, bool)),
    "memory map": memory_mapped,
    "recarray": lambda array, folder: array.view(np.recarray),
    "class of one's own": lambda array, folder: array.view(Own),
    "list of masked arrays": lambda array, folder: [np.ma.MaskedArray(row) for row in array],
}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # np.matrix
@pytest.mark.parametrize("kind", HARMLESS)
@pytest.mark.parametrize("door", EVERY_DOOR)
def test_what_holds_nothing_but_numbers_is_a_plain_array(door, kind, tmp_path):
    call, array, *_ = EVERY_DOOR[door]
    expected = np.asarray(call(chain(), array))
    found = call(chain(), HARMLESS[kind](array, tmp_path))
    assert type(found) in (np.ndarray, float)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("as_list", [False, True], ids=["array", "list of rows"])
@pytest.mark.parametrize("door", EVERY_DOOR)
def test_a_mask_is_refused_by_name_with_what_to_do(door, as_list):
    call, array, hidden, name = EVERY_DOOR[door]
    net = chain()
    before = net.parameters.vector.tobytes()
    with pytest.raises(DataError) as caught:
        call(net, list(hidden) if as_list else hidden)
    assert caught.value.problem.startswith(f"entries of the {name}")
    assert caught.value.problem.endswith("are masked")
    if not as_list:
        assert caught.value.received.startswith(f"2 of {array.size} are masked, the first at [")
    assert "filled" in caught.value.hint
    assert net.parameters.vector.tobytes() == before


@pytest.mark.parametrize("value", [np.nan, 1e300, 7.0])
def test_the_number_below_a_mask_does_not_matter(value):
    array = masked(X, (0, 0))
    array.data[0, 0] = value
    with pytest.raises(DataError, match="are masked"):
        chain().predict(array)


def test_masked_tokens_and_masks_deep_in_lists_are_refused():
    for value in (np.ma.masked, [np.ma.masked, 1.0], [[1.0, np.ma.masked]], ([[masked(X, (0, 0))]],)):
        with pytest.raises(DataError, match="the input 'x' are masked"):
            plain_array(value, "input 'x'")


def test_a_mean_over_the_masked_is_not_what_the_cost_is():
    y = masked(Y, (0, slice(None)))
    net = chain()
    with pytest.raises(DataError, match="are masked"):
        net.cost(X, y)
    assert net.cost(X[1:], y[1:]) == chain().cost(X[1:], Y[1:])


def test_predictions_and_targets_of_metrics_are_taken_apart():
    scores, labels = np.eye(3), np.arange(3)
    assert bp.accuracy(np.ma.MaskedArray(scores), np.ma.MaskedArray(labels)) == 1.0
    for pair in ((masked(scores, (0, 0)), labels), (scores, masked(labels, 1))):
        with pytest.raises(DataError, match="are masked"):
            bp.accuracy(*pair)


def test_a_preparation_takes_them_apart():
    preparation = FittedPreparation(
        dtype="float64", input_shape=(3,), flatten=False, scaling=FittedScaling(offset=(0.0,), scale=(2.0,))
    )
    np.testing.assert_array_equal(preparation.apply_inputs(np.ma.MaskedArray(X)), X / 2)
    with pytest.raises(DataError, match="entries of the inputs are masked"):
        preparation.apply_inputs(X2)
    with pytest.raises(DataError, match="entries of the targets are masked"):
        preparation.apply_targets(Y2)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_parameter_takes_real_numbers_alone():
    net = chain()
    for wrong in (np.ones(4) * 1j, np.full(4, "a"), [None] * 4):
        with pytest.raises(DataError, match=r"'dense_1\.b' takes numbers that are float64"):
            net.parameters[BIAS] = wrong
    with pytest.raises(ShapeMismatch):
        net.parameters[BIAS] = np.asmatrix(np.ones(4))
    net.parameters[BIAS] = 2
    assert net.parameters[BIAS].tolist() == [2.0] * 4


def test_a_plain_array_is_itself_and_a_subclass_is_not_copied():
    assert plain_array(X, "x") is X
    mapped = X.view(np.recarray)
    assert np.shares_memory(plain_array(mapped, "x"), X)
    assert type(plain_array(mapped, "x")) is np.ndarray
