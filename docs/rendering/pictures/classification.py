"""Costs beside their neighbours: what an error costs, and how hard it pulls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from bpframe_activations import Softmax
from bpframe_classification import (
    AbsoluteCost,
    BinaryCrossEntropy,
    CrossEntropy,
    GaussianNllCost,
    HingeCost,
    HuberCost,
    KlDivergenceCost,
    PoissonNllCost,
    ProbabilityCrossEntropy,
    QuantileCost,
)
from bpframe_reference import QuadraticCost, Sigmoid
from drawing import Plot, digits, drawn, lines
from matplotlib.figure import Figure

import bpframe as bp
from bpframe.extend import Array, Cost, call_method

__all__ = ["PICTURES", "beside", "priced", "robust_costs"]

#: Costs, and gradients, over the same errors.
Curves = Mapping[str, tuple[Array, Array]]

R = np.linspace(-4, 4, 161)
RIGHT = np.zeros(len(R), int)


def priced(cost: Cost, a: Array, y: Array) -> tuple[Array, Array]:
    """Return the cost of every example's outputs, (N, *), and its gradient in the first of them."""
    shape = cost.weight_shape(a.shape[1:]) if hasattr(cost, "weight_shape") else y.shape[1 : a.ndim]
    weight = np.ones((len(a), *shape))
    words = {"a": a, "y": y, "weight": weight, "saved": {}}
    value = np.asarray(call_method(cost, "forward", **words))
    return value, np.asarray(call_method(cost, "jacobian", **words, out=np.empty_like(a))).reshape(len(a), -1)[:, 0]


def beside(
    x: Array, curves: Curves, along: str, say: Callable[[Curves], str], highest: float = 8, slope: str = "a"
) -> Plot:
    """Draw what errors cost on the left, and how hard they pull on the right."""

    def draw(figure: Figure) -> str:
        left, right = figure.subplots(1, 2)
        lines(left, x, {name: value for name, (value, _) in curves.items()}, along, title="cost C")
        lines(right, x, {name: pull for name, (_, pull) in curves.items()}, along, title=f"∂C/∂{slope}", legend=False)
        left.set_ylim(max(-2.0, left.get_ylim()[0]), min(highest, left.get_ylim()[1]))
        right.set_ylim(max(-4.4, right.get_ylim()[0]), min(4.4, right.get_ylim()[1]))
        return say(curves)

    return drawn(draw, (5.4, 2.6))


def _numbers(cost: Cost) -> tuple[Array, Array]:
    return priced(cost, R[:, None], np.zeros((len(R), 1)))


def robust_costs(kind: str) -> Plot:
    """Draw the quadratic cost, huber and absolute side by side, with what is to be said of one."""
    curves = {"quadratic": _numbers(QuadraticCost()), "huber (δ = 1)": _numbers(HuberCost())}
    curves["absolute"] = _numbers(AbsoluteCost())

    def say(curves: Curves) -> str:
        at_4, at_half = ([pull[np.searchsorted(R, r)] for _, pull in curves.values()] for r in (4, 0.5))
        far = f"An output that is off by 4 pulls with {digits(at_4[0])} under the quadratic cost"
        if kind == "quadratic":
            return f"The gradient is the error itself: {far.lower()}, one that is off by 0.5 with {digits(at_half[0])}."
        if kind == "huber":
            return f"{far}, and with {digits(at_4[1])} under huber, which up to δ is the quadratic one."
        return (
            f"{far}, and with {digits(at_4[2])} here; but one that is off by 0.5 pulls with {digits(at_half[2])} too."
        )

    return beside(R, curves, "r = a − y", say)


def _quantiles() -> Plot:
    def say(curves: Curves) -> str:
        pulls = curves["q = 0.9"][1]
        return (
            f"With q = 0.9 an output below its target pulls with {digits(pulls[0])}, one above with "
            f"{digits(pulls[-1])}: they balance where nine of ten targets lie below."
        )

    return beside(R, {f"q = {q}": _numbers(QuantileCost(q=q)) for q in (0.9, 0.5, 0.1)}, "r = a − y", say)


def _variances() -> Plot:
    def cost(sigma: float) -> tuple[Array, Array]:
        return priced(
            GaussianNllCost(), np.stack([R, np.full_like(R, 2 * np.log(sigma))], axis=1), np.zeros((len(R), 1))
        )

    def say(curves: Curves) -> str:
        place = np.searchsorted(R, 2)
        sure, unsure = (curves[f"σ = {sigma}"][0][place] for sigma in (0.5, 2))
        return (
            f"Off by 2, who said σ = 0.5 pays {digits(sure)} and who said σ = 2 pays {digits(unsure)}: who is sure and "
            "wrong pays most, and at r = 0 who is unsure."
        )

    return beside(R, {f"σ = {s}": cost(s) for s in (0.5, 1, 2)}, "r = μ − y", say, slope="μ")


