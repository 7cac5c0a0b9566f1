"""Equal seeds give equal bytes, whatever else is asked of the network meanwhile."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import Dropout

import bpframe as bp
from bpframe.extend import Array, Diagonal, Layer
from tests.network.networks import chain, descent, samples

X, Y = samples(13)


def network(seed=0):
    layers = [Dense(units=4), Dropout(rate=0.3), Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), seed=seed)


def train(net, epochs=3, **fields):
    return net.fit(X, Y, optimizer=descent(0.1), epochs=epochs, batch_size=4, **fields)


def trained(seed=0, **fields):
    net = network(seed)
    train(net, **fields)
    return net.parameters.vector.tobytes()


def test_equal_seeds_give_equal_bytes():
    assert trained() == trained()
    assert trained(seed=1) == trained(seed=1) != trained()


def test_fits_own_seed_decides_over_order_and_masks():
    first, second, other = network(), network(), network()
    train(second)  # moves the streams on
    second.parameters.vector[:] = first.parameters.vector
    for net, seed in ((first, 5), (second, 5), (other, 6)):
        train(net, seed=seed)
    assert first.parameters.vector.tobytes() == second.parameters.vector.tobytes()
    assert first.parameters.vector.tobytes() != other.parameters.vector.tobytes()


def test_without_a_seed_streams_go_on_from_where_they_are():
    whole, parts = network(), network()
    train(whole, epochs=4)
    train(parts, epochs=1)
    train(parts, epochs=3)
    assert whole.parameters.vector.tobytes() == parts.parameters.vector.tobytes()
    again = network()
    for _ in range(4):  # the same order in every epoch, which is not what a stream gives
        train(again, epochs=1, seed=0)
    assert whole.parameters.vector.tobytes() != again.parameters.vector.tobytes()


EVALUATIONS = {
    "predict": lambda net: net.predict(X),
    "cost": lambda net: net.cost(X, Y),
    "accuracy": lambda net: net.accuracy(X, Y),
    "gradient": lambda net: net.gradient(X, Y),
    "gradient in training": lambda net: net.gradient(X[:4], Y[:4], training=True),
    "trace": lambda net: net.trace(X),
    "trace in training": lambda net: net.trace(X, training=True),
    "vjp": lambda net: net.vjp(X, Y),
    "jvp": lambda net: net.jvp(X, X),
    "parameter_vjp": lambda net: net.parameter_vjp(X, Y),
    "summary": lambda net: str(net.summary()),
    "to_mermaid": lambda net: net.to_mermaid(),
    "many batch sizes": lambda net: [net.gradient(X[:n], Y[:n]) for n in range(1, 9)],
    "another network": lambda net: trained(seed=9),
    "numpy's own generator": lambda net: np.random.seed(0),  # noqa: NPY002  # the global stream is what is tested
}


@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_what_is_asked_between_epochs_changes_no_byte(evaluation):
    plain, asked = network(), network()
    train(plain)
    for _ in range(3):
        EVALUATIONS[evaluation](asked)
        train(asked, epochs=1)
        EVALUATIONS[evaluation](asked)
    assert plain.parameters.vector.tobytes() == asked.parameters.vector.tobytes()


@pytest.mark.parametrize(
    "fields",
    [
        {"validation_data": samples(5, seed=3)},
        {"validation_data": samples(1500, seed=3)},
        {"metrics": ["accuracy"]},
        {"metrics": ["accuracy"], "validation_data": samples(4, seed=3)},
        {"progress": True},
    ],
    ids=["validation", "much validation", "accuracy", "both", "progress"],
)
def test_what_fit_measures_changes_no_byte(fields):
    assert trained(**fields) == trained()


def test_shuffling_changes_the_order_from_epoch_to_epoch():
    seen = []

    class Watching(Layer):
        pure: ClassVar[bool | None] = False

        def forward(self, x: Array, training) -> Array:
            if training:
                seen.append(x[:, 0].copy())
            return x + 0

        def jacobian(self, x: Array) -> Diagonal:
            return Diagonal(np.ones_like(x))

    net = bp.Network([Watching(), Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    net.fit(X, Y, optimizer=descent(0.1), epochs=2, batch_size=4)
    sizes = [len(each) for each in seen]
    assert sizes == [4, 4, 4, 1] * 2
    first, second = np.concatenate(seen[:4]), np.concatenate(seen[4:])
    assert sorted(first) == sorted(second) == sorted(X[:, 0])
    assert list(first) != list(second)
    assert list(first) != list(X[:, 0])
    seen.clear()
    net.fit(X, Y, optimizer=descent(0.1), epochs=1, batch_size=4, shuffle=False)
    assert list(np.concatenate(seen)) == list(X[:, 0])


def test_inputs_and_targets_are_shuffled_together():
    net = bp.Network([Dense(units=1, bias=False)], input_shape=(1,), cost=QuadraticCost())
    net.parameters.vector[:] = 2.0
    x = np.arange(1.0, 40.0)[:, None]
    history = net.fit(x, 2 * x, optimizer=descent(1e-9), epochs=3, batch_size=4)
    assert history.column("cost") == [0, 0, 0]


def test_float32_and_float64_see_the_examples_in_the_same_order():
    single, double = chain("float32"), chain("float64")
    for net in (single, double):
        net.fit(X, Y, optimizer=descent(), epochs=2, batch_size=4)
    np.testing.assert_allclose(single.parameters.vector, double.parameters.vector, rtol=1e-4, atol=1e-5)
