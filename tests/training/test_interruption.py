"""Ctrl-C: a real SIGINT to this process in the midst of training."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from bpframe.extend import Array, Optimizer
from tests.network.networks import chain, samples

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread() or os.name != "posix", reason="needs signals"
)


class Interrupting(Optimizer):
    """Sends SIGINT to the own process in the midst of a step."""

    at: int
    times: int = 1

    def update(self, gradient: Array, step) -> Array:
        if step == self.at:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)
        return -0.1 * gradient


@pytest.fixture(autouse=True)
def pythons_own_handler():
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler  # restored after each training
    signal.signal(signal.SIGINT, previous)


def test_the_step_is_finished_and_its_result_kept():
    (x, y), net, same = samples(10), chain(), chain()
    history = net.fit(x, y, optimizer=Interrupting(at=7), epochs=1000, batch_size=2, shuffle=False)
    assert history.stopped == "interrupted"
    assert history.steps == 8
    assert len(history) == 1  # five steps per epoch: the second one was not completed
    assert net.history is history
    same.fit(x, y, optimizer=Interrupting(at=-1), epochs=1, batch_size=2, shuffle=False)
    same.fit(x[:6], y[:6], optimizer=Interrupting(at=-1), epochs=1, batch_size=2, shuffle=False)
    assert net.parameters.vector.tobytes() == same.parameters.vector.tobytes()


class Telling(Optimizer):
    """Tells when its twentieth step has begun."""

    def update(self, gradient: Array, step) -> Array:
        if step == 20:
            training.set()
        return -0.1 * gradient


training = threading.Event()


def test_another_thread_can_stop_a_training_that_would_not_end():
    (x, y), net = samples(50), chain()
    before = net.parameters.vector.copy()

    def interrupt():
        training.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    training.clear()
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        history = net.fit(x, y, optimizer=Telling(), epochs=10**7, batch_size=5)
    finally:
        thread.join()
    assert history.stopped == "interrupted"
    assert history.steps > 20
    assert len(history) == history.steps // 10
    assert np.isfinite(net.parameters.vector).all()
    assert not np.array_equal(net.parameters.vector, before)
    assert np.isfinite(net.predict(x)).all()


def test_a_second_interrupt_stops_at_once():
    (x, y), net = samples(10), chain()
    with pytest.raises(KeyboardInterrupt):
        net.fit(x, y, optimizer=Interrupting(at=3, times=2), epochs=10, batch_size=2)
    assert np.isfinite(net.parameters.vector).all()
    assert net.history.steps == 3


def test_an_interrupt_in_the_very_last_step_leaves_nothing_undone():
    (x, y), net = samples(10), chain()
    history = net.fit(x, y, optimizer=Interrupting(at=9), epochs=2, batch_size=2)
    assert (history.stopped, len(history), history.steps) == ("completed", 2, 10)


def test_an_error_restores_the_handler_too():
    class Failing(Optimizer):
        def update(self, gradient: Array) -> Array:
            raise ValueError("no")

    with pytest.raises(Exception, match="no"):
        chain().fit(*samples(4), optimizer=Failing(), epochs=1)


def test_a_handler_of_the_hosts_own_comes_back():
    def own(number, frame):
        raise AssertionError

    signal.signal(signal.SIGINT, own)
    chain().fit(*samples(4), optimizer=Interrupting(at=0), epochs=5)
    assert signal.getsignal(signal.SIGINT) is own
    signal.signal(signal.SIGINT, signal.default_int_handler)
