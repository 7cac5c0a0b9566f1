"""Derivatives by number, in float64: by a central difference, and by the complex step where it can be taken.

    (C(θ + h) − C(θ − h)) / 2h,    Im C(θ + i h') / h'

The complex step is exact to rounding where components compute analytic functions in calls that take complex numbers.
Where it and the difference agree, they do. Where they do not, the function may bend along the difference's step, which
is shortened; and where that does not help, a closer look decides whether there is a complex step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bpframe.core.graph.randomness import stream
from bpframe.explanation.measurement.nearby import Nearby, Point
from bpframe.measured.by_number import is_analytic
from bpframe.measured.line import Function, sizes
from bpframe.reports.web import without_controls
from bpframe.validation.plain_arrays import Array

__all__ = ["Measurement", "Slope", "along", "measured"]

#: The steps of central differences, the first one first, and the complex step, as shares of the entry's size.
STEPS, COMPLEX_STEP = (2.0**-17, 2.0**-21, 2.0**-25), 2.0**-100

#: Differences and the complex step agree within this share, and so many times the rounding of the cost.
SHARE, ROUNDING = 1e-5, 64 * np.finfo(np.float64).eps

#: After so many calls of components, it is left open which of the two is right where they do not agree.
MOST_CALLS = 200_000


@dataclass(frozen=True)
class Slope:
    """A derivative by number: `step` is the difference's h. `complex_step` is None where it cannot be taken."""

    difference: float
    step: float
    complex_step: float | None


@dataclass(frozen=True)
class Measurement:
    """Derivatives by some entries of an array, or along a direction; `reason` says why there is no complex step."""

    slopes: tuple[Slope, ...]
    reason: str | None


@dataclass(frozen=True)
class _Way:
    """A straight line away from the example: the point at t along it; steps are shares of `size`."""

    size: float
    at: Callable[[complex], Point]


@dataclass(frozen=True)
class _Found:
    """The derivative along a way, the rounding in its difference, and how the complex step failed, where it did."""

    slope: Slope
    rounding: float
    error: Exception | None

    @property
    def agrees(self) -> bool:
        """Whether the difference shows the complex step's derivative."""
        exact = self.slope.complex_step
        return exact is not None and abs(exact - self.slope.difference) <= SHARE * abs(exact) + self.rounding

    @property
    def hidden(self) -> bool:
        """Whether rounding hides the derivative, so that to agree says nothing."""
        return not self.rounding <= 0.01 * abs(self.slope.complex_step or 0.0)


def measured(nearby: Nearby, chosen: Mapping[str, Sequence[tuple[int, ...]]]) -> dict[str, Measurement]:
    """Measure the derivatives by chosen entries of parameters and inputs."""
    scales = {name: sizes(nearby.arrays[name]) for name, indices in chosen.items() if indices}
    ways = [
        _entry(nearby, name, index, float(scale[index])) for name, scale in scales.items() for index in chosen[name]
    ]
    found = iter(_found(nearby, ways))
    judged = {}
    for name, scale in scales.items():
        direction = scale * stream(0, "explanation", f"direction of {name}").standard_normal(scale.shape)
        judged[name] = _judged(nearby, [next(found) for _ in chosen[name]], {name: direction})
    return judged


def along(nearby: Nearby, direction: Mapping[str, Array]) -> Measurement:
    """Measure the derivative along a direction in which several arrays move at once.

    The steps are such that none of them moves by more than a share of its largest entry.
    """
    ratios = []
    for name, change in direction.items():
        longest = float(np.abs(change).max(initial=0.0))
        if longest:
            ratios.append(float(sizes(nearby.arrays[name]).max()) / longest)
    size = float(2.0 ** np.floor(np.log2(min(ratios, default=1.0))))

    def at(t: complex) -> Point:
        return {name: (..., nearby.arrays[name] + t * change) for name, change in direction.items()}

    way = _Way(size, at)
    return _judged(nearby, _found(nearby, [way]), {name: size * change for name, change in direction.items()})


def _entry(nearby: Nearby, name: str, index: tuple[int, ...], size: float) -> _Way:
    number = nearby.arrays[name][index]
    return _Way(size, lambda t: {name: (index, number + t)})


def _found(nearby: Nearby, ways: Sequence[_Way]) -> list[_Found]:
    turned, errors = nearby.values([way.at(1j * way.size * COMPLEX_STEP) for way in ways], complex)
    exact = [
        None if number in errors else float(turned[number].imag) / (way.size * COMPLEX_STEP)
        for number, way in enumerate(ways)
    ]
    found = _differences(nearby, ways, exact, [errors.get(number) for number in range(len(ways))], STEPS[0])
    for step in STEPS[1:]:
        bent = [number for number, each in enumerate(found) if each.error is None and not each.agrees]
        shorter = _differences(nearby, [ways[n] for n in bent], [exact[n] for n in bent], [None] * len(bent), step)
        for number, each in zip(bent, shorter, strict=True):
            if each.agrees and not each.hidden:
                found[number] = each
    return found


def _differences(
    nearby: Nearby,
    ways: Sequence[_Way],
    exact: Sequence[float | None],
    errors: Sequence[Exception | None],
    share: float,
) -> list[_Found]:
    real, _ = nearby.values([way.at(t) for way in ways for t in (way.size * share, -way.size * share)])
    found = []
    for number, (way, right, left) in enumerate(zip(ways, real[::2].tolist(), real[1::2].tolist(), strict=True)):
        step = way.size * share
        slope = Slope((right - left) / (2 * step), step, exact[number])
        found.append(_Found(slope, ROUNDING * max(abs(right), abs(left)) / step, errors[number]))
    return found


def _judged(nearby: Nearby, found: Sequence[_Found], direction: Mapping[str, Array]) -> Measurement:
    """Return what was found, without the complex step where, along the direction, it is not right."""
    reason = None
    if not all(each.agrees for each in found):
        function, at, line = _joined(nearby, direction)
        error = next((each.error for each in found if each.error is not None), None)
        if error is not None:
            said = without_controls(str(error).splitlines()[0])
            reason = f"a component does not compute with complex numbers: {said}"
        elif nearby.calls > MOST_CALLS:
            reason = "it and the difference disagree, and to find out which is right takes long in a network so large"
        elif not is_analytic(function, at, line):
            reason = (
                "a component is not analytic here: the complex step and differences disagree, or both sides do, as at "
                "a kink"
            )
    slopes = (each.slope for each in found)
    if reason is not None:
        slopes = (Slope(each.difference, each.step, None) for each in slopes)
    return Measurement(tuple(slopes), reason)


def _joined(nearby: Nearby, direction: Mapping[str, Array]) -> tuple[Function, Array, Array]:
    """Return the cost as a function of one vector, the vector of the example, and a direction like it."""
    arrays = [nearby.arrays[name] for name in direction]
    ends = np.cumsum([array.size for array in arrays])

    def function(vector: Array) -> Array:
        parts = np.split(vector, ends[:-1])
        point = {
            name: (..., part.reshape(array.shape)) for name, part, array in zip(direction, parts, arrays, strict=True)
        }
        values, errors = nearby.values([point], complex if vector.dtype.kind == "c" else float)
        for error in errors.values():
            raise error
        return values.reshape(())

    at = np.concatenate([array.reshape(-1) for array in arrays])
    return function, at, np.concatenate([each.reshape(-1) for each in direction.values()])
