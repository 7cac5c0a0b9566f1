"""Declared against measured: the columns of a component's Jacobian at one point, both ways."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.core.operators import Operator
from bpframe.measured.by_number import Measured, differentiate, measured_along
from bpframe.testing.point import Point
from bpframe.testing.probe import Probe
from bpframe.validation.plain_arrays import Array, place_of

__all__ = [
    "SECOND_OPINION",
    "Block",
    "along",
    "block",
    "by_rows",
    "directions",
    "function_of",
    "tolerances",
    "written_out",
    "wrong_blocks",
]


#: Differences of steps stretched by this must find an entry wrong, too, before it counts as wrong.
SECOND_OPINION = 11 / 16


#: Last digits of the output that an entry may be off by.
ROUNDING = 16 * float(np.finfo(np.float64).eps)


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
    #: What the rounding of forward's output may make of an entry that is computed from it, such as 1 − y².
    rounding: float = 0.0

    @property
    def error(self) -> Array:
        """|declared − measured| relative to the measured, with a floor that the block's scale sets.

        At most 1 is within tolerance.
        """
        return _relative(self.declared, self.measured, 8 * self.measured.error + self.rounding)

    @property
    def disagrees(self) -> Array:
        """Which entries are outside the tolerance, measured well or not; NaN is."""
        return np.asarray(~(self.error <= 1))

    @property
    def wrong(self) -> Array:
        """Which entries are outside the tolerance although the measurement settled."""
        return np.asarray(self.disagrees & self.measured.settled_for(self.declared))

    @property
    def uncertain(self) -> Array:
        """Which entries are neither confirmed nor refuted: the measurement did not settle, and is not as declared."""
        near = _relative(self.declared, self.measured, self.rounding) <= 1
        return np.asarray(~self.measured.settled_for(self.declared) & ~near)

    @property
    def agrees(self) -> bool:
        """Whether every entry is within tolerance."""
        return not self.disagrees.any()

    def worst(self, probe: Probe, wrong: Array, examples: Sequence[int] | None = None) -> str:
        """Write out the worst of the wrong entries: which, at which value, declared and measured.

        `examples` are the numbers of the point's examples where it holds only some of a batch.
        """
        error = np.where(wrong, np.where(np.isfinite(self.error), self.error, np.inf), -1.0)
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(error)), error.shape))
        column, example, *output = place
        shape, numbers = probe.shapes[self.key], range(self.point.batch) if examples is None else examples
        count = math.prod(shape)
        entry = [int(i) for i in np.unravel_index(column % max(count, 1), shape)] if shape else []
        source = [] if self.key in probe.parameters else [column // count if self.coupled else example]
        value = float(self.point.arrays[self.key][(*source, *entry)])
        named = [*(numbers[each] for each in source), *entry]
        return (
            f"∂y{place_of([numbers[example], *output])}/∂{self.key}{place_of(named) if named else ''} "
            f"at {self.key} = {value:.6g}: "
            f"declared {self.declared[place]:.6g}, measured {self.measured.value[place]:.6g}"
        )


def tolerances(method: str) -> tuple[float, float]:
    """Return an entry's relative tolerance, and the share of the block's scale below which entries count as small."""
    return (1e-8, 1e-5) if method == "complex step" else (1e-6, 1e-4)


def _relative(declared: Array, measured: Measured, uncertain: Array | float) -> Array:
    relative, share = tolerances(measured.method)
    scale = np.max(np.abs(measured.value), initial=0.0, where=measured.settled)
    with np.errstate(over="ignore", invalid="ignore"):
        allowed = relative * np.maximum(np.abs(measured.value), share * scale)
        allowed = np.maximum(allowed + uncertain, np.finfo(np.float64).tiny)
        return np.asarray(np.abs(declared - measured.value) / allowed)


def directions(probe: Probe, key: str, batch: int, coupled: bool) -> Array:
    """Return one direction per column, (K, *like the array of this key)."""
    shape = probe.shapes[key]
    count = math.prod(shape)
    identity = np.eye(count).reshape(count, *shape)
    if key in probe.parameters:
        return identity
    if not coupled:
        return np.broadcast_to(identity[:, None], (count, batch, *shape)).copy()
    return np.eye(batch * count).reshape(batch * count, batch, *shape)


def by_rows(probe: Probe, point: Point, key: str) -> bool:
    """Whether an example's output depends on that example of this key alone."""
    return key not in probe.parameters and not probe.couples(key, point.training)


def function_of(probe: Probe, point: Point, key: str) -> Any:
    """Return the component's value as a function of one array, for real and complex arguments."""

    def value(array: Array) -> Array:
        base = point.mapped(lambda each: each.astype(np.complex128)) if array.dtype.kind == "c" else point
        return probe.value(base.with_array(key, array))

    return value


def block(probe: Probe, point: Point, key: str, operator: Operator | None = None, stretch: float = 1.0) -> Block:
    """Measure one Jacobian at a point and write the declared one out along the same directions.

    `operator` is the declared Jacobian unless given; `stretch` a factor of the differences' steps.
    """
    operator = probe.operators(point)[key] if operator is None else operator
    batch = point.batch
    coupled = probe.couples(key, point.training)
    columns = directions(probe, key, batch, coupled)
    measured = probe.remembered(
        ("block", key, stretch, point.digest()),
        lambda: measured_along(
            function_of(probe, point, key), point.arrays[key], columns, by_rows(probe, point, key), stretch
        ),
    )
    value = probe.value(point)
    rounding = ROUNDING * float(np.max(np.abs(value), initial=0.0, where=np.isfinite(value)))
    return Block(key, point, written_out(probe, point, key, operator), measured, operator, coupled, rounding)


def wrong_blocks(probe: Probe, points: Iterable[Point], key: str) -> list[Block]:
    """Return the Jacobians at these points that have a wrong entry."""
    found = []
    for point in points:
        try:
            measured = block(probe, point, key)
        except Exception:  # a component may fail in other ways elsewhere
            continue
        if measured.wrong.any():
            found.append(measured)
    return found


def written_out(probe: Probe, point: Point, key: str, operator: Operator) -> Array:
    """Return an operator's columns along `directions`, (K, N, *output)."""
    columns = directions(probe, key, point.batch, probe.couples(key, point.training))
    pushed = operator.shared_jvp(columns, point.batch) if key in probe.parameters else operator.jvp(columns)
    return np.asarray(pushed)


def along(probe: Probe, point: Point, key: str, direction: Array, stretch: float = 1.0) -> Measured:
    """Measure J v along one direction v, like the array of this key."""
    return probe.remembered(
        ("along", key, stretch, point.digest(), direction.tobytes()),
        lambda: differentiate(
            function_of(probe, point, key), point.arrays[key], direction, by_rows(probe, point, key), stretch
        ),
    )
