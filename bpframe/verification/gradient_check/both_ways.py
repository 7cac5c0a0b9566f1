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
from bpframe.verification.gradient_check.findings import CheckedEntry, CheckedPath, GradientCheck, Status
from bpframe.verification.gradient_check.judgement import FLOOR, KNOWN, TOLERANCES, Derivative, Judgement
from bpframe.verification.gradient_check.mean_cost import MeanCost, in_dtype, real_inputs

__all__ = ["BothWays"]


#: After so many wrong entries of a parameter, more are not looked at a second time.
CERTAIN = 2

#: Next to a kink, values are changed by this share of their size.
BESIDE = 1e-3

#: So many times are values moved by their last digit, to see which digits of a derivative that leaves.
SHAKES = 2


class BothWays:
    """One network with examples, its gradient by BP1 to BP4, and the same by number, in float64.

    Of every parameter and input the largest entry is compared, others that are drawn at random, and a random direction
    that changes all entries by their size, ⟨g, d⟩ with d_i = ±|θ_i| rounded to a power of two.
    """

    def __init__(self, engine: Engine, cost: MeanCost, seed: int) -> None:
        self.engine = engine
        self.cost = cost
        self.seed = seed
        self._inputs = real_inputs(engine.graph)
        here = cost.here
        self._sizes = {name: sizes(array, name in self._inputs) for name, array in cost.arrays.items()}
        self.judgement = Judgement(cost.gradient(), self._sizes, here)

    @classmethod
    def of(
        cls, engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array], training: bool, seed: int
    ) -> BothWays:
        """Return the comparison for checked inputs and targets; the engine is left as it is.

        Errors: NonFiniteError where the cost is NaN or infinite.
        """
        return cls(engine, MeanCost(engine, inputs, targets, training), seed)

    def check(self, per_parameter: int | None) -> GradientCheck:
        """Compare; None compares every entry."""
        rng = stream(self.seed, "gradient check")
        paths = {name: self._path(name, per_parameter, rng) for name in self.cost.arrays}
        tolerance, why = TOLERANCES[self.method]
        return GradientCheck(
            parameters={name: path for name, path in paths.items() if name not in self._inputs},
            inputs={name: paths[name] for name in self._inputs},
            method=self.method,
            reason=self.reason,
            tolerance=tolerance,
            tolerance_reason=why,
            training=self.cost.training,
            dtype=str(self.engine.dtype),
            seed=self.seed,
            notes=_notes(paths),
        )

    @cached_property
    def beside(self) -> BothWays | None:
        """The same network next to these values, for what lies on a kink here; None where its cost is not finite."""
        rng = stream(self.seed, "gradient check", "beside")
        return self._moved(
            {
                name: BESIDE * rng.standard_normal(array.shape) * self._sizes[name]
                for name, array in self.cost.arrays.items()
            }
        )

    @cached_property
    def shaken(self) -> tuple[BothWays, ...]:
        """The same network with its values moved by their last digit or not: what that changes is not known."""
        found = []
        for number in range(SHAKES):
            rng = stream(self.seed, "gradient check", f"shaken {number}")
            moved = self._moved(
                {
                    name: rng.choice((-1.0, 0.0, 1.0), array.shape) * np.spacing(np.abs(array))
                    for name, array in self.cost.arrays.items()
                }
            )
            found += [] if moved is None else [moved]
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

    def _moved(self, changes: dict[str, Array]) -> BothWays | None:
        try:
            return BothWays(self.engine, self.cost.moved(changes), self.seed)
        except NonFiniteError:
            return None

    def _path(self, name: str, per_parameter: int | None, rng: np.random.Generator) -> CheckedPath:
        gradient = self.judgement.gradient[name]
        derivatives: list[Derivative] = []
        for chosen in _chosen(gradient, per_parameter, rng):
            derivatives.append(Derivative(name, chosen, np.zeros_like(gradient)))
            derivatives[-1].direction[chosen] = 1.0
        if gradient.size > 1:
            derivatives.append(Derivative(name, None, rng.choice((-1.0, 1.0), gradient.shape) * self._sizes[name]))
        entries: list[CheckedEntry] = []
        for each in derivatives:
            entries.append(self._entry(each, sum(entry.status == "failed" for entry in entries) >= CERTAIN))
        kind: Literal["parameter", "input"] = "parameter" if name in self.engine.parameters.views else "input"
        return CheckedPath(name, kind, gradient.shape, gradient.size, tuple(entries), self._rounding.get(name))

    def _entry(self, each: Derivative, certain: bool) -> CheckedEntry:
        """Compare one derivative, next to these values where they lie on a kink.

        `certain` says that others of the same parameter are known to be wrong: one more is believed at once.
        """
        found = self._compared(each, certain)
        if found.status == "passed" or (found.status == "failed" and certain):
            return found
        if found.status == "failed" and not self._has_kink(each):
            return found
        if self.beside is None:
            return replace(found, status="undecided")
        near = self.beside._compared(each)
        if near.status == "failed" and self.beside._has_kink(each):
            near = replace(near, status="undecided")
        return replace(near, beside=True)

    def _has_kink(self, each: Derivative) -> bool:
        return bool(has_kink(self._function(each.name), self.cost.arrays[each.name], each.direction))

    def _compared(self, each: Derivative, certain: bool = False) -> CheckedEntry:
        judged, ours = self.judgement.judged, self.judgement.declared(each)
        measured = self._measured(each, self.analytic[each.name])
        error, status = judged(each, measured)
        rounding, looks_again = np.inf, not certain and bool(np.isfinite(ours))
        if looks_again and not self._suffices(each, measured, status):
            measured, is_zero, rounding = self._measured_again(each, measured)
            error, status = judged(each, measured, is_zero, rounding)
        if looks_again and status == "failed":
            status = self._unless_lost(each, measured, rounding)
        value, uncertainty = float(measured.value), float(measured.error)
        return CheckedEntry(each.name, each.index, ours, value, error, status, uncertainty=uncertainty)

    def _suffices(self, each: Derivative, measured: Measured, status: Status) -> bool:
        """Whether a derivative need not be measured in another way.

        The complex step of an entry that is small beside the others has not been seen to be right, as differences along
        all of them do not show it: one along this entry does, where what they are apart does not matter.
        """
        if status != "passed":
            return False
        if measured.method != "complex step" or not self.judgement.is_unseen(each, measured):
            return True
        theirs, at = float(measured.value), self.cost.arrays[each.name]
        allowed = self.judgement.allowance(each, theirs)
        return moves_as(theirs, self._function(each.name), at, each.direction, allowed)

    def _measured_again(self, each: Derivative, measured: Measured) -> tuple[Measured, bool, float]:
        """Return a derivative by differences where they know better, with steps as long as it takes.

        The second is whether it is zero as far as the function moves at all, whatever rounding could hide in smaller
        steps; the third what rounding may be as large as, which is less than it seems where long steps show a slope.
        """
        found, is_zero = self._by_differences(each)
        error = 8 * float(found.error)
        rounding = error if found.settled.all() and error <= KNOWN * abs(float(found.value)) else np.inf
        if measured.method != "complex step":
            return found, is_zero, rounding
        apart = float(np.abs(measured.value - found.value))
        same = apart <= 1e-5 * abs(float(found.value)) + 10 * float(found.error)
        if found.settled.all() and not same:
            # Two ways against one: the function is not analytic, in this entry at least.
            self.analytic[each.name] = False
            return found, is_zero, rounding
        if same and (is_zero or self.judgement.is_known(each, found)):
            return measured, is_zero, rounding
        if not self.judgement.is_unseen(each, measured):
            return measured, False, np.inf
        self.analytic[each.name] &= each.index is not None and each.direction.size > 1
        return found, False, np.inf

    def _by_differences(self, each: Derivative) -> tuple[Measured, bool]:
        """Return a derivative by differences, of longer steps where the usual ones are lost, and whether it is zero."""
        found = self._measured(each, False)
        if self.judgement.is_known(each, found):
            return found, False
        error = float(found.error)
        further = measured_further(self._function(each.name), self.cost.arrays[each.name], each.direction, error)
        if further is None:
            return found, abs(float(found.value)) <= error
        return (found if further.error > found.error else further), False

    def _unless_lost(self, each: Derivative, measured: Measured, rounding: float) -> Status:
        """Return `undecided` where values that differ in their last digit have derivatives as far apart as these."""
        lost, ours = 0.0, self.judgement.declared(each)
        for other in self.shaken:
            by_complex = measured.method == "complex step"
            again = other._measured(each, True) if by_complex else other._by_differences(each)[0]
            lost = max(lost, abs(other.judgement.declared(each) - ours), abs(float(again.value - measured.value)))
        wider = replace(measured, error=measured.error + lost)
        return "failed" if self.judgement.judged(each, wider, rounding=rounding)[1] == "failed" else "undecided"

    def _measured(self, each: Derivative, analytic: bool) -> Measured:
        return measured_with(analytic, self._function(each.name), self.cost.arrays[each.name], each.direction)

    def _function(self, name: str) -> Any:
        return lambda array: self.cost.value({name: array})

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
            wide = self.judgement.gradient[path]
            largest = max(float(np.abs(wide).max(initial=0.0)), FLOOR * self.judgement.largest[0])
            found[path] = float(np.abs(view - wide).max(initial=0.0)) / largest if largest else 0.0
        return found


def _notes(paths: Mapping[str, CheckedPath]) -> tuple[str, ...]:
    notes = []
    zero = [name for name, path in paths.items() if path.is_zero]
    if zero:
        notes.append(f"the cost does not depend on {', '.join(zero)} at these values: zero both ways")
    beside = sum(each.beside for path in paths.values() for each in path.entries)
    if beside:
        notes.append(f"{beside} of the derivatives are taken next to these values, which lie on a kink of the cost")
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
