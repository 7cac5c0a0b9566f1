"""Copies and pickles are independent networks, which go on as the one that they were taken from."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import Dropout

import bpframe as bp
from bpframe.extend import Activation, Diagonal

from .networks import chain, descent, samples

WAYS = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
    "pickle of a copy": lambda net: pickle.loads(pickle.dumps(copy.deepcopy(net))),
}
X, Y = samples(13)


def dropping():
    layers = [Dense(units=4), Dropout(rate=0.3), Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), seed=1)


def train(net, epochs=2):
    net.fit(X, Y, optimizer=descent(0.1), epochs=epochs, batch_size=4)


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_trains_on_as_the_original_and_apart_from_it(way) -> None:
    net = dropping()
    train(net)
    other = WAYS[way](net)
    assert other.predict(X).tobytes() == net.predict(X).tobytes()
    assert other.history == net.history
    before = other.parameters.vector.copy()
    train(net)
    np.testing.assert_array_equal(other.parameters.vector, before)
    train(other)
    assert other.parameters.vector.tobytes() == net.parameters.vector.tobytes()
    assert np.abs(other.parameters.vector - before).max() > 0
    other.parameters["dense_1.w"][...] = 0
    assert np.abs(net.parameters["dense_1.w"]).min() > 0


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_another_process_predicts_the_same(method) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    net = chain()
    for _ in range(30):
        net.predict(X)
    with multiprocessing.get_context(method).Pool(1) as pool:
        found = pool.apply(predicted, (net,))
    assert found[0] != os.getpid()
    assert found[1].tobytes() == net.predict(X).tobytes()


def predicted(net):
    return os.getpid(), net.predict(X)


def local_network():
    class Local(Activation):
        def forward(self, x):
            return 2 * x

        def jacobian(self, x):
            return Diagonal(np.full_like(x, 2))

    return bp.Network([Dense(units=2), Local()], input_shape=(3,), cost=QuadraticCost())


def test_a_class_that_cannot_be_imported_is_copied_and_named_where_it_is_pickled() -> None:
    net = local_network()
    np.testing.assert_array_equal(copy.deepcopy(net).predict(X), net.predict(X))
    with pytest.raises(bp.errors.ContractError, match=r"Local cannot be imported") as caught:
        pickle.dumps(net)
    assert "local_network.<locals>.Local" in str(caught.value)
