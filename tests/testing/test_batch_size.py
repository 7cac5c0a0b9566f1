"""A component that depends on how many examples there are is found, although its Jacobian agrees with its forward."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.extend import Activation, Cost, Diagonal
from bpframe.testing import check_component


class TimesBatch(Activation):
    """Multiply by the number of examples: y = N x."""

    def forward(self, x):
        return x * len(x)

    def jacobian(self, x):
        return Diagonal(np.full_like(x, len(x)))


class MeanSquare(Cost):
    """Half the squared distance, divided by the batch, which the core does again: C = ‖a − y‖² / 2N."""

    def forward(self, a, y):
        return ((a - y) ** 2).sum(axis=1) / 2 / max(len(a), 1)

    def jacobian(self, a, y):
        return (a - y) / max(len(a), 1)


class Doubled(Activation):
    """y = 2x, which no batch changes."""

    def forward(self, x):
        return 2 * x

    def jacobian(self, x):
        return Diagonal(np.full_like(x, 2))


@pytest.mark.parametrize("component", [TimesBatch(), MeanSquare()])
def test_what_depends_on_the_size_of_the_batch_is_found(component):
    report = check_component(component, [(3,)], only=["independence"])
    (found,) = report.failed
    assert "alone than in a batch of 4" in found.message
    assert "mean over the batch, or its size" in found.diagnosis


def test_what_does_not_is_left_alone():
    assert check_component(Doubled(), [(3,)], only=["independence"]).ok
