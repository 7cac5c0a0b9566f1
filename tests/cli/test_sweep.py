"""bpframe train with settings, several seeds and grids: each training is what it would be alone."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bpframe as bp
from bpframe.errors import SpecError
from bpframe.runs.sweep import members_of

Invoke = Callable[..., Any]


def summary(folder: str) -> list[dict[str, str]]:
    with Path(folder, "summary.csv").open() as file:
        return list(csv.DictReader(file))


RATES = "training.optimizer.learning_rate"


def test_a_setting_is_as_if_the_spec_said_so(folder: Path, invoke: Invoke, write_spec: Callable[..., None]) -> None:
    result = invoke(
        "train", "spec.yaml", "-o", "set", "--set", "training.epochs=2", "--set", "network.layers.0.units=5"
    )
    assert result.exit_code == 0, result.stderr
    write_spec(("epochs: 3", "epochs: 2"), ("units: 3", "units: 5"))
    assert invoke("train", "spec.yaml", "-o", "written").exit_code == 0
    assert bp.load("set").parameters.vector.tobytes() == bp.load("written").parameters.vector.tobytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "training.epoch=5"], "did you mean 'epochs'?"),
        (["--set", "training.epochs"], "a path into the spec, =, and a value"),
        (["--set", "training.epochs=[1"], "the value of training.epochs"),
        (["--set", "training.epochs=1", "--set", "training.epochs=2"], "names training.epochs twice"),
        (["--seed", "0,x"], "--seed cannot be read"),
        (["--seed", "1,1"], "names a seed twice"),
        (["--grid", "training.epochs="], "has no values"),
        (["--grid", "training.epochs=1,0"], "training.epochs cannot be 0"),
        (["--grid", "training.epochs=1,1"], "a training twice"),
    ],
)
def test_what_cannot_be_set_is_refused_before_anything_is_written(
    folder: Path, invoke: Invoke, words: list[str], told: str
) -> None:
    result = invoke("train", "spec.yaml", "-o", "out", *words)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize("words", [(), ("--grid", f"{RATES}=1,2", "--seed", "0,1")])
def test_a_dry_run_trains_and_writes_nothing(folder: Path, invoke: Invoke, words: tuple[str, ...]) -> None:
    before = {each: each.stat().st_mtime_ns for each in folder.rglob("*")}
    told = json.loads(invoke("train", "spec.yaml", "--dry-run", "--json", *words).stdout)
    assert (told["epochs"], told["steps_per_epoch"], told["training_examples"], told["test_examples"]) == (3, 7, 50, 10)
    assert len(told["runs"]) == (4 if words else 0)
    assert invoke("train", "spec.yaml", "--dry-run", *words).stdout.endswith("Nothing was trained.\n")
    assert {each: each.stat().st_mtime_ns for each in folder.rglob("*")} == before


def test_a_dry_run_finds_what_the_training_would_refuse(
    folder: Path, invoke: Invoke, write_spec: Callable[..., None]
) -> None:
    write_spec(("epochs: 3", "epochs: 3, callbacks: [{kind: stop_early, watch: nothing}]"))
    result = invoke("train", "spec.yaml", "--dry-run")
    assert (result.exit_code, "watches 'nothing'" in result.stderr) == (2, True), result.stderr


def test_combinations_come_in_the_order_of_their_values_with_names_of_their_own() -> None:
    members = members_of({RATES: [0.1, 1], "network.layers.0.weights": [{"kind": "normal"}, None]}, [0, 1])
    assert [each.name for each in members][:3] == [
        "learning_rate=0.1,weights=value1,seed=0",
        "learning_rate=0.1,weights=value1,seed=1",
        "learning_rate=0.1,weights=null,seed=0",
    ]
    assert members[-1].changes == {RATES: 1, "network.layers.0.weights": None}
    assert [each.name for each in members_of({"a.units": [1], "b.units": [2]})] == ["a.units=1,b.units=2"]
    with pytest.raises(SpecError, match="too many"):
        members_of({"a": list(range(200)), "b": list(range(200))})


def test_one_that_fails_stops_no_other_and_jobs_change_nothing(folder: Path, process: Callable[..., Any]) -> None:
    grid = ("--grid", "data.test_count=10,1000,20")
    result = process("train", "spec.yaml", "-o", "out", *grid, "--json", "--jobs", 2)
    rows = json.loads(result.stdout)["runs"]
    assert (result.returncode, [row["status"] for row in rows]) == (2, ["completed", "failed", "completed"])
    assert "1 of 3 trainings failed" in result.stderr
    assert "DataError" in rows[1]["message"]
    assert [row["cost"] for row in summary("out")] == [str(row["cost"] or "") for row in rows]
    assert process("train", "spec.yaml", "-o", "alone", "--set", "data.test_count=20").returncode == 0
    found, alone = (bp.load(each).parameters.vector for each in ("out/test_count=20", "alone"))
    assert found.tobytes() == alone.tobytes()


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_of_them_and_what_they_reached_is_kept(
    folder: Path, write_spec: Callable[..., None], number: int, code: int
) -> None:
    write_spec(("epochs: 3", "epochs: 100000000"))
    words = [sys.executable, "-m", "bpframe", "train", "spec.yaml", "-o", "out", "--seed", "0,1,2", "--jobs", "2"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sweep:
        begun = [Path(f"out/seed={seed}/history.jsonl") for seed in (0, 1)]
        limit = time.monotonic() + 600
        while not all(each.exists() for each in begun) and time.monotonic() < limit:
            time.sleep(0.05)
        sweep.send_signal(number)
        err = sweep.communicate(timeout=600)[1]
    assert sweep.returncode == code, err
    statuses = [row["status"] for row in summary("out")]
    assert statuses == ["interrupted", "interrupted", "not begun"], summary("out")
    assert all(bp.load(each.parent).history.stopped == "interrupted" for each in begun)
