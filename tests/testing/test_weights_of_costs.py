"""What a cost makes of weights is checked, and the likely mistake is named."""

from __future__ import annotations

import pytest

from bpframe.extend import Array, Cost
from bpframe.testing import check_component


class Squares(Cost):
    """C = Σ_t w_t ‖a_t − y_t‖² / 2."""

    def weight_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape[:-1]

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        each: Array = weight * ((a - y) ** 2).sum(axis=-1) / 2
        return each.reshape(len(each), -1).sum(axis=1)

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        return weight[..., None] * (a - y)


class Forgotten(Squares):
    """The weights are missing in the gradient."""

    def jacobian(self, a: Array, y: Array) -> Array:
        return a - y


class MaskInPlace(Squares):
    """The gradient takes the mask for the weights."""

    def jacobian(self, a: Array, y: Array, mask: Array) -> Array:
        return mask[..., None] * (a - y)


class Divided(Squares):
    """The cost divides by the weights of the example."""

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        return super().forward(a, y, weight) / weight.reshape(len(a), -1).sum(axis=1)


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (Forgotten(), "jacobian does not multiply with `weight`"),
        (MaskInPlace(), "multiply with `weight` in place of `mask`"),
        (Divided(), "not divided by anything"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(3, 2), (2,)])
def test_the_likely_mistake_is_named(cost: Cost, said: str, seed: int, shape: tuple[int, ...]) -> None:
    (failed,) = check_component(cost, [shape], only=["weight"], seed=seed).failed
    assert said in (failed.diagnosis or "")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(3, 2), (2,)])
def test_what_is_right_is_not_suspected(seed: int, shape: tuple[int, ...]) -> None:
    report = check_component(Squares(), [shape], seed=seed, only=["weight"])
    assert report.ok, report.text()
