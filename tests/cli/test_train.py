"""bpframe train leaves a run that the other commands and Python use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpframe as bp
from bpframe.documents import read_spec
from bpframe.errors import SpecError
from bpframe.runs import overridden, run_experiment
from bpframe.validation.one_hot import is_one_hot

Invoke = Callable[..., Any]


def test_it_leaves_a_whole_run_and_says_how_to_use_it(folder: Path, invoke: Invoke) -> None:
    result = invoke("train", "spec.yaml", "--output", "out/run")
    assert result.exit_code == 0, result.stderr
    assert {each.name for each in Path("out/run").iterdir()} == {
        "spec.yaml", "environment.json", "history.jsonl", "log.txt", "checkpoints", "report.html",
    }  # fmt: skip
    assert [each.name for each in Path("out/run/checkpoints").iterdir()] == ["00000021"]
    for command in ("bpframe evaluate out/run", "bpframe predict out/run FILE", "bpframe.load('out/run')"):
        assert command in result.stdout
    assert len(bp.load("out/run").history) == 3


def test_what_it_trains_is_what_python_trains(folder: Path, invoke: Invoke) -> None:
    assert invoke("train", "spec.yaml", "-o", "run", "--seed", 5, "--epochs", 2).exit_code == 0
    spec = overridden(read_spec("spec.yaml"), seed=5, epochs=2)
    experiment = run_experiment(spec, folder, progress=False)
    loaded = bp.load("run")
    assert loaded.parameters.vector.tobytes() == experiment.network.parameters.vector.tobytes()
    assert (loaded.spec.seed, loaded.training.seed, loaded.training.epochs) == (5, 5, 2)
    other = run_experiment(overridden(spec, seed=6), folder, progress=False)
    assert not np.array_equal(other.network.parameters.vector, experiment.network.parameters.vector)


def test_another_seed_keeps_the_split(folder: Path) -> None:
    spec = read_spec("spec.yaml")
    first, second = (run_experiment(overridden(spec, seed=seed), folder, False).dataset for seed in (1, 2))
    assert np.array_equal(first.x_test, second.x_test)


def test_runs_without_a_name_are_counted(folder: Path, invoke: Invoke) -> None:
    for number in (1, 2):
        assert invoke("train", "spec.yaml", "--quiet", "--epochs", 1).stdout == f"runs/spec-{number}\n"
    shutil.rmtree("runs/spec-1")
    assert invoke("train", "spec.yaml", "--quiet", "--epochs", 1).stdout == "runs/spec-3\n"


def test_json_is_one_object_and_quiet_shows_no_progress(folder: Path, invoke: Invoke) -> None:
    result = invoke("train", "spec.yaml", "--json", "-o", "run")
    told = json.loads(result.stdout)
    assert (told["run"], told["stopped"], told["epochs"], told["steps"]) == ("run", "completed", 3, 3 * 7)
    assert told["test"]["examples"] == 10
    assert result.stderr == ""
    assert invoke("train", "spec.yaml", "-q").stderr == ""


def test_a_run_can_move_together_with_its_data(folder: Path, invoke: Invoke) -> None:
    invoke("train", "spec.yaml", "-o", "runs/a")
    before = invoke("evaluate", "runs/a").stdout
    Path("elsewhere").mkdir()
    for name in ("runs", "points.npz"):
        shutil.move(name, "elsewhere")
    assert invoke("evaluate", "elsewhere/runs/a").stdout == before


def test_the_spec_of_a_run_trains_the_same_network_again(folder: Path, invoke: Invoke) -> None:
    invoke("train", "spec.yaml", "-o", "runs/a")
    assert invoke("train", "runs/a/spec.yaml", "-o", "runs/b").exit_code == 0
    assert bp.load("runs/a").parameters.vector.tobytes() == bp.load("runs/b").parameters.vector.tobytes()


def test_evaluate_measures_the_test_part(folder: Path, invoke: Invoke) -> None:
    experiment = run_experiment(read_spec("spec.yaml"), folder, progress=False)
    experiment.save("run")
    net, data = experiment.network, experiment.dataset
    told = json.loads(invoke("evaluate", "run", "--json").stdout)
    a = net.predict(data.x_test)
    assert told["part"] == "test"
    assert told["cost"] == pytest.approx(float(np.mean(0.5 * ((data.y_test - a) ** 2).sum(axis=1))), rel=1e-12)
    assert told["accuracy"] == np.mean(a.argmax(axis=1) == data.y_test.argmax(axis=1))


def test_other_data_go_through_the_preparation_of_the_run(folder: Path, invoke: Invoke) -> None:
    experiment = run_experiment(read_spec("spec.yaml"), folder, progress=False)
    experiment.save("run")
    # Scaled with its own statistics, this single cluster would be spread over the whole plane.
    x = np.array([[9.0, 1.0], [9.5, 1.0], [9.0, 1.5]])
    np.savez("few.npz", x=x, y=[1, 1, 0])
    told = json.loads(invoke("evaluate", "run", "--data", "few.npz", "--json").stdout)
    a = experiment.network.predict(experiment.dataset.preparation.apply_inputs(x))
    y = np.eye(2)[[1, 1, 0]]
    assert (told["part"], told["examples"]) == ("all", 3)
    assert told["cost"] == pytest.approx(float(np.mean(0.5 * ((y - a) ** 2).sum(axis=1))), rel=1e-12)

    Path("few.yaml").write_text("""\
