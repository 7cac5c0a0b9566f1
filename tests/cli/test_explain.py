"""bpframe explain shows what Python's explain returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import bpframe as bp
from bpframe.documents import read_spec
from bpframe.explanation import json_schema
from bpframe.runs import numbered_example, prepare_experiment

Invoke = Callable[..., Any]


def test_numbers_on_the_command_line_are_explained_as_in_python(folder: Path, invoke: Invoke) -> None:
    result = invoke("explain", "spec.yaml", "--input", "1,2", "--target", "0,1", "--neuron", "2:3")
    assert result.exit_code == 0, result.stderr
    network = bp.Network.from_spec(read_spec("spec.yaml").network)
    assert result.stdout == network.explain([1.0, 2.0], [0.0, 1.0], neuron="2:3").to_text()
    assert "(BP2-2)" in result.stdout


def test_an_example_of_the_data_has_its_number_in_specs_and_in_runs(folder: Path, invoke: Invoke) -> None:
    experiment = prepare_experiment(read_spec("spec.yaml"), folder)
    data = experiment.dataset
    assert data.x_test is not None
    assert data.y_test is not None
    network, x, y = numbered_example("spec.yaml", 5)
    assert np.array_equal(x, data.x[5:6])
    assert np.array_equal(y, data.y[5:6])
    found = json.loads(invoke("explain", "spec.yaml", "--example", 51, "--format", "json").stdout)
    jsonschema.validate(found, json_schema())
    assert found["value"] == network.cost(data.x_test[1:2], data.y_test[1:2])
    assert invoke("train", "spec.yaml", "--output", "run", "--quiet").exit_code == 0
    found = json.loads(invoke("explain", "run", "--example", 51, "--format", "json").stdout)
    assert np.allclose(found["nodes"][0]["value"], data.x_test[1], rtol=1e-12)
    trained = bp.load("run").without_preparation()
    assert found["value"] == pytest.approx(trained.cost(data.x_test[1:2], data.y_test[1:2]), rel=1e-12)


def test_a_run_takes_raw_inputs(folder: Path, invoke: Invoke) -> None:
    assert invoke("train", "spec.yaml", "--output", "run", "--quiet").exit_code == 0
    found = json.loads(invoke("explain", "run", "--input", "7,2", "--target", "1", "--format", "json").stdout)
    assert found["notes"]
    assert found["targets"] == {"sigmoid_2": [0.0, 1.0]}
    assert found["value"] == pytest.approx(bp.load("run").cost(np.array([[7.0, 2.0]]), np.array([1])))


def test_a_file_is_written_whole(folder: Path, invoke: Invoke) -> None:
    result = invoke("explain", "spec.yaml", "--example", 0, "--format", "latex", "-o", "one.tex", "--neuron", "3:1")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "one.tex" in result.stderr
    assert Path("one.tex").read_text(encoding="utf-8").endswith("\\end{document}\n")


def test_a_page_is_written(folder: Path, invoke: Invoke) -> None:
    words = ("--input", "1,2", "--target", "0,1", "--format", "html", "--output", "report.html")
    assert invoke("explain", "spec.yaml", *words).exit_code == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert page == bp.Network.from_spec(read_spec("spec.yaml").network).explain([1.0, 2.0], [0.0, 1.0]).to_html()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--example", "60"], "a number from 0 to 59"),
        (["--input", "1,2,3", "--target", "0,1"], "(N, 2)"),
        (["--input", "1,two", "--target", "0,1"], "holds no numbers"),
        (["--input", "1,2"], "needs a target"),
        (["--input", "z=1,2", "--target", "0,1"], "--input x=1,2"),
        (["--input", "1,2", "--target", "0,1", "--neuron", "9:1"], "2:1 to 2:3, 3:1 to 3:2"),
        (["--input", "1,2", "--example", "3"], "not both"),
        ([], "not both"),
    ],
)
def test_mistakes_are_named(folder: Path, invoke: Invoke, words: list[str], told: str) -> None:
    result = invoke("explain", "spec.yaml", *words)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_training_is_watched_and_nothing_is_saved(folder: Path, invoke: Invoke) -> None:
    result = invoke("explain", "spec.yaml", "--watch")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("before training, how errors flow back, over 32 examples")
    assert "after epoch 3, " in result.stdout
    assert not Path("runs").exists()
    assert invoke("explain", "spec.yaml", "--watch", "--example", 3).exit_code == 2
