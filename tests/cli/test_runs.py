"""bpframe runs lists what is there, also what is broken, and compares it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bpframe as bp
from bpframe.checkpoint.locking import locked
from bpframe.documents import read_spec
from bpframe.runs import run_experiment

Invoke = Callable[..., Any]


@pytest.fixture
def trained(folder: Path, invoke: Invoke, write_spec: Callable[..., None]) -> Path:
    """A folder with two runs that differ in their rate, one of them further down, and a network saved from Python."""
    write_spec(("test_count: 10", "validation_count: 10"))
    for name, rate in (("a", 0.1), ("more/b", 1.0)):
        words = ("--set", f"training.optimizer.learning_rate={rate}", "--set", "training.metrics=[accuracy]")
        assert invoke("train", "spec.yaml", "-o", f"runs/{name}", "-q", *words).exit_code == 0
    run_experiment(read_spec("spec.yaml"), folder, progress=False).save("runs/saved")
    return folder / "runs"


def test_every_run_is_listed_with_what_its_history_says(trained: Path, invoke: Invoke) -> None:
    listed = json.loads(invoke("runs", "--json").stdout)
    assert [Path(each["run"]).name for each in listed] == ["a", "b", "saved"]
    for each in listed:
        net = bp.load(each["run"])
        last = net.history.epochs[-1]
        assert (each["status"], each["epochs"], each["steps"]) == ("completed", 3, net.history.steps)
        assert (each["cost"], each["validation_cost"]) == (last.cost, last.validation_cost)
        assert each.get("validation_accuracy") == last.validation_accuracy
        assert each["settings"]["training.optimizer.learning_rate"] == net.training.optimizer.learning_rate
    assert listed[0]["begun"].startswith("20")


def test_the_table_shows_the_settings_that_differ_and_sorts_the_best_first(
    trained: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shutil.rmtree(trained / "saved")
    lines = invoke("runs", "--sort", "validation_cost").stdout.splitlines()
    costs = {name: bp.load(trained / name).history.epochs[-1].validation_cost for name in ("a", "more/b")}
    assert "learning_rate" in "\n".join(lines)
    rows = [line.split() for line in lines if "completed" in line]
    assert [row[0] for row in rows] == sorted(costs, key=costs.__getitem__)
    assert [row[2] for row in rows] == [{"a": "0.1", "more/b": "1"}[row[0]] for row in rows]
    shares = [
        each["validation_accuracy"]
        for each in json.loads(invoke("runs", "--sort", "validation_accuracy", "--json").stdout)
    ]
    assert shares == sorted(shares, reverse=True)
    result = invoke("runs", "--sort", "costs")
    assert (result.exit_code, "did you mean 'cost'?" in result.stderr) == (2, True)


def test_what_runs_are_sorted_by_is_shown_and_a_seed_is_one_column(folder: Path, invoke: Invoke) -> None:
    for seed in (3, 4):
        words = ("--seed", seed, "--set", "training.metrics=[mae]", "--set", "training.epochs=1")
        assert invoke("train", "spec.yaml", "-o", f"runs/s{seed}", "-q", *words).exit_code == 0
    lines = invoke("runs", "--sort", "mae").stdout
    maes = [bp.load(f"runs/s{seed}").history.epochs[-1].metrics["mae"] for seed in (3, 4)]
    assert all(f"{each:.4g}" in lines for each in maes)
    heading = next(line for line in lines.splitlines() if "status" in line).split()
    assert heading.count("seed") == 1
    assert "network.seed" not in lines
    rows = [line.split() for line in lines.splitlines() if "completed" in line]
    assert [row[2] for row in rows] == [{0: "3", 1: "4"}[k] for k in sorted((0, 1), key=maes.__getitem__)]


def cut(run: Path) -> None:
    weights = run / "checkpoints/00000021/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])


def scribble(run: Path) -> None:
    (run / "history.jsonl").write_text('{"epoch": 1}\n\x1b[31mred\n')


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (cut, "weights.safetensors is damaged"),
        (scribble, "history.jsonl is damaged"),
        (lambda run: (run / "spec.yaml").unlink(), "spec.yaml"),
        (lambda run: (run / "spec.yaml").write_text("{"), "spec.yaml"),
        (lambda run: (run / "spec.yaml").write_text("a: " * 1000), "spec.yaml"),
    ],
)
def test_a_broken_run_is_listed_as_broken(
    trained: Path, invoke: Invoke, harm: Callable[[Path], None], told: str
) -> None:
    harm(trained / "a")
    listed = json.loads(invoke("runs", "--json").stdout)
    assert [each["status"] for each in listed] == ["broken", "completed", "completed"]
    assert told in listed[0]["problem"]
    result = invoke("runs")
    assert (result.exit_code, "a is broken: " in result.stdout, "\x1b" in result.stdout) == (0, True, False)


def test_how_a_training_is_or_was_ended_is_told(trained: Path, invoke: Invoke) -> None:
    with locked(trained / "a"):
        assert json.loads(invoke("runs", "runs/a", "--json").stdout)[0]["status"] == "running"
    shutil.rmtree(trained / "a/checkpoints/00000021")
    with (trained / "a/history.jsonl").open("a") as file:
        file.write('{"epoch":4,"co')  # a line that is being written
    (listed,) = json.loads(invoke("runs", "runs/a", "--json").stdout)
    assert (listed["status"], listed["epochs"]) == ("unfinished", 3)


def test_curves_are_drawn(trained: Path, invoke: Invoke) -> None:
    pytest.importorskip("matplotlib")
    assert invoke("runs", "--plot", "runs.svg").exit_code == 0
    drawn = Path("runs.svg").read_text()
    assert drawn.startswith("<?xml")
    assert invoke("runs", "--plot", "runs.txt").exit_code == 2


def test_where_there_are_none_it_says_so(folder: Path, invoke: Invoke) -> None:
    assert invoke("runs").exit_code == 2
    Path("runs/empty").mkdir(parents=True)
    assert invoke("runs").stdout.startswith("There are no runs in runs.")
    assert json.loads(invoke("runs", "--json").stdout) == []
