"""Values and Jacobians of the trial components against oracles that know nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.special import huber as scipy_huber

import bpframe as bp
from tests.trials.fourier_features import FourierFeatures
from tests.trials.huber import HuberCost
from tests.trials.rational import Rational

mpmath.mp.dps = 40


def test_a_rational_layer_equals_mpmath_and_its_derivatives() -> None:
    a, b = [0.3, -1.2, 0.4, 0.7, 0.1], [0.8, -0.5]
    net = bp.Network([Rational(top=4, bottom=2)], input_shape=(3,))
    net.parameters["rational_1.a"][:], net.parameters["rational_1.b"][:] = a, b
    x = np.random.default_rng(0).normal(size=(4, 3)) * 2
    trace = net.trace(x)
    jacobian = {key: operator.dense() for key, operator in trace.jacobian("rational_1").items()}

    def polynomial(coefficients: Sequence[Any], x: Any) -> Any:
        return sum((c * x**k for k, c in enumerate(coefficients)), mpmath.mpf(0))

    def value(x: object, *coefficients: object) -> mpmath.mpf:
        top, bottom = coefficients[: len(a)], coefficients[len(a) :]
        return polynomial(top, x) / (1 + polynomial((0, *bottom), x) ** 2)

    for n, i in np.ndindex(x.shape):
        point = (x[n, i], *a, *b)
        wanted = [mpmath.diff(value, point, np.eye(len(point), dtype=int)[k].tolist()) for k in range(len(point))]
        slope = np.zeros(3)
        slope[i] = float(wanted[0])
        assert trace["rational_1"][n, i] == pytest.approx(float(value(*point)), rel=1e-13)
        np.testing.assert_allclose(jacobian["x"][n, i], slope, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(jacobian["a"][n, i], np.array(wanted[1:6], dtype=float), rtol=1e-12)
        np.testing.assert_allclose(jacobian["b"][n, i], np.array(wanted[6:], dtype=float), rtol=1e-12)


def test_a_rational_layer_has_no_pole() -> None:
    x = np.linspace(-50, 50, 100_001)[:, None]
    y = Rational(top=2, bottom=1).forward(x, {"a": np.array([1.0, 1, 1]), "b": np.array([3.0])}, {})
    assert np.abs(y).max() <= 1.2


def test_fourier_features_equal_the_complex_exponential() -> None:
    rng = np.random.default_rng(1)
    net = bp.Network([FourierFeatures(frequencies=5)], input_shape=(2, 3), seed=2)
    b = net.parameters["fourier_features_1.b"]
    x, v, dv, u = (rng.normal(size=shape) for shape in ((4, 2, 3), (4, 2, 3), b.shape, (4, 2, 10)))

    def projected(x: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.einsum("nld,fd->nlf", x, b)

    def parts(w: np.ndarray) -> np.ndarray:
        return np.concatenate([w.imag, w.real], axis=-1)

    w = np.exp(1j * projected(x, b))
    np.testing.assert_allclose(net.predict(x), parts(w), rtol=1e-13, atol=1e-14)
    along_x, along_b = (parts(1j * change * w) for change in (projected(v, b), projected(x, dv)))
    jacobian = net.trace(x).jacobian("fourier_features_1")
    np.testing.assert_allclose(jacobian["x"].jvp(v), along_x, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(jacobian["b"].jvp(np.broadcast_to(dv, (4, *dv.shape))), along_b, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose((jacobian["b"].sum_vjp(u) * dv).sum(), (u * along_b).sum(), rtol=1e-12)


def test_fixed_waves_are_the_same_in_every_network_and_not_trained() -> None:
    layer = FourierFeatures(frequencies=3, trained=False, seed=5)
    one, other = (bp.Network([layer], input_shape=(2,), seed=seed) for seed in (0, 1))
    x = np.random.default_rng(2).normal(size=(4, 2))
    assert not list(one.parameters)
    np.testing.assert_array_equal(one.predict(x), other.predict(x))


@pytest.mark.parametrize("delta", [0.3, 1.0, 2.5])
def test_the_huber_cost_equals_scipy_and_its_derivatives_mpmath(delta: float) -> None:
    rng = np.random.default_rng(3)
    a, y = rng.normal(size=(6, 4)) * 2, rng.normal(size=(6, 4))
    cost = HuberCost(delta=delta)
    np.testing.assert_allclose(cost.forward(a, y), scipy_huber(delta, a - y).sum(axis=1), rtol=1e-14)
    gradient, hessian = cost.jacobian(a, y), cost.hessian(a, y).dense()
    assert (np.abs(np.abs(a - y) - delta) > 1e-3).all()  # no kink of the gradient within the differences' reach

    def of_one(r: mpmath.mpf) -> mpmath.mpf:
        return r * r / 2 if abs(r) < delta else delta * (abs(r) - mpmath.mpf(delta) / 2)

    for n, i in product(range(6), range(4)):
        r = mpmath.mpf(a[n, i]) - mpmath.mpf(y[n, i])
        assert gradient[n, i] == pytest.approx(float(mpmath.diff(of_one, r)), rel=1e-12)
        assert hessian[n, i, i] == pytest.approx(float(mpmath.diff(of_one, r, 2)), abs=1e-12)


def test_at_its_kinks_the_huber_cost_takes_a_one_sided_second_derivative() -> None:
    cost = HuberCost(delta=0.5)
    a, y = np.array([[0.5, -0.5, 0.0]]), np.zeros((1, 3))
    np.testing.assert_array_equal(cost.jacobian(a, y), [[0.5, -0.5, 0.0]])
    assert set(cost.hessian(a, y).d.ravel()) <= {0.0, 1.0}
