"""Blocks of the last axis, placed among others that are zero."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Operator

__all__ = ["Placed"]


class Placed(Operator):
    """Put the blocks of the last axis at these places of `wide` blocks; the others are 0.

    Shapes: inputs (*lead, places·units), outputs (*lead, wide·units).
    """

    structure = "placed blocks"

    def __init__(self, places: tuple[int, ...], wide: int, lead: tuple[int, ...], units: int) -> None:
        self.places = places
        self.wide = wide
        self.units = units
        self.in_shape, self.out_shape = (*lead, len(places) * units), (*lead, wide * units)

    @property
    def batch(self) -> None:
        """One map serves every batch."""

    @property
    def cost(self) -> int:
        """Nothing is multiplied."""
        return 0

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Place."""
        placed = np.zeros_like(v, shape=(*v.shape[:-1], self.wide * self.units))
        for here, there in enumerate(self.places):
            placed[..., self._at(there)] = v[..., self._at(here)]
        return placed

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Take from these places: a view where they follow one another."""
        first, last = self.places[0], self.places[-1]
        if self.places == tuple(range(first, last + 1)):
            return u[..., first * self.units : (last + 1) * self.units]
        return np.concatenate([u[..., self._at(there)] for there in self.places], axis=-1)

    def _at(self, block: int) -> slice:
        return slice(block * self.units, (block + 1) * self.units)
