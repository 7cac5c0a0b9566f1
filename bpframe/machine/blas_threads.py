"""How many threads BLAS multiplies with while a network is trained: one for small products, all for large ones.

A product on two threads has them wait for one another. That costs some 10 to 30 µs where both run, as much as a small
product takes, and up to tens of milliseconds where another process holds a core.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from bpframe.machine.blas import beside_numpy
from bpframe.machine.workers import OWN_VARIABLE, thread_count

__all__ = ["ALL", "LARGE_PRODUCT", "blas_threads", "keeps_threads", "most_threads"]

#: The multiplications, M·N·K, from which on a product is worth the threads: measured, see docs/guides/speed.md.
LARGE_PRODUCT = 1 << 22

#: As many as there are.
ALL = sys.maxsize


def keeps_threads(environment: Mapping[str, str]) -> bool:
    """Return whether the user wants BLAS left alone."""
    return environment.get(OWN_VARIABLE, "").strip() == "keep"


def most_threads(multiplications: int, environment: Mapping[str, str]) -> int:
    """Return the most threads for products of at most so many multiplications, `ALL` where any number is welcome.

    The number in `BPFRAME_THREADS` counts alone where it is set.
    """
    own = thread_count({OWN_VARIABLE: environment.get(OWN_VARIABLE, "")}, ALL)
    return 1 if own == ALL and multiplications < LARGE_PRODUCT else own


class blas_threads(AbstractContextManager[None]):  # noqa: N801 (used as a function)
    """Within, have NumPy's BLAS take as many threads as fit products of at most so many multiplications.

    Never more than it had before, by a variable, by threadpoolctl or by its own choice; and these again at the end.
    The number is the process's: where several are within at once, one inside the other or in several Python threads,
    the one that wants most decides. `BPFRAME_THREADS=keep`, or a BLAS that threadpoolctl does not know, leaves
    everything alone. One may be entered again and again, with the variables as they were when it was made.
    """

    def __init__(self, multiplications: int) -> None:
        self._library = None if keeps_threads(os.environ) else _numpy_library()
        self._most = most_threads(multiplications, os.environ)
        self._users = _users

    def __enter__(self) -> None:
        if self._library is not None:
            self._users = _users
            self._users.enter(self, self._most, self._library)

    def __exit__(self, *raised: object) -> None:
        if self._library is not None:
            self._users.leave(self, self._library)


class _Users:
    """Who is within, the most threads that each wants, and what there was before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limits: dict[object, int] = {}
        self._before = 0
        self._chosen = 0  # by us, last

    def enter(self, user: object, limit: int, library: Any) -> None:
        with self._lock:
            self._limits[user] = limit
            self._choose(library)

    def leave(self, user: object, library: Any) -> None:
        with self._lock:
            self._limits.pop(user, None)
            self._choose(library)

    def _choose(self, library: Any) -> None:
        now = library.get_num_threads()
        if now != self._chosen:
            self._before = now  # somebody else's choice, at the start or since: it counts from here on
        self._chosen = min(self._before, max(self._limits.values(), default=ALL))
        if self._chosen != now:
            library.set_num_threads(self._chosen)


def _numpy_library() -> Any:
    """Return threadpoolctl's handle of the BLAS that NumPy has loaded, or None where it knows none."""
    if "library" not in _found:
        import numpy  # noqa: F401  # loads the library
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

        every = [each for each in ThreadpoolController().lib_controllers if each.user_api == "blas"]
        every.sort(key=lambda each: not beside_numpy(each.filepath))
        _found["library"] = every[0] if every else None
    return _found["library"]


def _forget() -> None:
    """Begin anew in a forked child, where those who are within never leave."""
    global _users
    _users = _Users()


_found: dict[str, Any] = {}  # looking through the loaded libraries takes as long as many steps
_users = _Users()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
