"""Mistakes that other projects shipped: each must be rejected, by the check that is there for it, with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from bpframe.testing import check_component
from tests.components.false_jacobians import PLANTED, SHIPPED


@pytest.mark.parametrize(
    ("component", "shapes", "check", "reason"), SHIPPED, ids=[f"{type(each[0]).__name__}-{each[2]}" for each in SHIPPED]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_bug_that_was_shipped_is_rejected_with_its_reason(
    component: Any, shapes: tuple[tuple[int, ...], ...], check: str, reason: str, seed: int
) -> None:
    report = check_component(component, shapes, seed=seed)
    assert not report.ok
    failed = {each.check: each for each in report.failed}
    assert check in failed, report.text()
    assert reason in f"{failed[check].diagnosis} {failed[check].message}", report.text()


def test_every_component_of_the_bank_says_what_happened() -> None:
    told = [str(type(component).__doc__) for component, *_ in SHIPPED if not type(component).__name__.endswith("False")]
    assert all(len(each) > 60 for each in [*told, *(each.story for each in PLANTED if each.story)])
