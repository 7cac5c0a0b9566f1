"""Pictures of matrices: which entries are there, how large, and of which sign."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.core.operators import (
    BatchMatrix,
    Broadcast,
    Diagonal,
    Gather,
    IdentityMap,
    Matrix,
    Operator,
    Reshape,
    WeightTimes,
    add,
    compose,
)
from bpframe.structures import (
    BatchMatMul,
    DiagonalBlocks,
    Permute,
    Pool,
    RankOne,
    Restriction,
    Scan,
    Windows,
    transposed,
)

__all__ = ["STRUCTURES", "matrix_picture", "operator_picture"]

CELL = 11


def operator_picture(operator: Operator, title: str) -> str:
    """Draw the matrix of an operator for one example: a row for every output entry, a column for every input entry."""
    j = operator.dense()[0]
    return matrix_picture(j.reshape(math.prod(operator.out_shape), math.prod(operator.in_shape)), title)


def matrix_picture(j: np.ndarray[Any, Any], title: str) -> str:
    """Return an SVG element in one line; what is zero stays empty, and the strength of a colour is the size.

    It takes its colours from the page's style sheet, and so its light or dark scheme.
    """
    rows, columns = j.shape
    width, height = columns * CELL, rows * CELL
    largest = float(np.max(np.abs(j), initial=0.0)) or 1.0
    cells = [
        f'<rect class="{"positive" if j[r, c] > 0 else "negative"}" x="{c * CELL + 1}" y="{r * CELL + 1}" '
        f'width="{CELL - 2}" height="{CELL - 2}" opacity="{0.3 + 0.7 * abs(j[r, c]) / largest:.2f}"/>'
        for r, c in np.argwhere(j != 0)
    ]
    return (
        f'<svg class="matrix" role="img" aria-label="{title}" viewBox="-1 -1 {width + 2} {height + 2}" '
        f'width="{width + 2}" height="{height + 2}"><rect class="frame" width="{width}" height="{height}"/>'
        f"{''.join(cells)}</svg>"
    )


def _structures() -> dict[str, Operator]:
    """Return one operator of every structure, small enough to be drawn, at generic numbers."""
    rng = np.random.default_rng(7)
    d, w, j = rng.normal(size=(1, 4)), rng.normal(size=(3, 4)), rng.normal(size=(1, 3, 4))
    probabilities = np.array([[0.4, 0.3, 0.2, 0.1]])
    return {
        "IdentityMap": IdentityMap().bind((4,), (4,)),
        "Diagonal": Diagonal(d),
        "Matrix": Matrix(w),
        "BatchMatrix": BatchMatrix(j).bind((4,), (3,)),
        "WeightTimes": WeightTimes(rng.normal(size=(1, 3))).bind((2, 3), (2,)),
        "Broadcast": Broadcast().bind((2,), (3, 2)),
        "RankOne": RankOne(d, rng.normal(size=(1, 4))),
        "DiagonalBlocks": DiagonalBlocks([[d[:, :2], None, d[:, 2:]], [w[:1, :2], w[:1, 2:], None]]),
        "Gather": Gather(np.array([[3, 0, 0]])).bind((4,), (3,)),
        "BatchMatMul": BatchMatMul(rng.normal(size=(1, 2, 3)), "left").bind((3, 2), (2, 2)),
        "Windows": Windows(2).bind((4, 1), (3, 2)),
        "Scan": Scan([Diagonal(d[:, :2] + 0.4 * t) for t in range(3)]),
        "Reshape": Reshape().bind((2, 2), (4,)),
        "Restriction": Restriction((slice(1, 3),)).bind((4,), (2,)),
        "Permute": Permute((1, 0)).bind((2, 3), (3, 2)),
        "Pool": Pool(Windows(2, stride=2)).bind((6, 1), (3, 1)),
        "Composed": compose(Diagonal(rng.normal(size=(1, 3))), Matrix(w)),
        "Transposed": transposed(Gather(np.array([[3, 0, 0]])).bind((4,), (3,))),
        "Sum": add(Diagonal(probabilities), RankOne(-probabilities, probabilities)),
    }


#: One small operator for every structure that the guide shows.
STRUCTURES = _structures()
