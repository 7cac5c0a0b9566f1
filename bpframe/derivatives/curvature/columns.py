"""The columns that curvature is added up from: exact or random, a few examples and a few columns at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bpframe.core.backprop.rows import slices
from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.randomness import stream
from bpframe.derivatives.points.given_integers import checked_integer
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.derivatives.points.memory import portion
from bpframe.derivatives.points.walk_back import ERROR_BYTES
from bpframe.validation.plain_arrays import Array

__all__ = ["RootColumns", "column_portions"]


def column_portions(trace: Trace, count: int, more_bytes: int = 0) -> list[slice]:
    """Return which of `count` vectors per example to pull back at once, where each takes `more_bytes` besides.

    The errors of a front of nodes are held, in memory small enough to be kept and used again.
    """
    largest = max(math.prod(node.output_shape) for node in trace.plan.graph.nodes)
    front = 3 * trace.batch * largest * int(trace.dtype.itemsize)
    step = min(portion(count, front + trace.batch * more_bytes), max(1, ERROR_BYTES // max(1, front)))
    return slices(count, step)


class RootColumns:
    """Vectors s of the outputs, per example, whose outer products add up to the cost's Hessian in the outputs.

        Σ_r s_{n,r} s_{n,r}ᵀ = S_n S_nᵀ = ∂²C_n/∂a²        exactly, with the columns of S_n
        1/M Σ_r s_{n,r} s_{n,r}ᵀ → S_n S_nᵀ               with M = `samples` random vectors S_n ε, ε of ±1

    Where several portions of examples are gone through, one stream of random numbers goes through them all.

    Attributes: `scale`, 1 or 1/M, by which sums are multiplied.

    Errors: DerivativeError for `samples` or a `seed` that are no such numbers, and for a cost without a Hessian root.

    Source: Dangel, Kunstner and Hennig, BackPACK: Packing more into Backprop (2020), eqs. (19), (20).
    """

    def __init__(self, samples: int | None = None, seed: int = 0) -> None:
        self.samples = None if samples is None else checked_integer(samples, "samples")
        self.scale = 1.0 if self.samples is None else 1.0 / self.samples
        self._seed = checked_integer(seed, "seed", 0)
        self._rng: np.random.Generator | None = None

    def of(self, point: Linearisation, more_bytes: int = 0) -> Iterator[dict[str, Array]]:
        """Yield the columns, (some, N, *output) by output; each takes `more_bytes` per example besides."""
        count = point.root_count if self.samples is None else self.samples
        for part in column_portions(point.trace, count, more_bytes):
            if self.samples is None:
                yield point.root_columns(part.start, part.stop)
            else:
                if self._rng is None:
                    self._rng = stream(self._seed, "curvature")
                yield point.random_columns(part.stop - part.start, self._rng)
