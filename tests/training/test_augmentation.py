from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.derivatives.points import given_rows
from bpframe.errors import BpframeError, DataError, TrainingError
from bpframe.training import batches
from bpframe.training.read_ahead import read_ahead

COUNT = 1100
X = np.random.default_rng(0).normal(size=(COUNT, 3))
Y = np.random.default_rng(1).normal(size=(COUNT, 2))
RULE = GradientDescent(learning_rate=0.05)


class Sequence:
    def __init__(self, array):
        self.array = array

    def __len__(self):
        return len(self.array)

    def __getitem__(self, k):
        return self.array[k]


def network():
    return bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())


def noisy(x, rng):
    return x + rng.normal(size=x.shape)


def in_place(x, rng):
    x += rng.normal(size=x.shape)
    return x


def trained(x, y, augment=noisy, epochs=3, **more):
    net = network()
    net.fit(x, y, optimizer=RULE, epochs=epochs, batch_size=64, augment=augment, **more)
    return net


def everything(net):
    return net.parameters.vector.tobytes(), net.history.column("cost")


@pytest.fixture(params=[0.0, 1000.0], ids=["thread", "no thread"])
def in_portions(request, monkeypatch):
    monkeypatch.setattr(batches, "SLOW", request.param)
    monkeypatch.setattr(given_rows, "IN_MEMORY", 0)


def test_each_batch_has_random_numbers_of_its_own():
    seen = []

    def watching(x, rng):
        seen.append(rng.integers(1 << 60))
        return x

    net = trained(X, Y, watching, epochs=2)
    steps = 2 * -(-COUNT // 64)
    assert len(set(seen)) == len(seen) == steps
    first = list(seen)
    trained(X, Y, watching, epochs=2)
    assert seen[steps:] == first
    net.fit(X, Y, optimizer=RULE, epochs=1, batch_size=64, augment=watching)
    assert not set(seen[2 * steps :]) & set(first)  # of later epochs, as of one long training
    whole = network()
    plain = network()
    whole.fit(X, Y, optimizer=RULE, epochs=2, batch_size=64, augment=lambda x, rng: x)
    plain.fit(X, Y, optimizer=RULE, epochs=2, batch_size=64)
    assert everything(whole) == everything(plain)


@pytest.mark.parametrize("shuffle", [True, False])
def test_what_is_read_ahead_is_augmented_to_the_same_bytes(shuffle, in_portions):
    expected = everything(trained(X, Y, shuffle=shuffle))
    assert everything(trained(X, Y, in_place, shuffle=shuffle)) == expected
    assert everything(trained(Sequence(X), Sequence(Y), shuffle=shuffle)) == expected
    before = X.copy()
    net = network()
    net.fit(X, Y, optimizer=RULE, epochs=1, batch_size=COUNT, shuffle=False, augment=in_place)
    assert (before == X).all()  # the examples stay as they are


def test_a_resumed_training_is_augmented_as_if_it_had_never_stopped():
    whole, parted = trained(X, Y), network()

    parted.fit(X, Y, optimizer=RULE, epochs=1, batch_size=64, augment=noisy)
    parted.resume(X, Y, epochs=3, augment=noisy)
    assert everything(whole) == everything(parted)
    for wrong in (None, in_place):
        with pytest.raises(DataError, match="augmentation"):
            parted.resume(X, Y, epochs=4, augment=wrong)


def test_validation_is_measured_on_examples_as_they_are():
    net = trained(X, Y, lambda x, rng: x * 0, validation_data=(X, Y))
    assert net.history.epochs[-1].validation_cost == pytest.approx(net.cost(X, Y))


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (lambda x, rng: x[:, :2], "epoch 1, batch 1"),
        (lambda x, rng: None, "epoch 1, batch 1"),
        (lambda x, rng: x / 0, "finite"),
        (lambda x, rng: 1 / 0, "ZeroDivisionError"),
        (3, "no function"),
    ],
)
@pytest.mark.parametrize("read", [False, True])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_is_no_augmentation_is_told_with_its_batch(augment, message, read, in_portions):
    given = (Sequence(X), Sequence(Y)) if read else (X, Y)
    with pytest.raises(BpframeError, match=message):
        trained(*given, augment)


def test_a_method_that_takes_all_at_once_has_no_batches_to_augment():
    minimizers = pytest.importorskip("bpframe_minimizers")
    with pytest.raises(TrainingError, match="as they are"):
        network().fit(X, Y, optimizer=minimizers.LBFGS(), augment=noisy)


# Reading ahead -------------------------------------------------------------------------------------------------------


def readers():
    return [each for each in threading.enumerate() if each.name == "bpframe-reader"]


def test_what_is_read_comes_in_order_and_the_thread_ends():
    assert list(read_ahead(range(100), lambda k: k * k)) == [k * k for k in range(100)]
    assert readers() == []
    begun = read_ahead(range(10**9), lambda k: k)
    assert [next(begun), next(begun)] == [0, 1]
    begun.close()
    assert readers() == []


def test_reading_goes_on_while_a_step_runs_and_not_far_ahead():
    read = []
    begun = read_ahead(range(100), read.append)
    next(begun)
    deadline = time.monotonic() + 5
    while len(read) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(read) == 4  # one is had, two wait, one waits to wait
    begun.close()


def test_an_error_of_the_reader_comes_where_its_portion_is_wanted():
    def read(k):
        if k == 3:
            raise OSError("gone")
        return k

    found = []
    with pytest.raises(OSError, match="gone"):
        found.extend(iter(read_ahead(range(9), read)))
    begun = read_ahead(range(9), read)
    assert [next(begun) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(begun)
    assert readers() == []


def test_no_thread_is_left_however_a_training_ends(in_portions):
    def failing(k):
        if k == 700:
            raise OSError("gone")
        return X[k]

    class Failing(Sequence):
        def __getitem__(self, k):
            return failing(k)

    trained(Sequence(X), Sequence(Y))
    assert readers() == []
    with pytest.raises(DataError, match="example 700 of the input cannot be read"):
        trained(Failing(X), Sequence(Y))
    assert readers() == []


def test_examples_in_memory_are_read_by_no_thread(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda self: pytest.fail("a thread"))
    trained(X, Y)
