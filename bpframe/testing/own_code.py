"""Where in the author's code did something go wrong?"""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

__all__ = ["place_of"]

#: What authors have not written.
_OTHERS = frozenset({"bpframe", "numpy", "scipy", "pydantic", "pydantic_core"}) | sys.stdlib_module_names


def place_of(error: BaseException) -> str | None:
    """Return the innermost line of the author's code that an error, or its cause, went through; None where none is.

    It reads `lstm.py, line 40, in forward`.
    """
    causes = [error]
    while (cause := causes[-1].__cause__) is not None and cause not in causes:
        causes.append(cause)
    found = (_innermost(each.__traceback__) for each in reversed(causes))
    return next((place for place in found if place is not None), None)


def _innermost(traceback: TracebackType | None) -> str | None:
    place = None
    while traceback is not None:
        frame = traceback.tb_frame
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] not in _OTHERS:
            name = Path(frame.f_code.co_filename).name
            place = f"{name}, line {traceback.tb_lineno}, in {frame.f_code.co_name}"
        traceback = traceback.tb_next
    return place
