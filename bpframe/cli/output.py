"""Writing results to standard output, and files that a command was asked for."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, cast

import typer

from bpframe.machine.whole_file import whole_file

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "AsJson",
    "json_alone",
    "json_line",
    "json_text",
    "prepare_streams",
    "print_json",
    "print_table",
    "written_file",
]

#: How wide a table may be where no terminal sets the width.
FILE_WIDTH = 120


def prepare_streams() -> None:
    """Let characters that the terminal's encoding lacks come out as escapes instead of ending the command.

    A stream that was closed, as by `>&-`, leads nowhere: no file that a command opens may get its number.
    """
    for name in ("stdin", "stdout", "stderr"):  # in the order of their numbers, which are given out from the lowest
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, "r" if name == "stdin" else "w", encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


#: Where results go while standard output is kept for them alone.
_results: ContextVar[IO[str] | None] = ContextVar("results", default=None)


def json_alone(ctx: typer.Context, wanted: bool) -> bool:
    """Keep standard output for one JSON value during a command: what anybody else writes goes to standard error.

    A callback of the option --json. A component that prints while it runs would else spoil the value. The descriptor
    is not given back, since a thread of a plugin may go on writing until the process ends.
    """
    if wanted:
        ctx.with_resource(_results_alone())
    return wanted


#: The option of a command that prints its result as one value.
AsJson = Annotated[bool, typer.Option("--json", callback=json_alone, help="Print one JSON object and nothing else.")]


@contextlib.contextmanager
def _results_alone() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        encoding, results = sys.stdout.encoding, cast(IO[str], sys.stdout)
        with contextlib.suppress(OSError, ValueError):
            if (sys.stdout.fileno(), sys.stderr.fileno()) == (1, 2):
                sys.stdout.flush()
                results = stack.enter_context(os.fdopen(os.dup(1), "w", encoding=encoding, errors="strict"))
                os.dup2(2, 1)
        stack.callback(_results.reset, _results.set(results))
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        yield


def json_text(value: Any) -> str:
    """Return a value as JSON. What is not finite becomes null, as JSON has no word for it."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def json_line(value: Any) -> str:
    """Return a value as JSON in one line. What is not finite becomes null."""
    return json.dumps(_finite(value), allow_nan=False, ensure_ascii=False)


def print_json(value: Any) -> None:
    """Print one JSON value."""
    print(json_text(value), file=_results.get() or sys.stdout, flush=True)


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal, or as COLUMNS says."""
    from rich.console import Console

    free = not sys.stdout.isatty() and not os.environ.get("COLUMNS", "").isdecimal()
    console = Console(file=sys.stdout, width=FILE_WIDTH if free else None, markup=False, highlight=False)
    console.print(table)


@contextlib.contextmanager
def written_file(path: Path, failure: type[Exception]) -> Iterator[IO[bytes]]:
    """Yield a file to write to that takes its name when the block ends without an error.

    A file of that name is replaced. Raises `failure`, with what the system says, where it cannot be written.
    """
    target = path.expanduser()
    try:
        if target.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        with whole_file(target) as file:
            yield file
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise failure(f"{target} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return None
    return value
