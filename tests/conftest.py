"""What all tests share: one BLAS thread, examples that repeat, and a cache folder of their own, not the user's."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator

# Before NumPy is imported: tests run on every core already, and small products only get slower on more threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
from hypothesis import settings

# A machine that does other work besides is slow now and then; how long an example takes is no property of the code.
settings.register_profile("explore", deadline=None)

# Equal code gets an equal verdict: the default draws the same examples each time, --hypothesis-profile=explore others.
settings.register_profile("bpframe", deadline=None, derandomize=True, database=None)
settings.load_profile("bpframe")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage after collection alone, and leave what it made, which stays to the end, out of later looks."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BPFRAME_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
