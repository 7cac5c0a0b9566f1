"""check_gradients where values are so small that rounding hides how the cost moves: nothing wrong passes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid

from bpframe import Network
from bpframe.extend import Activation, Diagonal, Layer, Matrix, Parameter

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((8, 3)), RNG.standard_normal((8, 3))


class Bent(Activation):
    """A function of slope ±1 around 0 whose Jacobian is a factor times the right one."""

    what: Literal["magnitude", "real", "analytic", "constant", "curved"]
    factor: float = 1.0

    def forward(self, x):
        match self.what:
            case "magnitude":
                return np.abs(x)
            case "real":
                return 1.0 * x.real
            case "analytic":
                return 1.0 * x
            case "constant":
                return 0.0 * x
            case "curved":
                return np.tanh(x.real)

    def jacobian(self, x):
        slope = {"magnitude": np.sign(x), "constant": 0 * x, "curved": 1 - np.tanh(x) ** 2}
        return Diagonal(self.factor * slope.get(self.what, np.ones_like(x)))


def check(layer, x=X):
    return Network([layer], cost=QuadraticCost(), input_shape=(3,)).check_gradients(x, Y)


@pytest.mark.parametrize("factor", [2.0, -1.0, 100.0, 0.0])
@pytest.mark.parametrize("scale", [1e-12, 1e-14, 1e-30, 1e-100, 1e-200])
def test_a_wrong_slope_of_a_magnitude_never_passes_however_small_the_inputs(scale, factor):
    found = check(Bent(what="magnitude", factor=factor), scale * X)
    assert not found.ok, str(found)
    assert "does not depend" not in str(found)


@pytest.mark.parametrize("scale", [1e-14, 1e-30, 1e-100])
def test_a_right_slope_of_a_magnitude_that_nobody_can_measure_is_undecided(scale):
    found = check(Bent(what="magnitude"), scale * X)
    assert not found.failed
    assert found.undecided == ("x",)
    assert not found.faults


@pytest.mark.parametrize("what", ["real", "analytic", "curved"])
@pytest.mark.parametrize("scale", [1e-6, 1e-10, 1e-14, 1e-30, 1e-200])
def test_longer_steps_show_the_slope_of_what_is_smooth_over_more_than_its_inputs(what, scale):
    right = check(Bent(what=what), scale * X)
    assert right.ok, str(right)
    assert right.method == ("complex step" if what == "analytic" else "central differences")
    for each in right.entries[:-1]:
        place = each.index
        assert each.measured == pytest.approx(-Y[place] / 8, rel=1e-5)  # the slope of ½(x − y)²/8 at 0
    for factor in (2.0, 0.0):
        assert check(Bent(what=what, factor=factor), scale * X).failed == ("x",)


@pytest.mark.parametrize("scale", [1.0, 1e-14, 1e-100])
def test_what_the_cost_does_not_depend_on_is_zero_however_small(scale):
    found = check(Bent(what="constant"), scale * X)
    assert found.ok
    assert "does not depend on x" in str(found)


class Shifted(Layer):
    """x + |w| or x(1 + |w|), with a derivative by w that is a factor times the right one."""

    w: float
    factor: float = 1.0
    product: bool = False

    def parameters(self):
        return {"w": Parameter((), init=self.w)}

    def forward(self, x, p):
        return x * (1 + np.abs(p["w"])) if self.product else x + np.abs(p["w"])

    def jacobian(self, x, p):
        slope = self.factor * np.sign(p["w"])
        by_x = np.full_like(x, 1 + abs(p["w"]) if self.product else 1.0)
        return {"x": Diagonal(by_x), "w": slope * (x if self.product else np.ones_like(x))}


@pytest.mark.parametrize("product", [False, True], ids=["sum", "product"])
@pytest.mark.parametrize("w", [1e-2, 1e-4, 1e-6, 1e-8, 1e-10])
def test_a_small_parameter_that_is_not_analytic_is_measured_by_differences(w, product):
    y = X * (1 + w) if product else X + w
    slope = float(np.sum((y - Y) * (X if product else 1)) / 8)
    right, wrong = (check(Shifted(w=w, factor=factor, product=product)) for factor in (1.0, -3.0))
    assert right.ok, str(right)
    assert [fault.key for fault in wrong.faults] == ["w"], str(wrong)
    for found in (right, wrong):
        (entry,) = found.parameters["shifted_1.w"].entries
        assert found.method == "central differences"
        assert entry.measured == pytest.approx(slope, rel=1e-2)
        assert abs(entry.measured - slope) <= 4 * entry.uncertainty


@pytest.mark.parametrize("product", [False, True], ids=["sum", "product"])
@pytest.mark.parametrize("w", [1e-13, 1e-15, 1e-20, 1e-100])
def test_one_that_is_too_small_for_differences_is_undecided_and_never_passes(w, product):
    right, wrong = (check(Shifted(w=w, factor=factor, product=product)) for factor in (1.0, -3.0))
    assert right.undecided == ("shifted_1.w",), str(right)
    assert not right.faults
    assert not wrong.ok
    for found in (right, wrong):
        assert found.method == "central differences"
        (entry,) = found.parameters["shifted_1.w"].entries
        assert entry.uncertainty > 0.01


@pytest.mark.parametrize("small", [1e-3, 1e-8, 1e-10, 1e-14, 1e-17, 1e-20])
def test_one_small_entry_beside_a_large_one_that_is_analytic(small):
    class Both(Layer):
        """x + w[0] + |w[1]|."""

        factor: float = 1.0

        def parameters(self):
            return {"w": Parameter((2,))}

        def forward(self, x, p):
            return x + p["w"][0] + np.abs(p["w"][1])

        def jacobian(self, x):
            return {"x": Diagonal(np.ones_like(x)), "w": Matrix(np.tile([1.0, self.factor], (3, 1)))}

    def made(factor):
        network = Network([Both(factor=factor)], cost=QuadraticCost(), input_shape=(3,))
        network.parameters["both_1.w"] = [1.0, small]
        return network.check_gradients(X, Y)

    right = made(1.0)
    assert not right.failed, str(right)
    assert right.ok or small == 1e-14, str(right)  # which rounding hides, and which is its own size yet
    for factor in (0.0, -3.0):
        wrong = made(factor)
        assert not wrong.ok, str(wrong)
        assert small == 1e-14 or wrong.failed == ("both_1.w",), str(wrong)


def test_a_network_of_usual_scale_takes_one_pass_for_each_derivative():
    calls = []

    class Counted(Activation):
        """x, counted."""

        def forward(self, x):
            calls.append(x.dtype.kind)
            return 1.0 * x

        def jacobian(self, x):
            return Diagonal(np.ones_like(x))

    layers = [Dense(units=4), Sigmoid(), Counted(), Dense(units=3)]
    found = Network(layers, cost=QuadraticCost(), input_shape=(3,), seed=0).check_gradients(X, Y)
    assert found.method == "complex step"
    assert calls.count("c") == len(found.entries) + len(found.paths)
    assert calls.count("f") <= 6 * len(found.paths) + 4
