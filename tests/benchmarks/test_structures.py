"""The operators of the benchmark give what NumPy gives by hand, at small sizes. No time is asserted."""

from __future__ import annotations

import pytest

from tests.benchmarks import structures

SMALL = {
    "convolution": {"batch": 2, "width": 5, "channels": 2, "units": 3},
    "attention's scores": {"batch": 2, "heads": 2, "places": 3, "width": 4},
    "recurrence": {"batch": 2, "times": 4, "units": 3},
    "recurrence, with its making": {"batch": 2, "times": 4, "units": 3},
}


@pytest.mark.parametrize("name", structures.CASES)
def test_both_ways_are_timed_and_give_the_same_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.benchmarks.timing.REST", 0)
    found = structures.measure(structures.CASES[name](**SMALL[name]), rounds=1)
    assert found.keys() == {"operators", "by hand"}
    assert all(seconds > 0 for seconds in found.values())


def test_every_case_has_an_aim() -> None:
    assert structures.AIMS.keys() == structures.CASES.keys() == SMALL.keys()
