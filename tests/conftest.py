"""What all tests share: one BLAS thread, and a cache folder of their own, which leaves the user's alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

# Before NumPy is imported: tests run on every core already, and small products only get slower on more threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BPFRAME_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
