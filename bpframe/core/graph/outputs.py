"""Nodes of several outputs: one packed value, (N, total), and for each output a node that takes its part of it.

Derivatives then know nothing of several outputs: they see a node of one, and nodes that read from it.
"""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field, NonNegativeInt

from bpframe.core.component.layer import Layer
from bpframe.core.component.parameter import checked_shape
from bpframe.core.operators import Gather, Operator
from bpframe.errors import ContractError
from bpframe.validation.plain_arrays import Array

__all__ = ["Part", "parts_of"]


class Part(Layer):
    """One output of a node that has several: a range of entries of its packed value, in a shape."""

    start: NonNegativeInt = Field(description="Where the output begins.")
    stop: NonNegativeInt = Field(description="Where it ends.")
    shape: tuple[NonNegativeInt, ...] = Field(description="The output's feature shape.")

    def output_shape(self) -> tuple[int, ...]:
        """Return the output's own shape."""
        return self.shape

    def forward(self, packed: Array) -> Array:
        """Take the output's entries: (N, total) -> (N, *shape)."""
        return packed[:, self.start : self.stop].reshape(len(packed), *self.shape)

    def jacobian(self) -> Operator:
        """Return the selection of these entries."""
        return Gather(np.arange(self.start, self.stop).reshape(1, *self.shape))

    def placed(self, total: int) -> Operator:
        """Return the transpose of the selection: what puts the output's entries into the packed value."""
        index = np.full((1, total), -1)
        index[0, self.start : self.stop] = np.arange(self.stop - self.start)
        return Gather(index, self.shape).bind(self.shape, (total,))


def parts_of(names: tuple[str, ...], returned: object, where: str) -> dict[str, Part]:
    """Return the parts of a node's value, from the shapes that `output_shape` returned. Errors: ContractError."""
    if not isinstance(returned, tuple | list) or len(returned) != len(names):
        raise ContractError(
            f"{where}: output_shape has to return a shape for each output",
            expected=f"a tuple of {len(names)} shapes, of {', '.join(names)}",
            received=repr(returned),
        )
    found, start = {}, 0
    for name, each in zip(names, returned, strict=True):
        shape = checked_shape(each, f"{where}: output_shape of '{name}'")
        found[name] = part = Part(start=start, stop=start + math.prod(shape), shape=shape)
        start = part.stop
    return found
