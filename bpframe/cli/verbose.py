"""The option -v of every command: what bpframe logs goes to standard error."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

__all__ = ["telling"]


def _log(ctx: typer.Context, count: int) -> int:
    if count:
        handler, logger = logging.StreamHandler(sys.stderr), logging.getLogger("bpframe")
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if count == 1 else logging.DEBUG)
        ctx.call_on_close(lambda: logger.removeHandler(handler))
    return count


_Verbose = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, callback=_log, show_default=False, help="Tell what is done; -vv tells more."
    ),
]


def telling(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the option -v; one that has such an option itself stays as it is."""
    signature = inspect.signature(command, eval_str=True)
    if "verbose" in signature.parameters:
        return command

    @wraps(command)
    def told(*given: Any, verbose: int = 0, **named: Any) -> None:
        command(*given, **named)

    option = inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=0, annotation=_Verbose)
    told.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
    told.__annotations__ = {**command.__annotations__, "verbose": _Verbose}
    return told
