"""One vector of parameters per example, as the rows of one matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bpframe.errors import ShapeMismatch, closest
from bpframe.parameters import ParameterVector

__all__ = ["ParameterMatrix"]

Array = np.ndarray[Any, Any]


class ParameterMatrix(Mapping[str, Array]):
    """A matrix (N, P) with a row per example and, by path (`dense_1.w`), a view (N, *shape) of each parameter's part.

    A row has the layout of `parameters.vector`; `example(n)` is one as a `ParameterVector`. Writing into a view writes
    into `matrix`, and the other way round.

    Errors: ShapeMismatch for a matrix that does not hold these parameters.
    """

    def __init__(self, matrix: Array, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.matrix = matrix
        self.shapes = dict(shapes)
        self.views: dict[str, Array] = {}
        size = sum(math.prod(shape) for shape in self.shapes.values())
        if matrix.ndim != 2 or matrix.shape[1] != size or not matrix.flags.c_contiguous:
            raise ShapeMismatch(
                "this matrix does not hold these parameters", expected=f"(N, {size}), rows contiguous",
                received=str(matrix.shape),
            )  # fmt: skip
        start = 0
        for path, shape in self.shapes.items():
            end = start + math.prod(shape)
            self.views[path] = matrix[:, start:end].reshape(len(matrix), *shape)
            start = end

    def example(self, n: int) -> ParameterVector:
        """Return one row as a vector with views by path, in the matrix's memory."""
        return ParameterVector(self.matrix[n], self.shapes)

    def __getitem__(self, path: str) -> Array:
        try:
            return self.views[path]
        except KeyError:
            meant = closest(path, self.views)
            hint = f"; did you mean '{meant}'?" if meant else f"; there are {', '.join(self.views) or 'none'}"
            raise KeyError(f"no parameter '{path}'{hint}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.views)

    def __len__(self) -> int:
        return len(self.views)

    def __repr__(self) -> str:
        parts = ", ".join(f"{path}: {shape}" for path, shape in self.shapes.items())
        return f"ParameterMatrix({self.matrix.shape} {self.matrix.dtype} in {{{parts}}})"
