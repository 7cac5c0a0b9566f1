"""Fits of curves: nonlinear regression with weights, and the covariance of any network's parameters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpframe.categories import Optimizer
from bpframe.core.component import Layer
from bpframe.curve_fitting.covariance import Covariance
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
from bpframe.errors import DataError, DraftWarning, SpecError, did_you_mean
from bpframe.network import Network
from bpframe.training.history import History
from bpframe.validation.plain_arrays import Array
from bpframe.validation.strict_numbers import checked_truth

__all__ = ["covariance", "fit_curve"]

Points = Array | Sequence[float] | Mapping[str, Array]

#: A fit takes a few dozen iterations; more than this has gone astray.
ITERATIONS = 1000

#: How a fit is tried again that has gone astray: from the same start, in steps that are shares of it and that bend.
OTHER_WAY = {"scaling": "start", "acceleration": 0.75}


#: What `curve_fit`, lmfit and others call the arguments, and what is written here.
ELSEWHERE = {
    "p0": "start=[...], or init of each parameter",
    "params": "start={...}, or init of each parameter",
    "weights": "sigma=1/weights where they multiply residuals; sigma=1/numpy.sqrt(weights) where their squares; "
    "sample_weight where they say how often a point counts",
    "bounds": "none: write the formula in a parameter that has no bounds, such as exp(u) for one above 0",
    "jac": "a method `jacobian` of the layer",
    "maxfev": "iterations=...",
    "max_nfev": "iterations=...",
    "method": "optimizer=...",
}


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


def fit_curve(
    model: Layer | Network,
    x: Points,
    y: Array | Sequence[float],
    *,
    start: Mapping[str, Any] | Sequence[float] | Array | None = None,
    sigma: float | Array | Sequence[float] | None = None,
    absolute_sigma: bool = False,
    sample_weight: Array | Sequence[float] | None = None,
    optimizer: Optimizer | None = None,
    iterations: int = ITERATIONS,
    progress: bool | None = False,
    **unknown: Any,
) -> CurveFit:
    """Fit a model's parameters to data by least squares, and say how well they are determined.

        χ²(θ) = Σ ((y − f(x; θ)) / σ)² is least at θ̂,    Σ = s² (JᵀJ)⁻¹,    s² = χ²/(n − p)

    Everything is computed in float64, because statistics of a fit hang on its last digits.

    Source: Press et al., Numerical Recipes (3rd ed., 2007), chapter 15; Seber and Wild, Nonlinear Regression (1989).

    Parameters
    ----------
    model
        A layer whose forward is the formula and whose parameters are fitted (`draft = True` has its Jacobian measured),
        or a whole network. It is left as it is; `CurveFit.network` is the fitted one.
    x
        Points, (N, *features), or plain numbers (N,); a mapping where the network has several inputs.
    y
        Values, (N, *output) or (N,).
    start
        Where to start: values by parameter name, or all of them in order; the model's own where left out.
    sigma
        Standard deviations of the values: one number, or one for each point. Left out, all values count alike.
    absolute_sigma
        Whether σ are known in the units of y. Otherwise only their ratios count, and s² scales the covariance.
    sample_weight
        How often each point counts, (N,): 0 leaves it out, 2 is as if it were there twice, and n is their sum (times
        the values of a point). That changes errors as repeated measurements do; how precise a point is, σ says.
    optimizer
        Levenberg–Marquardt until nothing but rounding is left, unless another is given.
    iterations
        How many iterations the optimizer may take.
    progress
        None shows a bar in a terminal, True always.

    Raises
    ------
    SpecError
        An argument that is none of these, and a word or number where True or False is wanted.
    DataError, ShapeMismatch
        Data that are not finite or do not fit the model, unknown names in `start`, fewer values than parameters.
    UnknownComponent
        The plugin set `minimizers`, which holds the cost and the default optimizer, is not there.
    NonFiniteError
        The model is NaN or infinite at the start.

    """
    if unknown:
        raise _unknown_arguments(unknown)
    absolute_sigma = checked_truth("absolute_sigma", absolute_sigma)
    network, inputs, target, weight, kept = _prepared(model, x, y, sigma, sample_weight)
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
        residuals=_as_given(residuals.reshape(len(residuals), *np.shape(y)[1:]), kept),
        chi_square=chi_square(residuals, target, weight),
        total_square=total_square(target, weight),
        count=residuals.size if weight is None else _whole(weight.sum() * residuals[0].size),
        left_out=int(np.count_nonzero(~kept)),
        verdict=found.verdict,
        network=network,
        history=found.history,
        retried=retried,
        iterations=iterations,
        flat=np.ndim(y) == 1,
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
    fitted, inputs, target, weight, _ = _prepared(network, x, y, sigma, sample_weight)
    return judged(fitted, inputs, target, weight, fitted.parameters.vector, absolute_sigma).uncertainty


def _unknown_arguments(unknown: Mapping[str, Any]) -> SpecError:
    name = next(iter(unknown))
    known = ("start", "sigma", "absolute_sigma", "sample_weight", "optimizer", "iterations", "progress")
    return SpecError(
        f"fit_curve has no argument '{name}'",
        expected=", ".join(known),
        received=", ".join(unknown),
        hint=ELSEWHERE.get(name) or did_you_mean(name, known),
    )


def _prepared(
    model: Layer | Network, x: Any, y: Any, sigma: Any, sample_weight: Any
) -> tuple[Network, dict[str, Array], Array, Array | None, Array]:
    """Return the network to fit, its inputs by name, the target of its cost, weights, and which points are kept."""
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
    return network, inputs, target, weight, kept


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


def _as_given(residuals: Array, kept: Array) -> Array:
    """Return residuals for all points that were given, masked where a point was left out."""
    if kept.all():
        return residuals
    whole: Array = np.ma.MaskedArray(np.zeros((len(kept), *residuals.shape[1:])), mask=True)
    whole[kept] = residuals
    return whole
