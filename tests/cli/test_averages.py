"""A run whose optimizer keeps averages is one network for all commands: the one that its history tells of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import bpframe as bp
from bpframe.documents import read_spec
from bpframe.runs import network_at, open_run, run_experiment

Invoke = Callable[..., Any]

AVERAGED = (
    "optimizer: {kind: gradient_descent, learning_rate: 1.0}, epochs: 3",
    "optimizer: {kind: exponential_average, decay: 0.99, optimizer: {kind: gradient_descent, learning_rate: 9.0}}, "
    "epochs: 3, metrics: [accuracy, rmse]",
)


MEASURED = ("test_count: 10", "test_count: 0, validation_count: 10")


def test_history_and_every_command_show_the_averaged_parameters(
    folder: Path, invoke: Invoke, write_spec: Callable[..., None]
) -> None:
    write_spec(AVERAGED, MEASURED)
    trained = invoke("train", "spec.yaml", "-o", "run")
    assert trained.exit_code == 0, trained.stderr
    assert "Validation part, averaged parameters: accuracy" in trained.stdout
    assert "bpframe.load('run').averaged().predict(x)" in trained.stdout
    raw = bp.load("run")
    average, last = raw.averaged(), raw.history.epochs[-1]
    data = read_spec("spec.yaml").data.load(folder)
    x, y = data.x_validation, data.y_validation
    bare = average.without_preparation()
    assert abs(bare.cost(x, y) - raw.without_preparation().cost(x, y)) > 1e-3, "the two differ"
    assert invoke("evaluate", "run").stdout.startswith("Validation part, averaged parameters: accuracy ")
    found = json.loads(invoke("evaluate", "run", "--json").stdout)
    assert found["cost"] == last.validation_cost == bare.cost(x, y)
    assert found["accuracy"] == last.validation_accuracy
    assert found["metrics"]["rmse"] == last.metrics["validation_rmse"]
    inputs = np.load("points.npz")["x"]
    np.save("inputs.npy", inputs)
    assert invoke("predict", "run", "inputs.npy", "-o", "found.npy").exit_code == 0
    np.testing.assert_array_equal(np.load("found.npy"), average.predict(inputs))
    for network in (open_run("run").network, network_at("run")):
        assert network.parameters.vector.tobytes() == average.parameters.vector.tobytes()
    experiment = run_experiment(read_spec("spec.yaml"), folder, progress=False)
    assert experiment.evaluate().as_dict() == {key: found[key] for key in ("examples", "cost", "accuracy", "metrics")}
    assert experiment.network.parameters.vector.tobytes() == raw.parameters.vector.tobytes(), "which goes on"


def test_other_runs_are_as_they_were_trained(folder: Path, invoke: Invoke) -> None:
    trained = invoke("train", "spec.yaml", "-o", "run")
    assert "Test part: " in trained.stdout
    assert "averaged" not in trained.stdout
    assert open_run("run").network.parameters.vector.tobytes() == bp.load("run").parameters.vector.tobytes()
