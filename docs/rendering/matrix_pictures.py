"""Pictures of matrices: which entries are there, how large, and of which sign."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from line_art import number

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

__all__ = ["STRUCTURES", "dense_of", "matrix_picture", "operator_picture"]

#: How wide a cell is, alone and with a number in it.
CELL, NUMBERED = 11, 27


def operator_picture(operator: Operator, title: str) -> str:
    """Draw the matrix of an operator for one example: a row for every output entry, a column for every input entry."""
    return matrix_picture(dense_of(operator), title)


def dense_of(operator: Operator) -> np.ndarray[Any, Any]:
    """Return the matrix of an operator for its first example, (outputs, inputs)."""
    j: np.ndarray[Any, Any] = operator.dense()[0]
    return j.reshape(math.prod(operator.out_shape), math.prod(operator.in_shape))


def matrix_picture(j: np.ndarray[Any, Any], title: str, numbers: bool = False) -> str:
    """Return an SVG element in one line; what is zero stays empty, and the strength of a colour is the size.

    Whole numbers, such as indices, are written in all cells and have no colour. With `numbers`, cells are as large as
    the numbers in them need. It takes its colours from the page's style sheet, and so its light or dark scheme.
    """
    rows, columns = j.shape
    cell = NUMBERED if numbers else CELL
    width, height = columns * cell, rows * cell
    largest = float(np.max(np.abs(j), initial=0.0)) or 1.0
    cells = []
    places = j.dtype.kind in "iu"
    for r, c in np.argwhere((j != 0) | places):
        sign = "place" if places else "positive" if j[r, c] > 0 else "negative"
        strength = abs(j[r, c]) / largest
        strength = 0.15 + 0.4 * strength if numbers else 0.3 + 0.7 * strength
        cells.append(
            f'<rect class="{sign}" x="{c * cell + 1}" y="{r * cell + 1}" '
            f'width="{cell - 2}" height="{cell - 2}" opacity="{strength:.2f}"/>'
        )
        if numbers:
            written = number(j[r, c], 2)
            cells.append(f'<text x="{(c + 0.5) * cell:g}" y="{(r + 0.5) * cell + 4:g}">{written}</text>')
    return (
        f'<svg class="matrix" role="img" aria-label="{title}" viewBox="-1 -1 {width + 2} {height + 2}" '
        f'width="{width + 2}" height="{height + 2}"><rect class="frame" width="{width}" height="{height}"/>'
        f"{''.join(cells)}</svg>"
    )


def _structures() -> dict[str, Operator]:
    """Return one operator of every structure, small enough to be drawn, with numbers that are short to write."""
    d, w = np.array([[2.0, -1.0, 3.0, -4.0]]), np.array([[1.0, -2.0, 3.0, 5.0], [4.0, -1.0, -3.0, 2.0], [-5, 6, 1, -2]])
    a, probabilities = np.array([[2.0, -1.0, 3.0]]), np.array([[0.4, 0.3, 0.2, 0.1]])
    return {
        "IdentityMap": IdentityMap().bind((4,), (4,)),
        "Diagonal": Diagonal(d),
        "Matrix": Matrix(w),
        "BatchMatrix": BatchMatrix(w[None, ::-1]).bind((4,), (3,)),
        "WeightTimes": WeightTimes(a).bind((2, 3), (2,)),
        "Broadcast": Broadcast().bind((2,), (3, 2)),
        "RankOne": RankOne(np.array([[1.0, 2.0, -1.0, 3.0]]), d),
        "DiagonalBlocks": DiagonalBlocks([[d[:, :2], None, d[:, 2:]], [w[:1, :2], w[:1, 2:], None]]),
        "Gather": Gather(np.array([[3, 0, 0]])).bind((4,), (3,)),
        "BatchMatMul": BatchMatMul(w[None, :2, :3], "left").bind((3, 2), (2, 2)),
        "Windows": Windows(2).bind((4, 1), (3, 2)),
        "Scan": Scan([Diagonal(np.array([step])) for step in ([1.0, 1.0], [0.5, -2.0], [0.4, 3.0])]),
        "Reshape": Reshape().bind((2, 2), (4,)),
        "Restriction": Restriction((slice(1, 3),)).bind((4,), (2,)),
        "Permute": Permute((1, 0)).bind((2, 3), (3, 2)),
        "Pool": Pool(Windows(2, stride=2), np.array([[[1], [0], [1]]])).bind((6, 1), (3, 1)),
        "Composed": compose(Diagonal(a), Matrix(w)),
        "Transposed": transposed(Gather(np.array([[3, 0, 0]])).bind((4,), (3,))),
        "Sum": add(Diagonal(probabilities), RankOne(-probabilities, probabilities)),
    }


#: One small operator for every structure that the guide shows.
STRUCTURES = _structures()
