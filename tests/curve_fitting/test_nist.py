"""All 27 nonlinear regressions of NIST are solved by the defaults, from both starts, declared and as drafts."""

from __future__ import annotations

import numpy as np
import pytest

import bpframe as bp
from tests.minimizers.nist import PROBLEMS, DraftFormula, Formula, digits

#: Iterations from the far and the near start, of the try that counts; BLAS kernels differ by one or two.
ITERATIONS = {
    "Bennett5": (270, 297),
    "BoxBOD": (26, 15),
    "Chwirut1": (11, 8),
    "Chwirut2": (10, 8),
    "DanWood": (7, 6),
    "ENSO": (36, 36),
    "Eckerle4": (51, 9),
    "Gauss1": (6, 7),
    "Gauss2": (7, 7),
    "Gauss3": (8, 7),
    "Hahn1": (17, 16),
    "Kirby2": (10, 9),
    "Lanczos1": (98, 80),
    "Lanczos2": (93, 77),
    "Lanczos3": (98, 87),
    "MGH09": (79, 25),
    "MGH10": (77, 142),
    "MGH17": (546, 20),
    "Misra1a": (14, 7),
    "Misra1b": (16, 7),
    "Misra1c": (7, 6),
    "Misra1d": (8, 6),
    "Nelson": (59, 21),
    "Rat42": (11, 8),
    "Rat43": (19, 11),
    "Roszman1": (7, 6),
    "Thurber": (39, 29),
}

KERNELS = 3

#: Starts from which damped steps in units of the columns end where the curve is flat, or lead far away.
RETRIED = {("BoxBOD", 1), ("MGH10", 1)}


@pytest.mark.parametrize("kind", [Formula, DraftFormula], ids=["declared", "draft"])
@pytest.mark.parametrize("start", [1, 2], ids=["far", "near"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_defaults_reach_the_certified_values_in_no_more_iterations_than_ever(name, start, kind):
    problem = PROBLEMS[name]
    formula = kind(problem=name, start=tuple(problem[f"start{start}"]))
    fit = bp.fit_curve(formula, np.array(problem["x"]), np.array(problem["y"]))
    assert digits(fit.estimates, np.array(problem["certified"])) >= 6
    # The residuals of Lanczos1 are rounding: all that certified numbers have in common there is their size.
    tolerance = 0.02 if name == "Lanczos1" else 1e-6
    np.testing.assert_allclose(fit.uncertainty.standard_errors, problem["deviations"], rtol=tolerance)
    assert fit.chi_square == pytest.approx(problem["rss"], rel=1e-8, abs=1e-20)
    assert fit.converged
    assert fit.exact == (name == "Lanczos1")
    assert len(fit.history) <= ITERATIONS[name][start - 1] + KERNELS
    assert bool(fit.retried) == ("tried twice" in str(fit.summary())) == ((name, start) in RETRIED)


def test_there_are_27_problems():
    assert len(PROBLEMS) == len(ITERATIONS) == 27
