"""Whether a fit ended at a minimum, and if not, why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpframe.core.backprop.weights import scaled
from bpframe.curve_fitting.covariance import ILL_CONDITIONED, Covariance, parameter_covariance
from bpframe.curve_fitting.fitted_network import entry_names
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.derivatives.least_squares.linear_minimum import NEAR, LinearMinimum
from bpframe.derivatives.points.given_weights import checked_weights
from bpframe.network import Network
from bpframe.validation.plain_arrays import Array

__all__ = ["Verdict", "axis_far_from_zero", "chi_square", "is_exact", "judged", "silent", "total_square"]


#: Residuals are rounding below this share of the values' scatter, or where rounding a few times moves the curve as far,
#: by no more than this share of the values.
EXACT, ROUNDINGS, MOVED = 1e-12, 4, 1e-6

#: An axis is far from zero where its values differ by no more than this share of themselves.
FAR = 1e-3

#: Where to look whether a parameter has an effect elsewhere: at these shares of itself.
LOOKS = (-1.0, 0.0, 1e-3, 1e-2, 0.1, 0.5, 2.0, 10.0, 1e2, 1e3)


@dataclass(frozen=True)
class Verdict:
    """Whether the fitted parameters are a minimum of χ²: `converged`, and what else to know in `notes`.

    A minimum is where the residuals are orthogonal to the whole column space of their Jacobian: where the minimum of
    the linear model is near, or the curve goes through all values but for rounding (`exact`). It is none where no
    parameter has an effect; where float64 cannot tell parameters apart because an axis lies `far` from zero for its
    spread; nor where some are `silent`, without effect here but not elsewhere. Of parameters that a bound holds
    (`held`: χ² would fall beyond it) nothing is asked; the errors of the others are as if these were fixed. `doubts`
    are what is known of the Jacobian's accuracy.
    """

    minimum: LinearMinimum
    uncertainty: Covariance
    exact: bool
    silent: tuple[str, ...]
    far: str | None
    held: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def converged(self) -> bool:
        """Whether this is a minimum."""
        return self._objection is None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before the numbers are used, the worst first."""
        notes = [] if self.converged else [f"this is no minimum: {self._objection}"]
        if self.held:
            notes.append(f"held by a bound: {', '.join(self.held)}; errors of the others are as if fixed there")
        notes += (*self.doubts, *self.uncertainty.notes)
        if self.far and self.uncertainty.condition > ILL_CONDITIONED:
            notes.append(self.far)
        if self.exact and self.minimum.rank:
            notes.append("the curve goes through all values, but for rounding: the errors are those of rounding")
        return tuple(notes)

    @cached_property
    def _objection(self) -> str | None:
        found = self.minimum
        if np.isnan(found.offset):
            return "the slopes of the residuals are not finite here"
        if not found.rank and self.held and not found.lengths.size:
            return None
        if not found.rank:
            return "no parameter has any effect on the values here"
        if self.uncertainty.entangled and self.far:
            return f"{', '.join(self.uncertainty.entangled)} cannot be told apart in float64"
        if self.exact:
            return None
        if self.silent:
            return f"the curve is flat: an effect that {', '.join(self.silent)} has elsewhere is lost here"
        if found.near:
            return None
        if np.isinf(found.offset):
            return "χ² can still fall to zero"
        if found.offset <= NEAR:
            return "the parameters are too nearly interchangeable for float64 to tell"
        away = f"it is {found.offset:.1g} standard errors away"
        return away + (", which rounding the parameters in float64 makes up alone" if found.within_rounding else "")


