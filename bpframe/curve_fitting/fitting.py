"""Fits of curves: nonlinear regression with weights, of plain functions, layers and networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.core.component import Layer
from bpframe.curve_fitting.curves import FunctionCurve
from bpframe.curve_fitting.data import without_nan
from bpframe.curve_fitting.function_fit import fit_function
from bpframe.curve_fitting.network_fit import ITERATIONS, Points, as_given, fit_network
from bpframe.curve_fitting.result import CurveFit
from bpframe.errors import SpecError, did_you_mean
from bpframe.network import Network
from bpframe.trainable.named import with_optimizer
from bpframe.validation.plain_arrays import Array
from bpframe.validation.strict_numbers import checked_truth

__all__ = ["fit_curve"]

#: What `curve_fit`, lmfit and others call the arguments, and what is written here.
ELSEWHERE = {
    "p0": "start=[...], or start={...} by name",
    "params": "start={...}, bounds={...} and fixed={...} by name",
    "weights": "sigma=1/weights where they multiply residuals; sigma=1/numpy.sqrt(weights) where their squares; "
    "sample_weight where they say how often a point counts",
    "jac": "jacobian=... of a function; a method `jacobian` of a layer",
    "maxfev": "iterations=...",
    "max_nfev": "iterations=...",
    "method": "optimizer=...",
    "check_finite": "nan_policy='omit'",
    "epochs": "iterations=...",
}

#: What only a plain function is given, and what a layer has in its place.
OF_FUNCTIONS = {
    "bounds": "the formula as a plain function; or written in a parameter that has no bounds, such as exp(u)",
    "fixed": "a network of the layer with the parameter frozen: net.freeze('layer_1.k')",
    "jacobian": "a method `jacobian` of the layer",
}


def fit_curve(
    model: Callable[..., Any] | Layer | Network,
    x: Points | tuple[Any, ...],
    y: Array | Sequence[float],
    *,
    start: Mapping[str, Any] | Sequence[float] | Array | None = None,
    sigma: float | Array | Sequence[float] | None = None,
    absolute_sigma: bool = False,
    sample_weight: Array | Sequence[float] | None = None,
    bounds: Mapping[str, tuple[Any, Any]] | None = None,
    fixed: Mapping[str, Any] | None = None,
    jacobian: Callable[..., Any] | None = None,
    nan_policy: str = "raise",
    optimizer: Optimizer | str | None = None,
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
        A plain function, f(x, a, b), whose arguments after the points are the parameters; a layer whose forward is the
        formula (`draft = True` has its Jacobian measured); or a whole network. It is left as it is.
    x
        Points: of a function, what its first argument takes, (N,), or a tuple of arrays for several variables in it; a
        mapping for variables that are arguments of their own. Of a layer (N, *features) or plain numbers (N,); a
        mapping where a network has several inputs.
    y
        Values, (N, *output) or (N,); of a function in the shape that it returns.
    start
        Where to start: values by parameter name, or all of them in order. Left out are a function's defaults, and the
        other models' own values.
    sigma
        Standard deviations of the values: one number, or one for each point; of a function also their covariance,
        (N, N). Left out, all values count alike.
    absolute_sigma
        Whether σ are known in the units of y. Otherwise only their ratios count, and s² scales the covariance.
    sample_weight
        How often each point counts, (N,): 0 leaves it out, 2 is as if it were there twice, and n is their sum (times
        the values of a point). That changes errors as repeated measurements do; how precise a point is, σ says.
    bounds
        Of a function: (low, high) by parameter name, None where there is no bound. It is never called outside of them.
    fixed
        Of a function: values by name of parameters that are not fitted.
    jacobian
        Of a function: its derivatives, called like it; a mapping by parameter, or an array (*values, P). They are
        compared with the function. Left out, they are complex steps where these are right, differences elsewhere.
    nan_policy
        "raise" refuses NaN in the data, "omit" leaves these points out, as masked ones are.
    optimizer
        Levenberg–Marquardt until nothing but rounding is left, unless another is given.
    iterations
        How many iterations the optimizer may take.
    progress
        Of a layer or network: None shows a bar in a terminal, True always.

    Raises
    ------
    SpecError
        An argument that is none of these, and a word or number where True or False is wanted.
    DataError, ShapeMismatch
        Data that are not finite or do not fit the model, unknown names in `start`, fewer values than parameters; of a
        function also a parameter without a start, a start outside of its bounds, a result of another shape than y.
    DerivativeError
        A `jacobian` that is not the function's.
    UnknownComponent
        The plugin set `minimizers`, which holds the cost and the default optimizer, is not there.
    NonFiniteError
        The model is NaN or infinite at the start.

    """
    if unknown:
        raise _unknown_arguments(unknown)
    absolute_sigma = checked_truth("absolute_sigma", absolute_sigma)
    if isinstance(iterations, bool) or not isinstance(iterations, int | np.integer) or iterations < 1:
        raise SpecError("iterations is no positive integer", expected="at least 1", received=repr(iterations)[:60])
    optimizer = None if optimizer is None else with_optimizer(optimizer)
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        hint = f"{optimizer.__name__}()" if isinstance(optimizer, type) else "optimizer=LevenbergMarquardt()"
        raise SpecError("optimizer is none", expected="an optimizer", received=repr(optimizer)[:60], hint=hint)
    x, y, sigma = without_nan(nan_policy, x, y, sigma)
    if isinstance(model, type) or not callable(model) or isinstance(model, Layer | Network):
        only = {"bounds": bounds, "fixed": fixed, "jacobian": jacobian}
        for name in (name for name, value in only.items() if value is not None):
            raise SpecError(
                f"{name} is for plain functions", received=f"a {type(model).__name__}", hint=OF_FUNCTIONS[name]
            )
        return fit_network(
            model, x, y, start, sigma, absolute_sigma, sample_weight, optimizer, iterations, progress
        )  # fmt: skip
    found = fit_function(
        model, x, y, start, sigma, absolute_sigma, sample_weight, optimizer, iterations, bounds, fixed, jacobian
    )
    formula, theta, values = found.formula, found.way.theta, found.values
    whitened = values.whitened(found.residuals)
    parameters = dict(zip(formula.start, formula.values(theta), strict=True)) | formula.shown
    residuals = found.residuals.reshape(values.shape)
    return CurveFit(
        parameters={
            name: float(each) if np.ndim(each) == 0 and name in formula.start else each
            for name, each in parameters.items()
        },
        names=formula.entries,
        estimates=theta,
        start=found.start,
        uncertainty=found.verdict.uncertainty,
        absolute_sigma=absolute_sigma,
        residuals=as_given(residuals, found.kept),
        chi_square=float(whitened @ whitened),
        total_square=values.total_square,
        count=values.count,
        left_out=int(np.count_nonzero(~found.kept)),
        verdict=found.verdict,
        curve=FunctionCurve(formula, theta, found.bounds, found.declared),
        data=found.data,
        course=found.way,
        retried=found.retried,
        iterations=iterations,
        fixed=formula.shown,
    )


def _unknown_arguments(unknown: Mapping[str, Any]) -> SpecError:
    name = next(iter(unknown))
    known = (
        "start", "sigma", "absolute_sigma", "sample_weight", "bounds", "fixed", "jacobian", "nan_policy", "optimizer",
        "iterations", "progress",
    )  # fmt: skip
    return SpecError(
        f"fit_curve has no argument '{name}'",
        expected=", ".join(known),
        received=", ".join(unknown),
        hint=ELSEWHERE.get(name) or did_you_mean(name, known),
    )
