"""bpframe range-test says what Python finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bpframe.documents import read_spec
from bpframe.runs import prepare_experiment

Invoke = Callable[..., Any]


def test_it_suggests_what_python_suggests_and_leaves_no_run(folder: Path, invoke: Invoke) -> None:
    found = json.loads(invoke("range-test", "spec.yaml", "--steps", 30, "--json").stdout)
    expected = prepare_experiment(read_spec("spec.yaml"), folder).range_test(steps=30)
    np.testing.assert_array_equal(found["costs"], expected.costs)
    assert found["suggestion"] == expected.suggestion
    assert not Path("runs").exists()


def test_it_draws_a_new_picture_and_says_the_rule(folder: Path, invoke: Invoke) -> None:
    result = invoke("range-test", "spec.yaml", "--steps", 30, "--smallest", 0.001, "--plot", "rates.svg")
    assert result.exit_code == 0, result.stderr
    assert "Suggested learning rate" in result.stdout or "no learning rate follows" in result.stdout
    assert Path("rates.svg").exists()
    again = invoke("range-test", "spec.yaml", "--plot", "rates.svg")
    assert again.exit_code == 2
    assert "rates.svg is there already" in again.stderr
    for name in ("rates.xyz", "rates"):
        refused = invoke("range-test", "no-such-spec.yaml", "--plot", name)
        assert refused.exit_code == 2
        assert f"a figure cannot be written as {name}" in refused.stderr, "before the spec is read, and any step"
