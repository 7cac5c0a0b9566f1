"""Where each parameter lies in a vector: what an optimizer that works layer by layer asks for as `groups`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bpframe.core.graph.parameters import slices_of
from bpframe.errors import ShapeMismatch
from bpframe.validation.plain_arrays import Array

__all__ = ["ParameterPart", "parameter_parts"]


@dataclass(frozen=True)
class ParameterPart:
    """The place of one parameter in vectors like θ, (P,): `part.of(gradient)` is a view of the parameter's shape.

    It serves the gradient, the parameters, `out` and every array of the state that is as long.
    """

    shape: tuple[int, ...]
    rows: slice
    length: int

    def of(self, vector: Array) -> Array:
        """Return the parameter's part of a vector (P,), as a view. Errors: ShapeMismatch."""
        if vector.shape != (self.length,):
            raise ShapeMismatch(
                "a part of another vector is asked for", expected=f"({self.length},)", received=str(vector.shape)
            )
        return vector[self.rows].reshape(self.shape)


def parameter_parts(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, ParameterPart]:
    """Return the parts of a vector that holds arrays of these shapes, by name and one after another."""
    length = sum(map(math.prod, shapes.values()))
    return {name: ParameterPart(shapes[name], rows, length) for name, rows in slices_of(shapes).items()}
