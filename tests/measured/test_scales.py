"""Drafts in metres, days and microseconds: their Jacobian has its digits, and fits go where the formula's own would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.optimize import least_squares

from bpframe import Network, fit_curve
from bpframe.extend import Layer, Parameter

pytestmark = pytest.mark.filterwarnings("ignore::bpframe.errors.DraftWarning")

Formula = Callable[..., Any]


def bell(x: Any, a: Any, m: Any, s: Any) -> Any:
    return a * np.exp(-(((x - m) / s) ** 2) / 2)


def bell_of_distance(x: Any, a: Any, m: Any, s: Any) -> Any:
    return a * np.exp(-((np.abs(x - m) / np.abs(s)) ** 2) / 2)


def decay(x: Any, a: Any, t: Any) -> Any:
    return a * np.exp(-x / t)


def decay_of_size(x: Any, a: Any, t: Any) -> Any:
    return a * np.exp(-np.abs(x) / np.abs(t))


def saturation(x: Any, a: Any, b: Any) -> Any:
    return a * x / (b + x)


def slopes_of_bell(x: Any, a: Any, m: Any, s: Any) -> dict[str, Any]:
    u, y = (x - m) / s, bell(x, a, m, s)
    return {"a": y / a, "m": y * u / s, "s": y * u * u / s}


def slopes_of_decay(x: Any, a: Any, t: Any) -> dict[str, Any]:
    y = decay(x, a, t)
    return {"a": y / a, "t": y * x / t**2}


def slopes_of_saturation(x: Any, a: Any, b: Any) -> dict[str, Any]:
    return {"a": x / (b + x), "b": -a * x / (b + x) ** 2}


METRES, DAYS, SECONDS = (
    np.linspace(588e-9, 590e-9, 41),
    2460000.5 + np.linspace(-0.05, 0.05, 41),
    np.linspace(0, 5e-5, 41),
)
NEAR_ZERO = np.linspace(-1e-9, 1e-9, 41)
CASES: dict[str, tuple[Formula, Formula, Any, dict[str, float], dict[str, float]]] = {
    # formula, its slopes, x, the start, the truth
    "metres": (
        bell, slopes_of_bell, METRES,
        {"a": 1.0, "m": 589.02e-9, "s": 0.3e-9}, {"a": 2.0, "m": 589e-9, "s": 0.2e-9},
    ),
    "metres, folded": (
        bell_of_distance, slopes_of_bell, METRES,
        {"a": 1.0, "m": 589.02e-9, "s": 0.3e-9}, {"a": 2.0, "m": 589e-9, "s": 0.2e-9},
    ),
    "days": (
        bell, slopes_of_bell, DAYS,
        {"a": 0.2, "m": 2460000.5, "s": 0.012}, {"a": 0.3, "m": 2460000.503, "s": 0.01},
    ),
    "days, folded": (
        bell_of_distance, slopes_of_bell, DAYS,
        {"a": 0.2, "m": 2460000.5, "s": 0.012}, {"a": 0.3, "m": 2460000.503, "s": 0.01},
    ),
    "around 0": (
        bell, slopes_of_bell, NEAR_ZERO,
        {"a": 1.0, "m": 0.0, "s": 0.3e-9}, {"a": 2.0, "m": 1e-10, "s": 0.2e-9},
    ),
    "around 0, folded": (
        bell_of_distance, slopes_of_bell, NEAR_ZERO,
        {"a": 1.0, "m": 0.0, "s": 0.3e-9}, {"a": 2.0, "m": 1e-10, "s": 0.2e-9},
    ),
    "microseconds": (decay, slopes_of_decay, SECONDS, {"a": 1.0, "t": 2e-5}, {"a": 3.0, "t": 1e-5}),
    "microseconds, folded": (decay_of_size, slopes_of_decay, SECONDS, {"a": 1.0, "t": 2e-5}, {"a": 3.0, "t": 1e-5}),
    "tera": (
        saturation, slopes_of_saturation, np.linspace(1e11, 5e12, 41), {"a": 1e12, "b": 2e12}, {"a": 2e12, "b": 1e12},
    ),
}  # fmt: skip


def draft(formula: Formula, start: dict[str, float]) -> Layer:
    class Model(Layer):
        """A formula without a Jacobian."""

        draft: ClassVar[bool] = True

        def parameters(self) -> dict[str, Parameter]:
            return {name: Parameter((), init=value) for name, value in start.items()}

        def forward(self, x: Any, p: Any) -> Any:
            return formula(x, **p)

    return Model()


@pytest.mark.parametrize("name", CASES)
def test_the_measured_jacobian_is_the_formulas_at_every_point_between_start_and_truth(name: str) -> None:
    formula, slopes, x, start, truth = CASES[name]
    for share in (0.0, 0.3, 1.0):
        point = {key: start[key] + share * (truth[key] - start[key]) for key in start}
        network = Network([draft(formula, point)], input_shape=(1,))
        jacobian = network.trace(x[:, None]).jacobian("model_1")
        for key, exact in slopes(x, **point).items():
            found = jacobian[key].dense(x[:, None]).ravel()
            # Differences at a Julian date know the argument to seven digits of the feature's width.
            near = 1e-12 if "folded" not in name else 1e-5 if "days" in name else 1e-9
            np.testing.assert_allclose(found, exact, rtol=near, atol=near * np.max(np.abs(exact)), err_msg=key)


@pytest.mark.parametrize("name", CASES)
def test_a_fit_of_a_draft_ends_where_one_with_exact_slopes_in_good_units_ends(name: str) -> None:
    formula, slopes, x, start, truth = CASES[name]
    y = formula(x, **truth)
    y = y + 0.005 * np.ptp(y) * np.random.default_rng(0).standard_normal(x.size)
    units = {key: abs(truth[key] - start[key]) for key in start}

    def point(scaled: Any) -> dict[str, float]:
        return {key: start[key] + unit * s for (key, unit), s in zip(units.items(), scaled, strict=True)}

    expected = least_squares(
        lambda scaled: formula(x, **point(scaled)) - y,
        np.zeros(len(units)),
        jac=lambda scaled: np.stack([units[k] * each for k, each in slopes(x, **point(scaled)).items()], axis=1),
        xtol=1e-14, ftol=1e-14, gtol=1e-14,
    )  # fmt: skip
    fit = fit_curve(draft(formula, start), x, y)
    assert fit.converged
    for found, (key, value) in zip(fit.estimates, point(expected.x).items(), strict=True):
        # Folded formulas have the same values at −s and −t.
        assert abs(abs(found) - abs(value)) <= 1e-5 * units[key], key


def test_a_batch_of_very_different_rows_has_each_row_by_its_own_size() -> None:
    class Root(Layer):
        """|x|^1.5."""

        draft: ClassVar[bool] = True

        def forward(self, x: Any) -> Any:
            return np.abs(x) ** 1.5

    x = np.array([[1e-9, 2e-7], [1e6, -3e-7], [-3.0, 1e-7], [2e-4, 5e-8]])
    j = Network([Root()], input_shape=(2,)).trace(x).jacobian("root_1")["x"].dense()
    np.testing.assert_allclose(np.diagonal(j, axis1=1, axis2=2), 1.5 * np.sqrt(np.abs(x)) * np.sign(x), rtol=1e-9)
    assert not j[:, 0, 1].any()
    assert not j[:, 1, 0].any()
