"""Both sides of the networks of what ships can be timed. No time is asserted."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.benchmarks import comparing, components, page, targets
from tests.benchmarks.timing import Median


@pytest.mark.parametrize("name", components.PAIRS)
def test_both_sides_take_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("tests.benchmarks.timing.REST", 0)
    monkeypatch.setattr(components, "PROFILED", 1)
    pair = components.PAIRS[name]
    found = components.measure(pair, rounds=1, target=0)
    assert set(found["microseconds"]) == {"bpframe", "PyTorch"}
    assert found["profile"]
    assert components.row(found)["at most"] == f"{pair.aim:g}"


@pytest.mark.parametrize(("ratio", "said"), [(0.9, 0), (1.1, 1)], ids=["reached", "missed"])
def test_where_an_aim_is_missed_the_page_says_where_the_time_goes(ratio, said) -> None:
    spread = asdict(Median.of([ratio * each for each in (0.999, 1.0, 1.001)]))
    profile = [{"part": "lstm_1: backward", "microseconds": 60.0}]
    times = {"bpframe": {"value": 120.0}, "PyTorch": {"value": 100.0}}
    row = {"network": "LSTM", "batch": 3, "aim": 1.0, "fastest": 100.0, "profile": profile, "microseconds": times}
    row |= {"ratios": {"PyTorch": spread}, "missing": {}}
    results = {"components": {"machine": {"date": "2030-01-01", "load": 0.1}, "rows": [row]}}
    text = "\n".join(page._components(results["components"]))
    assert text.count("of 100 µs lstm_1: backward 60 µs; 40 µs the update") == said
    assert ("LSTM, 3", "yes" if not said else "no") in [
        (each["what"], each["reached"]) for each in targets.judged(results)
    ]
    assert [each.what for each in comparing.changes(results, results)] == ["LSTM, 3"]
