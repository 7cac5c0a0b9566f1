"""The next examples are read by a thread while a step runs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextvars import copy_context
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

__all__ = ["read_ahead"]

Asked = TypeVar("Asked")
Found = TypeVar("Found")

#: So many portions are read before they are wanted, at most.
AHEAD = 2

#: How long a thread is waited for, in seconds, that reads when nobody wants more.
PATIENCE = 5.0


def read_ahead(asked: Iterable[Asked], read: Callable[[Asked], Found]) -> Generator[Found]:
    """Yield what `read` returns, in order, read by one thread that is a little ahead; closing it ends the thread.

    What `read` raises is raised where its portion is wanted.
    """
    found: Queue[tuple[Found | None, BaseException | None, bool]] = Queue(AHEAD)
    ended = Event()

    def put(item: tuple[Found | None, BaseException | None, bool]) -> bool:
        while not ended.is_set():
            try:
                found.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for each in asked:
                if ended.is_set() or not put((read(each), None, False)):
                    return
        except BaseException as error:
            put((None, error, True))
        else:
            put((None, None, True))

    # A thread of its own has NumPy's warnings as they are at first, and not as they are here.
    thread = Thread(target=copy_context().run, args=(work,), name="bpframe-reader", daemon=True)
    thread.start()
    try:
        while True:
            value, error, last = _next(found, thread)
            if error is not None:
                raise error
            if last:
                return
            yield value  # type: ignore[misc]
    finally:
        ended.set()
        thread.join(PATIENCE)


def _next(
    found: Queue[tuple[Found | None, BaseException | None, bool]], thread: Thread
) -> tuple[Found | None, BaseException | None, bool]:
    """Wait in short pieces, so that a second Ctrl-C comes through on every system."""
    while True:
        try:
            return found.get(timeout=0.5)
        except Empty:
            if not thread.is_alive() and found.empty():
                raise RuntimeError("the thread that reads examples has ended without a word") from None