def judged(
    network: Network,
    inputs: Mapping[str, Array],
    target: Array,
    weight: Array | None,
    start: Array,
    absolute_sigma: bool,
) -> Verdict:
    """Return the verdict on a network's present parameters as a fit to the target, which came from a start (P,).

    A point counts as often as its weight says: N is their sum.
    """
    (output,) = network.graph.outputs
    engine = network._engine.at(inputs)
    weights = checked_weights(engine.graph, weight, np.float64, {output: target})
    squares = LeastSquares(engine, inputs, {output: target, **weights})
    count = squares.count if weight is None else float(weight.sum())
    minimum, names = squares.linear_minimum(), entry_names(network.parameters)
    minimum = replace(minimum, count=minimum.count // squares.count * count)
    scatter = np.sqrt(total_square(target, weight) / count)
    sizes = np.sqrt(float(np.sum(_weighted(np.square(target[..., 0] / target[..., 1]), weight))) / count)
    return Verdict(
        minimum,
        parameter_covariance(minimum, count, names, absolute_sigma),
        exact=is_exact(minimum, scatter, sizes),
        silent=silent(
            names,
            minimum,
            lambda: _elsewhere(squares, start).linear_minimum().lengths,
            squares.cost,
        ),
        far=axis_far_from_zero(inputs),
    )


def total_square(target: Array, weight: Array | None) -> float:
    """Return Σ w ((y − ȳ)/σ)² with the weighted mean ȳ: what R² compares with."""
    y, sigma = target[..., 0], target[..., 1]
    mean = np.average(y, weights=_weighted(sigma**-2, weight))
    return float(np.sum(_weighted(np.square((y - mean) / sigma), weight)))


def chi_square(residuals: Array, target: Array, weight: Array | None) -> float:
    """Return χ² = Σ w (r/σ)²."""
    return float(np.sum(_weighted(np.square(residuals / target[..., 1]), weight)))


def _weighted(values: Array, weight: Array | None) -> Array:
    """Multiply what belongs to points, (N, *output), with how often each counts."""
    return values if weight is None else scaled(values, weight, 1.0)


def is_exact(minimum: LinearMinimum, scatter: float, sizes: float) -> bool:
    """Whether the residuals are rounding beside the values' scatter, or their sizes."""
    return minimum.size <= max(EXACT * scatter, min(ROUNDINGS * minimum.rounding, MOVED * sizes))


def silent(
    names: Sequence[str],
    minimum: LinearMinimum,
    lengths_at_start: Callable[[], Array],
    cost: Callable[[Array], float],
) -> tuple[str, ...]:
    """Return the parameters whose effect is within rounding here, and was not at the start or is not elsewhere."""
    theta = minimum.theta
    weak = np.flatnonzero(minimum.lengths * np.abs(theta) <= minimum.rounding).tolist()
    if not weak:
        return ()
    before, eps = lengths_at_start(), np.finfo(np.float64).eps
    lost = (before > 0) & (minimum.lengths <= eps * before)
    never = (before == 0) & (minimum.lengths == 0)
    return tuple(
        names[place] for place in weak if lost[place] or (never[place] and _has_effect_elsewhere(cost, theta, place))
    )


def _elsewhere(squares: LeastSquares, theta: Array) -> LeastSquares:
    engine = squares.engine.copy()
    engine.parameters.vector[:] = theta
    return LeastSquares(engine, squares.examples.inputs, squares.examples.targets)


def _has_effect_elsewhere(cost: Callable[[Array], float], theta: Array, place: int) -> bool:
    here = cost(theta)
    for share in LOOKS:
        other = theta.copy()
        other[place] = share * (theta[place] or 1.0)
        if cost(other) != here:
            return True
    return False


def axis_far_from_zero(inputs: Mapping[str, Array]) -> str | None:
    """Return a note on the axis of the inputs that differs least beside its size, or None where all differ enough."""
    worst, note = FAR, None
    for name, array in inputs.items():
        if array.dtype.kind != "f":
            continue
        columns = array.reshape(len(array), -1)
        low, high = columns.min(axis=0, initial=np.inf), columns.max(axis=0, initial=-np.inf)
        for spread, middle in zip((high - low).tolist(), ((low + high) / 2).tolist(), strict=True):
            if 0 < spread < worst * abs(middle):
                worst = spread / abs(middle)
                note = f"{name} lies far from 0 ({middle:.4g}, spread {spread:.4g}): fit in {name} − {middle:.4g}"
    return note
