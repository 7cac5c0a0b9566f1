"""How much memory a process may still have, asked before much of it is taken."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bpframe.errors import BpframeError

__all__ = ["available_memory", "enough_memory", "in_bytes", "lacking_memory", "require_memory"]

#: So much is taken without asking the system, which costs more than the answer is worth.
SMALL = 2**26

#: Of a Linux control group in versions 2 and 1: the controller, the files of what it may have and has, and what of
#: that are files which were read, and are let go when memory is wanted.
_GROUPS = (
    ("", "memory.max", "memory.current", ("active_file", "inactive_file")),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", ("total_active_file", "total_inactive_file")),
)


def require_memory(needed: int, what: str, failure: type[BpframeError], hint: str | None = None) -> None:
    """Refuse what needs more bytes than there is memory, before anything is allocated.

    Errors: `failure`, which names `what` and the bytes.
    """
    if lacking := lacking_memory(needed):
        raise failure(f"{what} does not fit into memory", expected=lacking, received=in_bytes(needed), hint=hint)


@contextmanager
def enough_memory(what: str, failure: type[BpframeError]) -> Iterator[None]:
    """Turn Python's error for memory that is at its end, inside the block, into one that names what was too large.

    Errors: `failure`.
    """
    try:
        yield
    except MemoryError as error:
        raise failure(f"{what} do not fit into memory", received=str(error) or "no memory") from error


def lacking_memory(needed: int) -> str | None:
    """Return how much memory there is in words, where it is less than is needed; else None."""
    if needed <= SMALL or needed <= (available := available_memory()):
        return None
    return f"at most {available:,} bytes, which are free now"


def in_bytes(number: int) -> str:
    """Return a number of bytes in words."""
    return f"{number:,} bytes" if number < 2**63 else "more bytes than a computer can address"


def available_memory() -> int:
    """Return how many bytes this process may still take: of the machine's, of its control group's, of its own limit."""
    return max(0, min(_of_the_machine(), _of_the_group(), _of_the_process()))


def _of_the_machine() -> int:
    stated = _numbers(Path("/proc/meminfo"), "MemAvailable:")
    if stated is not None:
        return 1024 * stated
    if sys.platform == "win32":
        return _of_windows()
    for pages in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):  # macOS tells all, not what is free
        if pages in os.sysconf_names:
            return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
    return sys.maxsize


def _of_windows() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong), ("bytes", ctypes.c_ulonglong * 7)]

    status = Status(length=ctypes.sizeof(Status))
    windows: Any = ctypes
    return int(status.bytes[1]) if windows.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else sys.maxsize


def _of_the_group(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """Return what the process's control group and those around it leave; of files in the cache they can let go."""
    free = sys.maxsize
    try:
        lines = [line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return free
    for (kind, most, used, cached), (_, controllers, name) in itertools.product(_GROUPS, lines):
        if kind not in controllers.split(","):
            continue
        # In a container the own path may be that outside of it: what is not there is passed over.
        group = root / kind / name.strip("/")
        for folder in (group, *group.parents[: len(group.parts) - len(root.parts)]):
            limit, current = _number(folder / most), _number(folder / used)
            if limit is not None and current is not None:
                held = [_numbers(folder / "memory.stat", each) or 0 for each in cached]
                free = min(free, limit - current + sum(held))
    return free


def _of_the_process() -> int:
    try:
        import resource  # not on Windows

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return sys.maxsize
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        return limit - pages * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return sys.maxsize


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" is no limit
        return None


def _numbers(path: Path, name: str) -> int | None:
    """Return the number beside a name in a file of the system's, which has one to a line."""
    try:
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            if line.split()[:1] == [name]:
                return int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    return None
