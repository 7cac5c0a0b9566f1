"""A lock that processes share by a file's name, and that the system takes from a process that has ended.

It is the kernel's own lock on the open file (flock; on Windows msvcrt.locking): kill -9, a crash and a power cut free
it, where a file that merely exists would be left behind by all three, and a process's number in it be given to another
process. On NFS, Linux asks the server for it, so that it also holds between computers. What is written in the file is
for people: who holds it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import socket
import sys
import time
from datetime import datetime
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FileLock", "Held"]

#: How a file system says that it has no locks.
_MISSING = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}

#: How the system says that somebody else has the lock.
_BUSY = {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK}

#: The locked byte on Windows, where a locked one cannot be read: behind everything that is written.
_PLACE = 2**20

#: Seconds between two attempts.
_PAUSE = 0.01


class Held(OSError):
    """Somebody else has held a lock for as long as was waited; `owner` says who."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(errno.EBUSY, f"held by {owner}", str(path))
        self.owner = owner


class FileLock:
    """Who has acquired it is the only one of all processes and threads until it is released; the file then goes.

    `real` is False on a file system without locks, where nobody is kept out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.real = False
        self._number = -1

    def acquire(self, wait: float) -> None:
        """Take the lock, waiting at most so many seconds for whoever has it.

        Errors: Held; other OSErrors where the file cannot be written.
        """
        until = time.monotonic() + wait
        while not self._acquired(over=time.monotonic() >= until):
            time.sleep(_PAUSE * (0.5 + random.random()))

    def release(self) -> None:
        """Remove the file and give the lock back."""
        if sys.platform == "win32":  # an open file cannot be removed there, nor one that another process has open
            self._close()
            with contextlib.suppress(OSError):
                self.path.unlink()
            return
        try:
            for _ in range(2):
                with contextlib.suppress(OSError):  # else the next who saves here removes it
                    self.path.unlink(missing_ok=True)
        finally:
            self._close()

    def _close(self) -> None:
        number, self._number = self._number, -1
        if number >= 0:
            with contextlib.suppress(OSError):  # the number is closed all the same, and no content is lost
                os.close(number)

    def _acquired(self, over: bool) -> bool:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        self._number = os.open(self.path, flags, 0o666)
        try:
            self.real = _lock(self._number)
            if self._is_the_one():
                self._sign()
                return True
            # Who had it before has removed the file meanwhile: that name is another file's now, or nobody's.
            self._close()
        except BlockingIOError:
            owner = _owner(self._number)
            self._close()
            if over:
                raise Held(self.path, owner) from None
        except BaseException:
            if self.real:
                self.release()
            self._close()
            raise
        return False

    def _is_the_one(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._number), self.path.stat())
        except FileNotFoundError:
            return False

    def _sign(self) -> None:
        os.ftruncate(self._number, 0)
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        record = {"process": os.getpid(), "computer": socket.gethostname(), "since": now}
        os.write(self._number, json.dumps(record).encode())


def _lock(number: int) -> bool:
    """Lock an open file; False where its file system has no locks. BlockingIOError: it is another's."""
    try:
        if sys.platform == "win32":
            os.lseek(number, _PLACE, os.SEEK_SET)
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
            os.lseek(number, 0, os.SEEK_SET)
        else:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            raise BlockingIOError(error.errno, error.strerror) from None
        if error.errno in _MISSING:
            return False
        raise
    return True


def _owner(number: int) -> str:
    """Return who is written in the file. What stands there is anybody's: little of it is told on, and as ASCII."""
    try:
        os.lseek(number, 0, os.SEEK_SET)
        record = json.loads(os.read(number, 1000))
        told = [ascii(str(record[each]))[1:-1][:80] for each in ("process", "computer", "since")]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return "another process"
    return f"process {told[0]} on {told[1]} since {told[2]}"
