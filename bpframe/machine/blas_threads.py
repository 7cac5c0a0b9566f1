"""How many threads BLAS multiplies with while a network is trained: one for small products, all for large ones.

A product on two threads has them wait for one another. That costs some 10 to 30 µs where both run, as much as a small
product takes, and up to tens of milliseconds where another process holds a core.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from itertools import product
from typing import Any, NamedTuple

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
            with _users.lock:
                _users.limits[self] = self._most
                _users.choose(self._library)

    def __exit__(self, *raised: object) -> None:
        if self._library is not None:
            users = self._users
            with users.lock:
                users.limits.pop(self, None)
                users.choose(self._library)


class _Users:
    """Who is within, the most threads that each wants, and what there was before."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.limits: dict[object, int] = {}
        self._before = 0
        self._chosen = 0  # by us, last

    def choose(self, library: Any) -> None:
        """Have as many threads as those who are within want, while the lock is held."""
        now = library.get_num_threads()
        if now != self._chosen:
            self._before = now  # somebody else's choice, at the start or since: it counts from here on
        most = max(self.limits.values()) if self.limits else ALL
        self._chosen = most if most < self._before else self._before
        if self._chosen != now:
            library.set_num_threads(self._chosen)


def _numpy_library() -> Any:
    """Return threadpoolctl's handle of the BLAS that NumPy has loaded, or None where it knows none."""
    if "library" not in _found:
        import numpy  # noqa: F401  # loads the library
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

        every = [each for each in ThreadpoolController().lib_controllers if each.user_api == "blas"]
        every.sort(key=lambda each: not beside_numpy(each.filepath))
        _found["library"] = _direct(every[0]) if every else None
    return _found["library"]


def _direct(library: Any) -> Any:
    """Return OpenBLAS's own two functions, where it has threads of its own, else threadpoolctl's way to a library.

    That looks each function up by name, time and again, and lets only one Python thread change the number.
    """
    if library.internal_api == "openblas" and library.threading_layer != "openmp":
        for prefix, suffix in product(("", "scipy_"), ("", "64_", "_64")):
            names = (f"{prefix}openblas_{each}_num_threads{suffix}" for each in ("get", "set"))
            found: list[Any] = [getattr(library.dynlib, name, None) for name in names]
            if all(found):
                return _OpenBlas(*found)
    return library


class _OpenBlas(NamedTuple):
    get_num_threads: Callable[[], int]
    set_num_threads: Callable[[int], object]


def _forget() -> None:
    """Begin anew in a forked child, where those who are within never leave."""
    global _users
    _users = _Users()


_found: dict[str, Any] = {}  # looking through the loaded libraries takes as long as many steps
_users = _Users()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
