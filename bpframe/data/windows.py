"""Windows of a sequence, and the cut in time that keeps what is held back apart from what is trained on.

window i = steps [s_i, s_i + length),    what follows = steps [s_i + length, s_i + length + after),    s_i = i stride
"""

from __future__ import annotations

import numpy as np

from bpframe.data.place import Array
from bpframe.errors import DataError

__all__ = ["cut", "in_time"]


def in_time(steps: Array, held_back: int, least: int, where: str, unit: str) -> tuple[Array, Array | None]:
    """Return the steps for training and the last `held_back` of them, for testing: no step is in both.

    Raises DataError where one of the two has fewer than `least` steps, which one window needs.
    """
    parts = (steps, None) if not held_back else (steps[: len(steps) - held_back], steps[len(steps) - held_back :])
    for part, name in zip(parts, ("for training", "held back"), strict=True):
        if part is not None and len(part) < least:
            raise DataError(
                f"{where}: there are too few {unit} {name} for one window",
                expected=f"at least {least}: a window and what follows it",
                received=str(len(part)),
                hint="a smaller length, or more data",
            )
    return parts


def cut(steps: Array, length: int, stride: int, after: int) -> tuple[Array, Array]:
    """Return windows (N, length, *rest) and the steps that follow each, (N, after, *rest), as arrays of their own.

    Every window starts `stride` after the one before, as long as it and what follows lie within the steps.
    """
    starts = np.arange(0, len(steps) - length - after + 1, stride)
    windows = np.lib.stride_tricks.sliding_window_view(steps, length + after, axis=0)[starts]
    windows = np.moveaxis(windows, -1, 1)
    return np.ascontiguousarray(windows[:, :length]), np.ascontiguousarray(windows[:, length:])
