"""Examples by rows: they lie on axis 0 of every input and target, and are cut there, here alone."""

from __future__ import annotations

from collections.abc import Mapping

from bpframe.validation.plain_arrays import Array

__all__ = ["rows_of", "slices"]

Arrays = Mapping[str, Array]


def slices(count: int, step: int) -> list[slice]:
    """Return rows 0 to `count` in parts of `step`, with maybe fewer in the last."""
    return [slice(first, min(first + step, count)) for first in range(0, count, step)]


def rows_of(rows: slice, inputs: Arrays, targets: Arrays) -> tuple[Arrays, Arrays]:
    """Return some examples, as views; where `rows` are all there are, the arrays themselves."""
    if rows.stop - rows.start == len(next(iter(inputs.values()))):
        return inputs, targets
    return {name: array[rows] for name, array in inputs.items()}, {name: array[rows] for name, array in targets.items()}
