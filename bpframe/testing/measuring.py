"""Declared against measured: the columns of a component's Jacobian at one point, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.numerical import Measured, measured_along
from bpframe.operators import Operator
from bpframe.testing.probe import Point, Probe

__all__ = ["Block", "block", "directions", "function_of", "tolerances"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Block:
    """One Jacobian, ∂output/∂key, at one point: `declared` and `measured` are (K, N, *output), a column a direction.

    Direction k changes entry k of a parameter, entry k of every example of an input, or, where the component couples
    the batch, one entry of one example.
    """

    key: str
    point: Point
    declared: Array
    measured: Measured
    operator: Operator
    coupled: bool

    @property
    def error(self) -> Array:
        """|declared − measured| relative to the larger of the two, with a floor that the block's scale sets.

        At most 1 is within tolerance.
        """
        return _relative(self.declared, self.measured)

    @property
    def agrees(self) -> bool:
        """Whether every entry is within tolerance."""
        return bool(np.all(self.error <= 1))  # NaN does not agree


def tolerances(method: str) -> tuple[float, float]:
    """Return an entry's relative tolerance, and the share of the block's scale below which entries count as small."""
    return (1e-8, 1e-5) if method == "complex step" else (1e-6, 1e-4)


def _relative(declared: Array, measured: Measured) -> Array:
    relative, share = tolerances(measured.method)
    scale = np.max(np.abs(measured.value), initial=0.0)
    allowed = relative * np.maximum(np.maximum(np.abs(declared), np.abs(measured.value)), share * scale)
    # Where the whole block vanishes nothing sets a scale; then nothing but rounding is allowed.
    allowed = np.maximum(allowed + 8 * measured.error, np.finfo(np.float64).tiny)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.abs(declared - measured.value) / allowed)


def directions(probe: Probe, key: str, batch: int, coupled: bool) -> Array:
    """Return one direction per column, (K, *like the array of this key)."""
    shape = probe.shapes[key]
    count = int(np.prod(shape, dtype=int))
    identity = np.eye(count).reshape(count, *shape)
    if key in probe.parameters:
        return identity
    if not coupled:
        return np.broadcast_to(identity[:, None], (count, batch, *shape)).copy()
    return np.eye(batch * count).reshape(batch * count, batch, *shape)


def function_of(probe: Probe, point: Point, key: str) -> Any:
    """Return the component's value as a function of one array, for real and complex arguments."""

    def value(array: Array) -> Array:
        base = point.mapped(lambda each: each.astype(np.complex128)) if array.dtype.kind == "c" else point
        return probe.value(base.with_array(key, array))

    return value


def block(probe: Probe, point: Point, key: str, operator: Operator | None = None) -> Block:
    """Measure one Jacobian at a point and write the declared one out along the same directions."""
    operator = probe.operators(point)[key] if operator is None else operator
    batch = len(probe.value(point))
    coupled = probe.couples_batch and point.training and key not in probe.parameters
    along = directions(probe, key, batch, coupled)
    measured = measured_along(function_of(probe, point, key), point.arrays[key], along)
    declared = operator.shared_jvp(along, batch) if key in probe.parameters else operator.jvp(along)
    return Block(key, point, np.asarray(declared), measured, operator, coupled)
