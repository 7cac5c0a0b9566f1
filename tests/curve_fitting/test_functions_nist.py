"""All 27 nonlinear regressions of NIST are solved as plain functions, from both starts."""

from __future__ import annotations

import numpy as np
import pytest

import bpframe as bp
from tests.minimizers.nist import FORMULAS, PROBLEMS, digits


def function_of(name):
    """Return f(x, b1, b2, ...)."""
    arguments = ", ".join(f"b{k}" for k in range(1, 1 + len(PROBLEMS[name]["certified"])))
    made = eval(f"lambda x, {arguments}: formula(x, ({arguments},))", {"formula": FORMULAS[name]})
    return (lambda x, b1, b2, b3: made(x, b1, b2, b3)[:, 0]) if name == "Nelson" else made


@pytest.mark.parametrize("start", [1, 2], ids=["far", "near"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_certified_values_are_reached(name, start):
    problem = PROBLEMS[name]
    x, y = np.array(problem["x"]), np.array(problem["y"])
    fit = bp.fit_curve(function_of(name), x, y.ravel(), start=problem[f"start{start}"])
    assert digits(fit.estimates, np.array(problem["certified"])) >= 6
    tolerance = 0.02 if name == "Lanczos1" else 1e-6  # whose residuals are rounding
    np.testing.assert_allclose(fit.uncertainty.standard_errors, problem["deviations"], rtol=tolerance)
    assert fit.chi_square == pytest.approx(problem["rss"], rel=1e-8, abs=1e-20)
    assert fit.converged
