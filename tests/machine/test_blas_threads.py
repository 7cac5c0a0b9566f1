"""BLAS's threads while a network is trained: chosen by size, never more than the user has, and given back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_convolution import Conv1d, Flatten
from bpframe_minimizers import LevenbergMarquardt
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from threadpoolctl import threadpool_limits

import bpframe as bp
from bpframe.extend import Activation, IdentityMap
from bpframe.machine import blas_threads as module
from bpframe.machine.blas import numpy_blas
from bpframe.machine.blas_threads import LARGE_PRODUCT, blas_threads
from bpframe.training.largest_product import largest_product

SMALL, LARGE = LARGE_PRODUCT - 1, LARGE_PRODUCT


class Library:
    """A BLAS library that counts, with four threads."""

    threads = 4
    changes = 0

    def get_num_threads(self):
        return self.threads

    def set_num_threads(self, threads):
        self.threads = threads
        self.changes += 1


@pytest.fixture
def library(monkeypatch):
    monkeypatch.setattr(module, "_found", {"library": Library()})
    monkeypatch.setattr(module, "_users", module._Users())
    monkeypatch.delenv("BPFRAME_THREADS", raising=False)
    return module._found["library"]


@pytest.mark.parametrize(
    ("variable", "small", "large"),
    [(None, 1, 4), ("1", 1, 1), ("3", 3, 3), ("9", 4, 4), ("keep", 4, 4), ("many", 1, 4), ("0", 1, 4)],
)
def test_size_and_variable_choose_and_the_end_gives_back(library, monkeypatch, variable, small, large) -> None:
    if variable is not None:
        monkeypatch.setenv("BPFRAME_THREADS", variable)
    for multiplications, threads in ((SMALL, small), (LARGE, large), (0, small)):
        with blas_threads(multiplications):
            assert library.threads == threads
        assert library.threads == 4
        with pytest.raises(KeyboardInterrupt), blas_threads(multiplications):
            raise KeyboardInterrupt
        assert library.threads == 4
    if variable == "keep":
        assert library.changes == 0


def test_never_more_than_there_were(library) -> None:
    library.threads = 1
    with blas_threads(LARGE):
        assert library.threads == 1
    assert library.changes == 0
    library.threads = 2  # between two trainings
    with blas_threads(LARGE):
        assert library.threads == 2
        library.threads = 3  # by the user, from within
        with blas_threads(LARGE):
            assert library.threads == 3
    assert library.threads == 3


def test_inside_one_another_the_larger_product_decides(library) -> None:
    with blas_threads(SMALL):
        with blas_threads(LARGE):
            assert library.threads == 4
        assert library.threads == 1
        with blas_threads(SMALL):
            assert library.threads == 1
    assert library.threads == 4


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first in, first out", "last in, first out"])
def test_python_threads_that_overlap_leave_what_there_was(library, order) -> None:
    entered = [threading.Event() for _ in range(2)]
    go = [threading.Event() for _ in range(2)]

    def train(number, multiplications):
        with blas_threads(multiplications):
            entered[number].set()
            assert go[number].wait(60)

    threads = []
    for number, multiplications in enumerate((SMALL, LARGE)):
        threads.append(threading.Thread(target=train, args=(number, multiplications)))
        threads[-1].start()
        assert entered[number].wait(60)
        assert library.threads == (1, 4)[number]
    for number in order:
        go[number].set()
        threads[number].join(60)
    assert library.threads == 4


def test_a_blas_that_nobody_knows_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(module, "_found", {"library": None})
    with blas_threads(SMALL):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_gives_back_what_it_had(library) -> None:
    with blas_threads(SMALL):
        child = os.fork()
        if not child:
            library.threads = 4
            with blas_threads(SMALL):
                pass
            os._exit(library.threads)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4


class Looking(Activation):
    """Note how many threads BLAS has, and do what a test asks for."""

    def forward(self, x, training):
        SEEN.append((training, numpy_blas().threads))
        return ACTION[-1](x)

    def jacobian(self, x):
        return IdentityMap()


SEEN: list[tuple[bool, int]] = []
ACTION = [lambda x: x]


@pytest.fixture
def two(monkeypatch):
    monkeypatch.delenv("BPFRAME_THREADS", raising=False)
    if numpy_blas() is None:
        pytest.skip("a BLAS that threadpoolctl does not know")
    SEEN.clear()
    with threadpool_limits(2, user_api="blas"):
        yield
        assert numpy_blas().threads == 2, "not given back"
    del ACTION[1:]


def fit(units=4, count=30, optimizer=None, **fields):
    network = bp.Network([Dense(units=units), Looking(), Dense(units=1)], cost=QuadraticCost(), input_shape=(32,))
    x, y = np.ones((count, 32)), np.ones((count, 1))
    optimizer = optimizer or GradientDescent(learning_rate=1e-6)
    network.fit(x, y, optimizer=optimizer, epochs=2, validation_data=(x, y), **fields)


@pytest.mark.usefixtures("two")
def test_fit_takes_one_thread_for_small_products_and_more_for_large_ones() -> None:
    fit()
    assert set(SEEN) == {(True, 1), (False, 1)}
    SEEN.clear()
    fit(units=256, count=600, batch_size=10)  # 10·256·32 in training, 600·256·32 in evaluation
    assert set(SEEN) == {(True, 1), (False, 2)}
    SEEN.clear()
    fit(units=256, count=600, batch_size=10**9)
    assert set(SEEN) == {(True, 2), (False, 2)}


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("variable", "threads"), [("", 2), ("1", 1)])
def test_a_method_that_drives_itself_has_all_that_the_variable_allows(monkeypatch, variable, threads) -> None:
    monkeypatch.setenv("BPFRAME_THREADS", variable)
    fit(optimizer=LevenbergMarquardt())
    assert {each for _, each in SEEN} == {threads}


@pytest.mark.usefixtures("two")
def test_threads_come_back_after_an_error() -> None:
    def fail(x):
        raise ValueError("worn out")

    ACTION.append(fail)
    with pytest.raises(bp.errors.ContractError, match="worn out"):
        fit()


@pytest.mark.usefixtures("two")
def test_threads_come_back_after_one_and_two_interrupts() -> None:
    def interrupt(x):
        os.kill(os.getpid(), signal.SIGINT)
        return x

    def interrupt_twice(x):
        interrupt(x)
        return interrupt(x)

    ACTION.append(interrupt)
    fit()
    ACTION.append(interrupt_twice)
    with pytest.raises(KeyboardInterrupt):
        fit()
    assert {threads for _, threads in SEEN} == {1}


def test_importing_looks_for_no_library() -> None:
    code = "import sys, bpframe.network; assert 'threadpoolctl' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600)


@pytest.mark.parametrize(
    ("layers", "shape", "expected"),
    [
        ([Dense(units=30), Dense(units=10)], (784,), 784 * 30),
        ([Dense(units=3), Tanh(), Dense(units=50)], (7,), 3 * 50),
        ([Dense(units=4)], (6, 5), 6 * 5 * 4),
        ([Conv1d(filters=8, kernel_size=3), Flatten()], (12, 2), 10 * 8 * 3 * 2),
        ([Tanh()], (9,), 0),
    ],
    ids=["row", "grows", "along an axis", "convolution", "no parameters"],
)
def test_the_largest_product_by_shapes(layers, shape, expected) -> None:
    network = bp.Network(layers, input_shape=shape)
    assert largest_product(network.graph, 10) == 10 * expected
