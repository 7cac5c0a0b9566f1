"""Threads that are switched between as often as Python can, so that what they share shows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

__all__ = ["at_once"]


def at_once(work: Callable[[int], object], threads: int) -> None:
    """Do `work(number)` in every thread; return when all are done."""
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        sys.setswitchinterval(before)
