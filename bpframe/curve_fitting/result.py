"""A finished fit: parameters, how well they are determined, and how good the fit is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpframe.curve_fitting.covariance import Covariance
from bpframe.curve_fitting.curves import Course, Curve, Data
from bpframe.curve_fitting.data import real_numbers
from bpframe.curve_fitting.fit_plot import plotted
from bpframe.curve_fitting.fit_summary import FitSummary, fixed_row, largest_correlations, value_row
from bpframe.curve_fitting.verdict import Verdict
from bpframe.errors import DataError
from bpframe.network import Network
from bpframe.training.history import History
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CurveFit"]


@dataclass(frozen=True)
class CurveFit:
    """Fitted parameters with their uncertainty; `print` shows the summary.

    `parameters` maps names to values, numbers or arrays. What is in matrices and vectors is in the order of `names`, an
    entry each: `estimates` and `start` (P,), `covariance` and `correlation` (P, P). `residuals` are y − f(x), like y,
    and masked where a point was left out because it was, or had weight 0; `left_out` counts these. `history` tells of
    the iterations, `retried` of another try where one was made. `verdict` says whether it converged. `fixed` are the
    parameters of a function that were not fitted; `parameters` has them too. `curve` is the fitted model.
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
    curve: Curve
    data: Data
    course: Course
    retried: str
    iterations: int
    fixed: dict[str, Any] = field(default_factory=dict)

    @property
    def history(self) -> History:
        """The iterations, and why they ended."""
        return self.course.history

    @property
    def network(self) -> Network:
        """The fitted network, of a layer or a network. Errors: DataError for a plain function, which is none."""
        return self.curve.network

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
        factor = self._factor(level)
        return {
            name: (float(value - factor * error), float(value + factor * error))
            for name, value, error in zip(self.names, self.estimates, self.uncertainty.standard_errors, strict=True)
        }

    def predict(self, x: Any) -> Array:
        """Return the fitted curve at points x: (N,) where y was that, else (N, *output)."""
        return self.curve.values(x)

    def prediction_errors(self, x: Any) -> Array:
        """Return one standard deviation of the fitted curve at points x, √(∂f/∂θ Σ ∂f/∂θᵀ), in the shape of `predict`.

        It says how well the curve is known, without the scatter of new values around it. To first order in θ.
        """
        slopes = self.curve.slopes(x)
        return self.uncertainty.propagated(slopes.reshape(-1, slopes.shape[-1])).reshape(slopes.shape[:-1])

    def confidence_band(self, x: Any, level: float = 0.95) -> tuple[Array, Array]:
        """Return low and high of the curve itself at points x: `predict` ∓ t · `prediction_errors`.

        At each point alone it holds the true curve with this probability; t as for `confidence_intervals`.

        Errors: DataError for a level outside (0, 1).
        """
        middle, half = self.predict(x), self._factor(level) * self.prediction_errors(x)
        return middle - half, middle + half

    def plot(self, path: str | Path | None = None, level: float = 0.95) -> Figure:
        """Draw the data, the curve and its confidence band, and the residuals below; write the picture to `path`.

        Of several independent variables the measured values are drawn over the fitted ones.

        Errors: MissingExtra without matplotlib; DataError for a level outside (0, 1), or a picture that cannot be
        written.
        """
        return plotted(self, path, level)

    def summary(self, min_correlation: float = 0.1) -> FitSummary:
        """Return a table: values, standard errors, starts; statistics; correlations of at least this size; notes."""
        errors = self.uncertainty.standard_errors
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
            f"fit of {self.curve.name}",
            (
                *map(self._row, self.names, self.estimates, errors, self.start),
                *(fixed_row(*each) for each in self.fixed.items()),
            ),
            tuple(statistics),
            largest_correlations(self.names, self.correlation, min_correlation),
            self.notes,
        )

    @property
    def _log_likelihood(self) -> float:
        return self.count * math.log(self.chi_square / self.count) if self.chi_square > 0 else -math.inf

    def _row(self, name: str, value: float, error: float, start: float) -> tuple[str, ...]:
        row = value_row(name, value, error, start)
        return (*row[:2], "at a bound", *row[3:]) if name in self.verdict.held else row

    def _factor(self, level: float) -> float:
        found = real_numbers("the confidence level", level)
        if found.ndim or not 0 < found < 1:
            raise DataError("a confidence level is a probability", expected="between 0 and 1", received=f"{level}")
        return self._quantile((1 + float(found)) / 2)

    def _quantile(self, probability: float) -> float:
        from scipy.special import ndtri, stdtrit

        if self.absolute_sigma:
            return float(ndtri(probability))
        return float(stdtrit(self.degrees_of_freedom, probability)) if self.degrees_of_freedom else math.nan

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
