"""Where a component is looked at: its arrays at one point."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bpframe.validation.plain_arrays import Array

__all__ = ["Point"]


@dataclass(frozen=True)
class Point:
    """Where a component is looked at: arrays by key, (N, *shape) for inputs and (*shape) for parameters.

    `constants` are the arrays that have no derivative: integer inputs and targets.
    """

    arrays: Mapping[str, Array]
    constants: Mapping[str, Array] = field(default_factory=dict)
    state: Mapping[str, Array] = field(default_factory=dict)
    training: bool = False
    #: The number of examples.
    batch: int = 0

    def digest(self) -> tuple[Hashable, ...]:
        """Return what tells this point from others, to remember measurements by."""
        named = [*self.arrays.items(), *self.constants.items(), *self.state.items()]
        return (self.training, *((name, array.dtype.str, array.shape, array.tobytes()) for name, array in named))

    def with_array(self, key: str, array: Array) -> Point:
        """Return the point with one array replaced."""
        return replace(self, arrays={**self.arrays, key: array})

    def in_dtype(self, dtype: Any) -> Point:
        """Return the point with all its real numbers in another dtype."""
        constants = {
            key: each.astype(dtype) if each.dtype.kind == "f" else each for key, each in self.constants.items()
        }
        return replace(self.mapped(lambda each: each.astype(dtype)), constants=constants)

    def mapped(self, change: Any) -> Point:
        """Return the point with `change` applied to every array that has a derivative, and to the state."""
        return replace(
            self,
            arrays={key: change(array) for key, array in self.arrays.items()},
            state={key: change(array) for key, array in self.state.items()},
        )