def _counts() -> Plot:
    a = np.linspace(-3, 3, 161)

    def say(curves: Curves) -> str:
        least = a[np.argmin(curves["y = 4"][0])]
        return (
            f"A count of 4 costs least at a = {digits(least)}, where the rate exp a is {digits(np.exp(least))}; a "
            "count of 0 pulls the rate down for ever, and less and less."
        )

    costs = {f"y = {y}": priced(PoissonNllCost(), a[:, None], np.full((len(a), 1), float(y))) for y in (0, 1, 4)}
    return beside(a, costs, "a, the logarithm of the rate", say)


def _behind(layer: Any, a: Array, y: Array) -> tuple[Array, Array]:
    """Return the quadratic cost of what a layer makes of scores, and its gradient in the first score."""
    net = bp.Network([layer], input_shape=a.shape[1:])
    value, error = priced(QuadraticCost(), net.predict(a), y)[0], net.predict(a) - y
    return value, np.asarray(net.vjp(a, error))[:, 0]


def _classes(kind: str) -> Plot:
    scores = np.stack([R, np.zeros_like(R)], axis=1)
    if kind == "binary_cross_entropy":
        first = priced(BinaryCrossEntropy(), R[:, None], np.ones((len(R), 1)))
        curves = {kind: first, "quadratic behind a sigmoid": _behind(Sigmoid(), R[:, None], np.ones((len(R), 1)))}
    else:
        curves = {"cross_entropy": priced(CrossEntropy(), scores, RIGHT)}
        curves["quadratic behind a softmax"] = _behind(Softmax(), scores, np.eye(2)[RIGHT])

    def say(curves: Curves) -> str:
        (_, steep), (_, flat) = curves.values()
        return (
            f"Wrong by a margin of 4, the score is pulled with {digits(-steep[0])}; the quadratic cost behind the same "
            f"probabilities pulls with {digits(-flat[0])}: what is most wrong would learn slowest."
        )

    return beside(R, curves, "a, for a yes" if kind[0] == "b" else "margin a[y] − a[other]", say)


def _margins() -> Plot:
    scores = np.stack([R, np.zeros_like(R)], axis=1)
    costs = {"hinge": HingeCost(), "squared hinge": HingeCost(squared=True), "cross_entropy": CrossEntropy()}

    def say(curves: Curves) -> str:
        place = np.searchsorted(R, 2)
        pulls = [-curves[name][1][place] for name in ("hinge", "cross_entropy")]
        return (
            f"A margin of 2 is enough: hinge pulls with {digits(abs(pulls[0]))}, cross_entropy still with "
            f"{digits(pulls[1])}. Only what is wrong, or nearly so, moves the parameters."
        )

    return beside(R, {name: priced(cost, scores, RIGHT) for name, cost in costs.items()}, "margin a[y] − a[other]", say)


def _divergence() -> Plot:
    scores, y = np.stack([R, np.zeros_like(R)], axis=1), np.tile([0.7, 0.3], (len(R), 1))
    costs = {"kl_divergence": KlDivergenceCost(), "cross_entropy": CrossEntropy(targets="probabilities")}

    def say(curves: Curves) -> str:
        low, high = curves["kl_divergence"][0], curves["cross_entropy"][0]
        return (
            f"Targets 0.7 and 0.3: the curves are {digits((high - low).min())} apart everywhere, the entropy of the "
            f"target, and pull alike; the least divergence is {digits(np.abs(low).min().round(3))}."
        )

    return beside(R, {name: priced(cost, scores, y) for name, cost in costs.items()}, "a[0] − a[1]", say)


def _probabilities() -> Plot:
    p = np.linspace(0.02, 0.98, 161)
    pairs = np.stack([p, 1 - p], axis=1)
    curves = {"probability_cross_entropy": priced(ProbabilityCrossEntropy(), pairs, np.zeros(len(p), int))}

    def say(curves: Curves) -> str:
        pull = curves["probability_cross_entropy"][1][0]
        behind = pull * p[0] * (1 - p[0])
        return (
            f"At p = {digits(p[0])} of the right class the pull on p is {digits(pull)}; through the softmax before "
            f"it, whose slope is p (1 − p), {digits(behind)} reaches the score."
        )

    return beside(p, curves, "p of the right class", say, slope="p")


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "absolute": lambda: robust_costs("absolute"),
    "binary_cross_entropy": lambda: _classes("binary_cross_entropy"),
    "cross_entropy": lambda: _classes("cross_entropy"),
    "gaussian_nll": _variances,
    "hinge": _margins,
    "huber": lambda: robust_costs("huber"),
    "kl_divergence": _divergence,
    "poisson_nll": _counts,
    "probability_cross_entropy": _probabilities,
    "quantile": _quantiles,
}
