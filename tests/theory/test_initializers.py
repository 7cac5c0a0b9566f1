"""Where parameters start: the tutorial's distributions, and a stream of random numbers for each parameter."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, NguyenWidrow, ScaledNormal, Sigmoid, StandardNormal
from scipy import stats

import bpframe as bp
from bpframe.extend import Array, Initializer, Layer, Matrix, Parameter


def dense(**fields):
    return bp.Network([Dense(**fields)], input_shape=(400,), seed=1).parameters


def is_normal(values, deviation):
    """Return whether a Kolmogorov–Smirnov test, at a level of one in a thousand, accepts N(0, deviation²)."""
    return stats.kstest(values.ravel() / deviation, "norm").pvalue > 1e-3


def test_weights_start_as_normal_numbers_over_the_root_of_n_in():
    w = dense(units=200)["dense_1.w"]
    assert is_normal(w, 1 / 20)
    assert not is_normal(w, 1 / np.sqrt(200))  # n_in, not n_out
    assert not is_normal(w, 1.05 / 20)


def test_biases_start_as_standard_normal_numbers():
    b = dense(units=20_000)["dense_1.b"]
    assert is_normal(b, 1)
    assert not is_normal(b, 1.05)


def test_weights_can_start_as_standard_normal_numbers():
    w = dense(units=200, weights=StandardNormal())["dense_1.w"]
    assert is_normal(w, 1)
    assert not is_normal(w, 1.05)


def test_moments_are_those_of_the_normal_distribution():
    w = dense(units=500)["dense_1.w"].ravel() * 20
    count = w.size
    # Standard errors of the first four moments of N(0, 1): √(1/n), √(2/n), √(15/n), √(96/n).
    for power, expected, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((w**power).mean() - expected) < 4 * np.sqrt(spread / count)


def test_a_layer_can_state_fan_in_where_it_is_not_the_last_axis():
    class Transposed(Layer):
        def output_shape(self):
            return (50,)

        def parameters(self, features):
            return {"v": Parameter((features, 50), init=ScaledNormal(), fan_in=features)}

        def forward(self, a: Array, p) -> Array:
            return a @ p["v"]

        def jacobian(self, a: Array, p):
            return {"a": Matrix(p["v"].T), "v": np.einsum("nk,jl->njkl", a, np.eye(50))}

    v = bp.Network([Transposed()], input_shape=(400,)).parameters["transposed_1.v"]
    assert is_normal(v, 1 / 20)
    assert not is_normal(v, 1 / np.sqrt(50))


def test_an_initializer_gets_shape_and_fan_in():
    class Counting(Initializer):
        def draw(self, shape: tuple[int, ...], fan_in: int) -> Array:
            return np.arange(np.prod(shape), dtype=float).reshape(shape) + 1000 * fan_in

    parameters = bp.Network([Dense(units=2, weights=Counting(), biases=Counting())], input_shape=(3,)).parameters
    assert parameters["dense_1.w"].tolist() == [[3000, 3001, 3002], [3003, 3004, 3005]]
    assert parameters["dense_1.b"].tolist() == [3000, 3001]  # what z_j sums over


def test_fan_in_is_the_last_axis_unless_it_is_given_and_one_for_a_number():
    class FanIn(Initializer):
        def draw(self, shape: tuple[int, ...], fan_in: int) -> Array:
            return np.full(shape, float(fan_in))

    class Several(Layer):
        def parameters(self):
            return {
                "matrix": Parameter((4, 3), init=FanIn()),
                "given": Parameter((4, 3), init=FanIn(), fan_in=7),
                "none": Parameter((4, 3), init=FanIn(), fan_in=0),
                "vector": Parameter((5,), init=FanIn()),
                "number": Parameter((), init=FanIn()),
            }

        def forward(self, a: Array, p) -> Array:
            return a

        def jacobian(self, a: Array, p):
            raise AssertionError("never asked for")

    parameters = bp.Network([Several()], input_shape=(2,)).parameters
    found = {path.split(".")[1]: set(array.ravel().tolist()) for path, array in parameters.items()}
    assert found == {"matrix": {3.0}, "given": {7.0}, "none": {0.0}, "vector": {5.0}, "number": {1.0}}


def spread(units, inputs, **fields):
    start = NguyenWidrow(**fields)
    parameters = bp.Network([Dense(units=units, weights=start, biases=start)], input_shape=(inputs,), seed=1).parameters
    return parameters["dense_1.w"], parameters["dense_1.b"]


def test_nguyen_widrow_weights_have_one_length_and_biases_lie_evenly_within_it():
    w, b = spread(5, 1)
    np.testing.assert_allclose(w.ravel(), 3.5)  # 0.7 · 5
    np.testing.assert_allclose(b, [-3.5, -1.75, 0, 1.75, 3.5])
    w, b = spread(8, 3, active=2.0)
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), 2.8)  # 2 · 0.7 · 8^(1/3)
    np.testing.assert_allclose(b, 2.8 * np.linspace(-1, 1, 8))
    assert spread(1, 1)[1].tolist() == [0]


def test_nguyen_widrow_directions_are_even_over_half_a_sphere():
    w, _ = spread(4000, 2)
    angles = np.arctan2(w[:, 1], w[:, 0])
    assert stats.kstest(angles / np.pi + 0.5, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("units", [4, 20, 100])
def test_with_nguyen_widrow_a_unit_is_steep_at_every_input_and_few_are(units):
    w, b = spread(units, 1)
    z = np.linspace(-1, 1, 2001)[:, None] * w.ravel() + b
    steep = (np.abs(z) < 1).sum(axis=1)
    assert steep.min() == 1
    assert steep.max() == 2


def network(layers, dtype="float64", seed=3):
    return bp.Network(layers, input_shape=(4,), dtype=dtype, seed=seed).parameters


def named(name, units=4):
    return bp.node(Dense(units=units), name=name)


def test_float32_and_float64_start_from_the_same_numbers():
    double, single = network([named("a"), named("b")]), network([named("a"), named("b")], "float32")
    assert single.vector.dtype == np.float32
    np.testing.assert_array_equal(single.vector, double.vector.astype(np.float32))


@pytest.mark.parametrize(
    "layers",
    [
        [named("a"), named("b"), named("new")],
        [named("new"), named("a"), named("b")],
        [named("a"), Sigmoid(), named("new"), named("b")],
    ],
    ids=["behind", "in front", "between"],
)
def test_a_new_layer_leaves_the_others_numbers(layers):
    before, after = network([named("a"), named("b")]), network(layers)
    for path in ("a.w", "a.b", "b.w", "b.b"):
        np.testing.assert_array_equal(before[path], after[path])


def test_every_parameter_has_numbers_of_its_own():
    parameters = network([named("a"), named("b")])
    assert len(np.unique(parameters.vector)) == parameters.vector.size == 40


def test_equal_seeds_give_equal_networks_and_others_do_not():
    first, second, other = (network([named("a")], seed=seed) for seed in (7, 7, 8))
    assert first.vector.tobytes() == second.vector.tobytes()
    assert not np.any(first.vector == other.vector)
