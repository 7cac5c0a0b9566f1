"""Predictions leave in every form, with probabilities where outputs say some, and inputs come from standard input."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import bpframe as bp
from bpframe.cli.app import app
from bpframe.runs import open_run

Invoke = Callable[..., Any]

SPEC = """\
network: {input_shape: [2], layers: [LAYERS], cost: {kind: COST}}
training: {optimizer: {kind: gradient_descent, learning_rate: 0.3}, epochs: 3, batch_size: 8}
data: {kind: csv, path: d.csv, targets: [kind], one_hot: true}
"""
DENSE = "{kind: dense, units: 2}"

KINDS = [
    (DENSE, "cross_entropy"),
    (DENSE + ", {kind: softmax}", "probability_cross_entropy"),
    ("{kind: dense, units: 1}", "binary_cross_entropy"),
    ("{kind: dense, units: 1}, {kind: sigmoid}", "quadratic"),
]


@pytest.fixture
def run(folder: Path, invoke: Invoke) -> Callable[..., Path]:
    def trained(layers: str = DENSE, cost: str = "cross_entropy") -> Path:
        x = np.random.default_rng(0).normal(size=(40, 2))
        rows = [f"{a!r},{b!r},{'up' if a > b else 'down'}" for a, b in x.tolist()]
        Path("d.csv").write_text("a,b,kind\n" + "\n".join(rows) + "\n")
        Path("s.yaml").write_text(SPEC.replace("LAYERS", layers).replace("COST", cost))
        done = invoke("train", "s.yaml", "--output", "run")
        assert done.exit_code == 0, done.stderr
        return Path("run")

    return trained


@pytest.fixture
def given(folder: Path) -> Invoke:
    """Run a command in this process, with bytes in its standard input."""
    return lambda content, *words: CliRunner().invoke(app, [str(word) for word in words], input=content)


@pytest.mark.parametrize(("layers", "cost"), KINDS)
def test_probabilities_of_classes_are_those_of_scipy(
    run: Callable[..., Path], invoke: Invoke, layers: str, cost: str
) -> None:
    from scipy.special import expit, softmax

    folder = run(layers, cost)
    x = np.loadtxt("d.csv", delimiter=",", skiprows=1, usecols=(0, 1))
    outputs = bp.load(folder).predict(x)
    yes = outputs if cost == "quadratic" else expit(outputs)
    expected = {
        "cross_entropy": softmax(outputs, axis=1),
        "probability_cross_entropy": outputs,
        "binary_cross_entropy": np.hstack([1 - yes, yes]),
        "quadratic": np.hstack([1 - yes, yes]),
    }[cost]
    rows = list(csv.DictReader(io.StringIO(invoke("predict", "run", "d.csv").stdout)))
    found = np.array([[float(row["probability down"]), float(row["probability up"])] for row in rows])
    assert np.allclose(found, expected, rtol=1e-12)
    names = np.array(["down", "up"])
    assert [row["class"] for row in rows] == names[expected.argmax(axis=1)].tolist()
    assert [name for name in rows[0] if not name.startswith(("class", "probability"))]
    lines = [json.loads(line) for line in invoke("predict", "run", "d.csv", "--format", "jsonl").stdout.splitlines()]
    assert [line["class"] for line in lines] == [row["class"] for row in rows]
    assert np.array_equal([list(line["probabilities"].values()) for line in lines], found)
    assert list(lines[0]["probabilities"]) == ["down", "up"]
    assert np.array_equal(np.array([line["outputs"] for line in lines]).reshape(outputs.shape), outputs)


def test_every_form_holds_the_same(run: Callable[..., Path], invoke: Invoke) -> None:
    run()
    found = open_run("run").predict("d.csv")
    for name in ("p.csv", "p.jsonl", "p.npz", "p.npy"):
        assert invoke("predict", "run", "d.csv", "-o", name).exit_code == 0
    with np.load("p.npz") as arrays:
        assert np.array_equal(arrays["probabilities"], found.probabilities)
        assert arrays["labels"].tolist() == found.labels
        assert arrays["classes"].tolist() == ["down", "up"]
    printed = invoke("predict", "run", "d.csv", "--output", "-").stdout
    assert printed == Path("p.csv").read_text() == invoke("predict", "run", "d.csv").stdout
    assert invoke("predict", "run", "d.csv", "-o", "-", "--format", "jsonl").stdout == Path("p.jsonl").read_text()
    assert invoke("predict", "run", "d.csv", "-o", "odd", "--format", "csv").exit_code == 0
    assert Path("odd").read_text() == printed
    assert json.loads(invoke("predict", "run", "d.csv", "--json").stdout)["probabilities"]


def test_arrays_leave_by_standard_output(run: Callable[..., Path], given: Invoke) -> None:
    run()
    done = given(None, "predict", "run", "d.csv", "--format", "npy")
    assert np.array_equal(np.load(io.BytesIO(done.stdout_bytes)), open_run("run").predict("d.csv").outputs["dense_1"])


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
@pytest.mark.parametrize("form", ["csv", "gz", "npy", "npz"])
def test_inputs_come_from_standard_input(run: Callable[..., Path], given: Invoke, name: str, form: str) -> None:
    import gzip

    run()
    x, text = np.loadtxt("d.csv", delimiter=",", skiprows=1, usecols=(0, 1)), Path("d.csv").read_bytes()
    packed = io.BytesIO()
    {"npy": np.save, "npz": np.savez}.get(form, lambda *_: None)(packed, x)
    content = {"csv": text, "gz": gzip.compress(text)}.get(form, packed.getvalue())
    done = given(content, "predict", "run", name)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == given(None, "predict", "run", "d.csv").stdout
    if form == "csv":
        measured = given(content, "evaluate", "run", "--data", name, "--json")
        assert json.loads(measured.stdout)["examples"] == 40


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "standard input is empty"), (b"a,b\n1,x\n", "standard input, line 2, column 'b': 'x'")],
)
def test_mistakes_in_standard_input_are_told_of_it(
    run: Callable[..., Path], given: Invoke, content: bytes, said: str
) -> None:
    run()
    done = given(content, "predict", "run", "-")
    assert done.exit_code == 2
    assert said in done.stderr


def test_what_a_reader_found_out_is_told(folder: Path, invoke: Invoke) -> None:
    Path("d.csv").write_text("a;b;kind\n1;2;up\n;3;down\n4;5;up\n0;1;down\n")
    spec = SPEC.replace("LAYERS", DENSE).replace("COST", "cross_entropy")
    Path("s.yaml").write_text(spec.replace("one_hot: true", "one_hot: true, missing: drop"))
    done = invoke("train", "s.yaml", "--output", "run")
    assert "d.csv: the cells are separated by ';'" in done.stderr
    assert "d.csv: 1 of 4 rows have a missing value, and were dropped" in done.stderr
