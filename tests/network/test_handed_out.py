"""Nothing that a component does reaches what others hold: users' arrays, other nodes, parameters, results."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Identity, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.errors import ConcurrencyError, ContractError
from bpframe.extend import Activation, Cost, Diagonal, Layer, Matrix, Operator, Optimizer, Parameter
from tests.components.activations import Square
from tests.passes import evaluations

from .networks import descent

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))


class Halving(Activation):
    def forward(self, x):
        return np.multiply(x, 0.5, out=x)

    def jacobian(self, x):
        return Diagonal(np.full_like(x, 0.5))


class Scribbling(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, x, y):
        x[...] = 1 - y**2
        return Diagonal(x)


class Clipping(Layer):
    def parameters(self, features):
        return {"w": Parameter((features,), init=1.0), "b": Parameter((features,), init=-1.0)}

    def forward(self, x, p):
        p["b"].clip(0, None, out=p["b"])
        return x * p["w"] + p["b"]

    def jacobian(self, x, p):
        return {"x": Diagonal(np.broadcast_to(p["w"], x.shape)), "w": Diagonal(x), "b": Diagonal(np.ones_like(x))}


class Swapping(Clipping):
    def forward(self, x, p):
        p["b"] = np.zeros(3)
        return x * p["w"] + p["b"]


class TargetsMoved(Cost):
    def forward(self, a, y):
        y -= a
        return (y**2).sum(axis=1)

    def jacobian(self, a, y):
        return 2 * (a - y)


class InPlaceProducts(Operator):
    structure = "in place"

    def jvp(self, v, out=None):
        v *= 2
        return v

    vjp = jvp


class Doubling(Activation):
    def forward(self, x):
        return 2 * x

    def jacobian(self):
        return InPlaceProducts()


def network(*layers, cost=None):
    return bp.Network([*layers], cost=cost or QuadraticCost(), input_shape=(3,), seed=0)


CASES = {
    "an input": (lambda: network(Halving()), "predict", r"halving.*forward writes into `x`"),
    "an input, in jacobian": (lambda: network(Dense(units=3), Scribbling()), "gradient", r"jacobian writes into `x`"),
    "a parameter": (lambda: network(Clipping()), "predict", r"forward writes into `p\['b'\]`"),
    "the parameters": (lambda: network(Swapping()), "predict", r"forward writes into `p\['b'\]`"),
    "a target": (lambda: network(Dense(units=3), cost=TargetsMoved()), "cost", r"the cost of .* writes into `y`"),
    "an error": (lambda: network(Dense(units=3), Doubling()), "gradient", r"a product with jacobian writes into"),
}


@pytest.mark.parametrize("passes", [1, 40], ids=["the first", "later"])
@pytest.mark.parametrize("case", CASES)
def test_a_write_into_what_was_handed_in_is_refused_by_name(case, passes) -> None:
    make, use, message = CASES[case]
    net, x, y = make(), X.copy(), Y.copy()
    theta = net.parameters.vector.copy()
    for _ in range(passes):
        with pytest.raises(ContractError, match=message) as caught:
            net.predict(x) if use == "predict" else getattr(net, use)(x, y)
        assert "`out`" in str(caught.value)
        assert "`saved`" in str(caught.value)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(net.parameters.vector, theta)


KEPT = np.zeros((4, 3))


class OneArray(Activation):
    """y = x², in an array that all nodes of the class share."""

    def forward(self, x):
        return np.square(x, out=KEPT[: len(x)])

    def jacobian(self, x):
        return Diagonal(2 * x)


class OneOperator(Activation):
    """y = x², with one operator for all nodes of the class."""

    def forward(self, x):
        return x * x

    def jacobian(self, x):
        OPERATOR.d = 2 * x
        return OPERATOR


OPERATOR = Diagonal(np.zeros((4, 3)))


@pytest.mark.parametrize("kind", [OneArray, OneOperator])
def test_what_a_component_returns_again_and_again_is_no_other_nodes_value(kind) -> None:
    def both(kind):
        nodes = {"h": bp.node(Dense(units=3), "x"), "a": bp.node(kind(), "x"), "b": bp.node(kind(), "h")}
        nodes["sum"] = bp.node(Add(), "a", "b", "x")
        return bp.Network(inputs={"x": (3,)}, nodes=nodes, cost=QuadraticCost(), seed=0)

    net, right = both(kind), both(Square)
    for number in range(40):
        x = X * (1 + number % 3)
        np.testing.assert_array_equal(net.predict(x), right.predict(x))
        np.testing.assert_array_equal(net.gradient(x, Y).vector, right.gradient(x, Y).vector)
    np.testing.assert_array_equal(net.jvp(X, Y), right.jvp(X, Y))
    np.testing.assert_array_equal(net.curvature.gauss_newton_diagonal(X, Y).vector,
                                  right.curvature.gauss_newton_diagonal(X, Y).vector)  # fmt: skip


@pytest.mark.parametrize("layers", [(Identity(),), (Dense(units=3), Identity())], ids=["the input", "a value"])
def test_results_are_the_users_own(layers) -> None:
    net, x = network(*layers), X.copy()
    for _ in range(20):
        first = {
            "predict": net.predict(x), "vjp": net.vjp(x, Y), "jvp": net.jvp(x, Y), "gradient": net.gradient(x, Y).vector
        }  # fmt: skip
        for found in first.values():
            found[...] = 7
        np.testing.assert_array_equal(x, X)
        assert not (net.predict(x) == 7).any()


def test_a_view_of_the_input_is_that_of_each_batch() -> None:
    nodes = {"same": bp.node(Identity(), "x"), "h": bp.node(Sigmoid(), "same")}
    net = bp.Network(inputs={"x": (3,)}, nodes=nodes, output=["same", "h"])
    for number in range(40):
        x = X + number
        np.testing.assert_array_equal(net.predict(x)["same"], x)


def test_one_row_in_any_view_is_the_same_pass() -> None:
    net = network(Dense(units=4), Sigmoid(), Dense(units=2))
    expected = net.predict(X[:1].copy())
    wide = np.zeros((3, 5))
    wide[0, :3] = X[0]
    for _ in range(15):
        for view in (X[:1], X[0][None], np.asfortranarray(X[:1]), wide[:1, :3], X[::2][:1], X[::-1][3:]):
            assert net.predict(view).tobytes() == expected.tobytes()


def test_many_sizes_are_not_recorded_one_after_another() -> None:
    net = network(Dense(units=2))
    for _ in range(12):
        for size in range(1, 60):
            net.predict(np.ones((size, 3)))
    assert sum(each.is_bound for each in evaluations(net)) < 15


def while_it_trains(work):
    """Train a network, and have another thread work with it in the middle of the only step."""
    told = threading.Event()

    class Waiting(Activation):
        def forward(self, x):
            if threading.current_thread() is threading.main_thread():
                told.set()
                other.join(60)
            return x + 0

        def jacobian(self, x):
            return Diagonal(np.ones_like(x))

    net = network(Dense(units=3), Waiting())

    def begin():
        told.wait(60)
        work(net)

    other = threading.Thread(target=begin)
    other.start()
    return net, net.fit(X, Y, optimizer=descent(0.01), epochs=1, batch_size=4)


def test_a_network_that_is_trained_refuses_other_threads_and_serves_them_afterwards() -> None:
    seen = []

    def work(net):
        for use in (lambda: net.predict(X), lambda: net.jacobian(X), lambda: net.errors(X, Y),
                    lambda: net.fit(X, Y, optimizer=descent(), epochs=1)):  # fmt: skip
            try:
                use()
            except ConcurrencyError as error:
                seen.append(str(error))

    net, history = while_it_trains(work)
    assert len(seen) == 4
    assert "copy.deepcopy" in seen[0]
    assert net.training.optimizer == descent(0.01)  # a training that was refused leaves nothing behind
    assert net.history.epochs == history.epochs
    assert len(history) == 1
    assert net.predict(X).shape == (4, 3)


def test_a_training_that_fails_leaves_the_network_to_others() -> None:
    net = network(Dense(units=3))
    with pytest.raises(bp.errors.NonFiniteError):
        net.fit(X * 1e200, Y, optimizer=descent(1e300), epochs=3, batch_size=2)
    found = []
    thread = threading.Thread(target=lambda: found.append(net.predict(X)))
    thread.start()
    thread.join()
    assert found[0].shape == (4, 3)


def test_an_optimizer_cannot_write_into_the_parameters() -> None:
    class InPlace(Optimizer):
        def update(self, gradient, parameters):
            parameters -= 0.1 * gradient
            return np.zeros_like(gradient)

    net = network(Dense(units=3))
    with pytest.raises(ContractError, match="read-only"):
        net.fit(X, Y, optimizer=InPlace(), epochs=1, batch_size=2)


class Full(Activation):
    """A Jacobian that all examples share, as a plain array: right at every batch size."""

    def forward(self, x):
        return x @ M.T

    def jacobian(self):
        return M


M = RNG.normal(size=(3, 3))
M.setflags(write=False)


class Textbook(Full):
    """Entry by entry, which is no Jacobian."""

    def forward(self, x):
        return x**2

    def jacobian(self, x):
        return 2 * x


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7])
def test_a_plain_array_is_a_jacobian_or_refused_at_every_batch_size(batch) -> None:
    x, y = RNG.normal(size=(batch, 3)), np.zeros((batch, 3))

    class Structured(Full):
        def jacobian(self):
            return Matrix(M)

    found, expected = (network(Dense(units=3), each).gradient(x, y).vector for each in (Full(), Structured()))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    with pytest.raises(ContractError):
        network(Dense(units=3), Textbook()).gradient(x, y)


class Remembers(Optimizer):
    """Takes the gradient of the step before, which it kept as it was handed."""

    def update(self, gradient):
        before = REMEMBERED.get("gradient", gradient)
        REMEMBERED["gradient"] = gradient
        return -0.1 * before


class RemembersACopy(Optimizer):
    def update(self, gradient):
        before = REMEMBERED.get("copy", gradient)
        REMEMBERED["copy"] = gradient.copy()
        return -0.1 * before


class AddsAt(Optimizer):
    """NumPy's `add.at` writes into arrays of one axis although they are read-only."""

    def update(self, gradient, parameters):
        np.add.at(parameters, [0], 1e6)
        np.add.at(gradient, [0], 1e6)
        return np.zeros_like(parameters)


REMEMBERED = {}


def test_what_an_optimizer_keeps_or_writes_is_its_own() -> None:
    ends = []
    for optimizer in (Remembers(), RemembersACopy()):
        net = network(Dense(units=3))
        net.fit(X, Y, optimizer=optimizer, epochs=5, batch_size=2, shuffle=False)
        ends.append(net.parameters.vector)
    np.testing.assert_array_equal(*ends)
    net = network(Dense(units=3))
    before = net.parameters.vector.copy()
    with contextlib.suppress(ContractError):  # NumPy 2.5 refuses it
        net.fit(X, Y, optimizer=AddsAt(), epochs=5, batch_size=2)
    np.testing.assert_array_equal(net.parameters.vector, before)


def test_a_network_is_not_saved_while_another_thread_trains_it(tmp_path) -> None:
    seen = []

    def work(net):
        try:
            net.save(tmp_path / "run")
        except ConcurrencyError as error:
            seen.append(error)

    while_it_trains(work)
    assert len(seen) == 1
    assert not (tmp_path / "run").exists()
