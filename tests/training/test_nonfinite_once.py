"""NaN that a component returns once, or from then on, is blamed on that component, whichever way it went."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_reference import Dense, GradientDescent, Sigmoid

import bpframe as bp
from bpframe.errors import NonFiniteError
from bpframe.extend import Activation, Array, Cost, Diagonal, Layer, Parameter


class Fault:
    """Replaces one entry of what a component of this name returns, in its `at`-th call and maybe all later ones."""

    name = place = ""
    at = calls = 0
    once = True
    value = np.nan

    @classmethod
    def set(cls, name, place, at, once, value):
        cls.name, cls.place, cls.at, cls.once, cls.value, cls.calls = name, place, at, once, value, 0

    @classmethod
    def hit(cls, name, place, array):
        if (name, place) != (cls.name, cls.place):
            return array
        cls.calls += 1
        if cls.calls == cls.at or (cls.calls > cls.at and not cls.once):
            array = np.array(array, order="C")
            array.reshape(-1)[-1] = cls.value
        return array


class FaultyScale(Layer):
    """y = v x."""

    tag: str

    def parameters(self, features):
        return {"v": Parameter((features,), init=1.0)}

    def forward(self, x: Array, p) -> Array:
        return Fault.hit(self.tag, "forward", x * p["v"])

    def jacobian(self, x: Array, p):
        error = Fault.hit(self.tag, "error", np.broadcast_to(p["v"], x.shape))
        return {"x": Diagonal(error), "v": Diagonal(Fault.hit(self.tag, "gradient", x))}


class FaultyBend(Activation):
    """y = tanh z."""

    tag: str

    def forward(self, z: Array) -> Array:
        return Fault.hit(self.tag, "forward", np.tanh(z))

    def jacobian(self, z: Array, y: Array):
        return Diagonal(Fault.hit(self.tag, "error", 1 - y * y))


class FaultyCost(Cost):
    """½‖a − y‖²."""

    tag: str = "cost"

    def forward(self, a: Array, y: Array) -> Array:
        return Fault.hit(self.tag, "forward", 0.5 * ((a - y) ** 2).sum(axis=1))

    def jacobian(self, a: Array, y: Array) -> Array:
        return Fault.hit(self.tag, "error", a - y)


#: What messages call each component, and where it can go wrong.
PLACES = {
    "s1": ("'faulty_scale_1'", ("forward", "error", "gradient")),
    "b1": ("'faulty_bend_1'", ("forward", "error")),
    "s2": ("'faulty_scale_2'", ("forward", "error", "gradient")),
    "b2": ("'faulty_bend_2'", ("forward", "error")),
    "cost": ("the cost of", ("forward", "error")),
}
FAULTS = [(name, place) for name, (_, places) in PLACES.items() for place in places]


def network():
    layers = [Dense(units=4), FaultyScale(tag="s1"), FaultyBend(tag="b1"), Dense(units=4), Sigmoid()]
    layers += [FaultyScale(tag="s2"), FaultyBend(tag="b2"), Tanh()]
    return bp.Network(layers, input_shape=(4,), cost=FaultyCost(), seed=1)


def by_fit(net, x, y):
    net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=5, batch_size=5, progress=False)


def by_steps(net, x, y):
    for at in 5 * (list(range(0, 60, 5))):
        net.train_step(x[at : at + 5], y[at : at + 5], optimizer=GradientDescent(learning_rate=0.1))


@pytest.mark.parametrize("record", ["on", "off"])
@pytest.mark.parametrize("train", [by_fit, by_steps])
def test_the_component_that_returned_it_is_named_in_that_step(train, record, monkeypatch):
    monkeypatch.setenv("BPFRAME_RECORD", record)
    x = np.random.default_rng(0).normal(size=(60, 4))
    for (name, place), once, at in product(FAULTS, (True, False), (3, 25)):
        Fault.set("", "", 0, True, np.nan)
        net = network()
        Fault.set(name, place, at, once, np.nan)
        with pytest.raises(NonFiniteError) as caught:
            train(net, x, np.tanh(x))
        assert PLACES[name][0] in str(caught.value).split(":")[0], (name, place, once, at)
        assert Fault.calls <= at + 2  # no further step: forward and backward once more, to see where it began
        assert np.isfinite(net.parameters.vector).all()


def test_infinity_that_reaches_the_cost_or_a_gradient_is_named_too():
    x = np.random.default_rng(0).normal(size=(60, 4))
    for (name, place), once in product(FAULTS, (True, False)):
        if place == "forward" and name != "cost":
            continue  # the next tanh turns it into 1, which is its limit
        Fault.set("", "", 0, True, np.inf)
        net = network()
        Fault.set(name, place, 7, once, np.inf)
        with pytest.raises(NonFiniteError) as caught:
            by_fit(net, x, np.tanh(x))
        assert PLACES[name][0] in str(caught.value).split(":")[0], (name, place, once)
