"""What the kit finds wrong in declared second derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Softmax
from bpframe_convolution import Conv1d
from bpframe_regularisation import BatchNorm

from bpframe.extend import (
    Activation,
    Array,
    BatchMatMul,
    Component,
    Diagonal,
    Field,
    Layer,
    Operator,
    Parameter,
    Reshape,
    Windows,
    compose,
    transposed,
)
from bpframe.testing import Report, check_component


def checked(component: Component, shapes: tuple[tuple[int, ...], ...]) -> Report:
    """Check what second order is about, and not how the class is documented."""
    return check_component(component, shapes, only=("jacobian", "second_order", "second_derivative"))


class HalfAdded(BatchMatMul):
    """Right example by example, and forgets some when it adds over them."""

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        return 0.5 * super().sum_vjp(u, out)


class Convolution(Conv1d):
    """A convolution with a choice of operator for its second order."""

    wrong: bool = Field(False, description="Which.")

    def second_order(self, u: Array) -> dict[tuple[str, str], Operator]:
        kind = HalfAdded if self.wrong else BatchMatMul
        return {("x", "w"): compose(transposed(Windows(self.kernel_size, self.stride)), kind(u, "left"), Reshape())}


def test_sums_over_the_examples_are_held_to_the_products_of_each() -> None:
    assert checked(Convolution(filters=2, kernel_size=2), ((5, 3),)).ok
    report = checked(Convolution(filters=2, kernel_size=2, wrong=True), ((5, 3),))
    assert [each.check for each in report.failed] == ["second_order"]
    assert "sum_vjp disagrees" in str(report.failed[0])


class Uncoupled(BatchNorm):
    """Says in training what holds outside it."""

    def second_order(self, x: Array, u: Array, p: dict, saved: dict, training: bool) -> dict:
        return super().second_order(x, u, p, saved, False)


def test_training_is_looked_at_too() -> None:
    assert checked(BatchNorm(epsilon=0.01), ((3,),)).ok
    report = checked(Uncoupled(epsilon=0.01), ((3,),))
    assert [each.check for each in report.failed] == ["second_order"]


class HalfSoftmax(Softmax):
    """The diagonal of its curvature alone."""

    def second_order(self, y: Array, u: Array) -> dict[tuple[str, str], Operator]:
        return {("x", "x"): Diagonal(super().second_order(y, u)["x", "x"].terms[0].d)}


def test_an_activation_that_is_not_elementwise_is_held_to_every_block() -> None:
    assert checked(Softmax(), ((4,),)).ok
    assert [each.check for each in checked(HalfSoftmax(), ((4,),)).failed] == ["second_order"]


class Bilinear(Layer):
    """y = x ⊙ s, which says that nothing bends, or names what it does not have."""

    key: str = Field("", description="Whose block with x.")

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"s": Parameter((features,), init=1)}

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        return x * p["s"]

    def jacobian(self, x: Array, p: dict[str, Array]) -> dict[str, Operator | Array]:
        return {"x": Diagonal(p["s"][None]), "s": Diagonal(x)}

    def second_order(self, u: Array) -> dict[tuple[str, str], Operator]:
        return {("x", self.key): Diagonal(u)} if self.key else {}


@pytest.mark.parametrize(("key", "said"), [("", "second_order[x, s]"), ("r", "no pair")])
def test_a_block_that_is_left_out_or_names_nothing_is_told(key: str, said: str) -> None:
    assert checked(Bilinear(key="s"), ((3,),)).ok
    report = checked(Bilinear(key=key), ((3,),))
    assert [each.check for each in report.failed] == ["second_order"]
    assert said in str(report.failed[0])


class Shapeless(Activation):
    """A square whose curvature is one number."""

    def forward(self, x: Array) -> Array:
        return x * x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x)

    def second_derivative(self, x: Array) -> Array:
        return np.array(2.0)


def test_a_curvature_of_another_shape_is_told() -> None:
    report = checked(Shapeless(), ((3,),))
    assert [each.check for each in report.failed] == ["second_derivative"]
    assert "entry by entry" in str(report.failed[0])
