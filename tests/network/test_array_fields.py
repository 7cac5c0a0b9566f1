"""Networks whose components hold arrays: repeated from records, in both dtypes, saved and loaded."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.errors import BpframeError
from bpframe.extend import Cost, Diagonal, Layer, Matrix, Optimizer
from bpframe.testing import check_component
from bpframe.testing.running.examples import guess_examples
from tests.components.mixing import Mix

RNG = np.random.default_rng(5)
M = RNG.standard_normal((3, 4))
X, Y = RNG.standard_normal((12, 3)), RNG.standard_normal((12, 2))


class Naive(Mix):
    def forward(self, x):
        return x @ self.m

    def jacobian(self):
        return Matrix(self.m.T)


def network(layer, dtype="float64"):
    return bp.Network(
        [Dense(units=3), layer, Sigmoid(), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), dtype=dtype, seed=3
    )


def fitted(net):
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=0.5), epochs=4, batch_size=4, progress=False)
    return net


@pytest.mark.parametrize(("cls", "dtype"), [(Mix, "float64"), (Mix, "float32"), (Naive, "float64")])
def test_it_is_repeated_from_a_record(cls, dtype):
    plan = fitted(network(cls(m=M), dtype)).step_plan(4)
    assert [each.function for each in plan.calls if each.node.startswith(cls.kind)] == ["matmul", "matmul"]


def test_the_gradient_is_that_of_the_formula():
    net = network(Naive(m=M))
    assert net.check_gradients(X, Y).ok
    p = net.parameters
    hidden = X @ p["dense_1.w"].T + p["dense_1.b"]
    a = 1 / (1 + np.exp(-hidden @ M))
    error = (a @ p["dense_2.w"].T + p["dense_2.b"] - Y) / len(X)
    below = ((error @ p["dense_2.w"]) * a * (1 - a)) @ M.T
    np.testing.assert_allclose(net.gradient(X, Y)["dense_1.w"], below.T @ X, rtol=1e-12)


def test_the_users_array_may_change_later():
    given = M.copy()
    net, other = network(Naive(m=given)), network(Naive(m=M))
    given[...] = 0
    fitted(net), fitted(other)
    given[...] = 1
    np.testing.assert_array_equal(net.predict(X), other.predict(X))


def test_copies_and_threads_compute_the_same():
    net = fitted(network(Mix(m=M), "float32"))
    expected = net.predict(X)
    for again in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert again.spec == net.spec
        np.testing.assert_array_equal(again.predict(X), expected)
        np.testing.assert_array_equal(fitted(again).predict(X), fitted(copy.deepcopy(net)).predict(X))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: net.predict(X), range(16)):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.filterwarnings("ignore:no installed plugin set")
def test_a_saved_run_is_the_same_network(tmp_path, dtype):
    net = fitted(network(Mix(m=M * 10.0 ** RNG.integers(-9, 9, M.shape)), dtype))
    net.save(tmp_path / "run")
    loaded = bp.load(tmp_path / "run", components=[Mix])
    assert loaded.spec == net.spec
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))


# ---- dtypes


class Weighted(Cost):
    weights: np.ndarray

    def forward(self, a, y):
        return (self.weights.astype(a.dtype) * (a - y) ** 2).sum(axis=1)

    def jacobian(self, a, y):
        return 2 * self.weights.astype(a.dtype) * (a - y)


class ForwardWeighted(Weighted):
    def forward(self, a, y):
        return (self.weights * (a - y) ** 2).sum(axis=1)


class GradientWeighted(Weighted):
    def jacobian(self, a, y):
        return 2 * self.weights * (a - y)


class Stretch(Layer):
    m: np.ndarray

    def forward(self, x):
        return x * self.m.astype(x.dtype)

    def jacobian(self, x):
        return Diagonal(np.broadcast_to(self.m, x.shape))


class Rates(Optimizer):
    rates: np.ndarray

    def update(self, gradient):
        return -self.rates * gradient


def one(layer=None, cost=None):
    return bp.Network(
        [Dense(units=3), *([layer] if layer else [])], cost=cost or QuadraticCost(), input_shape=(3,), dtype="float32"
    )


W = [1.0, 2.0, 3.0]
MIXED = {
    "forward": (lambda: one(Naive(m=np.eye(3))).predict(X), "self.m.astype(x.dtype)"),
    "integers": (lambda: one(Naive(m=np.eye(3, dtype=int))).predict(X), "self.m.astype(x.dtype)"),
    "jacobian": (lambda: one(Stretch(m=W)).gradient(X, X), "self.m.astype(x.dtype)"),
    "a cost's forward": (lambda: one(cost=ForwardWeighted(weights=W)).cost(X, X), "self.weights.astype(a.dtype)"),
    "a cost's jacobian": (lambda: one(cost=GradientWeighted(weights=W)).gradient(X, X), "self.weights.astype(a.dtype)"),
    "update": (
        lambda: one().fit(X, X, optimizer=Rates(rates=0.1), epochs=1, progress=False),
        "self.rates.astype(gradient.dtype)",
    ),
}


@pytest.mark.parametrize("place", MIXED)
def test_an_array_of_another_dtype_than_the_networks_is_told_with_what_to_write(place):
    run, written = MIXED[place]
    with pytest.raises(BpframeError) as caught:
        run()
    assert caught.value.hint == f"write {written}: a field's array has its own dtype in every network"


def test_right_costs_and_masks_need_nothing():
    net = one(cost=Weighted(weights=W))
    a = net.predict(X)
    np.testing.assert_allclose(net.cost(X, X), np.mean(np.sum(W * (a - X) ** 2, axis=1)), rtol=1e-6)

    class Mask(Layer):
        mask: np.ndarray

        def forward(self, x):
            return x * self.mask

        def jacobian(self, x):
            return Diagonal(np.broadcast_to(self.mask.astype(x.dtype), x.shape))

    masked = one(Mask(mask=[True, False, True]))
    assert masked.predict(X).dtype == np.float32
    assert not masked.predict(X)[:, 1].any()

    class Wrong(Mask):
        def forward(self, x):
            return x * self.mask * np.ones(3)

    with pytest.raises(BpframeError) as caught:
        one(Wrong(mask=[True, False, True])).predict(X)
    assert "self.mask" not in caught.value.hint


class Undocumented(Mix):
    pass


@pytest.mark.parametrize("cls", [Mix, Undocumented])  # which says nothing of its field, and nothing at all
def test_the_checks_guess_an_array_and_a_shape_that_fits_it(cls):
    example = guess_examples(cls)[0]
    report = check_component(example.component, example.shapes)
    assert example.shapes == ((4,),)
    assert {each.check for each in report.outcomes if each.status == "failed"} == {"documented"}


def test_shapes_are_guessed_from_an_array_that_is_given():
    class Odd(Mix):
        m: np.ndarray = np.arange(35.0).reshape(5, 7)

    assert guess_examples(Odd)[0].shapes == ((5,),)
