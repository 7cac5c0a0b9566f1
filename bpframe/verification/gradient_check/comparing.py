"""Back-propagation's gradient beside derivatives by number, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.graph.randomness import stream
from bpframe.errors import NonFiniteError
from bpframe.measured.by_number import Measured, has_kink, is_analytic, measured_further, measured_with, moves_as
from bpframe.measured.line import sizes
from bpframe.validation.plain_arrays import Array
from bpframe.verification.gradient_check.mean_cost import MeanCost, in_dtype, real_inputs
from bpframe.verification.gradient_check.report import CheckedEntry, CheckedPath, GradientCheck, Status

__all__ = ["Comparison"]


#: Below this share of the largest entry of a parameter or input, and below that of the whole gradient, an entry's error
#: is measured against that share: what is left of a sum in which everything cancelled carries the rounding errors of
#: its terms.
FLOOR = 1e-3
WHOLE_FLOOR = 1e-6

TOLERANCES = {
    "complex step": (1e-7, "no difference is taken, so that what is left is float64's rounding in long sums"),
    "central differences": (1e-5, "extrapolated differences are good to about 1e-9 where the cost is smooth"),
}

#: After so many wrong entries of a parameter, more are not looked at a second time.
CERTAIN = 2

#: A derivative by number counts as wrong only where the other is known to this share of itself at least.
KNOWN = 0.1

#: A derivative below this share of the others, per size, is too small to be seen along a direction through all of them.
UNSEEN = 1e-4

#: Next to a kink, values are changed by this share of their size.
BESIDE = 1e-3

#: So many times are values moved by their last digit, to see which digits of a derivative that leaves.
SHAKES = 2

#: An entry much smaller than the largest beside it has no smaller noise than one of this share of the largest.
SMALLEST = 2.0**-26


class Comparison:
    """One network with examples, its gradient by BP1 to BP4, and the same by number, in float64.

        error = |g − m| / max(|m|, 1e-3 max |g of the parameter|, 1e-6 max |g|)      g: back-propagation, m: by number

    where other entries' g count per size of what they are the derivative by, if that makes them smaller. Of every
    parameter and input the largest entry is compared, others that are drawn at random, and a random direction that
    changes all entries by their size, ⟨g, d⟩ with d_i = ±|θ_i| rounded to a power of two.
    """

    def __init__(self, engine: Engine, cost: MeanCost, seed: int) -> None:
        self.engine = engine
        self.cost = cost
        self.seed = seed
        #: What rounding may leave of derivatives that are zero: a few digits of the cost's last.
        self._noise = 4 * float(np.finfo(np.float64).eps) * abs(cost.here)
        self.gradient = cost.gradient()

    @classmethod
    def of(
        cls, engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array], training: bool, seed: int
    ) -> Comparison:
        """Return the comparison for checked inputs and targets; the engine is left as it is.

        Errors: NonFiniteError where the cost is NaN or infinite.
        """
        return cls(engine, MeanCost(engine, inputs, targets, training), seed)

    def check(self, per_parameter: int | None) -> GradientCheck:
        """Compare; None compares every entry."""
        rng = stream(self.seed, "gradient check")
        paths = {name: self._path(name, per_parameter, rng) for name in self.cost.arrays}
        tolerance, why = TOLERANCES[self.method]
        inputs = real_inputs(self.engine.graph)
        return GradientCheck(
            parameters={name: path for name, path in paths.items() if name not in inputs},
            inputs={name: paths[name] for name in inputs},
            method=self.method,
            reason=self.reason,
            tolerance=tolerance,
            tolerance_reason=why,
            training=self.cost.training,
            dtype=str(self.engine.dtype),
            seed=self.seed,
            notes=self._notes(paths),
        )

    @cached_property
    def beside(self) -> Comparison | None:
        """The same network next to these values, for what lies on a kink here; None where its cost is not finite."""
        rng = stream(self.seed, "gradient check", "beside")
        changes = {
            name: BESIDE * rng.standard_normal(array.shape) * self._sizes[name]
            for name, array in self.cost.arrays.items()
        }
        try:
            return Comparison(self.engine, self.cost.moved(changes), self.seed)
        except NonFiniteError:
            return None

    @cached_property
    def shaken(self) -> tuple[Comparison, ...]:
        """The same network with its values moved by their last digit or not: what that changes is not known."""
        found = []
        for number in range(SHAKES):
            rng = stream(self.seed, "gradient check", f"shaken {number}")
            changes = {
                name: rng.choice((-1.0, 0.0, 1.0), array.shape) * np.spacing(np.abs(array))
                for name, array in self.cost.arrays.items()
            }
            try:
                found.append(Comparison(self.engine, self.cost.moved(changes), self.seed))
            except NonFiniteError:
                continue
        return tuple(found)

    @cached_property
    def analytic(self) -> dict[str, bool]:
        """Of which parameters and inputs the cost is seen to be analytic, along a direction through all entries."""
        found = {}
        for name, array in self.cost.arrays.items():
            rng = stream(self.seed, "gradient check", "method", name)
            direction = rng.standard_normal(array.shape) * self._sizes[name]
            found[name] = is_analytic(self._function(name), array, direction)
        return found

    @property
    def method(self) -> str:
        """The complex step where it works and differences confirm it for all that is compared."""
        return "complex step" if all(self.analytic.values()) else "central differences"

    @property
    def reason(self) -> str:
        """Why this method."""
        if self.method == "complex step":
            return "every component computes with complex numbers, and differences along random directions agree"
        return "the complex step fails in a component, or disagrees with differences: some forward is not analytic"

    def _path(self, name: str, per_parameter: int | None, rng: np.random.Generator) -> CheckedPath:
        gradient = self.gradient[name]
        directions: list[tuple[tuple[int, ...] | None, Array]] = []
        for chosen in _chosen(gradient, per_parameter, rng):
            directions.append((chosen, np.zeros_like(gradient)))
            directions[-1][1][chosen] = 1.0
        if gradient.size > 1:
            directions.append((None, rng.choice((-1.0, 1.0), gradient.shape) * self._sizes[name]))
        entries: list[CheckedEntry] = []
        for index, direction in directions:
            certain = sum(each.status == "failed" for each in entries) >= CERTAIN
            entries.append(self._entry(name, index, direction, certain))
        kind: Literal["parameter", "input"] = "parameter" if name in self.engine.parameters.views else "input"
        return CheckedPath(name, kind, gradient.shape, gradient.size, tuple(entries), self._rounding.get(name))

    def _entry(self, name: str, index: tuple[int, ...] | None, direction: Array, certain: bool) -> CheckedEntry:
        """Compare one derivative, next to these values where they lie on a kink.

        `certain` says that others of the same parameter are known to be wrong: one more is believed at once.
        """
        found = self._compared(name, index, direction, certain)
        if found.status == "passed" or (found.status == "failed" and certain):
            return found
        if found.status == "failed" and not self._has_kink(name, direction):
            return found
        if self.beside is None:
            return replace(found, status="undecided")
        near = self.beside._compared(name, index, direction)
        if near.status == "failed" and self.beside._has_kink(name, direction):
            near = replace(near, status="undecided")
        return replace(near, beside=True)

    def _has_kink(self, name: str, direction: Array) -> bool:
        return bool(has_kink(self._function(name), self.cost.arrays[name], direction))

    def _compared(
        self, name: str, index: tuple[int, ...] | None, direction: Array, certain: bool = False
    ) -> CheckedEntry:
        function, at = self._function(name), self.cost.arrays[name]
        ours = self._along(name, index, direction)
        measured = measured_with(self.analytic[name], function, at, direction)
        error, status = self._judged(name, index, ours, measured)
        rounding = np.inf
        if not certain and np.isfinite(ours) and not self._suffices(name, index, direction, ours, measured, status):
            measured, is_zero, rounding = self._measured_again(name, index, direction, ours, measured)
            error, status = self._judged(name, index, ours, measured, is_zero, rounding)
        if status == "failed" and not certain and np.isfinite(ours):
            status = self._unless_lost(name, index, direction, ours, measured, rounding)
        value, uncertainty = float(measured.value), float(measured.error)
        return CheckedEntry(name, index, ours, value, error, status, uncertainty=uncertainty)

    def _suffices(
        self,
        name: str,
        index: tuple[int, ...] | None,
        direction: Array,
        ours: float,
        measured: Measured,
        status: Status,
    ) -> bool:
        """Whether a derivative need not be measured in another way.

        The complex step of an entry that is small beside the others has not been seen to be right, as differences along
        all of them do not show it: one along this entry does, where what they are apart does not matter.
        """
        if status != "passed":
            return False
        if measured.method != "complex step" or not self._unseen(name, index, measured):
            return True
        theirs = float(measured.value)
        allowed = KNOWN * max(self._scale(name, index, theirs)[0], abs(ours))
        return moves_as(theirs, self._function(name), self.cost.arrays[name], direction, allowed)

    def _unseen(self, name: str, index: tuple[int, ...] | None, measured: Measured) -> bool:
        """Whether a derivative is too small for differences along a direction through all entries to show it."""
        scale = self._by_size[name] / (1.0 if index is None else float(self._sizes[name][index]))
        noise = self._scale(name, index, 0.0)[1]
        return abs(float(measured.value)) <= max(UNSEEN * scale, noise / UNSEEN)

    def _measured_again(
        self, name: str, index: tuple[int, ...] | None, direction: Array, ours: float, measured: Measured
    ) -> tuple[Measured, bool, float]:
        """Return a derivative by differences where they know better, with steps as long as it takes.

        The second is whether it is zero as far as the function moves at all, whatever rounding could hide in smaller
        steps; the third what rounding may be as large as, which is less than it seems where long steps show a slope.
        """
        found, is_zero = self._by_differences(name, index, direction, ours)
        error = 8 * float(found.error)
        rounding = error if found.settled.all() and error <= KNOWN * abs(float(found.value)) else np.inf
        if measured.method != "complex step":
            return found, is_zero, rounding
        apart = float(np.abs(measured.value - found.value))
        same = apart <= 1e-5 * abs(float(found.value)) + 10 * float(found.error)
        if found.settled.all() and not same:
            # Two ways against one: the function is not analytic, in this entry at least.
            self.analytic[name] = False
            return found, is_zero, rounding
        if same and (is_zero or self._is_known(name, index, ours, found)):
            return measured, is_zero, rounding
        if not self._unseen(name, index, measured):
            return measured, False, np.inf
        self.analytic[name] &= index is not None and direction.size > 1
        return found, False, np.inf

    def _by_differences(
        self, name: str, index: tuple[int, ...] | None, direction: Array, ours: float
    ) -> tuple[Measured, bool]:
        """Return a derivative by differences, of longer steps where the usual ones are lost, and whether it is zero."""
        function, at = self._function(name), self.cost.arrays[name]
        found = measured_with(False, function, at, direction)
        if self._is_known(name, index, ours, found):
            return found, False
        further = measured_further(function, at, direction, float(found.error))
        if further is None:
            return found, abs(float(found.value)) <= float(found.error)
        return (found if further.error > found.error else further), False

    def _is_known(self, name: str, index: tuple[int, ...] | None, ours: float, measured: Measured) -> bool:
        """Whether what a derivative may be off is little beside it, or beside what is declared or counts as nothing."""
        scale, _ = self._scale(name, index, float(measured.value))
        return 8 * float(measured.error) <= KNOWN * max(scale, abs(ours))

    def _along(self, name: str, index: tuple[int, ...] | None, direction: Array) -> float:
        gradient = self.gradient[name]
        with np.errstate(all="ignore"):
            return float(np.sum(gradient * direction) if index is None else gradient[index])

    def _unless_lost(
        self,
        name: str,
        index: tuple[int, ...] | None,
        direction: Array,
        ours: float,
        measured: Measured,
        rounding: float,
    ) -> Status:
        """Return `undecided` where values that differ in their last digit have derivatives as far apart as these."""
        lost = 0.0
        for other in self.shaken:
            declared = other._along(name, index, direction)
            if measured.method == "complex step":
                again = measured_with(True, other._function(name), other.cost.arrays[name], direction)
            else:
                again, _ = other._by_differences(name, index, direction, declared)
            lost = max(lost, abs(declared - ours), abs(float(again.value - measured.value)))
        _, status = self._judged(name, index, ours, replace(measured, error=measured.error + lost), rounding=rounding)
        return "failed" if status == "failed" else "undecided"

    def _judged(
        self,
        name: str,
        index: tuple[int, ...] | None,
        ours: float,
        measured: Measured,
        is_zero: bool = False,
        rounding: float = np.inf,
    ) -> tuple[float, Status]:
        if not np.isfinite(ours):
            overflow = index is None and bool(np.isfinite(self.gradient[name]).all())
            return np.inf, "undecided" if overflow else "failed"
        theirs, uncertain = float(measured.value), 8 * float(measured.error)
        if not np.isfinite(theirs) or not np.isfinite(uncertain):
            return np.inf, "undecided"
        scale, noise = self._scale(name, index, theirs)
        difference = abs(ours - theirs)
        error = (difference / scale if scale else np.inf) if difference else 0.0
        allowed = TOLERANCES[measured.method][0] * scale + min(noise, rounding)
        open_ = bool(np.any(measured.stairs & ~measured.settled))
        agree = (not open_ and difference <= allowed) or (measured.settled.all() and difference <= allowed + uncertain)
        # What could as well be another number is not known to be this one.
        if agree and (is_zero or max(difference, uncertain) <= KNOWN * max(scale, abs(ours))):
            return error, "passed"
        if agree:
            return error, "undecided"
        known = measured.settled.all() or uncertain <= KNOWN * abs(theirs)
        known &= not (np.any(measured.stairs) and abs(ours) <= uncertain)
        return error, "failed" if known and difference > allowed + uncertain else "undecided"

    def _scale(self, name: str, index: tuple[int, ...] | None, theirs: float) -> tuple[float, float]:
        """Return what an error counts against, and what rounding may leave of a derivative that is zero."""
        gradient, size = self.gradient[name], self._sizes[name]
        finite = np.isfinite(gradient)
        with np.errstate(over="ignore"):
            by_size = np.abs(gradient * size)[finite]
            length = float(np.linalg.norm(by_size))
        if index is None:
            return max(abs(theirs), FLOOR * length, WHOLE_FLOOR * self._largest[1]), self._noise
        own = float(size[index])
        largest = min(float(np.abs(gradient[finite]).max(initial=0.0)), float(by_size.max(initial=0.0)) / own)
        whole = min(self._largest[0], self._largest[1] / own)
        noise = self._noise / max(own, SMALLEST * float(size.max()))
        return max(abs(theirs), FLOOR * largest, WHOLE_FLOOR * whole), noise

    def _function(self, name: str) -> Any:
        def value(array: Array) -> Array:
            return self.cost.value({name: array})

        return value

    @cached_property
    def _sizes(self) -> dict[str, Array]:
        """How large a change of each entry is a whole one."""
        inputs = real_inputs(self.engine.graph)
        return {name: sizes(array, name in inputs) for name, array in self.cost.arrays.items()}

    @cached_property
    def _largest(self) -> tuple[float, float]:
        """The largest entry of the gradient, and the largest per size of what it is the derivative by."""
        found = [(0.0, 0.0)]
        for name, each in self.gradient.items():
            finite = np.isfinite(each)
            with np.errstate(over="ignore"):
                by_size = np.abs(each * self._sizes[name])[finite]
            found.append((float(np.abs(each[finite]).max(initial=0.0)), float(by_size.max(initial=0.0))))
        return max(one for one, _ in found), max(other for _, other in found)

    @cached_property
    def _by_size(self) -> dict[str, float]:
        """The largest entry of each gradient per size of what it is the derivative by."""
        with np.errstate(over="ignore"):
            found = {name: np.abs(each * self._sizes[name]) for name, each in self.gradient.items()}
        return {name: float(np.max(each, initial=0.0, where=np.isfinite(each))) for name, each in found.items()}

    @cached_property
    def _rounding(self) -> dict[str, float]:
        """How far the gradient in the network's own dtype is from that in float64, by path; none in float64.

        Relative to the largest entry, with a floor that the whole gradient sets.
        """
        if self.engine.dtype == np.float64:
            return {}
        own = self.engine.copy()
        with np.errstate(all="ignore"):
            inputs, targets = (in_dtype(each, own.dtype) for each in (self.cost.inputs, self.cost.targets))
            _, narrow = own.gradient(inputs, targets, self.cost.training)
        found = {}
        for path, view in narrow.items():
            wide = self.gradient[path]
            largest = max(float(np.abs(wide).max(initial=0.0)), FLOOR * self._largest[0])
            found[path] = float(np.abs(view - wide).max(initial=0.0)) / largest if largest else 0.0
        return found

    def _notes(self, paths: Mapping[str, CheckedPath]) -> tuple[str, ...]:
        notes = []
        zero = [name for name, path in paths.items() if path.is_zero]
        if zero:
            notes.append(f"the cost does not depend on {', '.join(zero)} at these values: zero both ways")
        beside = [each for path in paths.values() for each in path.entries if each.beside]
        if beside:
            notes.append(
                f"{len(beside)} of the derivatives are taken next to these values, which lie on a kink of the cost"
            )
        return tuple(notes)


def _chosen(gradient: Array, count: int | None, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Return the index of the largest entry, and of others drawn at random."""
    if gradient.size == 0 or count == 0:
        return []
    largest = int(np.argmax(np.abs(gradient)))
    drawn = rng.permutation(gradient.size)
    others = [int(k) for k in (drawn if count is None else drawn[:count]) if k != largest]
    chosen = [largest, *(others if count is None else others[: count - 1])]
    return [tuple(int(i) for i in np.unravel_index(k, gradient.shape)) for k in chosen]
