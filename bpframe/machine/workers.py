"""Threads that share large elementwise work: NumPy leaves the interpreter to others while it computes.

What is gained is the processors' time, and that of new memory: the operating system clears pages as they are first
written, and two threads get theirs twice as fast. Matrix products have the threads of BLAS and stay out of here.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from queue import SimpleQueue

__all__ = ["LEAST_BYTES", "in_rows", "thread_count"]

#: Below so many bytes that are read or written, a thread that wakes, and waits for its processor, saves nothing. After
#: a product the threads of OpenBLAS go on looking for work for some hundredths of a second, on that very processor.
LEAST_BYTES = 1 << 23

#: Parts for each thread: whoever is kept waiting for a processor leaves more of them to the others.
PARTS_EACH = 16

#: Variables that say how many threads a process may use; bpframe's own, where it is set, counts alone.
OWN_VARIABLE = "BPFRAME_THREADS"
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

Work = Callable[[slice], object]


def in_rows(function: Work, count: int, nbytes: int) -> None:
    """Call function(rows) for parts that make up slice(0, count), in threads where there is enough to do.

    `nbytes` is what the whole reads and writes; what takes longer than copying may say more. The function writes to its
    own rows only, and does the same to each of them whatever part it belongs to, as elementwise NumPy calls do and
    matrix products need not: then the result is the same bytes, in parts or not. Context variables hold in every
    thread, and `numpy.errstate` with them. A call from within a part runs whole, where it stands.

    Errors: the first that a part raises, once no part runs any more.
    """
    if nbytes < LEAST_BYTES or count < 2 or getattr(_here, "inside", False) or not _pool.ready():
        function(slice(0, count))
        return
    whole = min(count, PARTS_EACH * _pool.threads)
    parts = deque(slice(count * part // whole, count * (part + 1) // whole) for part in range(whole))
    shares = [_Share(function, parts, copy_context()) for _ in range(_pool.threads - 1)]
    for share in shares:
        _pool.queue.put(share)
    try:
        _work_off(function, parts)
    finally:
        parts.clear()
        for share in shares:
            share.await_end()
    for share in shares:
        if share.error is not None:
            raise share.error


def thread_count(environment: Mapping[str, str], cores: int) -> int:
    """Return how many threads a process may use: one for each core, or fewer where a variable says so.

    `BPFRAME_THREADS` counts alone where it is set; else the least that BLAS or OpenMP was told. What is no positive
    number is as good as not set.
    """
    own = _number(environment.get(OWN_VARIABLE))
    told = [own] if own else [number for name in VARIABLES if (number := _number(environment.get(name)))]
    return min([cores, *told])


class _Share:
    """One thread's share in some work, which it has to begin before the caller has done all there is."""

    def __init__(self, function: Work, parts: deque[slice], context: Context) -> None:
        self.error: BaseException | None = None
        self._function = function
        self._parts = parts
        self._context = context
        self._claimed = threading.Lock()  # by the thread, or by the caller that no longer waits for it
        self._ended = threading.Lock()
        self._ended.acquire()

    def run(self) -> None:
        """Work until no part is left, unless the caller has done without."""
        if not self._claimed.acquire(blocking=False):
            return
        try:
            self._context.run(_work_off, self._function, self._parts)
        except BaseException as error:  # the caller raises it
            self._parts.clear()
            self.error = error
        finally:
            self._ended.release()

    def await_end(self) -> None:
        """Wait for a share that was begun; withdraw one that was not."""
        if not self._claimed.acquire(blocking=False):
            self._ended.acquire()


class _Pool:
    """The threads of this process, started when first asked for; a forked child starts its own."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[_Share] = SimpleQueue()
        self.threads = 0  # not counted yet
        self._starting = threading.Lock()

    def ready(self) -> bool:
        """Return whether there is a thread beside the caller's."""
        if not self.threads:
            with self._starting:
                if not self.threads:
                    self.threads = self._start(thread_count(os.environ, _cores()))
        return self.threads > 1

    def _start(self, wanted: int) -> int:
        """Start threads that end with the process; return how many there are with the caller's."""
        for running in range(1, wanted):
            thread = threading.Thread(target=_serve, args=(self.queue,), name="bpframe worker", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system gives no more, or none at all
                return running
        return max(wanted, 1)


def _serve(queue: SimpleQueue[_Share]) -> None:
    while True:
        queue.get().run()


def _work_off(function: Work, parts: deque[slice]) -> None:
    """Take part after part until none is left; whichever thread gets there first takes the next."""
    _here.inside = True
    try:
        while True:
            try:
                rows = parts.popleft()
            except IndexError:
                return
            function(rows)
    finally:
        _here.inside = False


def _number(text: str | None) -> int:
    """Return the positive number that a variable holds, or 0; of OpenMP's lists, the outermost."""
    first = (text or "").split(",")[0].strip()
    return int(first) if first.isascii() and first.isdecimal() else 0


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _forget() -> None:
    """Begin anew in a forked child, which has the caller's thread alone."""
    global _pool
    _pool = _Pool()
    _here.inside = False


_here = threading.local()
_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
