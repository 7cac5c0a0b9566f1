"""The kit on penalties: right ones pass, and each mistake fails the check that is for it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_regularisation import L1, L2, ElasticNet

from bpframe.extend import Diagonal, Penalty
from bpframe.testing import check_component


class Smooth(Penalty):
    """Nearly the magnitude: R = Σ (√(1 + p²) − 1)."""

    def forward(self, p):
        return (np.sqrt(1 + p * p) - 1).sum()

    def gradient(self, p):
        return p / np.sqrt(1 + p * p)

    def hessian(self, p):
        return Diagonal(((1 + p * p) ** -1.5)[None])


@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (2, 3, 2)])
@pytest.mark.parametrize("penalty", [L1(rate=0.3), L2(rate=0.1), L2(rate=0.0), ElasticNet(l1=0.2, l2=0.1), Smooth()])
def test_right_penalties_pass(penalty: Penalty, shape: tuple[int, ...]) -> None:
    report = check_component(penalty, [shape])
    assert report.ok, report
    called_for = {"penalty", "gradient", "hessian", "penalty_purity"} | ({"quadratic"} if penalty.quadratic else set())
    assert called_for <= set(report.called_for)


class WithoutHessian(Penalty):
    """The sum: R = Σ p."""

    def forward(self, p):
        return p.sum()

    def gradient(self, p):
        return np.ones_like(p)


def test_without_a_hessian_there_is_none_to_check() -> None:
    report = check_component(WithoutHessian())
    assert report.ok
    assert "hessian" not in report.called_for


class Vector(L2):
    """Wrong."""

    def forward(self, p):
        return p


class NotFinite(L2):
    """Wrong."""

    def forward(self, p):
        return np.log(p.sum() - p.sum())


class Doubled(L2):
    """Wrong."""

    def gradient(self, p):
        return 2 * self.rate * p


class Always64(L2):
    """Wrong."""

    def gradient(self, p):
        return self.rate * p.astype(np.float64)


class Sign(L2):
    """Wrong."""

    def hessian(self, p):
        return -np.full_like(p, self.rate)


class Skewed(L2):
    """Wrong."""

    def hessian(self, p):
        matrix = self.rate * np.eye(p.size)
        matrix[0, -1] = 1.0
        from bpframe.extend import BatchMatrix

        return BatchMatrix(matrix.reshape(1, *p.shape, *p.shape))


class Claimed(Smooth):
    """Wrong."""

    quadratic: ClassVar[bool] = True


class Shifted(L2):
    """Wrong."""

    def forward(self, p):
        return super().forward(p) + 1


class Writes(L2):
    """Wrong."""

    def gradient(self, p):
        p += 0.0001
        return self.rate * p


class Counts(L2):
    """Wrong."""

    calls: ClassVar[list[int]] = []

    def forward(self, p):
        self.calls.append(1)
        return super().forward(p) + len(self.calls)


@pytest.mark.parametrize(
    ("penalty", "failing", "message"),
    [
        (Vector(rate=0.1), "penalty", "one number"),
        (NotFinite(rate=0.1), "penalty", "not finite"),
        (Doubled(rate=0.1), "gradient", "not the derivative of forward: 12 of 12 entries"),
        (Always64(rate=0.1), "penalty", "no array like p"),
        (Sign(rate=0.1), "hessian", "not the derivative of gradient"),
        (Skewed(rate=0.1), "hessian", "not the derivative of gradient"),
        (Claimed(), "quadratic", "with one H for all p"),
        (Shifted(rate=0.1), "quadratic", "with one H for all p"),
        (Writes(rate=0.1), "penalty_purity", "writes into"),
        (Counts(rate=0.1), "penalty_purity", "the second time"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Penalty) else "",
)
def test_a_mistake_fails_its_check(penalty: Penalty, failing: str, message: str) -> None:
    report = check_component(penalty, [(4, 3)])
    found = {outcome.check: outcome.message for outcome in report.failed}
    assert message in found[failing]
