"""The kit finds constraints whose projection is none."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.extend import Constraint
from bpframe.testing import check_component


class NotInside(Constraint):
    """Goes half of the way."""

    def project(self, p):
        return np.where(p < 0, p / 2, p)


class NotNearest(Constraint):
    """Goes to 0 from everywhere outside [-1, 1]."""

    def project(self, p):
        return np.where(np.abs(p) > 1, 0 * p, p)


class OtherDtype(Constraint):
    """Answers in double precision."""

    def project(self, p):
        return np.maximum(p, np.zeros(1))


class Writing(Constraint):
    """Clips in place."""

    def project(self, p):
        np.maximum(p, 0, out=p)
        return p


class Drawing(Constraint):
    """Keeps a random share of each entry."""

    def project(self, p):
        return p * np.random.random(p.shape)  # noqa: NPY002


@pytest.mark.parametrize(
    ("cls", "check", "said"),
    [
        (NotInside, "project", "it was not inside"),
        (NotNearest, "nearest", "lies nearer"),
        (OtherDtype, "project", "no array like p"),
        (Writing, "purity", "writes into the parameter"),
        (Drawing, "determinism", "another place"),
    ],
)
def test_a_wrong_projection_is_found_and_named(cls: type[Constraint], check: str, said: str) -> None:
    report = check_component(cls(), [(4, 3)])
    assert not report.ok
    failed = {outcome.check: outcome.message for outcome in report.failed}
    assert check in failed, failed
    assert said in str(report)
