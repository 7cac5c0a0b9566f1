"""Signals that ask to end are requests, and reach whoever would have had them once the block is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from bpframe.machine.interruption import ENDING, interruptible

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture
def handled(monkeypatch):
    """The signals that reach the handlers outside, in order."""
    seen = []
    before = {number: signal.signal(number, lambda number, frame: seen.append(number)) for number in ENDING}
    yield seen
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_is_a_request_until_the_block_is_over(handled, number):
    with interruptible() as interruption:
        signal.raise_signal(number)
        assert (interruption.requested, interruption.number, handled) == (True, number, [])
    assert handled == ([] if number == signal.SIGINT else [number])


def test_a_second_ctrl_c_interrupts_at_once_and_a_second_sigterm_does_not(handled):
    with interruptible():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert handled == []


def test_a_block_inside_has_the_request_of_the_outer_one(handled):
    with interruptible() as outer:
        with interruptible() as inner:
            signal.raise_signal(signal.SIGTERM)
            assert inner is outer
        assert handled == []
    assert handled == [signal.SIGTERM]


def test_what_is_ignored_stays_ignored(handled):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interruptible() as interruption:
        signal.raise_signal(signal.SIGHUP)
        assert not interruption.requested


def test_handlers_are_those_from_before_also_after_an_error(handled):
    before = [signal.getsignal(number) for number in ENDING]
    with pytest.raises(ValueError, match="inside"), interruptible():
        raise ValueError("inside")
    assert [signal.getsignal(number) for number in ENDING] == before


def test_in_another_thread_no_handler_is_changed(handled):
    before, found = [signal.getsignal(number) for number in ENDING], []

    def run():
        with interruptible() as interruption:
            found.extend([interruption.requested, *(signal.getsignal(number) for number in ENDING)])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [False, *before]


def test_a_process_that_handles_none_ends_by_the_signal_after_the_block():
    code = """
import signal
from bpframe.machine.interruption import interruptible
with interruptible():
    signal.raise_signal(signal.SIGTERM)
    print("kept", flush=True)
print("not reached")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "kept\n")
