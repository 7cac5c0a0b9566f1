"""The numbers that a hypothesis looks at."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from bpframe.core.operators import Operator
from bpframe.testing.measuring import Block, tolerances, written_out
from bpframe.testing.probe import Probe
from bpframe.validation.plain_arrays import Array

__all__ = ["Array", "Case"]


class Case:
    """A block that disagrees, declared d and measured m, both (columns K, examples N, *output).

    `settled` are the entries that were measured well, the others say nothing; `wrong` those that are wrong; `scale` and
    `error` the largest measured entry and the largest error of a measurement. Below `small` an entry counts as zero.
    """

    def __init__(self, probe: Probe, block: Block) -> None:
        self.probe, self.block, self.key = probe, block, block.key
        self.d, self.m = block.declared, block.measured.value
        self.settled, self.wrong = block.measured.settled, block.wrong
        self.is_input = block.key not in probe.parameters
        self.scale = float(np.max(np.abs(self.m), initial=0.0, where=self.settled))
        self.error = float(np.max(block.measured.error, initial=0.0, where=self.settled))
        self.small = 1e-6 * self.scale + 20 * self.error

    @property
    def wrong_places(self) -> Array | None:
        """Which are wrong as (K, N, outputs); None where the batch is coupled or a side is empty."""
        return None if self.block.coupled or not self.d.size else self.wrong.reshape(*self.d.shape[:2], -1)

    def same(self, one: Array, other: Array) -> bool:
        """Whether two arrays are equal within what the measurement can tell."""
        if one.shape != other.shape:
            return False
        relative, share = tolerances(self.block.measured.method)
        allowed = 10 * relative * np.maximum(np.maximum(np.abs(one), np.abs(other)), 10 * share * self.scale)
        near = np.abs(one - other) <= allowed + 20 * self.error
        near |= np.abs(one - other) <= self.block.rounding
        return bool(np.all(near | ~self.settled if near.shape == self.settled.shape else near))

    def explains(self, candidate: Array) -> bool:
        """Whether `candidate` is the measured block."""
        return self.same(candidate, self.m)

    def explained_by(self, operator: Operator) -> bool:
        """Whether another operator in the place of the declared one would be right."""
        try:
            candidate = written_out(self.probe, self.block.point, self.key, operator)
        except Exception:  # an operator that cannot be is no explanation
            return False
        return self.explains(candidate)

    @cached_property
    def matrices(self) -> tuple[Array, Array] | None:
        """Both blocks as matrices, (N, outputs, K); None where the batch is coupled or a side is empty."""
        if self.block.coupled or not self.d.size:
            return None
        columns, batch = self.d.shape[:2]
        declared, measured = (np.moveaxis(each.reshape(columns, batch, -1), 0, -1) for each in (self.d, self.m))
        return declared, measured

    @cached_property
    def square(self) -> tuple[Array, Array] | None:
        """The matrices, where they are square."""
        return self.matrices if self.matrices is not None and len(set(self.matrices[0].shape[1:])) == 1 else None

    def by_axes(self) -> Array:
        """The declared block as (*key, N, *output)."""
        batch, output = self.d.shape[1], self.d.shape[2:]
        return self.d.reshape(*self.probe.shapes[self.key], batch, *output)

    def pattern(self) -> str:
        """Say that no mistake is known, and how far the numbers are apart."""
        present = self.wrong & (np.abs(self.d) > self.small)
        if not present.any():
            return "no known mistake explains the numbers"
        ratios = self.m[present] / self.d[present]
        if np.ptp(ratios) <= 1e-4 * np.max(np.abs(ratios)):
            return f"no known mistake explains the numbers: measured/declared = {ratios[0]:.4g} where they are wrong"
        return (
            "no known mistake explains the numbers: "
            f"measured/declared lies between {np.min(ratios):.4g} and {np.max(ratios):.4g}"
        )
