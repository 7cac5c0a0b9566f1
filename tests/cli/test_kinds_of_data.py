"""A run that was trained on images, a text or a series measures and predicts from such files as it was trained."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpframe as bp
from bpframe.documents import read_spec
from bpframe.errors import SpecError
from bpframe.runs import run_experiment

Invoke = Callable[..., Any]

SPEC = """\
network:
  input_shape: {shape}
  layers: [{layers}]
  cost: {{kind: quadratic}}
training: {{optimizer: {{kind: gradient_descent, learning_rate: 0.1}}, epochs: 2, batch_size: 8, seed: 0}}
data: {data}
"""


def write(shape: str, layers: str, data: str) -> None:
    Path("spec.yaml").write_text(SPEC.format(shape=shape, layers=layers, data=data))


def predicted(invoke: Invoke, *words: object) -> list[dict[str, str]]:
    result = invoke("predict", *words)
    assert result.exit_code == 0, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_a_text(folder: Path, invoke: Invoke) -> None:
    Path("a.txt").write_text("abcd" * 40)
    write("[4]", "{kind: dense, units: 4}", "{kind: text, path: a.txt, length: 4, targets: last, test_fraction: 0.2}")
    assert invoke("train", "spec.yaml", "-o", "run").exit_code == 0
    Path("new.txt").write_text("bcdabcda")
    rows = predicted(invoke, "run", "new.txt")
    net = bp.load("run")
    expected = net.predict(["bcda", "bcda"])
    assert [[float(row[f"output {each}"]) for each in "abcd"] for row in rows] == expected.tolist()
    assert [row["class"] for row in rows] == ["abcd"[k] for k in expected.argmax(axis=1)]
    own = json.loads(invoke("evaluate", "run", "--json").stdout)
    assert own["part"] == "test"
    everything = json.loads(invoke("evaluate", "run", "--data", "a.txt", "--json").stdout)
    assert (everything["part"], everything["examples"]) == ("all", 39)
    assert net.cost(["abcd"] * 2, ["a", "a"]) == pytest.approx(net.cost(np.array([[0, 1, 2, 3]]), np.array([0])))
    Path("strange.txt").write_text("xyz abc")
    assert "is not in the vocabulary" in invoke("predict", "run", "strange.txt").stderr


def test_a_series(folder: Path, invoke: Invoke) -> None:
    series = np.sin(np.arange(60) / 3)
    Path("s.csv").write_text("t,v\n" + "\n".join(f"{k},{each}" for k, each in enumerate(series)))
    data = "{kind: series, path: s.csv, columns: [v], length: 6, flatten: true, test_fraction: 0.3, scaling: standard}"
    write("[6]", "{kind: dense, units: 1}", data)
    assert invoke("train", "spec.yaml", "-o", "run").exit_code == 0
    Path("new.csv").write_text("v,other\n" + "\n".join(f"{k / 10},0" for k in range(7)))
    rows = predicted(invoke, "run", "new.csv")
    windows = np.arange(7)[np.array([[0], [1]]) + np.arange(6)][..., None] / 10
    np.testing.assert_allclose(
        [[float(each) for each in row.values()] for row in rows], bp.load("run").predict(windows).reshape(2, -1)
    )
    assert json.loads(invoke("evaluate", "run", "--json").stdout)["examples"] == 12
    assert json.loads(invoke("evaluate", "run", "--data", "s.csv", "--json").stdout)["examples"] == 54


def test_images(folder: Path, invoke: Invoke) -> None:
    image = pytest.importorskip("PIL.Image")
    for name, low in (("dark", 0), ("light", 128)):
        (folder / "pictures" / name).mkdir(parents=True)
        for k in range(4):
            pixels = np.random.default_rng(k).integers(low, low + 128, (3, 3), np.uint8)
            image.fromarray(pixels).save(folder / "pictures" / name / f"{k}.png")
    data = "{kind: images, path: pictures, mode: grey, flatten: true}"
    write("[9]", "{kind: dense, units: 2}", data)
    assert invoke("train", "spec.yaml", "-o", "runs/a").exit_code == 0
    rows = predicted(invoke, "runs/a", "pictures/dark")
    pixels = np.stack([np.asarray(image.open(folder / "pictures/dark" / f"{k}.png")) for k in range(4)])
    expected = bp.load("runs/a").predict(pixels.reshape(4, 9))
    found = [[float(row["output dark"]), float(row["output light"])] for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    (one,) = predicted(invoke, "runs/a", "pictures/dark/2.png")
    assert one["file"] == "2.png"
    np.testing.assert_allclose(float(one["output dark"]), expected[2, 0], rtol=1e-12)
    assert json.loads(invoke("evaluate", "runs/a", "--data", "pictures", "--json").stdout)["examples"] == 8
    assert json.loads(invoke("evaluate", "runs/a", "--json").stdout)["part"] == "training"


def test_predictions_name_their_images_in_the_order_of_names_as_text(folder: Path, invoke: Invoke) -> None:
    image = pytest.importorskip("PIL.Image")
    names = [f"{k}.png" for k in range(12)]
    for part in ("a", "b"):
        (folder / "pictures" / part).mkdir(parents=True)
        for k, name in enumerate(names):
            image.fromarray(np.full((1, 1), 20 * k, np.uint8)).save(folder / "pictures" / part / name)
    write("[1]", "{kind: dense, units: 2}", "{kind: images, path: pictures, mode: grey, flatten: true}")
    assert invoke("train", "spec.yaml", "-o", "run").exit_code == 0
    rows = predicted(invoke, "run", "pictures/a")
    assert [row["file"] for row in rows] == sorted(names) != names
    net = bp.load("run")
    for row in rows:
        level = float(Path(row["file"]).stem) * 20
        np.testing.assert_allclose(float(row["output a"]), net.predict([[level]])[0, 0], rtol=1e-12)
    told = json.loads(invoke("predict", "run", "pictures/a", "--json").stdout)
    assert told["files"] == sorted(names)
    assert invoke("predict", "run", "pictures/a", "-o", "found.npz").exit_code == 0
    assert np.load("found.npz")["files"].tolist() == sorted(names)


@pytest.mark.parametrize(("kind", "shape", "units"), [("alice", "[32]", 67), ("waves", "[32]", 1)])
def test_what_is_shipped_needs_no_file(folder: Path, kind: str, shape: str, units: int) -> None:
    more = "targets: last" if kind == "alice" else "flatten: true"
    write(shape, f"{{kind: dense, units: {units}}}, {{kind: sigmoid}}", f"{{kind: {kind}, {more}}}")
    experiment = run_experiment(read_spec("spec.yaml"), folder, progress=False)
    assert experiment.part == "test"
    experiment.save("run")
    assert bp.load("run").preparation == experiment.dataset.preparation


def test_more_scores_than_tokens_are_refused_before_training(folder: Path) -> None:
    Path("text.txt").write_text("a rose is a rose " * 20)
    Path("spec.yaml").write_text(
        """\
network:
  input_shape: [4]
  layers: [{kind: embedding, size: 9, units: 3}, {kind: dense, units: 9}]
  cost: {kind: cross_entropy}
training: {optimizer: {kind: gradient_descent, learning_rate: 0.1}, epochs: 1}
data: {kind: text, path: text.txt, length: 4}
"""
    )
    with pytest.raises(SpecError, match=r"has 9 scores, and the data have 7 tokens[^|]*units: 7"):
        run_experiment(read_spec("spec.yaml"))
