"""What every public method returns: values, shapes, dtypes, and arrays that belong to the caller."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Identity, QuadraticCost

import bpframe as bp
from bpframe.errors import DataError

from .networks import chain, descent, samples, shared, shared_samples

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
NETWORKS = pytest.mark.parametrize("kind", ["chain", "shared", "identity", "passed on"])


def built(kind, dtype="float64"):
    """Return a network with inputs and targets for five examples."""
    if kind == "shared":
        return shared(dtype), *shared_samples(5, dtype)
    x, y = samples(5, dtype)
    if kind == "chain":
        return chain(dtype), x, y
    cost = QuadraticCost()
    if kind == "identity":
        return bp.Network([Identity()], input_shape=(3,), cost=cost, dtype=dtype), x, 2 * x
    # One array could pass through every node, and one cotangent to both inputs.
    nodes = {"s": bp.node(Add(), "a", "b"), "i": bp.node(Identity(), "s")}
    net = bp.Network(inputs={"a": (3,), "b": (3,)}, nodes=nodes, output=["i", "a"], cost={"i": cost}, dtype=dtype)
    return net, {"a": x, "b": x}, {"i": 2 * x}


def cotangent(net, x):
    return _each(np.ones_like, net.predict(x))


def _each(function, value):
    return {name: function(array) for name, array in value.items()} if isinstance(value, dict) else function(value)


def parameter_tangent(net):
    return {path: np.ones_like(view) for path, view in net.parameters.items()}


CALLS = {
    "predict": lambda net, x, y: net.predict(x),
    "gradient": lambda net, x, y: dict(net.gradient(x, y)),
    "gradient in training": lambda net, x, y: dict(net.gradient(x, y, training=True)),
    "vjp": lambda net, x, y: net.vjp(x, cotangent(net, x)),
    "vjp of a stack": lambda net, x, y: net.vjp(x, _each(lambda u: np.stack([u, 2 * u]), cotangent(net, x))),
    "parameter_vjp": lambda net, x, y: net.parameter_vjp(x, cotangent(net, x)),
    "jvp": lambda net, x, y: net.jvp(x, _each(np.ones_like, x)),
    "parameter_jvp": lambda net, x, y: net.parameter_jvp(x, parameter_tangent(net)) if net.parameters else {},
    "trace": lambda net, x, y: {name: net.trace(x)[name] for name in net.graph.shapes},
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


def arrays(value):
    return list(value.values()) if isinstance(value, dict) else [value]


@NETWORKS
@DTYPES
@each_call
def test_arrays_have_the_networks_dtype(kind, dtype, call):
    for array in arrays(call(*built(kind, dtype))):
        assert array.dtype == dtype


@NETWORKS
@each_call
def test_results_survive_later_calls(kind, call):
    net, x, y = built(kind)
    found = arrays(call(net, x, y))
    kept = [array.copy() for array in found]
    other_x, other_y = _each(lambda array: array + 1, x), _each(lambda array: array - 1, y)
    for later in CALLS.values():
        later(net, other_x, other_y)
    net.fit(other_x, other_y, optimizer=descent(1e-3), epochs=2, batch_size=2)
    for array, before in zip(found, kept, strict=True):
        np.testing.assert_array_equal(array, before)


@NETWORKS
@pytest.mark.parametrize("call", [call for name, call in CALLS.items() if name != "trace"])
def test_results_belong_to_the_caller(kind, call):
    """They can be written, share no memory with one another or an argument, and changing them changes nothing."""
    net, x, y = built(kind)
    expected = [array.copy() for array in arrays(call(net, x, y))]
    handed_in = [*arrays(x), *arrays(y)]
    before, parameters = [array.copy() for array in handed_in], net.parameters.vector.copy()
    found = arrays(call(net, x, y))
    for i, array in enumerate(found):
        assert array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in [*found[:i], *handed_in, net.parameters.vector])
    for array in found:
        array[...] = -99
    np.testing.assert_array_equal(net.parameters.vector, parameters)
    for array, kept in zip(handed_in, before, strict=True):
        np.testing.assert_array_equal(array, kept)
    for array, value in zip(arrays(call(net, x, y)), expected, strict=True):
        np.testing.assert_array_equal(array, value)


@pytest.mark.parametrize("kind", ["identity", "passed on"])
def test_tangents_and_cotangents_are_not_handed_back(kind):
    net, x, _ = built(kind)
    u, v = cotangent(net, x), _each(np.ones_like, x)
    for found, given in ((net.vjp(x, u), u), (net.jvp(x, v), v)):
        assert not any(np.shares_memory(array, other) for array in arrays(found) for other in arrays(given))


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def scattered(array):
    wide = np.full((2 * array.shape[0], 2 * array.shape[1]), np.nan, array.dtype)
    wide[::2, ::2] = array
    return wide[::2, ::2]


def backwards(array):
    return array[::-1].copy()[::-1]


def in_columns(array):
    return np.asfortranarray(array)


@NETWORKS
@pytest.mark.parametrize("form", [read_only, scattered, backwards, in_columns, np.ndarray.tolist])
@each_call
def test_inputs_may_be_read_only_scattered_or_lists(kind, form, call):
    net, x, y = built(kind)
    expected = arrays(call(net, x, y))
    given_x, given_y = _each(form, x), _each(form, y)
    for found, value in zip(arrays(call(net, given_x, given_y)), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("form", [read_only, scattered, backwards, in_columns, np.ndarray.tolist])
@pytest.mark.parametrize("shuffle", [False, True])
def test_fit_takes_any_form_of_array_and_leaves_it_alone(form, shuffle):
    results = []
    for given in (np.ndarray.copy, form):
        net, (x, y) = chain(), samples(5)
        x, y = given(x), given(y)
        before = np.array(x), np.array(y)
        history = net.fit(
            x,
            y,
            optimizer=descent(),
            epochs=2,
            batch_size=2,
            validation_data=(x, y),
            metrics=["accuracy"],
            shuffle=shuffle,
        )
        np.testing.assert_array_equal(x, before[0])
        np.testing.assert_array_equal(y, before[1])
        results.append((net.parameters.vector, history.epochs[-1].validation_cost))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-13)
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-13)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int64", "bool", "float16", "float32", ">f8"])
def test_real_arrays_of_every_dtype_are_converted(kind):
    net, x = chain(), np.array([[0, 1, 1], [1, 0, 1]], kind)
    found = net.predict(x)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, net.predict(x.astype(float)))


def test_lists_of_mixed_integers_and_floats_are_accepted():
    net = chain()
    np.testing.assert_array_equal(net.predict([[1, 2.5, 0]]), net.predict(np.array([[1.0, 2.5, 0.0]])))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1023, 1024, 1025, 2049])
def test_predict_gives_one_row_per_example(count):
    net, (x, _) = chain(), samples(count)
    found = net.predict(x)
    assert found.shape == (count, 2)
    rows = sorted({0, count // 2, count - 1} & set(range(count)))
    for n in rows:
        np.testing.assert_allclose(found[n], net.predict(x[n : n + 1])[0], rtol=1e-13)


def test_no_examples_give_empty_arrays():
    net, (x, _) = chain(), samples(0)
    assert net.vjp(x, np.zeros((0, 2))).shape == (0, 3)
    assert net.jvp(x, np.zeros((0, 3))).shape == (0, 2)
    assert net.trace(x)["dense_1"].shape == (0, 4)
    found = net.parameter_vjp(x, np.zeros((0, 2)))
    assert {path: array.tolist() for path, array in found.items()} == {
        path: np.zeros(shape).tolist() for path, shape in net.parameters.shapes.items()
    }
    assert shared().predict({"left": x, "right": x})["sum"].shape == (0, 2)


@pytest.mark.parametrize("method", ["cost", "gradient", "accuracy"])
def test_the_mean_over_no_examples_is_an_error(method):
    with pytest.raises(DataError, match="example"):
        getattr(chain(), method)(*samples(0))


@pytest.mark.parametrize("count", [1, 2, 1024, 1025])
def test_cost_is_the_mean_over_examples(count):
    net, (x, y) = chain(), samples(count)
    assert net.cost(x, y) == pytest.approx((0.5 * (net.predict(x) - y) ** 2).sum() / count, rel=1e-12)
    assert isinstance(net.cost(x, y), float)


def test_cost_of_several_outputs_is_their_sum():
    net, (x, y) = shared(), shared_samples()
    found = net.predict(x)
    assert net.cost(x, y) == pytest.approx(sum((0.5 * (found[name] - y[name]) ** 2).sum() for name in y) / 5, rel=1e-12)


def test_an_input_by_name_comes_back_by_name():
    net, (x, _) = chain(), samples(3)
    u = np.ones((3, 2))
    np.testing.assert_array_equal(net.predict({"x": x}), net.predict(x))
    by_name = net.vjp({"x": x}, {"sigmoid_2": u})
    assert list(by_name) == ["x"]
    np.testing.assert_array_equal(by_name["x"], net.vjp(x, u))


def test_gradient_is_a_mapping_over_one_vector():
    net, (x, y) = chain(), samples()
    gradient = net.gradient(x, y)
    assert list(gradient) == list(net.parameters) == ["dense_1.w", "dense_1.b", "dense_2.w", "dense_2.b"]
    assert gradient.vector.shape == net.parameters.vector.shape == (26,)
    np.testing.assert_array_equal(np.concatenate([each.ravel() for each in gradient.values()]), gradient.vector)


def test_results_depend_on_the_parameters_at_the_time_of_the_call():
    net, (x, y) = chain(), samples()
    before = net.gradient(x, y).vector, net.predict(x), net.cost(x, y)
    net.parameters.vector[:] = 0
    assert net.predict(x).tolist() == [[0.5, 0.5]] * 7
    assert net.cost(x, y) != before[2]
    assert not np.array_equal(net.gradient(x, y).vector, before[0])


def test_equal_specs_build_equal_networks_that_share_nothing():
    first, second = chain(), chain()
    first.parameters.vector[:] = 0
    assert second.parameters.vector.all()
    third = bp.Network.from_spec(second.spec)
    assert third.parameters.vector.tobytes() == second.parameters.vector.tobytes()
    assert not np.shares_memory(third.parameters.vector, second.parameters.vector)


def test_nothing_is_warned_of_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("chain", "shared", "identity"):
            net, x, y = built(kind, "float32")
            for call in CALLS.values():
                call(net, x, y)
            net.fit(x, y, optimizer=descent(), epochs=1)


def test_repr_tells_what_the_network_is():
    assert repr(chain("float32")) == "Network(4 nodes, 26 parameters, float32)"
    assert chain("float32").dtype == np.float32


def test_dense_takes_any_number_of_axes_before_its_features():
    net = bp.Network([Dense(units=2)], input_shape=(3, 4, 5), cost=QuadraticCost())
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    expected = np.einsum("ntsf,uf->ntsu", x, net.parameters["dense_1.w"]) + net.parameters["dense_1.b"]
    np.testing.assert_allclose(net.predict(x), expected, rtol=1e-13)
