"""Both sides of the convolution benchmark take the same steps, at small sizes. No time is asserted."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch")

from tests.benchmarks import convolutions


@pytest.mark.parametrize("name", convolutions.NETWORKS)
def test_both_sides_take_the_same_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.benchmarks.timing.REST", 0)
    network = convolutions.NETWORKS[name]
    found = convolutions.measure(replace(network, batch=2), threads=1, rounds=1, target=0)
    assert found["ratio"]["value"] > 0
    assert convolutions.row(found)["at most"]
