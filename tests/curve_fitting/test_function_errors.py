"""What cannot be fitted as a plain function is refused with what to write instead."""

from __future__ import annotations

import math

import numpy as np
import pytest

import bpframe as bp
from bpframe.errors import DataError, NonFiniteError, ShapeMismatch, SpecError
from tests.curve_fitting.formulas import SIGMA, Decay, X, Y, decay

START = {"a": 1.0, "k": 1.0, "c": 0.0}


def refused(kind, *words, f=decay, x=X, y=Y, **arguments):
    with pytest.raises(kind) as error:
        bp.fit_curve(f, x, y, **{"start": START, **arguments})
    for word in words:
        assert word in str(error.value)


def test_starts():
    refused(DataError, "'kk'", "no parameter of decay", "did you mean 'k'?", start={**START, "kk": 1.0})
    refused(DataError, "'c' of decay has no start", "start={'c': 1.0}", "c=1.0", start={"a": 1, "k": 1})
    refused(DataError, "'a' of decay has no start", start=None)
    refused(DataError, "3: a, k, c", "received  2", start=[1, 2])
    refused(DataError, "start['k'] is not finite", start={**START, "k": np.inf})
    refused(DataError, "start['k'] is no number", start={**START, "k": "1"})
    refused(DataError, "the default of 'a' is not finite", f=lambda x, a=np.inf: a * x, start=None)
    refused(DataError, "x={'u': ..., 'v': ...}", f=lambda u, v, a: a * u * v, x=(X, X), start={"a": 1})


def test_functions_that_are_none():
    refused(DataError, "no parameters to fit", f=lambda x: x, start=None)
    refused(DataError, "takes no points", f=lambda: 1.0, start=None)
    refused(DataError, "no model", f="a * x")
    refused(DataError, "cannot be read", "lambda", f=max)


def test_results_of_another_kind_or_shape():
    refused(
        ShapeMismatch, "another shape than y", "(40,)", "(40, 1)", "reshape", f=lambda x, a: a * x[:, None], start=[1]
    )
    refused(ShapeMismatch, "received  ()", "ones_like(x)", f=lambda x, a: a, start=[1])
    refused(ShapeMismatch, "received  (39,)", f=lambda x, a: a * x[1:], start=[1])
    two = np.stack([X, X**2])
    refused(
        ShapeMismatch, "along the last axis", "x.T", f=lambda x, a, b: a * x[:, 0] + b * x[:, 1], x=two, start=[1, 1]
    )
    refused(
        ShapeMismatch, "along the first axis", "x[:, 0]", f=lambda x, a, b: a * x[0] + b * x[1], x=two.T, start=[1, 1]
    )
    refused(DataError, "does not return real numbers", "complex", f=lambda x, a: a * x + 1j, start=[1])
    refused(DataError, "does not return real numbers", "NoneType", f=lambda x, a: None, start=[1])
    refused(DataError, "does not return real numbers", "truth values", f=lambda x, a: x > a, start=[1])


def test_a_start_without_finite_values_names_the_place_and_the_parameters():
    refused(NonFiniteError, "root is not finite at the start", "nan at [0]", "a = -1", f=root, start={"a": -1.0})
    refused(NonFiniteError, "decay is not finite", "k = -1e+06", start={**START, "k": -1e6})


def root(x, a):
    return np.sqrt(a + 0 * x)


def test_points_by_name():
    refused(DataError, "x has 'z', which is no argument of decay", x={"z": X})
    fit = bp.fit_curve(decay, {"x": X}, Y, start=START)
    with pytest.raises(DataError, match="points by other names"):
        fit.predict({"z": X})
    with pytest.raises(DataError, match="points by other names"):
        fit.predict(X)
    plain = bp.fit_curve(decay, X, Y, start=START)
    with pytest.raises(DataError, match="plain points"):
        plain.predict({"x": X})


def test_data():
    bad = Y.copy()
    bad[7] = np.nan
    refused(DataError, "data y is not finite", "nan at [7]", "nan_policy='omit'", y=bad)
    refused(DataError, "data x is not finite", "nan at [7]", "nan_policy='omit'", x=bad)
    refused(DataError, "data y is not finite", "inf at [7]", y=np.where(np.isnan(bad), np.inf, bad), nan_policy="omit")
    refused(SpecError, "nan_policy is unknown", "'raise' or 'omit'", nan_policy="drop")
    refused(DataError, "fewer values than parameters", "fixed={'c': ...}", x=X[:2], y=Y[:2])
    refused(DataError, "holds complex numbers", y=Y + 1j)
    refused(DataError, "holds text", x=X.astype(str))
    refused(DataError, "every point is masked", y=np.ma.masked_all(40))
    refused(ShapeMismatch, "y has no values", y=[])


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (([0, 0, 0], [1, 1, 1]), ("by parameter name", "dict(zip(")),
        ({"kk": (0, 1)}, ("'kk'", "did you mean 'k'?")),
        ({"k": 3}, ("the bounds of 'k' are no pair", "(low, high)")),
        ({"k": (2, 1)}, ("nothing between them", "(2, 1)")),
        ({"k": (1, 1)}, ("fixed={'k': 1}",)),
        ({"k": (np.nan, 1)}, ("nothing between them",)),
        ({"k": ("0", 1)}, ("a bound of 'k' is no number",)),
        ({"k": (2, 3)}, ("the start of 'k' is outside of its bounds", "between 2 and 3", "received  1")),
    ],
)
def test_bounds(bounds, words):
    refused(DataError, *words, bounds=bounds)


