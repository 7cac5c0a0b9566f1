"""Initializers draw from the distributions that they state: Kolmogorov and Smirnov's test against SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_convolution import Conv2d
from bpframe_optimizers import Constant, Glorot, He, Lecun, Orthogonal, TruncatedNormal, Zeros
from bpframe_reference import Dense
from scipy import stats

import bpframe as bp
from bpframe.extend import Initializer, Layer, Parameter, ScaledNormal

SHAPE = (300, 50)  # fan_out 300, fan_in 50


def start(initializer: Initializer, shape: tuple[int, int] = SHAPE, seed: int = 0) -> np.ndarray:
    units, features = shape
    net = bp.Network([Dense(units=units, weights=initializer)], input_shape=(features,), seed=seed)
    return net.parameters["dense_1.w"]


def uniform(variance: float) -> Any:
    limit = np.sqrt(3 * variance)
    return stats.uniform(-limit, 2 * limit)


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [
        (Glorot(), uniform(2 / 350)),
        (Glorot(distribution="normal", gain=5 / 3), stats.norm(0, 5 / 3 * np.sqrt(2 / 350))),
        (He(), stats.norm(0, np.sqrt(2 / 50))),
        (He(distribution="uniform", slope=0.2, mode="fan_out"), uniform(2 / (1.04 * 300))),
        (Lecun(), stats.norm(0, np.sqrt(1 / 50))),
        (Lecun(distribution="uniform"), uniform(1 / 50)),
        (TruncatedNormal(), stats.truncnorm(-2, 2, scale=0.02)),
        (TruncatedNormal(scale=3.0, cut=0.7), stats.truncnorm(-0.7, 0.7, scale=3.0)),
        (TruncatedNormal(scale=1.0, cut=30.0), stats.norm(0, 1)),
    ],
    ids=lambda each: repr(each) if isinstance(each, Initializer) else "",
)
def test_draws_have_the_stated_distribution(initializer: Initializer, expected: Any) -> None:
    drawn = start(initializer).reshape(-1)
    assert stats.kstest(drawn, expected.cdf).pvalue > 0.01
    np.testing.assert_allclose(drawn.var(), expected.var(), rtol=0.05)
    assert not np.array_equal(drawn, start(initializer, seed=1).reshape(-1))


def test_lecun_is_the_start_that_layers_have() -> None:
    np.testing.assert_allclose(start(Lecun()), start(ScaledNormal()), rtol=1e-15)


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (1, 1), (1, 5)])
@pytest.mark.parametrize("gain", [1.0, 1.7])
def test_orthogonal_rows_or_columns(shape: tuple[int, int], gain: float) -> None:
    w = start(Orthogonal(gain=gain), shape)
    product = w @ w.T if shape[0] <= shape[1] else w.T @ w
    np.testing.assert_allclose(product, gain**2 * np.eye(min(shape)), atol=1e-12)


def test_orthogonal_matrices_are_drawn_evenly() -> None:
    rng = np.random.default_rng(0)
    corners = np.array([Orthogonal().draw((3, 3), rng)[0, 0] for _ in range(2000)])  # uniform in three dimensions
    assert stats.kstest(corners, stats.uniform(-1, 2).cdf).pvalue > 0.01


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (3, 0), (2, 3, 4)])
@pytest.mark.parametrize("initializer", [Orthogonal(), Glorot(), He(), Lecun(), TruncatedNormal(), Zeros()], ids=repr)
def test_any_shape(initializer: Any, shape: tuple[int, ...]) -> None:
    from bpframe.categories.calling import call_method

    words = {"shape": shape, "fan_in": 0, "fan_out": 0, "rng": np.random.default_rng(0)}
    drawn = call_method(initializer, "draw", **words)
    assert drawn.shape == shape
    assert drawn.dtype == np.float64


def test_constants() -> None:
    assert not start(Zeros()).any()
    assert (start(Constant(value=0.5)) == 0.5).all()


class Told(Initializer):
    """What it was told."""

    def draw(self, shape, fan_in, fan_out):
        return np.full(shape, 1000.0 * fan_in + fan_out)


def test_fan_out_is_the_first_axis_unless_it_is_given() -> None:
    class Several(Layer):
        def parameters(self):
            return {
                "two": Parameter((4, 3), init=Told()),
                "one": Parameter((5,), init=Told()),
                "none": Parameter((), init=Told()),
                "given": Parameter((4, 3), init=Told(), fan_in=7, fan_out=0),
            }

        def forward(self, x):
            return x

        def jacobian(self):
            from bpframe.extend import IdentityMap

            return {"x": IdentityMap()}

    p = bp.Network([Several()], input_shape=(2,)).parameters
    found = {path.rpartition(".")[2]: float(view.reshape(-1)[0]) for path, view in p.items()}
    assert found == {"two": 3004.0, "one": 5005.0, "none": 1001.0, "given": 7000.0}


def test_a_convolution_says_how_many_outputs_an_input_goes_into() -> None:
    net = bp.Network([Conv2d(filters=6, kernel_size=(2, 3), groups=2, weights=Told())], input_shape=(5, 5, 4))
    assert net.parameters["conv2d_1.w"].reshape(-1)[0] == 1000 * 12 + 18
