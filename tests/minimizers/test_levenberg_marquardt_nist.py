"""Levenberg–Marquardt on NIST's nonlinear regressions, from far and from near starts, against the certified values."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_minimizers import GaussNewton, LevenbergMarquardt
from scipy.optimize import least_squares

from .nist import FORMULAS, PROBLEMS, digits, regression

#: Which fields a start needs besides the defaults: from start 1 of BoxBOD a step in units of the columns leaps to where
#: the curve is flat. Start 1 of MGH10 is left out: it leads into a valley that ends far away.
NEEDS = {("BoxBOD", 1): {"scaling": "none"}}
CASES = [(name, start) for name in PROBLEMS for start in (1, 2) if (name, start) != ("MGH10", 1)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "start"), CASES)
def test_certified_values_to_six_digits_and_more(name, start) -> None:
    network, x, y = regression(name, start)
    method = LevenbergMarquardt(min_gradient=0, **NEEDS.get((name, start), {}))
    history = network.fit(x, y, optimizer=method, epochs=1000, progress=False)
    assert digits(network.parameters.vector, np.array(PROBLEMS[name]["certified"])) >= 6
    assert 2 * len(x) * network.cost(x, y) == pytest.approx(PROBLEMS[name]["rss"], rel=1e-8, abs=1e-20)
    assert "of itself" in history.stopped or "of themselves" in history.stopped


#: Problems with narrow, curved valleys, and the most iterations that acceleration takes there.
VALLEYS = {("Bennett5", 1): 60, ("Bennett5", 2): 60, ("Lanczos1", 1): 50, ("MGH10", 2): 60, ("MGH17", 1): 250}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "start"), CASES)
def test_acceleration_gets_there_too_and_through_valleys_in_far_fewer_iterations(name, start) -> None:
    network, x, y = regression(name, start)
    begin = network.parameters.vector.copy()
    method = LevenbergMarquardt(min_gradient=0, acceleration=0.75)  # BoxBOD needs nothing else from its far start
    history = network.fit(x, y, optimizer=method, epochs=1000, progress=False)
    assert digits(network.parameters.vector, np.array(PROBLEMS[name]["certified"])) >= 6
    if (name, start) in VALLEYS:
        network.parameters.vector[...] = begin
        plain = network.fit(x, y, optimizer=LevenbergMarquardt(min_gradient=0), epochs=1000, progress=False)
        assert len(history) < min(VALLEYS[name, start], len(plain) / 2)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["Chwirut2", "Hahn1", "Misra1a", "Rat43", "Thurber"])
def test_the_optimum_is_that_of_scipy(name) -> None:
    network, x, y = regression(name, 2)
    network.fit(x, y, optimizer=LevenbergMarquardt(min_gradient=0), epochs=200, progress=False)
    formula, near = FORMULAS[name], np.array(PROBLEMS[name]["start2"])

    def jacobian(b):
        columns = [formula(x[:, 0], b + 1e-30j * unit).imag / 1e-30 for unit in np.eye(len(b))]
        return np.stack(columns, axis=1)

    found = least_squares(
        lambda b: formula(x[:, 0], b) - y[:, 0], near, jacobian, method="lm", x_scale="jac",
        ftol=1e-15, xtol=1e-15, gtol=1e-15,
    )  # fmt: skip
    np.testing.assert_allclose(network.parameters.vector, found.x, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in ("Rat43",)])
def test_gauss_newton_from_near_starts(name) -> None:
    network, x, y = regression(name, 2)
    network.fit(x, y, optimizer=GaussNewton(min_gradient=0), epochs=100, progress=False)
    assert digits(network.parameters.vector, np.array(PROBLEMS[name]["certified"])) >= 6


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("solver", ["normal", "qr"])
@pytest.mark.parametrize("name", ["Hahn1", "Thurber", "MGH09", "Lanczos3"])
def test_either_factorization_gets_there(name, solver) -> None:
    network, x, y = regression(name, 2)
    network.fit(x, y, optimizer=LevenbergMarquardt(min_gradient=0, solver=solver), epochs=300, progress=False)
    assert digits(network.parameters.vector, np.array(PROBLEMS[name]["certified"])) >= 6
