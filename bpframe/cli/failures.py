"""How a command ends when it cannot go on: which message, and which exit code."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from bpframe.errors import BpframeError, shown
from bpframe.machine.ownership import owned

__all__ = ["DEFECT", "INTERRUPTED", "MISTAKE", "Guarded", "end_in_time", "ended_well", "tell"]

DEFECT, MISTAKE, INTERRUPTED = 1, 2, 130

#: The environment variable that asks for the traceback of an error.
TRACEBACK = "BPFRAME_TRACEBACK"

# What typer handles itself; it exports this base of its usage errors only through their subclass.
_USAGE: tuple[type[BaseException], ...] = (*typer.BadParameter.__mro__[1:2], typer.Exit, typer.Abort)


# Where the place that the output goes to is full, or gone, as a terminal that was closed is.
_FULL = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO") if hasattr(errno, name)}

#: Seconds that threads of plugins may take to finish when a command has ended.
PATIENCE = 1.0


class Guarded(TyperGroup):
    """The commands, with their errors turned into messages on standard error and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        with owned(), ended_well():
            return super().invoke(ctx)


def tell(error: BaseException) -> None:
    """Write what went wrong to standard error: its kind, and the rows below it."""
    _say(f"{type(error).__name__}: {error}")


def _say(words: str) -> None:
    """Write a line to standard error, where it can be written to."""
    with contextlib.suppress(OSError, ValueError):
        print(shown(words), file=sys.stderr, flush=True)


def end_in_time(code: object) -> None:
    """Let the process end soon, although a plugin may have left a thread running that Python would wait for."""
    if any(not each.daemon for each in threading.enumerate() if each is not threading.main_thread()):
        timer = threading.Timer(PATIENCE, _leave, [code if isinstance(code, int) else int(code is not None)])
        timer.daemon = True
        timer.start()


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextlib.contextmanager
def ended_well() -> Iterator[None]:
    """Turn errors inside the block into messages on standard error, and into `typer.Exit` with the exit code."""
    try:
        yield
        # Here, and not when the interpreter ends, a reader that has gone away can still be handled.
        sys.stdout.flush()
    except _USAGE as error:
        if isinstance(told := getattr(error, "message", None), str):
            vars(error)["message"] = shown(told)
        raise
    except BpframeError as error:
        _traceback()
        tell(error)
        raise typer.Exit(MISTAKE) from None
    except BrokenPipeError:
        _let_go()  # whoever read the output has seen enough, as `| head` does
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        _say("Interrupted.")
        raise typer.Exit(INTERRUPTED) from None
    except MemoryError as error:
        _traceback()
        _say(f"There is not enough memory for this: {error}".rstrip(": "))
        raise typer.Exit(MISTAKE) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            _traceback()
            _let_go()
            _say(f"The output could not be written to its end: {error.strerror}.")
            raise typer.Exit(MISTAKE) from None
        traced = _traceback()
        _say(f"Sorry, bpframe failed where it should not: {type(error).__name__}: {error}")
        how = "" if traced else f", with what {TRACEBACK}=1 in front of the command adds to it"
        _say(f"Please report this message to the project's issue tracker{how}.")
        raise typer.Exit(DEFECT) from None


def _let_go() -> None:
    """Write nothing more to standard output, not at exit either."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _traceback() -> bool:
    """Print the traceback of the current error where the user asked for it; return whether that was so."""
    wanted = os.environ.get(TRACEBACK, "") not in ("", "0")
    if wanted:
        traceback.print_exc()
    return wanted
