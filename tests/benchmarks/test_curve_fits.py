"""The fits that are timed beside SciPy and lmfit end at the certified values, or those of an exact Jacobian."""

from __future__ import annotations

import pytest

from tests.benchmarks.curve_fits import by_bpframe, problems
from tests.minimizers.nist import digits

PROBLEMS = problems()


def test_there_are_twenty():
    assert len(PROBLEMS) == 20


@pytest.mark.parametrize("name", PROBLEMS)
def test_all_digits_are_found(name):
    problem = PROBLEMS[name]
    assert digits(by_bpframe(problem), problem.expected) >= 6
