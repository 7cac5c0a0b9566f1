"""A finished fit: parameters, how well they are determined, and how good the fit is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.curve_fitting.covariance import Covariance
from bpframe.curve_fitting.data import real_numbers, shaped_inputs
from bpframe.curve_fitting.fit_summary import FitSummary, largest_correlations, value_row
from bpframe.curve_fitting.verdict import Verdict
from bpframe.errors import DataError
from bpframe.network import Network
from bpframe.training.history import History
from bpframe.validation.plain_arrays import Array

__all__ = ["CurveFit"]


@dataclass(frozen=True)
class CurveFit:
    """Fitted parameters with their uncertainty; `print` shows the summary.

    `parameters` maps names to values, numbers or arrays. What is in matrices and vectors is in the order of `names`, an
    entry each: `estimates` and `start` (P,), `covariance` and `correlation` (P, P). `residuals` are y − f(x), like y,
    and masked where a point was left out because it was, or had weight 0; `left_out` counts these. `network` computes
    the fitted model, `history` tells of the iterations, `retried` of another try where one was made. `verdict` says
    whether it converged.
    """

    parameters: dict[str, Any]
    names: tuple[str, ...]
    estimates: Array
    start: Array
    uncertainty: Covariance
    absolute_sigma: bool
    residuals: Array
    chi_square: float
    total_square: float
    count: float
    left_out: int
    verdict: Verdict
    network: Network
    history: History
    retried: str
    iterations: int
    flat: bool

    @property
    def covariance(self) -> Array:
        """The covariance of the parameters, (P, P)."""
        return self.uncertainty.matrix

    @property
    def standard_errors(self) -> dict[str, float]:
        """One standard deviation of every parameter's estimate, by name; infinite where it is not determined."""
        return dict(zip(self.names, map(float, self.uncertainty.standard_errors), strict=True))

    @property
    def correlation(self) -> Array:
        """The correlations of the estimates, (P, P)."""
        return self.uncertainty.correlation

    @property
    def cost(self) -> float:
        """χ²/2N: the mean cost over the N points, counted by their weights."""
        return self.chi_square / 2 / (self.count * len(self.residuals) / self.residuals.size)

    @property
    def degrees_of_freedom(self) -> float:
        """Values less the parameters that they determine: n − p."""
        return self.count - self.uncertainty.rank

    @property
    def reduced_chi_square(self) -> float:
        """χ²/(n − p), which is s² where σ are not absolute; NaN where nothing is left."""
        return self.chi_square / self.degrees_of_freedom if self.degrees_of_freedom else math.nan

    @property
    def r_squared(self) -> float:
        """1 − χ²/χ² of the weighted mean; NaN where all values are equal."""
        return 1 - self.chi_square / self.total_square if self.total_square else math.nan

    @property
    def aic(self) -> float:
        """Akaike's criterion, n ln(χ²/n) + 2p."""
        return self._log_likelihood + 2 * len(self.names)

    @property
    def bic(self) -> float:
        """The Bayesian criterion, n ln(χ²/n) + p ln n."""
        return self._log_likelihood + math.log(self.count) * len(self.names)

    @property
    def exact(self) -> bool:
        """Whether the model goes through all values, but for rounding: there is no scatter to speak of."""
        return self.verdict.exact

    @property
    def converged(self) -> bool:
        """Whether this is a minimum, as `verdict` judges it."""
        return self.verdict.converged

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before the numbers are used: a fit that is no minimum, parameters that are not determined."""
        notes = list(self.verdict.notes)
        if not self.converged:
            more = f"iterations={10 * self.iterations}, " if len(self.history) >= self.iterations else ""
            notes[0] += f"; errors mean nothing; try {more}another start or optimizer"
        return tuple(notes)

    def confidence_intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return low and high for every parameter by name: estimate ± t · standard error.

        t is Student's with n − p degrees of freedom, or the normal distribution's where σ are absolute, since no s² is
        estimated then. For a nonlinear model they hold as far as it is linear within them.

        Errors: DataError for a level outside (0, 1).
        """
        found = real_numbers("the confidence level", level)
        if found.ndim or not 0 < found < 1:
            raise DataError("a confidence level is a probability", expected="between 0 and 1", received=f"{level}")
        level = float(found)
        factor = self._quantile((1 + level) / 2)
        return {
            name: (float(value - factor * error), float(value + factor * error))
            for name, value, error in zip(self.names, self.estimates, self.uncertainty.standard_errors, strict=True)
        }

    def predict(self, x: Any) -> Array:
        """Return the fitted curve at points x: (N,) where y was that, else (N, *output)."""
        found: Array = self.network.predict(shaped_inputs(self.network.graph, self.network._by_name(x)))
        return found.reshape(len(found)) if self.flat else found

    def prediction_errors(self, x: Any) -> Array:
        """Return one standard deviation of the fitted curve at points x, √(∂f/∂θ Σ ∂f/∂θᵀ), in the shape of `predict`.

        It says how well the curve is known, without the scatter of new values around it. To first order in θ.
        """
        inputs, parameters = shaped_inputs(self.network.graph, self.network._by_name(x)), self.network.parameters
        size = len(self.names)
        stack, first = {}, 0
        for path, view in parameters.items():
            last = first + view.size
            stack[path] = np.eye(size)[:, first:last].reshape(size, *view.shape)
            first = last
        pushed: Array = self.network.parameter_jvp(inputs, stack)  # (P, N, *output)
        errors = self.uncertainty.propagated(pushed.reshape(size, -1).T)
        return errors if self.flat else errors.reshape(pushed.shape[1:])

    def summary(self, min_correlation: float = 0.1) -> FitSummary:
        """Return a table: values, standard errors, starts; statistics; correlations of at least this size; notes."""
        errors = self.uncertainty.standard_errors
        kinds = " + ".join(dict.fromkeys(node.component.kind for node in self.network.graph.nodes))
        scale = "known σ" if self.absolute_sigma else "errors scaled with reduced χ²"
        statistics = [
            ("values, parameters", f"{self.count}, {len(self.names)}; {self.degrees_of_freedom} degrees of freedom"),
            ("χ²", f"{self.chi_square:.8g}"),
            ("reduced χ²", f"{self.reduced_chi_square:.8g} ({scale})"),
            ("R²", f"{self.r_squared:.8g}"),
            ("AIC, BIC", f"{self.aic:.6g}, {self.bic:.6g}"),
            ("ended", f"after {len(self.history)} iterations: {self.history.stopped}"),
        ]
        if self.left_out:
            statistics.insert(1, ("left out", f"{self.left_out} points, masked or of weight 0"))
        if self.retried:
            statistics.append(("tried twice", self.retried))
        return FitSummary(
            f"fit of {kinds}",
            tuple(map(value_row, self.names, self.estimates, errors, self.start)),
            tuple(statistics),
            largest_correlations(self.names, self.correlation, min_correlation),
            self.notes,
        )

    @property
    def _log_likelihood(self) -> float:
        return self.count * math.log(self.chi_square / self.count) if self.chi_square > 0 else -math.inf

    def _quantile(self, probability: float) -> float:
        from scipy.special import ndtri, stdtrit

        if self.absolute_sigma:
            return float(ndtri(probability))
        return float(stdtrit(self.degrees_of_freedom, probability)) if self.degrees_of_freedom else math.nan

    def __repr__(self) -> str:
        return str(self.summary())
