"""Whatever a component does, passes that are repeated give, bit for bit, what calling it in each of them gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe import node
from bpframe.extend import Activation, Array, BatchMatrix, Diagonal, Gather, Layer, Operator, State, compose
from tests.oracles import assert_close, cost_gradient


class Nothing(Activation):
    """y = 0, as an array that forward makes of nothing that it was handed."""

    def forward(self, x: Array) -> Array:
        return np.zeros(x.shape, x.dtype)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.zeros_like(x))


class NothingForTheSize(Activation):
    """y = 1/N: made of the shape alone."""

    def forward(self, x: Array) -> Array:
        return np.full_like(x, 1 / len(x))

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.zeros(x.shape))


class TakenInto(Activation):
    """The entries in another order, taken into a buffer."""

    def forward(self, x: Array) -> Array:
        y = np.empty_like(x)
        np.take(x, [2, 0, 1], axis=1, out=y, mode="clip")
        return y

    def jacobian(self) -> Operator:
        return Gather(np.array([[2, 0, 1]]))


class TakenIntoPart(Activation):
    """The same, taken into a part of a buffer that holds other numbers."""

    def forward(self, x: Array) -> Array:
        y = 2 * x
        np.take(x, [1], axis=1, out=y[:, :1], mode="clip")
        return y

    def jacobian(self, x: Array) -> Operator:
        j = np.zeros((1, 3, 3))
        j[0, 0, 1], j[0, 1, 1], j[0, 2, 2] = 1, 2, 2
        return BatchMatrix(j)


class WhereAny(Activation):
    """x in the examples in which any entry is above 1, 2 x in the others."""

    def forward(self, x: Array) -> Array:
        return np.where((x > 1).any(axis=1, keepdims=True), x, 2 * x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.where(np.any(x > 1, axis=1, keepdims=True), 1.0, 2.0) * np.ones_like(x))


class WhereAll(Activation):
    """x in the examples in which all entries are above −1, −x in the others."""

    def forward(self, x: Array) -> Array:
        return np.where((x > -1).all(axis=-1, keepdims=True), x, -x)

    def jacobian(self, x: Array) -> Operator:
        inside = np.all(x > -1, axis=-1)[:, None]
        return Diagonal(np.where(inside, np.ones_like(x), -1.0))


class WhereAnyAtAll(Activation):
    """A branch on a number: x², or x where any entry is above 2."""

    couples_batch: ClassVar[bool] = True

    def forward(self, x: Array) -> Array:
        return x * 1 if (x > 2).any() else x**2

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.ones_like(x) if np.any(x > 2) else 2 * x)


class TwiceInAnyType(Activation):
    """y = 2 x, where the 2 is an int, a float, and numbers of NumPy's in turn."""

    calls: ClassVar[list[int]] = []

    def forward(self, x: Array) -> Array:
        self.calls.append(1)
        return np.multiply(x, (2, 2.0, np.float32(2), np.int64(2))[len(self.calls) % 4])

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.full_like(x, 2))


NUMBER: dict[str, float] = {}


class OfAnyNumber(Activation):
    """y = k x, where k is set from outside, to an int or to a float."""

    def forward(self, x: Array) -> Array:
        return np.multiply(x, NUMBER["k"])

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.full_like(x, NUMBER["k"]))


class Smoothed(Layer):
    """y = x − m, where m and its square are running means, kept as rows of one array."""

    def initial_state(self, features: int) -> dict[str, State]:
        return {"mean": State((features,)), "square": State((features,), init=1)}

    def forward(self, x: Array, state: dict[str, Array], training: bool) -> tuple[Array, dict[str, Array]]:
        if not training:
            return x - state["mean"], state
        both = np.empty((2, x.shape[1]))
        both[0] = 0.9 * state["mean"] + 0.1 * x[0]
        both[1] = 0.9 * state["square"] + 0.1 * x[0] ** 2
        return x - state["mean"], {"mean": both[0], "square": both[1]}

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.ones_like(x))


