"""Work in parts is the same work: every row once, the same bytes, the caller's context, and its errors."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from bpframe.machine import workers
from bpframe.machine.workers import LEAST_BYTES, in_rows, thread_count


@pytest.fixture(autouse=True)
def pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three threads, whatever the machine has: tests run with BLAS held to one thread, which turns all others off."""
    monkeypatch.setenv("BPFRAME_THREADS", "3")
    monkeypatch.setattr(workers, "_cores", lambda: 3)
    monkeypatch.setattr(workers, "_pool", workers._Pool())


def at_once(names: set[int]) -> None:
    """Wait until three threads are in here: no part goes on before all three have begun one."""
    names.add(threading.get_ident())
    end = time.monotonic() + 60
    while len(names) < 3:
        assert time.monotonic() < end, "the parts did not run side by side"
        time.sleep(1e-4)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 7, 100, 101])
def test_every_row_is_in_one_part(count: int) -> None:
    times = np.zeros(count, int)

    def add(rows: slice) -> None:
        times[rows] += 1

    in_rows(add, count, LEAST_BYTES)
    np.testing.assert_array_equal(times, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(7, 1), (64, 33), (101, 129)])
def test_elementwise_work_gives_the_same_bytes(shape: tuple[int, int], dtype: str) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    for function in (np.exp, np.tanh, np.log1p, np.sqrt, np.reciprocal):
        whole, parts = function(np.abs(x)), np.empty_like(x)
        in_rows(lambda rows, f=function, out=parts: f(np.abs(x[rows]), out=out[rows]), len(x), LEAST_BYTES)
        assert whole.tobytes() == parts.tobytes()


def test_parts_run_side_by_side() -> None:
    names: set[int] = set()
    in_rows(lambda rows: at_once(names), 100, LEAST_BYTES)
    assert len(names) == 3
    assert threading.get_ident() in names


def test_little_work_stays_whole_in_the_calling_thread() -> None:
    calls: list[tuple[slice, int]] = []
    in_rows(lambda rows: calls.append((rows, threading.get_ident())), 100, LEAST_BYTES - 1)
    assert calls == [(slice(0, 100), threading.get_ident())]


def test_a_call_from_within_a_part_runs_whole() -> None:
    names: set[int] = set()
    inner: list[slice] = []

    def outer(rows: slice) -> None:
        at_once(names)
        in_rows(inner.append, 100, LEAST_BYTES)

    in_rows(outer, 3, LEAST_BYTES)
    assert inner == [slice(0, 100)] * 3
    in_rows(inner.append, 100, LEAST_BYTES)  # and afterwards in parts again
    assert len(inner) > 4


def test_numpy_is_as_strict_in_every_thread_as_in_the_callers() -> None:
    names: set[int] = set()
    found: set[str] = set()

    def look(rows: slice) -> None:
        at_once(names)
        found.add(np.geterr()["over"])

    with np.errstate(over="raise"):
        in_rows(look, 3, LEAST_BYTES)
    assert found == {"raise"}


@pytest.mark.parametrize("failing", ["the calling thread", "another"])
def test_an_error_of_any_thread_reaches_the_caller_once_all_have_ended(failing: str) -> None:
    here = threading.get_ident()
    names: set[int] = set()
    running: list[int] = []

    def fail(rows: slice) -> None:
        name = threading.get_ident()
        running.append(name)
        at_once(names)
        if (name == here) is (failing == "the calling thread"):
            running.remove(name)
            raise ArithmeticError(failing)
        time.sleep(0.05)
        running.remove(name)

    with pytest.raises(ArithmeticError, match=failing):
        in_rows(fail, 3, LEAST_BYTES)
    assert running == []
    test_parts_run_side_by_side()  # the threads go on serving


def test_a_thread_that_is_busy_elsewhere_is_not_waited_for() -> None:
    go_on = threading.Event()
    names: set[int] = set()

    def occupy(rows: slice) -> None:
        at_once(names)
        go_on.wait(60)

    other = threading.Thread(target=lambda: in_rows(occupy, 3, LEAST_BYTES))
    other.start()
    end = time.monotonic() + 60
    while len(names) < 3 and time.monotonic() < end:  # two of the pool and the other caller sit in their parts
        time.sleep(1e-4)
    done = np.zeros(100, int)

    def add(rows: slice) -> None:
        done[rows] += 1

    in_rows(add, 100, LEAST_BYTES)
    assert other.is_alive()
    go_on.set()
    other.join()
    np.testing.assert_array_equal(done, 1)


def test_no_array_is_kept_after_the_work() -> None:
    array = np.zeros(100)
    gone = weakref.ref(array)
    in_rows(lambda rows, held=array: held[rows].fill(1), 100, LEAST_BYTES)
    del array
    end = time.monotonic() + 60
    while gone() is not None and time.monotonic() < end:  # a thread that came too late lets go of its share, too
        gc.collect()
        time.sleep(1e-3)
    assert gone() is None


def test_without_threads_from_the_system_the_caller_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    calls: list[slice] = []
    in_rows(calls.append, 100, LEAST_BYTES)
    assert calls == [slice(0, 100)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own() -> None:
    test_parts_run_side_by_side()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            test_parts_run_side_by_side()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("environment", "cores", "threads"),
    [
        ({}, 4, 4),
        ({}, 1, 1),
        ({"OPENBLAS_NUM_THREADS": "1"}, 4, 1),
        ({"OMP_NUM_THREADS": "1"}, 4, 1),
        ({"MKL_NUM_THREADS": "2", "OMP_NUM_THREADS": "3,2"}, 4, 2),
        ({"OMP_NUM_THREADS": "16"}, 4, 4),
        ({"BPFRAME_THREADS": "1"}, 4, 1),
        ({"BPFRAME_THREADS": "3", "OMP_NUM_THREADS": "1"}, 4, 3),
        ({"BPFRAME_THREADS": "many", "OMP_NUM_THREADS": "2"}, 4, 2),
        ({"BPFRAME_THREADS": "0", "OMP_NUM_THREADS": ""}, 4, 4),
    ],
)
def test_threads_are_as_many_as_cores_or_as_a_variable_allows(
    environment: dict[str, str], cores: int, threads: int
) -> None:
    assert thread_count(environment, cores) == threads


def test_importing_starts_no_thread_and_the_process_ends_with_threads_waiting() -> None:
    program = (
        "import threading, bpframe.machine.workers as w; assert threading.active_count() == 1; w._cores = lambda: 2;"
        "w.in_rows(lambda rows: None, 100, w.LEAST_BYTES); print(threading.active_count())"
    )
    environment = {**os.environ, "BPFRAME_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "2", "")
