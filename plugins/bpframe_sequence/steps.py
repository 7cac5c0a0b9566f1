"""The order in which a recurrent layer takes its steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bpframe.extend import Array

__all__ = ["Steps", "stacked"]


class Steps(NamedTuple):
    """T steps, from the first to the last or backwards; derivatives go back through at most `truncate` of them."""

    times: int
    backward: bool = False
    truncate: int | None = None

    def forwards(self) -> Iterator[tuple[int, int | None]]:
        """Yield each time in order, with the time before it, None where no derivative comes from there."""
        for place in range(self.times):
            cut = not place or (self.truncate is not None and not place % self.truncate)
            t = self._time(place)
            yield t, None if cut else self._time(place - 1)

    def backwards(self) -> Iterator[tuple[int, int | None]]:
        """Yield the same from the end."""
        return reversed(list(self.forwards()))

    @property
    def last(self) -> int:
        """The time of the last step."""
        return self._time(self.times - 1)

    def before(self, hidden: Array) -> Array:
        """Return what there was one step before, 0 before the first: (..., T, units) -> the same."""
        shifted = np.zeros_like(hidden)
        if self.backward:
            shifted[..., :-1, :] = hidden[..., 1:, :]
        else:
            shifted[..., 1:, :] = hidden[..., :-1, :]
        return shifted

    def changes_before(self, hidden: Array) -> Array:
        """Return the same of changes, which are 0 where no derivative comes from the step before."""
        shifted = np.zeros_like(hidden)
        for t, previous in self.forwards():
            if previous is not None:
                shifted[..., t, :] = hidden[..., previous, :]
        return shifted

    def to_previous(self, of_before: Array) -> Array:
        """Return what belongs to h_t, given what belongs to h_{t−1}: the transpose of `changes_before`."""
        moved = np.zeros_like(of_before)
        for t, previous in self.forwards():
            if previous is not None:
                moved[..., previous, :] = of_before[..., t, :]
        return moved

    def _time(self, place: int) -> int:
        return self.times - 1 - place if self.backward else place


def stacked(v: Array, features: int) -> tuple[tuple[int, ...], Array]:
    """Join the stack axes before (N, *features): their lengths, and (S, N, *features)."""
    stack = v.shape[: v.ndim - features]
    return stack, v.reshape(math.prod(stack), *v.shape[v.ndim - features :])