class SmoothedInItsBuffer(Smoothed):
    """The same, where the rows are those of an array that the component keeps and refills."""

    both: ClassVar[Array] = np.empty((2, 3))

    def forward(self, x: Array, state: dict[str, Array], training: bool) -> tuple[Array, dict[str, Array]]:
        if not training:
            return x - state["mean"], state
        self.both[0] = 0.9 * state["mean"] + 0.1 * x[0]
        self.both[1] = 0.9 * state["square"] + 0.1 * x[0] ** 2
        return x - state["mean"], {"mean": self.both[0], "square": self.both[1]}


class Squares(Layer):
    """y = Σ_k k x_k² for any number of inputs: one operator for each."""

    def output_shape(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        return shapes[0]

    def forward(self, *xs: Array) -> Array:
        total = np.zeros_like(xs[0])
        for k, x in enumerate(xs, 1):
            total += k * x**2
        return total

    def jacobian(self, *xs: Array) -> list[Operator]:
        return [Diagonal(2 * k * x) for k, x in enumerate(xs, 1)]


class SquaresInATuple(Squares):
    """The same, with operators in a tuple, each of two factors."""

    def jacobian(self, *xs: Array) -> tuple[Operator, ...]:  # type: ignore[override]
        return tuple(compose(Diagonal(np.full_like(x, 2.0 * k)), Diagonal(x)) for k, x in enumerate(xs, 1))


def chain(component: Activation | Layer) -> Callable[[], bp.Network]:
    layers = [Dense(units=3), component, Dense(units=2), Sigmoid()]
    return lambda: bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), seed=3)


