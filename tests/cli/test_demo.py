"""bpframe demo trains, checks itself, and shows the way on."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpframe.documents import read_spec

Invoke = Callable[..., Any]


def test_json_is_one_object_with_what_was_reached(invoke: Invoke) -> None:
    result = invoke("demo", "--json", "--epochs", 3, "--seed", 1)
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert 0.8 < told["test_accuracy"] <= 1
    assert 0 < told["cost"] < 0.2
    assert 0 < told["training_seconds"] <= told["seconds"]
    assert told["gradient_max_relative_error"] < 1e-10
    assert (told["epochs"], told["seed"], told["parameters"]) == (3, 1, 64 * 30 + 30 + 30 * 10 + 10)
    assert (told["dtype"], told["test_examples"]) == ("float32", 360)
    assert told["versions"]["numpy"] == np.__version__


def test_the_whole_demo_reaches_the_tutorials_accuracy(invoke: Invoke) -> None:
    assert json.loads(invoke("demo", "--json").stdout)["test_accuracy"] >= 0.97


def test_it_shows_the_network_the_result_the_check_and_what_is_next(invoke: Invoke) -> None:
    result = invoke("demo", "--epochs", 2)
    for said in ("BP1 to BP4", "dense_1", "weight times", "2,260 parameters", "accuracy 0.", "dense_2.b["):
        assert said in result.stdout
    assert float(re.search(r"Largest relative error of \d+ derivatives: (\S+)", result.stdout)[1]) < 1e-10
    assert "bpframe train digits.yaml" in result.stdout
    assert "epoch 2/2" in result.stderr


def test_its_file_is_a_spec_that_trains_the_same_network(folder: Path, invoke: Invoke) -> None:
    Path("digits.yaml").write_text(invoke("demo", "--spec").stdout)
    assert read_spec("digits.yaml").network.dtype == "float32"
    trained = json.loads(invoke("train", "digits.yaml", "-o", "run", "--epochs", 2, "--json").stdout)
    shown = json.loads(invoke("demo", "--epochs", 2, "--json").stdout)
    assert trained["test"]["cost"] == shown["cost"]
    assert json.loads(invoke("evaluate", "run", "--json").stdout)["cost"] == shown["cost"]


def test_a_figure_without_matplotlib_is_refused_before_training(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == "matplotlib"] + ["matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    result = invoke("demo", "lenet", "--figure", "a.svg")
    assert result.exit_code == 2
    assert "bpframe[plot]" in result.stderr
    assert "epoch" not in result.stderr
