"""No thread waits for another that is gone: with its process, by its end, or by Ctrl-C at any instruction."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.errors import ConcurrencyError
from bpframe.extend import Activation, Diagonal

X, Y = np.zeros((3, 4)), np.zeros((3, 2))


class Waits(Activation):
    """Stays in its first forward until it is told to go on."""

    def forward(self, x):
        if threading.current_thread() is not threading.main_thread():
            entered.set()
            go_on.wait(60)
        return x

    def jacobian(self, x):
        return Diagonal(np.ones_like(x))


entered, go_on = threading.Event(), threading.Event()


def network():
    return bp.Network([Dense(units=2), Waits()], cost=QuadraticCost(), input_shape=(4,), seed=0)


def fit(net):
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=1, batch_size=3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("use", [lambda net: net.predict(X), fit], ids=["evaluates", "trains"])
def test_a_process_that_is_forked_while_another_thread_works(use) -> None:
    net = network()
    entered.clear()
    go_on.clear()
    thread = threading.Thread(target=use, args=(net,))
    thread.start()
    assert entered.wait(60)
    child = os.fork()
    if child == 0:
        signal.alarm(600)
        try:
            net.predict(X)
            fit(net)
        except ConcurrencyError:
            os._exit(2)  # the parameters may be half old, half new
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    with pytest.raises(ConcurrencyError) if use is fit else pytest.MonkeyPatch.context():
        net.predict(X)  # in the old process all is as before
    go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == (2 if use is fit else 0)
    fit(net)


def test_a_lane_that_was_taken_by_who_is_gone() -> None:
    net = network()
    thread = threading.Thread(target=lambda: net._engine._lanes.take())
    thread.start()
    thread.join()
    fit(net)


@pytest.mark.parametrize("use", [lambda net: net.predict(X), fit, lambda net: net.cost(X, Y)], ids=["o", "t", "c"])
def test_interrupted_at_every_call_into_the_lanes(use) -> None:
    """Ctrl-C comes where Python looks for it: where functions begin, and after calls."""
    net = network()
    use(net)
    for place in range(160):
        seen = 0

        def trace(frame, event, argument, place=place):
            nonlocal seen
            if frame.f_code.co_filename.endswith("lanes.py"):
                seen += 1
                if seen == place:
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            use(net)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(elsewhere, net).result(60)
    assert seen < place


def elsewhere(net) -> None:
    go_on.set()
    net.predict(X)
    fit(net)
