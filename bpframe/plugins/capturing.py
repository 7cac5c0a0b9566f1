"""What somebody else's code writes to standard output and error, kept apart from what this process has to say."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator

from bpframe.machine.ownership import is_owned

__all__ = ["Captured", "captured"]


class Captured:
    """What was written; complete when the block ends."""

    text = ""


@contextlib.contextmanager
def captured() -> Iterator[Captured]:
    """Keep what is written inside the block.

    In a process of our own that is also what goes to the file descriptors 1 and 2 directly, from Python or from C.
    Elsewhere they may be anybody's, a notebook's or another thread's, and only `sys.stdout` and `sys.stderr` are taken.
    """
    found, printed = Captured(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: setattr(found, "text", found.text + printed.getvalue()))
        if is_owned():
            stack.enter_context(_descriptors(found))
        stack.enter_context(contextlib.redirect_stdout(printed))
        stack.enter_context(contextlib.redirect_stderr(printed))
        yield found


@contextlib.contextmanager
def _descriptors(found: Captured) -> Iterator[None]:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()  # what is already said goes where it was meant to go
    try:
        kept = {number: os.dup(number) for number in (1, 2)}
    except OSError:  # closed: nobody reads them
        yield
        return
    with tempfile.TemporaryFile() as file:
        try:
            for number in kept:
                os.dup2(file.fileno(), number)
            yield
        finally:
            _flush_c()
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            found.text = file.read().decode(errors="replace")


def _flush_c() -> None:
    """Empty the buffers of C's own stdout, which would else come out when the process ends."""
    try:
        import ctypes  # NumPy imports it anyway

        ctypes.CDLL(None).fflush(None)
    except (ImportError, OSError, TypeError, AttributeError):  # Windows has no such handle
        return
