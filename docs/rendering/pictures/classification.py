"""Costs beside one another, as functions of the error, and what a variance costs."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import matplotlib
import numpy as np
from bpframe_classification import AbsoluteCost, GaussianNllCost, HuberCost, QuantileCost
from component_plots import DERIVATIVE, INK, VALUE, Plot
from matplotlib.figure import Figure

from bpframe.extend import Cost, call_method

__all__ = ["PICTURES"]

R = np.linspace(-4, 4, 161)
COLOURS = (VALUE, DERIVATIVE, "#7cb342")


def _of(cost: Cost, a: np.ndarray) -> np.ndarray:
    """Return the cost of outputs (N, *), for the target 0."""
    words = {"a": a, "y": np.zeros((len(a), 1)), "weight": np.ones((len(a), 1)), "saved": {}}
    return np.asarray(call_method(cost, "forward", **words))


def _robust() -> Plot:
    curves = [("½ r²", R**2 / 2), ("huber, δ = 1", _of(HuberCost(), R[:, None]))]
    curves.append(("absolute", _of(AbsoluteCost(), R[:, None])))
    return _drawn("C of one output at a distance r from its target: what is far away pulls less.", "r = a − y", curves)


def _quantiles() -> Plot:
    curves = [(f"q = {q}", _of(QuantileCost(q=q), R[:, None])) for q in (0.1, 0.5, 0.9)]
    return _drawn("C of one output: for q = 0.9 an output below its target costs nine times more.", "r = a − y", curves)


def _variances() -> Plot:
    sigmas = (0.5, 1.0, 2.0)
    outputs = [np.stack([R, np.full_like(R, 2 * np.log(sigma))], axis=1) for sigma in sigmas]
    curves = [(f"σ = {sigma:g}", _of(GaussianNllCost(), a)) for sigma, a in zip(sigmas, outputs, strict=True)]
    caption = "C of a mean at a distance r from its target, for three predicted σ: who is sure and wrong pays most."
    return _drawn(caption, "r = μ − y", curves)


def _drawn(caption: str, along: str, curves: Sequence[tuple[str, np.ndarray]]) -> Plot:
    style = {"svg.fonttype": "none", "svg.hashsalt": "bpframe", "font.size": 9, "font.family": "sans-serif"}
    style |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(4.6, 2.7), layout="constrained")
        axes = figure.subplots()
        for (name, values), colour, line in zip(curves, COLOURS, ("-", "--", "-."), strict=True):
            axes.plot(R, values, line, color=colour, linewidth=1.8, label=name)
        axes.set_ylim(-1, 8)
        axes.grid(color=INK, alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel(along)
        axes.legend(frameon=False)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Plot(caption, text.getvalue())


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "huber": _robust,
    "absolute": _robust,
    "quantile": _quantiles,
    "gaussian_nll": _variances,
}