def test_fixed():
    refused(DataError, "'kk'", "did you mean 'k'?", fixed={"kk": 1})
    refused(DataError, "a mapping", fixed=["k"])
    refused(DataError, "no parameters to fit", fixed={"a": 1, "k": 1, "c": 0})


@pytest.mark.parametrize(
    ("sigma", "words"),
    [
        (np.eye(39), ("another shape",)),
        (-np.eye(40), ("not positive definite",)),
        (np.ones((40, 40)), ("not positive definite",)),
        (np.triu(np.ones((40, 40))) + np.eye(40), ("not symmetric",)),
        (np.full((40, 40), np.nan), ("not finite",)),
        (0.0, ("above 0",)),
    ],
    ids=["short", "negative", "singular", "triangular", "nan", "zero"],
)
def test_sigma(sigma, words):
    refused(ShapeMismatch if "shape" in words[0] else DataError, *words, sigma=sigma)


def test_what_is_of_functions_or_of_layers_alone():
    for name, value in {"bounds": {"k": (0, 1)}, "fixed": {"k": 1}, "jacobian": decay}.items():
        with pytest.raises(SpecError, match=f"{name} is for plain functions"):
            bp.fit_curve(Decay(), X, Y, **{name: value})
    with pytest.raises(DataError, match="no network"):
        bp.fit_curve(decay, X, Y, start=START).network  # noqa: B018
    refused(SpecError, "no argument 'p0'", "start=[...]", p0=[1, 1, 0])
    refused(DataError, "correlated", sigma=np.diag(SIGMA**2), sample_weight=np.ones(40))
    refused(DataError, "minimises on its own", optimizer=bp_sgd())


def bp_sgd():
    from bpframe_optimizers import Momentum

    return Momentum()


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "many", True, None])
def test_iterations_are_a_positive_integer(wrong):
    refused(SpecError, "iterations is no positive integer", iterations=wrong)


def test_an_optimizer_is_one():
    refused(SpecError, "optimizer is none", "Momentum()", optimizer=type(bp_sgd()))
    refused(SpecError, "optimizer is none", optimizer=3)
    refused(SpecError, "nowhere", optimizer="nowhere")


def test_few_values_that_count_often_do_not_determine_more_parameters():
    refused(DataError, "fewer values than parameters", x=X[:2], y=Y[:2], sample_weight=[5, 5])


def test_an_error_on_the_way_says_where():
    def f(x, a, b):
        return a * x + math.sqrt(b)

    with pytest.raises(ValueError, match="math domain error") as caught:
        bp.fit_curve(f, X, X - 3, start={"a": 1, "b": 1})
    (note,) = caught.value.__notes__
    assert "b = -" in note
    assert "bounds=" in note
    assert bp.fit_curve(f, X, X + 3, start={"a": 1, "b": 1}, bounds={"b": (0, None)}).converged


def test_a_function_that_answers_differently_each_time_is_no_minimum():
    rng = np.random.default_rng(0)
    fit = bp.fit_curve(lambda x, a, k: a * np.exp(-k * x) + 0.01 * rng.normal(size=40), X, Y, start=[1, 1])
    assert not fit.converged or fit.notes


def test_a_parameter_without_influence_and_two_that_act_as_one_are_named():
    fit = bp.fit_curve(lambda x, a, b, c, d: (a + b) * x + c + 0 * d, X, Y, start=[1, 1, 1, 1])
    assert fit.uncertainty.undetermined == ("a", "b", "d")
    assert any("d: no effect on the values" in note for note in fit.notes)
    assert np.isfinite(fit.prediction_errors(X)).all()


def test_a_start_from_which_nothing_has_an_effect_is_no_minimum():
    x = np.linspace(0, 10, 40)
    y = 3 * np.exp(-((x - 5) ** 2) / (2 * 0.7**2))
    fit = bp.fit_curve(
        lambda x, a, m, s: a * np.exp(-((x - m) ** 2) / (2 * s**2)), x, y, start={"a": 1, "m": 500, "s": 0.1}
    )
    assert not fit.converged
    assert "no effect" in fit.notes[0] or "no parameter has any effect" in fit.notes[0]


def test_a_line_far_from_zero_is_right_or_said_to_be_beyond_float64():
    t = 1.7e9 + np.linspace(0, 60, 60)
    y = 3 + 2 * (t - 1.7e9) / 60 + 0.01 * np.random.default_rng(0).normal(size=60)
    slope = np.polyfit(t - 1.7e9, y, 1)[0]
    fit = bp.fit_curve(lambda t, a=1, b=1: a + b * t, t, y)
    assert fit.parameters["b"] == pytest.approx(slope, rel=1e-5) or not fit.converged


def test_a_function_that_writes_into_its_points_is_stopped():
    def f(x, a):
        x *= a
        return x

    with pytest.raises(ValueError, match="read-only"):
        bp.fit_curve(f, X, Y, start={"a": 1})


def test_errors_of_the_function_itself_come_through():
    def f(x, a):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        bp.fit_curve(f, X, Y, start={"a": 1})
