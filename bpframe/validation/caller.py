"""Where a user's line stands, for warnings that name it."""

from __future__ import annotations

import sys

__all__ = ["levels_to_the_caller"]


def levels_to_the_caller() -> int:
    """Return how far above whoever asks the first line stands that is not bpframe's: a `stacklevel` of its warning."""
    frame, levels = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("bpframe."):
        frame, levels = frame.f_back, levels + 1
    return levels
