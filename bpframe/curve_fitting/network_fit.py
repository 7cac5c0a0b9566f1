"""Fits of layers and networks, and the covariance of any network's parameters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpframe.categories import Optimizer
from bpframe.curve_fitting.covariance import Covariance
from bpframe.curve_fitting.curves import Data, NetworkCurve, Trained
from bpframe.curve_fitting.data import (
    checked_sigma,
    checked_values,
    features_of,
    shaped_inputs,
    unmasked,
    weighted_target,
)
from bpframe.curve_fitting.fitted_network import default_optimizer, entry_names, fitted_network, set_start, values
from bpframe.curve_fitting.result import CurveFit
from bpframe.curve_fitting.verdict import Verdict, chi_square, judged, total_square
from bpframe.errors import DataError, DraftWarning
from bpframe.network import Network
from bpframe.training.history import History
from bpframe.validation.plain_arrays import Array
from bpframe.validation.strict_numbers import checked_truth

__all__ = ["ITERATIONS", "OTHER_WAY", "Points", "as_given", "covariance", "fit_network"]

Points = Array | Sequence[float] | Mapping[str, Array]

#: A fit takes a few dozen iterations; more than this has gone astray.
ITERATIONS = 1000

#: How a fit is tried again that has gone astray: from the same start, in steps that are shares of it and that bend.
OTHER_WAY = {"scaling": "start", "acceleration": 0.75}


class _Try(NamedTuple):
    """Where an optimizer ended."""

    history: History
    verdict: Verdict
    parameters: Array

    @property
    def astray(self) -> bool:
        """Whether this is no minimum although the method ended by itself, or had iterations enough."""
        by_itself = self.history.stopped not in ("completed", "interrupted")
        return not self.verdict.converged and (by_itself or len(self.history) >= ITERATIONS)


def fit_network(
    model: Any,
    x: Any,
    y: Any,
    start: Any,
    sigma: Any,
    absolute_sigma: bool,
    sample_weight: Any,
    optimizer: Optimizer | None,
    iterations: int,
    progress: bool | None,
) -> CurveFit:
    """Fit a layer's or a network's parameters. Arguments and errors are those of `fit_curve`."""
    network, inputs, target, weight, kept, data = _prepared(model, x, y, sigma, sample_weight)
    set_start(network.parameters, start)
    parameters = network.parameters.vector
    started = parameters.copy()

    def tried(method: Optimizer) -> _Try:
        parameters[:] = started
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", DraftWarning)  # what is slow in a training is quick in a fit
            history = network.fit(
                inputs, target, sample_weight=weight, optimizer=method, epochs=iterations, progress=progress
            )
            verdict = judged(network, inputs, target, weight, started, absolute_sigma)
            return _Try(history, verdict, parameters.copy())

    found, retried = tried(optimizer or default_optimizer()), ""
    if optimizer is None and found.astray:
        found, retried = _better(found, tried(default_optimizer(**OTHER_WAY)))
    parameters[:] = found.parameters
    residuals = target[..., 0] - network.predict(inputs)
    return CurveFit(
        parameters=values(network.parameters),
        names=found.verdict.uncertainty.names,
        estimates=found.parameters,
        start=started,
        uncertainty=found.verdict.uncertainty,
        absolute_sigma=absolute_sigma,
        residuals=as_given(residuals.reshape(len(residuals), *np.shape(y)[1:]), kept),
        chi_square=chi_square(residuals, target, weight),
        total_square=total_square(target, weight),
        count=residuals.size if weight is None else _whole(weight.sum() * residuals[0].size),
        left_out=int(np.count_nonzero(~kept)),
        verdict=found.verdict,
        curve=NetworkCurve(network, flat=np.ndim(y) == 1),
        data=data,
        course=Trained(found.history),
        retried=retried,
        iterations=iterations,
    )


def covariance(
    network: Network,
    x: Points,
    y: Array | Sequence[float],
    *,
    sigma: float | Array | Sequence[float] | None = None,
    absolute_sigma: bool = False,
    sample_weight: Array | Sequence[float] | None = None,
) -> Covariance:
    """Return the covariance of a trained network's parameters, as if it had been fitted to the data by least squares.

        Σ = s² (JᵀJ)⁻¹,    J = ∂(f/σ)/∂θ,    s² = χ²/(n − p)

    The network's own cost is not used. It should be at a minimum of the squared residuals: J is taken where it is.
    Arguments and errors are those of `fit_curve`; computed in float64.
    """
    if not isinstance(network, Network):
        raise DataError("covariance wants a network", received=type(network).__name__, hint="fit_curve(layer, x, y)")
    absolute_sigma = checked_truth("absolute_sigma", absolute_sigma)
    fitted, inputs, target, weight, *_ = _prepared(network, x, y, sigma, sample_weight)
    return judged(fitted, inputs, target, weight, fitted.parameters.vector, absolute_sigma).uncertainty


def _prepared(
    model: Any, x: Any, y: Any, sigma: Any, sample_weight: Any
) -> tuple[Network, dict[str, Array], Array, Array | None, Array, Data]:
    """Return the network to fit, its inputs, its cost's target, weights, which points are kept, and the data."""
    network = fitted_network(model, features_of(x))
    network._preparation = network._knowing_columns(x, None)  # where x is a table
    x, y, sigma, weight, kept = unmasked(network._by_name(x), y, sigma, sample_weight)
    graph = network.graph
    inputs = shaped_inputs(graph, x)
    (output,) = graph.outputs
    found = checked_values(y, network._engine.at(inputs).graph.shapes[output], inputs)
    target = weighted_target(found, checked_sigma(sigma, y, found.shape))
    names = entry_names(network.parameters)
    if found.size < len(names):
        raise DataError(
            "there are fewer values than parameters, so that no fit is determined",
            expected=f"{len(names)} values at least, for {', '.join(names)}",
            received=str(found.size),
            hint="fix some parameters, by writing their values into the formula",
        )
    if weight is not None and weight.sum() * found[0].size < len(names):
        raise DataError(
            "sample_weight counts fewer values than parameters, so that no fit is determined",
            expected=f"a sum of at least {math.ceil(len(names) / found[0].size)}: how often each point counts",
            received=f"{weight.sum():g}",
            hint="sigma, where points differ in how precise they are",
        )
    return network, inputs, target, weight, kept, Data(x, y, sigma)


def _whole(number: float) -> float:
    """Return a count as the integer that it is, where it is one."""
    return int(number) if float(number).is_integer() else float(number)


def _better(first: _Try, second: _Try) -> tuple[_Try, str]:
    """Return the try that counts, and what the summary says of the other."""
    wins = second.verdict.converged or not first.verdict.minimum.size <= second.verdict.minimum.size  # NaN loses
    other, ordinal = (first, "first") if wins else (second, "second")
    where = "at a minimum" if other.verdict.converged else "at no minimum"
    told = f"steps in shares of the start, with acceleration; the {ordinal} try ended {where} after"
    return second if wins else first, f"{told} {len(other.history)} iterations: {other.history.stopped}"


def as_given(residuals: Array, kept: Array) -> Array:
    """Return residuals for all points that were given, masked where a point was left out."""
    if kept.all():
        return residuals
    whole: Array = np.ma.MaskedArray(np.zeros((len(kept), *residuals.shape[1:])), mask=True)
    whole[kept] = residuals
    return whole
