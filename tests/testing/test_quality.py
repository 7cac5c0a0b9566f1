"""The kit at its limits: kinks, rough functions, complex steps that lie, scales, small sizes, precision."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from bpframe.extend import Activation, Array, Diagonal, Field, Gather, IdentityMap, Layer, Operator, Parameter
from bpframe.testing import Report, check_component
from bpframe.testing.measuring import block
from bpframe.testing.probing import probe_of
from tests.components.false_jacobians import FloatOnly


class Relu(Activation):
    """The positive part."""

    def forward(self, x: Array) -> Array:
        return np.where(x.real > 0, x, 0 * x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal((x > 0).astype(x.dtype))


class Magnitude(Activation):
    """The magnitude, with a real result of complex numbers."""

    def forward(self, x: Array) -> Array:
        return np.abs(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.sign(x))


class SoftSign(Activation):
    """A function that takes complex numbers and is not analytic."""

    def forward(self, x: Array) -> Array:
        return x / (1 + np.abs(x))

    def jacobian(self, y: Array) -> Operator:
        return Diagonal((1 - np.abs(y)) ** 2)


class Clipped(Activation):
    """Comparisons, maxima and real parts: the complex step says nothing or lies."""

    def forward(self, x: Array) -> Array:
        return np.maximum(np.real(x), -1.0) + np.real(x) ** 2

    def jacobian(self, x: Array) -> Operator:
        return Diagonal((x > -1) + 2 * x)


class Sorted(Layer):
    """The entries in order."""

    def forward(self, x: Array) -> Array:
        return np.sort(x, axis=1)

    def jacobian(self, x: Array) -> Operator:
        return Gather(np.argsort(x, axis=1))


@pytest.mark.parametrize("component", [Relu(), Magnitude(), SoftSign(), Clipped()], ids=lambda each: each.kind)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (100,), (2, 0 + 1, 4)])
def test_functions_with_kinks_pass_at_any_size(component: Activation, shape: tuple[int, ...]) -> None:
    for seed in range(3 if shape != (100,) else 1):
        report = check_component(component, (shape,), seed=seed)
        assert report.ok, report.text()


class Bounces(Activation):
    """A ball that bounces hundreds of times: kinks are everywhere within reach."""

    def forward(self, x: Array) -> Array:
        return np.abs(np.sin(300 * x.real))

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(300 * np.cos(300 * x) * np.sign(np.sin(300 * x)))


def test_kinks_within_reach_of_every_point_keep_nothing_from_being_measured() -> None:
    report = check_component(Bounces(), ((100,),), only=["jacobian"])
    assert report.ok, report.text()
    assert not report.notes


class RealRoot(Activation):
    """A root of real numbers that does not say where it is defined."""

    def forward(self, x: Array) -> Array:
        return np.sqrt(x.real)

    def jacobian(self, x: Array, y: Array) -> Operator:
        return Diagonal(0.5 / y)


def test_points_without_a_derivative_are_drawn_again_and_reported() -> None:
    report = check_component(RealRoot(), ((3,),), only=["jacobian"])
    assert report.ok, report.text()
    assert any("outside its domain; drawn again" in note for note in report.notes)


@pytest.mark.parametrize("seed", range(3))
def test_sorting_passes_at_sizes_where_some_order_is_always_within_reach(seed: int) -> None:
    report = check_component(Sorted(), ((9,),), seed=seed)
    assert report.ok, report.text()


class WrongRelu(Relu):
    """A ReLU whose slope is wrong far from the kink."""

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.where(x > 2, 1.001, (x > 0)).astype(x.dtype))


def test_a_kink_hides_no_mistake() -> None:
    report = check_component(WrongRelu(), ((20,),), only=["jacobian"])
    assert "a wrong branch: only entries with x > 2" in report.text()


class Rough(Activation):
    """A forward that has no derivative anywhere: a sum of ever faster waves (Weierstrass, 1872)."""

    def forward(self, x: Array) -> Array:
        return sum((0.9**n * np.cos(13.0**n * x.real) for n in range(20)), 0 * x.real)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.zeros_like(x))


class Rounded(Activation):
    """Rounding, declared as the identity: a straight-through estimator."""

    def forward(self, x: Array) -> Array:
        return np.round(x.real * 8) / 8

    def jacobian(self, x: Array) -> Operator:
        return IdentityMap()


def test_a_function_without_derivative_fails_clearly() -> None:
    (failed,) = check_component(Rough(), ((3,),), only=["jacobian"]).failed
    assert "no derivative that differences find" in failed.message
    (failed,) = check_component(Rounded(), ((3,),), only=["jacobian"]).failed
    assert "does not depend on 'x'" in str(failed.diagnosis)


class Scaled(Activation):
    """A function of any size whose slope is off by a share; a kink makes it go through differences."""

    size: float = Field(1.0, description="The size of the slope.")
    off: float = Field(0.0, description="The share by which the slope is off.")
    real: bool = Field(False, description="Whether to refuse complex numbers.")

    def forward(self, x: Array) -> Array:
        x = np.real(x) if self.real else x
        return self.size * np.sin(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(self.size * (1 + self.off) * np.cos(x))


@pytest.mark.parametrize("size", [1e-30, 1e-8, 1.0, 1e8, 1e30])
@pytest.mark.parametrize("real", [False, True])
def test_the_tolerance_is_relative_to_the_scale(size: float, real: bool) -> None:
    assert check_component(Scaled(size=size, real=real), ((3,),)).ok
    report = check_component(Scaled(size=size, real=real, off=1e-4), ((3,),), only=["jacobian"])
    assert "constant factor: measured/declared = 0.9999" in report.text()


def test_a_jacobian_that_is_right_in_float64_alone_is_refused() -> None:
    report = check_component(FloatOnly(), ((3,),))
    assert [each.check for each in report.failed] == ["precision"]


class Same(Layer):
    """Its input, as it came."""

    def forward(self, x: Array) -> Array:
        return x

    def jacobian(self) -> Operator:
        return IdentityMap()


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (2, 3)])
def test_a_forward_that_returns_its_input_passes(shape: tuple[int, ...]) -> None:
    report = check_component(Same(), (shape,))
    assert report.ok, report.text()


def test_no_feature_at_all_is_refused_in_words() -> None:
    report = check_component(Same(), ((0,),))
    assert not report.ok
    assert "integers above 0" in report.text()


class Logarithm(Activation):
    """The logarithm, on its domain."""

    domain: ClassVar = (0.0, float("inf"))

    def forward(self, x: Array) -> Array:
        return np.log(np.abs(x))

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(1 / x)


def test_differences_stay_inside_a_domain() -> None:
    for seed in range(10):
        report = check_component(Logarithm(), ((4,),), seed=seed)
        assert report.ok, report.text()


class BatchSized(Activation):
    """A Jacobian with a batch size written into it."""

    def forward(self, x: Array) -> Array:
        return x * x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x * (1 if len(x) < 10 else 0.5))


class FeatureSized(BatchSized):
    """A Jacobian with a size of features written into it."""

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x * (1 if x.shape[-1] < 10 else 0.5))


def test_directions_say_which_size_is_written_into_a_jacobian() -> None:
    for component, said in ((BatchSized(), "a batch size is written"), (FeatureSized(), "a size is written")):
        report = check_component(component, ((3,),))
        assert [each.check for each in report.failed] == ["directions[x]"]
        assert said in str(report.failed[0].diagnosis)


class AloneWrong(BatchSized):
    """A Jacobian that is wrong for one example."""

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x * (1 if len(x) != 1 else 0.5))


def test_a_batch_of_one_is_measured_too() -> None:
    assert [each.check for each in check_component(AloneWrong(), ((3,),)).failed] == ["jacobian[x]"]


class Curved(Activation):
    """A square with its curvature, times a number."""

    times: float = Field(1.0, description="What the curvature is multiplied by.")

    def forward(self, x: Array) -> Array:
        return x**3

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(3 * x * x)

    def second_derivative(self, x: Array) -> Array:
        return self.times * 6 * x


@pytest.mark.parametrize(
    ("times", "said"), [(-1, "sign"), (2, "constant factor: measured/declared = 0.5"), (0, "zero")]
)
def test_a_false_curvature_is_diagnosed(times: float, said: str) -> None:
    assert check_component(Curved(), ((3,),)).ok
    report: Report = check_component(Curved(times=times), ((3,),))
    assert [each.check for each in report.failed] == ["second_derivative"]
    assert said in str(report.failed[0].diagnosis)


class Bias(Layer):
    """A single shared number."""

    def parameters(self) -> dict[str, Parameter]:
        return {"b": Parameter(())}

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        return x + p["b"]

    def jacobian(self, x: Array) -> dict[str, Operator | Array]:
        return {"x": IdentityMap(), "b": np.ones_like(x)}


@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_parameter_may_be_one_number(shape: tuple[int, ...]) -> None:
    report = check_component(Bias(), (shape,))
    assert report.ok, report.text()


def test_the_complex_step_is_believed_only_where_the_function_is_analytic() -> None:
    methods = {}
    for component in (Scaled(), SoftSign(), Magnitude(), Clipped()):
        probe = probe_of(component, ((3,),))
        assert probe is not None
        key = probe.inputs[0]
        methods[component.kind] = block(probe, probe.sample(np.random.default_rng(0), 3), key).measured.method
    assert methods == {
        "scaled": "complex step",
        "soft_sign": "central differences",
        "magnitude": "central differences",
        "clipped": "central differences",
    }


class Overflowing(Activation):
    """eˣ, whose Jacobian is cut off where its values overflow."""

    def forward(self, x: Array) -> Array:
        return np.exp(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.exp(np.minimum(x, 30)))


def test_an_output_that_overflows_in_some_entries_is_named_beside_a_finite_jacobian() -> None:
    with np.errstate(over="ignore"):
        report = check_component(Overflowing(), ((4,),), only=["extremes"])
    (found,) = report.failed
    assert found.message == "forward's output is not finite at x = 1000 (float64)"
