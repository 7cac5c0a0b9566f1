"""Two names that change places by one operation of the operating system."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["exchange"]

#: linux/fs.h and linux/fcntl.h; sys/stdio.h of macOS has the same number for its flag.
_RENAME_EXCHANGE, _AT_FDCWD = 2, -100

#: How a system, or the file system of a disk, says that it has no such operation.
_MISSING = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


def exchange(first: Path, second: Path) -> bool:
    """Let two files or folders of one file system change names, with no moment at which either name is missing.

    False where there is no such operation: it is renameat2 of Linux (ext4, XFS, Btrfs, tmpfs, not NFS) and renamex_np
    of macOS (APFS). Then nothing was done.

    Errors: OSError where the system refuses.
    """
    call = _operation()
    if call is None:
        return False
    names = os.fsencode(first), os.fsencode(second)
    if sys.platform == "darwin":
        failed = call(names[0], names[1], _RENAME_EXCHANGE)
    else:
        failed = call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in _MISSING:
        return False
    raise OSError(number, os.strerror(number), str(first), None, str(second))


@cache
def _operation() -> Any:
    """Return the C library's function, None where it has none."""
    name = {"linux": "renameat2", "darwin": "renamex_np"}.get(sys.platform)
    call = getattr(ctypes.CDLL(None, use_errno=True), name, None) if name else None
    if call is not None:
        one = [ctypes.c_int, ctypes.c_char_p] if name == "renameat2" else [ctypes.c_char_p]
        call.argtypes = [*one, *one, ctypes.c_uint]
    return call
