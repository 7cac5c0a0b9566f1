"""Whether back-propagation and a derivative by number agree, and against what an error counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bpframe.measured.by_number import Measured
from bpframe.validation.plain_arrays import Array
from bpframe.verification.gradient_check.findings import Status

__all__ = ["FLOOR", "KNOWN", "TOLERANCES", "Derivative", "Judgement"]

#: Below this share of the largest entry of a parameter or input, and below that of the whole gradient, an entry's error
#: is measured against that share: what is left of a sum in which everything cancelled carries the rounding errors of
#: its terms.
FLOOR = 1e-3
WHOLE_FLOOR = 1e-6

TOLERANCES = {
    "complex step": (1e-7, "no difference is taken, so that what is left is float64's rounding in long sums"),
    "central differences": (1e-5, "extrapolated differences are good to about 1e-9 where the cost is smooth"),
}

#: A derivative by number counts as wrong only where the other is known to this share of itself at least.
KNOWN = 0.1

#: A derivative below this share of the others, per size, is too small to be seen along a direction through all of them.
UNSEEN = 1e-4

#: An entry much smaller than the largest beside it has no smaller noise than one of this share of the largest.
SMALLEST = 2.0**-26


@dataclass(frozen=True)
class Derivative:
    """By an entry of a parameter or input, or, where `index` is None, along a direction through all of its entries."""

    name: str
    index: tuple[int, ...] | None
    direction: Array


class Judgement:
    """What is said of derivatives by number beside a gradient g from back-propagation.

        error = |g − m| / max(|m|, 1e-3 max |g of the parameter|, 1e-6 max |g|)      m: by number

    where other entries' g count per size of what they are the derivative by, if that makes them smaller. `sizes` says
    how large a change of each entry is a whole one, `cost` how large the numbers are whose differences make m.
    """

    def __init__(self, gradient: Mapping[str, Array], sizes: Mapping[str, Array], cost: float) -> None:
        self.gradient = gradient
        self.sizes = sizes
        #: What rounding may leave of derivatives that are zero: a few digits of the cost's last.
        self._noise = 4 * float(np.finfo(np.float64).eps) * abs(cost)

    def declared(self, each: Derivative) -> float:
        """Return what back-propagation says."""
        gradient = self.gradient[each.name]
        with np.errstate(all="ignore"):
            return float(np.sum(gradient * each.direction) if each.index is None else gradient[each.index])

    def judged(
        self, each: Derivative, measured: Measured, is_zero: bool = False, rounding: float = np.inf
    ) -> tuple[float, Status]:
        """Return the relative error, and what it means.

        `is_zero` says that the derivative is zero as far as the function moves at all, `rounding` what rounding may be
        as large as.
        """
        ours = self.declared(each)
        if not np.isfinite(ours):
            overflow = each.index is None and bool(np.isfinite(self.gradient[each.name]).all())
            return np.inf, "undecided" if overflow else "failed"
        theirs, uncertain = float(measured.value), 8 * float(measured.error)
        if not np.isfinite(theirs) or not np.isfinite(uncertain):
            return np.inf, "undecided"
        scale, noise = self._scale(each, theirs)
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

    def allowance(self, each: Derivative, theirs: float) -> float:
        """Return what is little beside a derivative, or beside what is declared or counts as nothing."""
        return KNOWN * max(self._scale(each, theirs)[0], abs(self.declared(each)))

    def is_known(self, each: Derivative, measured: Measured) -> bool:
        """Whether what a derivative by number may be off is little."""
        return 8 * float(measured.error) <= self.allowance(each, float(measured.value))

    def is_unseen(self, each: Derivative, measured: Measured) -> bool:
        """Whether a derivative is too small for differences along a direction through all entries to show it."""
        scale = self._by_size[each.name] / (1.0 if each.index is None else float(self.sizes[each.name][each.index]))
        noise = self._scale(each, 0.0)[1]
        return abs(float(measured.value)) <= max(UNSEEN * scale, noise / UNSEEN)

    def _scale(self, each: Derivative, theirs: float) -> tuple[float, float]:
        """Return what an error counts against, and what rounding may leave of a derivative that is zero."""
        gradient, size = self.gradient[each.name], self.sizes[each.name]
        finite = np.isfinite(gradient)
        with np.errstate(over="ignore"):
            by_size = np.abs(gradient * size)[finite]
            length = float(np.linalg.norm(by_size))
        if each.index is None:
            return max(abs(theirs), FLOOR * length, WHOLE_FLOOR * self.largest[1]), self._noise
        own = float(size[each.index])
        largest = min(float(np.abs(gradient[finite]).max(initial=0.0)), float(by_size.max(initial=0.0)) / own)
        whole = min(self.largest[0], self.largest[1] / own)
        noise = self._noise / max(own, SMALLEST * float(size.max()))
        return max(abs(theirs), FLOOR * largest, WHOLE_FLOOR * whole), noise

    @cached_property
    def largest(self) -> tuple[float, float]:
        """The largest entry of the gradient, and the largest per size of what it is the derivative by."""
        found = [(0.0, 0.0)]
        for name, each in self.gradient.items():
            finite = np.isfinite(each)
            with np.errstate(over="ignore"):
                by_size = np.abs(each * self.sizes[name])[finite]
            found.append((float(np.abs(each[finite]).max(initial=0.0)), float(by_size.max(initial=0.0))))
        return max(one for one, _ in found), max(other for _, other in found)

    @cached_property
    def _by_size(self) -> dict[str, float]:
        """The largest entry of each gradient per size of what it is the derivative by."""
        with np.errstate(over="ignore"):
            found = {name: np.abs(each * self.sizes[name]) for name, each in self.gradient.items()}
        return {name: float(np.max(each, initial=0.0, where=np.isfinite(each))) for name, each in found.items()}
