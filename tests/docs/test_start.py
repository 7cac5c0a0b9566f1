"""What the start page promises is what was measured, in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.data import DigitsData

ROOT = Path(__file__).parents[2]
PAGES = ["docs/index.md", "docs/index.zh.md"]


@pytest.mark.parametrize("page", PAGES)
def test_the_times_of_a_step_are_those_of_the_benchmarks(page: str) -> None:
    steps = json.loads((ROOT / "tests/benchmarks/results.json").read_text(encoding="utf-8"))["steps"][0]
    assert (steps["network"], steps["batch"]) == ("784-30-10", 10)
    times = [f"{steps['microseconds'][name]['value']:.0f}" for name in ("bpframe", "PyTorch", "jax.jit")]
    line = next(line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if "jax.jit" in line)
    assert steps["network"] in line
    assert re.findall(r"\d+", line.replace(steps["network"], "")) == times


@pytest.mark.parametrize("page", PAGES)
def test_the_accuracy_and_the_time_of_training_are_those_that_the_ten_lines_printed(page: str) -> None:
    (printed,) = json.loads((ROOT / "docs/rendering/outputs.json").read_text(encoding="utf-8"))[
        Path(page).name
    ].values()
    line = next(line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith("- **98%"))
    assert sorted(re.findall(r"[\d.]+", line)) == sorted(re.findall(r"[\d.]+", printed[0]))


def test_a_gradient_is_as_close_to_the_complex_step_as_the_page_says() -> None:
    digits = DigitsData().load()
    layers = [Dense(units=30), Sigmoid(), Dense(units=10), Sigmoid()]
    net = bp.Network(layers, cost=QuadraticCost(), input_shape=(64,), seed=0)
    check = net.check_gradients(digits.x[:10], digits.y[:10])
    assert np.median([each.typical_error for each in check.parameters.values()]) < 1e-15


def test_both_languages_have_the_same_links() -> None:
    english, chinese = (re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text(encoding="utf-8")) for page in PAGES)
    assert english == chinese
