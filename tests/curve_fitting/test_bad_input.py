"""Bad input to a fit is refused before anything runs, with what is wrong and what to try."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.curve_fitting import covariance
from bpframe.errors import DataError, NonFiniteError, ShapeMismatch, SpecError, UnknownComponent
from bpframe.extend import Layer, Parameter
from bpframe.plugins import default_registry
from tests.curve_fitting.formulas import Decay, X, Y

FIT = bp.fit_curve(Decay(), X, Y)


def refused(kind, *words, model=None, x=X, y=Y, call=None, **arguments):
    with pytest.raises(kind) as error:
        call() if call else bp.fit_curve(Decay() if model is None else model, x, y, **arguments)
    for word in words:
        assert word in str(error.value)


def test_start():
    refused(DataError, "'kk'", "did you mean 'k'?", "a, k, c", start={"kk": 1.0})
    refused(DataError, "start['k'] has another shape", start={"k": [1.0, 2.0]})
    refused(DataError, "start['k'] is not finite", start={"k": np.nan})
    refused(DataError, "start['k'] is no number", start={"k": "fast"})
    refused(DataError, "expected  3: a, k, c", "received  2", start=[1.0, 2.0])
    refused(NonFiniteError, "decay", start={"k": -1e6})


@pytest.mark.parametrize(
    "wrong", [True, "1", b"1", 1j, np.True_, np.str_("1"), ["1"], [True], [1.0, True][1:], Ellipsis], ids=repr
)
def test_what_is_no_number_is_no_start_and_no_sigma(wrong):
    refused(DataError, "start['k'] is no number", start={"k": wrong})
    refused(DataError, "sigma is no number", sigma=wrong)
    refused(DataError, "the confidence level is no number", call=lambda: FIT.confidence_intervals(wrong))


def test_a_truth_value_or_text_among_numbers_is_found():
    refused(DataError, "start is no number", start=[1.0, True, 0.5])
    refused(DataError, "start is no number", start=["1", "2", "3"])
    refused(DataError, "sigma is no number", sigma=[0.1] * 39 + [True])
    refused(DataError, "sigma is no number", sigma=np.ones(40, bool))
    refused(DataError, "write 0.1, without quotes", sigma="0.1")
    refused(DataError, "a confidence level is a probability", call=lambda: FIT.confidence_intervals([0.9]))
    low, high = FIT.confidence_intervals(np.float32(0.5))["k"]
    assert low < FIT.parameters["k"] < high


@pytest.mark.parametrize("wrong", ["no", "yes", 0, 1, None])
def test_absolute_sigma_is_true_or_false(wrong):
    refused(SpecError, "absolute_sigma is neither True nor False", absolute_sigma=wrong)
    with pytest.raises(SpecError, match="absolute_sigma"):
        covariance(FIT.network, X, Y, absolute_sigma=wrong)


def test_a_formula_of_two_inputs_is_fitted_as_a_network_and_the_message_says_how():
    class Plane(Layer):
        draft: ClassVar[bool] = True

        def parameters(self):
            return {"b": Parameter((), init=1), "c": Parameter((), init=1)}

        def output_shape(self, shapes):
            return shapes[0]

        def forward(self, u, v, p):
            return p["b"] * u + p["c"] * v

    points = {"u": X, "v": np.cos(X)}
    for x in (points, np.column_stack([X, np.cos(X)]), X):
        refused(DataError, "Plane.forward takes 2 inputs", "(N, 2)", "bpframe.Network(nodes=", model=Plane(), x=x)
    with pytest.raises(DataError) as caught:
        bp.fit_curve(Plane(), points, Y)
    network = eval(caught.value.hint.partition("), and")[0] + ")", {"bpframe": bp, "Plane": Plane})
    expected = np.linalg.lstsq(np.column_stack([X, np.cos(X)]), Y, rcond=None)[0]
    np.testing.assert_allclose(bp.fit_curve(network, points, Y).estimates, expected, rtol=1e-8)


def test_arguments_of_other_programs_are_told_by_their_names_here():
    refused(SpecError, "no argument 'p0'", "start=", p0=[1, 1, 0])
    refused(SpecError, "no argument 'weights'", "sigma=1/", weights=Y)
    refused(SpecError, "did you mean 'sigma'?", sigmas=Y)


def test_data():
    bad = Y.copy()
    bad[7] = np.nan
    refused(DataError, "data y is not finite", "[7", y=bad)
    refused(DataError, "input 'x' is not finite", x=bad, y=Y)
    refused(ShapeMismatch, "number of points", "40", "39", y=Y[:-1])
    refused(ShapeMismatch, "data y has another shape", y=np.stack([Y, Y], axis=1))
    refused(
        DataError, "fewer values than parameters", "3 values at least, for a, k, c", "received  2", x=X[:2], y=Y[:2]
    )


def test_axes_kinds_and_outputs_of_data():
    class Plane(Layer):
        draft: ClassVar[bool] = True

        def parameters(self):
            return {"a": Parameter((), init=1.0), "b": Parameter((), init=1.0)}

        def forward(self, x, p):
            return p["a"] * x[:, 0] + p["b"] * x[:, 1]

    both = np.stack([X, X**2])
    refused(ShapeMismatch, "points along the last axis", "(40, 2)", "x.T", model=Plane(), x=both)
    refused(ShapeMismatch, "one value per point", "output_shape", model=Plane(), x=both.T)
    refused(DataError, "data y holds complex numbers", "complex128", y=Y + 1j)
    refused(DataError, "data x holds text", "<U", x=[str(each) for each in X])
    refused(DataError, "data x holds dates", "datetime64", "x - x[0]", x=np.arange(40).astype("M8[D]"))
    refused(DataError, "data y holds times", "timedelta64", y=np.arange(40).astype("m8[s]"))


@pytest.mark.parametrize("scale", [1e-200, 1e-100, 1e100, 1e200])
def test_values_whose_squares_leave_float64(scale):
    refused(DataError, "squares of y/sigma", f"about 1e{np.log10(scale):.0f}", "another unit", y=scale * Y / Y.max())
    refused(DataError, "squares of y/sigma", sigma=scale)
    refused(DataError, "squares of y/sigma", y=0 * Y, sigma=scale)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (Y + 0j, ("complex numbers", "real and imaginary parts")),
        (np.datetime64("2024-01-01") + np.arange(40), ("dates", "seconds since the first")),
        (np.arange(40) * np.timedelta64(1, "s"), ("times", "/ numpy.timedelta64(1, 's')")),
        (Y.astype(str), ("text", "numpy.asarray(x, float)")),
        (Y.astype(bytes), ("text", "numpy.asarray(x, float)")),
    ],
    ids=["complex", "dates", "times", "text", "bytes"],
)
def test_what_is_no_real_number_is_named_by_its_kind(array, words):
    refused(DataError, "the data y holds", *words, y=array)
    refused(DataError, "the data x holds", *words, x=array)


@pytest.mark.parametrize(
    ("sigma", "words"),
    [
        (0.0, ("above 0", "received  0")),
        (np.where(np.arange(40) == 3, -1.0, 1.0), ("-1 at [3]",)),
        (np.where(np.arange(40) == 3, np.nan, 1.0), ("nan at [3]",)),
        (np.where(np.arange(40) == 3, np.inf, 1.0), ("inf at [3]", "leave points without weight out")),
        (np.ones(39), ("another shape", "one for each of the 40 points", "(39,)")),
        (np.eye(40), ("covariance matrix",)),
        ("wide", ("sigma is no number",)),
    ],
)
def test_sigma(sigma, words):
    refused(DataError if "shape" not in words[0] and "matrix" not in words[0] else ShapeMismatch, *words, sigma=sigma)


def test_models():
    refused(DataError, "no model", "the class Decay", "Decay()", model=Decay)
    refused(DataError, "no model", "a str", model="a * x")
    refused(DataError, "no parameters", model=Sigmoid())
    two = bp.Network([Dense(units=2), Sigmoid()], input_shape=(1,), output=["dense_1", "sigmoid_1"])
    refused(DataError, "one output", "dense_1, sigmoid_1", model=two)
    with pytest.raises(DataError, match="wants a network"):
        covariance(Decay(), X, Y)  # type: ignore[arg-type]


def test_a_level_is_a_probability():
    fit = bp.fit_curve(Decay(), X, Y)
    with pytest.raises(DataError, match="probability"):
        fit.confidence_intervals(95)


def test_without_the_minimizers_the_error_says_what_is_missing(monkeypatch):
    bare = type(default_registry())(
        tuple(each for each in default_registry().sets if each.provider.set != "minimizers")
    )
    monkeypatch.setattr("bpframe.curve_fitting.fitted_network.default_registry", lambda: bare)
    refused(UnknownComponent, "minimizers.weighted_quadratic", "BPFRAME_PLUGINS")


def test_a_network_without_a_cost_can_be_fitted():
    network = bp.Network([Decay()], input_shape=(1,))
    assert bp.fit_curve(network, X, Y).converged
    assert QuadraticCost().kind not in str(network.spec.cost)
