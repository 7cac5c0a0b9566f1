"""The costs are as precise as their dtype for scores from −10⁴ to 10⁴ and for costs that are all but zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from bpframe_classification import (
    GaussianNllCost,
    HingeCost,
    HuberCost,
    KlDivergenceCost,
    PoissonNllCost,
    ProbabilityCrossEntropy,
    QuantileCost,
)

from bpframe.extend import Cost, call_method

mp = mpmath.mp.clone()
mp.dps = 50

SCORES = np.array(
    [
        [0.0, 0.0, 0.0],
        [1e4, 0.0, -1e4],
        [0.0, -1e4, 1e4],
        [-1e4, -1e4 + 1, -1e4 - 30],
        [700.0, 660.0, 30.0],
        [-30.0, 5.0, 1.25],
        [40.0, 0.0, -2.0],
    ]
)


def measured(cost: Cost, a: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    saved: dict[str, Any] = {}
    of_shares = cost.kind == "kl_divergence" or getattr(cost, "targets", "") == "probabilities"
    words = {"a": a, "y": y, "weight": np.ones(y.shape[:-1] if of_shares else y.shape), "saved": saved}
    value = call_method(cost, "forward", **words)
    return value, call_method(cost, "jacobian", **words, out=np.empty_like(a))


def exact(row: np.ndarray) -> list[Any]:
    return [mp.mpf(float(each)) for each in row]


def divergence(a: list[Any], y: list[Any]) -> tuple[Any, list[Any]]:
    total = mp.fsum(map(mp.exp, a))
    p = [mp.exp(each) / total for each in a]
    terms = [(share * mp.log(share / q) if share else 0) - share + q for share, q in zip(y, p, strict=True)]
    return mp.fsum(terms), [q * mp.fsum(y) - share for share, q in zip(y, p, strict=True)]


@pytest.mark.parametrize("shares", [[1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.0, 1.0, 0.0], [0.9, 0.1 - 1e-9, 1e-9]])
def test_the_divergence_is_precise_on_far_scores(shares: list[float]) -> None:
    y = np.tile(shares, (len(SCORES), 1))
    value, gradient = measured(KlDivergenceCost(), SCORES, y)
    for n, scores in enumerate(SCORES):
        cost, slope = divergence(exact(scores), exact(y[n]))
        # An error of one rounding in a share moves the divergence by that times the logarithm.
        assert abs(value[n] - float(cost)) <= 1e-13 * float(cost) + 1e-300, (n, value[n], cost)
        np.testing.assert_allclose(gradient[n], [float(each) for each in slope], rtol=1e-13, atol=1e-15)


def test_a_small_divergence_keeps_half_of_its_digits_where_its_formula_keeps_none() -> None:
    a = np.array([[0.3, -0.2, 1.0]])
    p = np.exp(a) / np.exp(a).sum()
    y = p * (1 + 1e-9 * np.array([[1, -1, 0.5]]))
    value, _ = measured(KlDivergenceCost(), a, y)
    cost, _ = divergence(exact(a[0]), exact(y[0]))
    assert float(cost) < 1e-16
    assert abs(value[0] - float(cost)) < 1e-5 * float(cost)


def huber(a: Any, y: Any) -> tuple[Any, Any]:
    r, d = a - y, mp.mpf(0.7)
    return (r * r / 2, r) if abs(r) < d else (d * (abs(r) - d / 2), d * mp.sign(r))


def pinball(a: Any, y: Any) -> tuple[Any, Any]:
    q, r = mp.mpf(0.999), a - y
    slope = 1 - q if r > 0 else -q if r < 0 else mp.mpf(0)
    return slope * r, slope


def poisson(a: Any, y: Any) -> tuple[Any, Any]:
    return mp.exp(a) - y * a, mp.exp(a) - y


def squared_hinge(a: Any, y: Any) -> tuple[Any, Any]:
    s = 1 if y > 0 else -1
    m = max(mp.mpf(0), 1 - s * a)
    return m * m, -2 * s * m


@pytest.mark.parametrize(
    ("cost", "formula"),
    [
        (HuberCost(delta=0.7), huber),
        (QuantileCost(q=0.999), pinball),
        (PoissonNllCost(), poisson),
        (HingeCost(targets="binary", squared=True), squared_hinge),
    ],
    ids=lambda each: getattr(each, "kind", None),
)
def test_costs_entry_by_entry_are_precise(cost: Cost, formula: Callable[..., tuple[Any, Any]]) -> None:
    a = np.array([-1e4, -700.0, -40.0, -1.0, -0.3, -1e-9, 0.0, 1e-9, 0.5, 1.0, 40.0, 700.0])[:, None]
    a = np.concatenate([a, [[1e4]]]) if cost.kind != "poisson_nll" else a  # whose e^a no float64 holds
    y = np.linspace(0, 3, len(a))[:, None]
    value, gradient = measured(cost, a, y)
    for n in range(len(a)):
        expected, slope = formula(mp.mpf(float(a[n, 0])), mp.mpf(float(y[n, 0])))
        np.testing.assert_allclose(value[n], float(expected), rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(gradient[n, 0], float(slope), rtol=1e-13, atol=1e-15)


def test_a_normal_distribution_is_precise_for_all_variances_that_fit() -> None:
    r = np.array([0.0, 1e-9, -0.5, 3.0, 1e4])
    s = np.array([-1e4, -500.0, -2.0, 0.0, 30.0, 1e4])
    grid = np.array([(mean, log_variance) for mean in r for log_variance in s if mean == 0 or log_variance > -600])
    value, gradient = measured(GaussianNllCost(), grid, np.zeros((len(grid), 1)))
    for n, (mean, log_variance) in enumerate(grid):
        m, lv = mp.mpf(float(mean)), mp.mpf(float(log_variance))
        square = m * m * mp.exp(-lv)
        np.testing.assert_allclose(value[n], float((lv + square) / 2), rtol=1e-13)
        np.testing.assert_allclose(gradient[n], [float(m * mp.exp(-lv)), float((1 - square) / 2)], rtol=1e-13)


def test_an_infinite_cost_is_infinite_and_warns_of_nothing() -> None:
    value, gradient = measured(GaussianNllCost(), np.array([[1.0, -1e4]]), np.zeros((1, 1)))
    assert value[0] == np.inf
    assert gradient[0].tolist() == [np.inf, -np.inf]
    value, gradient = measured(PoissonNllCost(), np.array([[1e4]]), np.ones((1, 1)))
    assert (value[0], gradient[0, 0]) == (np.inf, np.inf)
    value, gradient = measured(ProbabilityCrossEntropy(), np.array([[0.0, 1.0]]), np.array([0]))
    assert value[0] == np.inf
    assert gradient[0].tolist() == [-np.inf, 0]


@pytest.mark.parametrize("targets", ["probabilities", "binary"])
def test_probabilities_near_0_and_1_are_precise(targets: Any) -> None:
    a = np.array([[1e-300, 1 - 2.0**-53], [2.0**-1022, 0.5], [0.25, 1e-9]])
    y = np.array([[0.0, 1.0], [1.0, 0.0], [0.3, 0.7]])
    value, gradient = measured(ProbabilityCrossEntropy(targets=targets), a, y)
    for n in range(len(a)):
        cost, slopes = mp.mpf(0), []
        for p, share in zip(exact(a[n]), exact(y[n]), strict=True):
            cost -= share * mp.log(p) if share else 0
            slopes.append(-share / p)
            if targets == "binary":
                cost -= (1 - share) * mp.log(1 - p)
                slopes[-1] += (1 - share) / (1 - p)
        np.testing.assert_allclose(value[n], float(cost), rtol=1e-13)
        np.testing.assert_allclose(gradient[n], [float(each) for each in slopes], rtol=1e-13)
