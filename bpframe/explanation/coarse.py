"""A large local Jacobian seen from afar: some of its rows, and of columns side by side the largest entry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bpframe.core.operators import Operator
from bpframe.validation.plain_arrays import Array

__all__ = ["CoarseJacobian", "coarse_of"]

#: So many rows are looked at, and so many places have their columns; of Jacobians with more inputs nothing is seen.
ROWS, COLUMNS, INPUTS = 32, 48, 1_000_000

#: Where a product takes many multiply-adds there are fewer rows, down to some, so that all together take about these.
FEWEST, WORK = 6, 10_000_000


@dataclass(frozen=True, eq=False)
class CoarseJacobian:
    """Rows of a Jacobian, evenly spread, with the entry of largest size for each group of columns.

    `entries` is (rows, groups), `rows` says which they are, counted from 0, `columns` where each group begins.
    """

    entries: Array
    rows: tuple[int, ...]
    columns: tuple[int, ...]


def coarse_of(operator: Operator, out_shape: tuple[int, ...], inputs: int, dtype: np.dtype) -> CoarseJacobian | None:
    """Look at a local Jacobian of one example: a row is what comes back of a one at an output, Jᵀ e.

    None where it has more than a million inputs, or products that are not finite, which say nothing of single entries.
    """
    outputs = int(np.prod(out_shape))
    if not 0 < inputs <= INPUTS or not outputs:
        return None
    count = min(outputs, ROWS, max(FEWEST, WORK // max(1, operator.cost)))
    rows = sorted({round(each) for each in np.linspace(0, outputs - 1, count)})
    starts = sorted({round(each) for each in np.linspace(0, inputs, min(COLUMNS, inputs), endpoint=False)})
    found = np.empty((len(rows), len(starts)))
    for place, row in enumerate(rows):
        unit = np.zeros((1, outputs), dtype)
        unit[0, row] = 1
        entries = np.asarray(operator.vjp(unit.reshape(1, *out_shape))).reshape(-1)
        least, most = np.minimum.reduceat(entries, starts), np.maximum.reduceat(entries, starts)
        found[place] = np.where(-least > most, least, most)
    if not np.isfinite(found).all():
        return None
    found.flags.writeable = False
    return CoarseJacobian(found, tuple(rows), tuple(starts))
