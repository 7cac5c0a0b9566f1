"""An operator that says that it leaves places apart, and mixes them, is refused."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.extend import Array, Field, Layer, Operator
from bpframe.testing import check_component


class Added(Operator):
    """y_t = x_t + x_{t−2} along the first of two axes."""

    structure = "added"

    def __init__(self, shape: tuple[int, ...], mixed_axes: int | None) -> None:
        self.in_shape = self.out_shape = shape
        self.mixed_axes = mixed_axes

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        pushed = v.copy()
        pushed[..., 2:, :] += v[..., :-2, :]
        return pushed

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        pulled = u.copy()
        pulled[..., :-2, :] += u[..., 2:, :]
        return pulled


class Echo(Layer):
    """y_t = x_t + x_{t−2}."""

    told: int | None = Field(None, description="How many axes are said to be mixed.")

    def forward(self, x: Array) -> Array:
        y = np.array(x)
        y[:, 2:] += x[:, :-2]
        return y

    def jacobian(self, x: Array) -> Operator:
        return Added(x.shape[1:], self.told)


@pytest.mark.parametrize("told", [None, 2, 1, 0])
def test_places_that_are_said_to_be_apart_are(told: int | None) -> None:
    report = check_component(Echo(told=told), [(4, 2)])
    if told in (None, 2):
        assert report.ok, report.text()
    else:
        assert {each.check for each in report.failed} == {"adjoint[x]"}, report.text()
        assert "places are mixed" in report.failed[0].message