network: {input_shape: [2], layers: [{kind: dense, units: 2}]}
data: {kind: npz, path: few.npz, one_hot: true, scaling: minmax}
""")
    assert json.loads(invoke("evaluate", "run", "--data", "few.yaml", "--json").stdout)["cost"] == told["cost"]
    assert invoke("evaluate", "run", "--data", "points.txt").exit_code == 2


def test_columns_of_other_data_are_found_by_name(folder: Path, invoke: Invoke, write_spec: Callable[..., None]) -> None:
    with np.load("points.npz") as points:
        rows = [
            f"{a!r},{b!r},{'right' if y else 'left'}"
            for (a, b), y in zip(points["x"].tolist(), points["y"], strict=True)
        ]
    Path("points.csv").write_text("\n".join(["a,b,side", *rows]))
    swapped = [",".join([(cells := row.split(","))[2], cells[1], cells[0]]) for row in rows]
    Path("swapped.csv").write_text("\n".join(["side,b,a", *swapped]))
    write_spec(("npz, path: points.npz", "csv, path: points.csv, targets: [side]"))
    assert invoke("train", "spec.yaml", "-o", "run").exit_code == 0
    plain, other = (invoke("evaluate", "run", "--data", f"{name}.csv").stdout for name in ("points", "swapped"))
    assert plain == other
    assert "60 examples" in plain
    assert invoke("predict", "run", "swapped.csv").stdout == invoke("predict", "run", "points.csv").stdout


def test_without_a_test_part_the_training_part_is_measured(
    folder: Path, invoke: Invoke, write_spec: Callable[..., None]
) -> None:
    write_spec(("test_count: 10, ", ""))
    assert json.loads(invoke("train", "spec.yaml", "-o", "run", "--json").stdout)["training"]["examples"] == 60
    assert invoke("evaluate", "run").stdout.startswith("Training part:")


def test_accuracy_is_left_out_where_targets_are_numbers(
    folder: Path, invoke: Invoke, write_spec: Callable[..., None]
) -> None:
    np.savez("points.npz", x=np.random.default_rng(0).normal(size=(20, 2)), y=np.full((20, 2), 0.5))
    write_spec(("one_hot: true, ", ""))
    invoke("train", "spec.yaml", "-o", "run")
    assert json.loads(invoke("evaluate", "run", "--json").stdout)["accuracy"] is None


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([[0, 1], [1, 0]], True),
        ([[0, 1], [1, 1]], False),
        ([[0, 1], [0, 0]], False),
        ([[0.5, 0.5]], False),
        ([[2, -1]], False),
        ([[1], [1]], False),
        ([1, 0], False),
    ],
)
def test_one_hot_targets_are_told_from_others(y: list[Any], expected: bool) -> None:
    assert is_one_hot(np.array(y, dtype=float)) is expected


def test_predict_writes_what_the_network_computes(folder: Path, invoke: Invoke) -> None:
    experiment = run_experiment(read_spec("spec.yaml"), folder, progress=False)
    experiment.save("run")
    x = np.load("points.npz")["x"][:6]
    np.save("new.npy", x)
    expected = experiment.network.predict(experiment.dataset.preparation.apply_inputs(x))

    header, *rows = invoke("predict", "run", "new.npy").stdout.splitlines()
    assert header == "class,output 0,output 1"
    assert [int(row.split(",")[0]) for row in rows] == expected.argmax(axis=1).tolist()
    assert np.array_equal([[float(cell) for cell in row.split(",")[1:]] for row in rows], expected)

    for name in ("p.csv", "p.npy", "p.npz"):
        result = invoke("predict", "run", "new.npy", "-o", name)
        assert (result.exit_code, result.stdout) == (0, "")
    assert Path("p.csv").read_text().splitlines() == [header, *rows]
    assert np.array_equal(np.load("p.npy"), expected)
    with np.load("p.npz") as arrays:
        assert np.array_equal(arrays["outputs"], expected)
        assert arrays["labels"].tolist() == expected.argmax(axis=1).tolist()

    told = json.loads(invoke("predict", "run", "new.npy", "--json").stdout)
    assert np.array_equal(told["outputs"], expected)
    assert told["classes"] == [0, 1]


def test_a_run_saved_from_python_without_its_data_predicts_raw_inputs(folder: Path, invoke: Invoke) -> None:
    net = bp.Network.from_spec(read_spec("spec.yaml").network)
    net.save("bare")
    x = np.ones((2, 2))
    np.save("new.npy", x)
    header, *rows = invoke("predict", "bare", "new.npy").stdout.splitlines()
    assert header == "sigmoid_2_0,sigmoid_2_1"
    numbers = [[float(cell) for cell in row.split(",")] for row in rows]
    assert np.array_equal(numbers, net.predict(x))
    result = invoke("evaluate", "bare")
    assert (result.exit_code, "--data" in result.stderr) == (2, True)


@pytest.mark.parametrize("section", ["training", "data"])
def test_a_spec_without_training_or_data_is_told(folder: Path, section: str) -> None:
    spec = read_spec("spec.yaml").model_copy(update={section: None})
    with pytest.raises(SpecError, match=f"no section '{section}'"):
        run_experiment(spec, folder)
