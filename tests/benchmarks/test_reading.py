"""The benchmark of reading computes what it says. No time is asserted."""

from __future__ import annotations

from tests.benchmarks.cases import chain
from tests.benchmarks.reading import reading


def test_every_figure_is_a_number() -> None:
    found = reading(rounds=1, examples=1200, case=chain(5, 4, 3, batch=64))
    assert set(found["microseconds"]) == {"memory", "mapped", "files", "sequence"}
    assert all(each["value"] > 0 for each in found["speed"].values())
