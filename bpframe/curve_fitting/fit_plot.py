"""A fit as a picture: data, curve, confidence band, and residuals below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bpframe.curve_fitting.curves import Curve, Data
from bpframe.training.figures import new_figure, save_figure
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plotted"]

#: Points on the drawn curve.
FINE = 200


class Fit(Protocol):
    """What a picture needs of a fit."""

    @property
    def residuals(self) -> Array:
        """What is left over."""

    @property
    def absolute_sigma(self) -> bool:
        """Whether σ are known in the units of y."""

    @property
    def curve(self) -> Curve:
        """The fitted model."""

    @property
    def data(self) -> Data:
        """What it was fitted to."""

    def predict(self, x: Any) -> Array:
        """Return the curve."""

    def confidence_band(self, x: Any, level: float) -> tuple[Array, Array]:
        """Return low and high of it."""


def plotted(fit: Fit, path: str | Path | None, level: float) -> Figure:
    """Return the picture of a fit, written to `path` where one is given."""
    figure = new_figure(6.4, 5.6)
    upper, lower = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    y = np.asarray(fit.data.y, np.float64)
    sigma = _deviations(fit, y)
    axis = _axis_of(fit.data.x, len(y))
    if axis is None or y.ndim > 1:
        _measured_over_fitted(fit, y, sigma, upper, lower)
    else:
        name, x, of = axis
        inside = np.linspace(x.min(), x.max(), FINE)
        middle, (low, high) = fit.predict(of(inside)), fit.confidence_band(of(inside), level)
        bars = None if sigma is None else sigma.reshape(-1)
        upper.errorbar(x, y, bars, fmt=".", color="black", markersize=4, linewidth=0.8, label="data")
        upper.plot(inside, middle, color="tab:blue", label=f"fit of {fit.curve.name}")
        if np.isfinite(low).all() and np.isfinite(high).all():
            upper.fill_between(
                inside, low, high, color="tab:blue", alpha=0.25, linewidth=0, label=f"{100 * level:g} % of the curve"
            )
        upper.set_ylabel("y")
        _residuals(fit, x, sigma, lower)
        lower.set_xlabel(name)
    upper.legend()
    upper.grid(alpha=0.3)
    if path is not None:
        save_figure(figure, path)
    return figure


def _measured_over_fitted(fit: Fit, y: Array, sigma: Array | None, upper: Axes, lower: Axes) -> None:
    fitted = np.asarray(y - np.ma.compressed(fit.residuals).reshape(y.shape))
    bars = None if sigma is None else sigma.reshape(-1)
    upper.errorbar(fitted.ravel(), y.ravel(), bars, fmt=".", color="black", markersize=4, linewidth=0.8, label="data")
    ends = [fitted.min(), fitted.max()]
    upper.plot(ends, ends, color="tab:blue", label=f"fit of {fit.curve.name}")
    upper.set_ylabel("measured")
    _residuals(fit, fitted.ravel(), sigma, lower)
    lower.set_xlabel("fitted")


def _residuals(fit: Fit, x: Array, sigma: Array | None, lower: Axes) -> None:
    residuals = np.ma.compressed(fit.residuals)
    lower.plot(x, residuals if sigma is None else residuals / sigma.reshape(-1), ".", color="black", markersize=4)
    lower.axhline(0.0, color="tab:blue", linewidth=1)
    lower.set_ylabel("y − fit" if sigma is None else "(y − fit)/σ")
    lower.grid(alpha=0.3)


def _deviations(fit: Fit, y: Array) -> Array | None:
    """Return a standard deviation for each value, or None where they are alike and unknown."""
    given = fit.data.sigma
    if given is None or (np.ndim(given) == 0 and not fit.absolute_sigma):
        return None
    array = np.asarray(given, np.float64)
    if array.ndim == 2 and array.shape == (y.size, y.size) and y.ndim == 1:
        return np.asarray(np.sqrt(np.diag(array)))
    if array.ndim and array.size == len(y):
        array = array.reshape(len(y), *(1,) * (y.ndim - 1))
    return np.broadcast_to(array.reshape(y.shape) if array.size == y.size else array, y.shape)


def _axis_of(x: Any, count: int) -> tuple[str, Array, Callable[[Array], Any]] | None:
    """Return the only independent variable: its name, its values, and how points are made of some; None of several."""
    named = isinstance(x, Mapping)
    if (named and len(x) != 1) or isinstance(x, tuple):
        return None
    name, given = next(iter(x.items())) if named else ("x", x)
    array = np.asarray(given, np.float64)
    if array.shape not in ((count,), (count, 1)):
        return None

    def points(values: Array) -> Any:
        shaped = values.reshape(-1, *array.shape[1:])
        return {name: shaped} if named else shaped

    return str(name), array.reshape(-1), points