def first(component: Activation | Layer) -> Callable[[], bp.Network]:
    """The component reads the input itself."""
    return lambda: bp.Network([component, Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=3)


def joined(component: Layer, *reads: str) -> Callable[[], bp.Network]:
    return lambda: bp.Network(
        inputs={"x": (3,)},
        nodes={
            "one": node(Dense(units=3), "x"),
            "two": node(Sigmoid(), "one"),
            "y": node(component, *reads),
        },
        output="y", cost=QuadraticCost(), seed=3,
    )  # fmt: skip


MAKERS = {
    "zeros in a chain": chain(Nothing()),
    "zeros of the input": first(Nothing()),
    "made of the shape": chain(NothingForTheSize()),
    "taken into a buffer": chain(TakenInto()),
    "taken from the input into a buffer": first(TakenInto()),
    "taken into a part": chain(TakenIntoPart()),
    "any along an axis": chain(WhereAny()),
    "any of the input": first(WhereAny()),
    "all along an axis": chain(WhereAll()),
    "all of the input": first(WhereAll()),
    "any at all": chain(WhereAnyAtAll()),
    "an int, then the same as a float": chain(TwiceInAnyType()),
    "state as views of one array": chain(Smoothed()),
    "state first": first(Smoothed()),
    "two inputs of any number": joined(Squares(), "one", "two"),
    "three inputs of any number": joined(Squares(), "two", "x", "one"),
    "one input twice": joined(Squares(), "two", "x", "two"),
    "one input of any number": joined(Squares(), "two"),
    "operators in a tuple": joined(SquaresInATuple(), "two", "x", "two"),
}


def batches(net: bp.Network) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Other numbers in each pass; batch sizes come back, so that passes are repeated in between."""
    rng = np.random.default_rng(8)
    (shape,), (target,) = net.graph.inputs.values(), net.graph.target_shapes.values()
    for size in [4] * 12 + [1, 4, 7, 4] * 4 + [4] * 12:
        yield 1.5 * rng.standard_normal((size, *shape)), rng.standard_normal((size, *target))


def taken(make: Callable[[], bp.Network], use: str) -> list[bytes]:
    """Return the bytes of every result of many passes."""
    TwiceInAnyType.calls.clear()
    net = make()
    found = []
    for x, y in batches(net):
        NUMBER["k"] = 2 if len(found) % 2 else 2.5
        match use:
            case "predict":
                found.append(net.predict(x).tobytes())
            case "cost":
                found.append(np.float64(net.cost(x, y)).tobytes())
            case "gradient":
                found.append(net.gradient(x, y).vector.tobytes())
            case "all in turn":
                net.parameters.vector[...] *= 0.99
                found.append(net.gradient(x, y).vector.tobytes())
                found.append(np.float64(net.cost(x, y)).tobytes())
                found.append(net.predict(x).tobytes())
            case "fit":
                if len(found) < 3:
                    net.fit(x, y, optimizer=GradientDescent(learning_rate=1e-4), epochs=20, batch_size=2)
                    state = [array.tobytes() for named in net.state.values() for array in named.values()]
                    found.append(net.parameters.vector.tobytes() + b"".join(state))
    return found


USES = ["predict", "cost", "gradient", "all in turn", "fit"]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_many_passes_equal_those_in_which_every_component_is_called(make, use, monkeypatch) -> None:
    same_as_called(make, use, monkeypatch)


@pytest.mark.parametrize("use", USES)
def test_a_number_that_is_set_from_outside_to_another_type_counts_at_once(use, monkeypatch) -> None:
    same_as_called(chain(OfAnyNumber()), use, monkeypatch, warned="ignore")


def same_as_called(make, use, monkeypatch, warned="error") -> None:
    with monkeypatch.context() as patch, warnings.catch_warnings():
        patch.setenv("BPFRAME_RECORD", "off")
        warnings.simplefilter("ignore")
        expected = taken(make, use)
    with warnings.catch_warnings():
        warnings.simplefilter(warned)  # of what is pure there is nothing to be told
        found = taken(make, use)
    differing = [place for place, (one, other) in enumerate(zip(found, expected, strict=True)) if one != other]
    assert not differing, f"results {differing[:5]} of {len(expected)} are others"


def trained_state(make: Callable[[], bp.Network]) -> list[bytes]:
    net, left = make(), []
    for x, y in [*batches(net)][:4]:
        net.fit(x, y, optimizer=GradientDescent(learning_rate=1e-4), epochs=20, batch_size=2, shuffle=False)
        left.append(net.state)
    return [array.tobytes() for state in left for named in state.values() for array in named.values()]


@pytest.mark.parametrize("place", [chain, first])
def test_a_buffer_in_which_a_component_makes_its_state_is_not_the_state(place) -> None:
    found, expected = trained_state(place(SmoothedInItsBuffer())), trained_state(place(Smoothed()))
    assert len(set(expected)) == len(expected)  # each training leaves another one, which the next does not write
    assert found == expected


# Calls on what they are handed, with nothing kept elsewhere and no branch on a number.
PLAIN = [name for name in MAKERS if not name.startswith(("zeros", "made of", "any at all", "an int", "state"))]


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_plain_is_repeated_without_being_called(name) -> None:
    net = MAKERS[name]()
    for x, y in batches(net):
        net.gradient(x, y)
    assert not net.step_plan(4).direct


@pytest.mark.parametrize("make", [make for name, make in MAKERS.items() if "any at all" not in name])
def test_gradients_of_repeated_passes_are_those_of_the_costs(make) -> None:
    NUMBER["k"] = 2.5
    net = make()
    for x, y in batches(net):
        found = net.gradient(x, y).vector.copy()
    assert_close(found, cost_gradient(net, {"x": x}, y), 1e-6)


def test_the_numbers_are_right_too() -> None:
    """Called or repeated, by NumPy alone."""
    for x, _ in batches(first(TakenInto())()):
        assert np.array_equal(np.where((x > 1).any(axis=1)[:, None], x, 2 * x), _after(WhereAny(), x))
        assert np.array_equal(np.where((x > -1).all(axis=1)[:, None], x, -x), _after(WhereAll(), x))
        assert np.array_equal(x[:, [2, 0, 1]], _after(TakenInto(), x))
        assert np.array_equal(np.stack([x[:, 1], 2 * x[:, 1], 2 * x[:, 2]], axis=1), _after(TakenIntoPart(), x))
        assert np.array_equal(np.zeros_like(x), _after(Nothing(), x))


_KEPT: dict[type, bp.Network] = {}


def _after(component: Activation, x: np.ndarray) -> np.ndarray:
    net = _KEPT.setdefault(type(component), bp.Network([component], input_shape=(3,)))
    return net.predict(x)
