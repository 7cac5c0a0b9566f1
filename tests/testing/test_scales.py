"""The kit at points of a declared domain, however small or far from 0: right passes, wrong fails."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from bpframe.extend import Activation, Array, Diagonal, Operator
from bpframe.testing import check_component

CHECKS = ["jacobian", "directions", "adjoint"]


class Feature(Activation):
    """A bell somewhere; `real` makes it one that is not analytic, `factor` wrong."""

    real: bool = False
    factor: float = 1.0
    center: ClassVar[float]
    width: ClassVar[float]

    def forward(self, x: Array) -> Array:
        u = (x - self.center) / self.width
        return np.exp(-((np.abs(u) if self.real else u) ** 2) / 2)

    def jacobian(self, x: Array, y: Array) -> Operator:
        return Diagonal(-self.factor * y * (x - self.center) / self.width**2)


class Metres(Feature):
    """A spectral line."""

    domain: ClassVar[Any] = (588e-9, 590e-9)
    center: ClassVar[float] = 589e-9
    width: ClassVar[float] = 0.4e-9


class Day(Feature):
    """A transit."""

    domain: ClassVar[Any] = (2460000.45, 2460000.55)
    center: ClassVar[float] = 2460000.5
    width: ClassVar[float] = 0.02


class Giga(Feature):
    """A resonance."""

    domain: ClassVar[Any] = (0.9e9, 1.1e9)
    center: ClassVar[float] = 1e9
    width: ClassVar[float] = 0.04e9


@pytest.mark.parametrize("real", [False, True], ids=["complex", "real"])
@pytest.mark.parametrize("made", [Metres, Day, Giga], ids=lambda made: made.__name__)
def test_features_in_any_unit(made: type[Feature], real: bool) -> None:
    right = check_component(made(real=real), ((3,),), only=CHECKS)
    assert right.ok, right.text()
    for factor in (2.0, -1.0, 1.001):
        wrong = check_component(made(real=real, factor=factor), ((3,),), only=CHECKS)
        assert {each.check for each in wrong.failed} >= {"jacobian[x]", "directions[x]"}, wrong.text()


class Logarithm(Activation):
    """ln x close to where it ends."""

    factor: float = 1.0
    domain: ClassVar[Any] = (0.0, 1e-12)

    def forward(self, x: Array) -> Array:
        return np.log(x.real)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(self.factor / x)


def test_a_domain_that_ends_nearby() -> None:
    assert check_component(Logarithm(), ((3,),), only=CHECKS).ok
    assert check_component(Logarithm(factor=2.0), ((3,),), only=CHECKS).failed
