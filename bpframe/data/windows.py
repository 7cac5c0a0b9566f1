"""Windows of a sequence, and the cuts in time that keep what is held back apart from what is trained on.

window i = steps [s_i, s_i + length),    what follows = steps [s_i + length, s_i + length + after),    s_i = i stride
"""

from __future__ import annotations

import numpy as np

from bpframe.data.place import Array
from bpframe.errors import DataError

__all__ = ["cut", "in_time"]


def in_time(
    steps: Array, held_back: tuple[int, int], least: int, where: str, unit: str
) -> tuple[Array, Array | None, Array | None]:
    """Return the steps for training, then those for validation, then the last ones, for testing: no step is in two.

    `held_back` says how many there are for validation and for testing; of none the part is None.

    Raises DataError where a part has fewer than `least` steps, which one window needs.
    """
    validation, test = held_back
    first, second = len(steps) - validation - test, len(steps) - test
    parts = steps[:first], steps[first:second] if validation else None, steps[second:] if test else None
    for part, name in zip(parts, ("for training", "for validation", "held back"), strict=True):
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
