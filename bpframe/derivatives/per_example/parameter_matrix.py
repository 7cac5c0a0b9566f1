"""One vector of parameters per example, as the rows of one matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bpframe.core.graph.parameters import ParameterVector, views_of
from bpframe.errors import ShapeMismatch
from bpframe.validation.by_path import ByPath
from bpframe.validation.plain_arrays import Array

__all__ = ["ParameterMatrix"]


class ParameterMatrix(ByPath):
    """A matrix (N, P) with a row per example and, by path (`dense_1.w`), a view (N, *shape) of each parameter's part.

    A row has the layout of `parameters.vector`; `example(n)` is one as a `ParameterVector`. Writing into a view writes
    into `matrix`, and the other way round.

    Errors: ShapeMismatch for a matrix that does not hold these parameters.
    """

    def __init__(self, matrix: Array, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.matrix = matrix
        self.shapes = dict(shapes)
        size = sum(math.prod(shape) for shape in self.shapes.values())
        if matrix.ndim != 2 or matrix.shape[1] != size or not matrix.flags.c_contiguous:
            raise ShapeMismatch(
                "this matrix does not hold these parameters", expected=f"(N, {size}), rows contiguous",
                received=str(matrix.shape),
            )  # fmt: skip
        self.views = views_of(matrix, self.shapes)

    def example(self, n: int) -> ParameterVector:
        """Return one row as a vector with views by path, in the matrix's memory."""
        return ParameterVector(self.matrix[n], self.shapes)

    def __repr__(self) -> str:
        parts = ", ".join(f"{path}: {shape}" for path, shape in self.shapes.items())
        return f"ParameterMatrix({self.matrix.shape} {self.matrix.dtype} in {{{parts}}})"
