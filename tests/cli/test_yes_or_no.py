"""Two classes and one output: from the labels of a table to their prediction, on the command line and in Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpframe as bp
from bpframe.data import CsvData
from bpframe.documents import read_spec
from bpframe.errors import SpecError
from bpframe.runs import open_run, run_experiment

Invoke = Callable[..., Any]

SPEC = """\
network:
  input_shape: [2]
  layers: [{kind: dense, units: 1}LAYER]
  cost: COST
training: {optimizer: {kind: adam, learning_rate: 0.1}, epochs: 4, metrics: [METRIC]}
data: {kind: csv, path: t.csv, inputs: [a, b], targets: [TARGET], ONE_HOTscaling: standard, test_fraction: 0.25}
"""

#: (last layer, cost, above which number the output says yes)
COSTS = [
    ("", "{kind: binary_cross_entropy}", 0.0),
    ("", "{kind: hinge, targets: binary}", 0.0),
    (", {kind: sigmoid}", "{kind: probability_cross_entropy, targets: binary}", 0.5),
    (", {kind: sigmoid}", "{kind: quadratic}", 0.5),
]


def write(folder: Path, layer: str, cost: str, target: str, metric: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Write spec.yaml and a table whose column `t` says yes and no, `n` 1 and 0, and `three` three words."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    yes = x[:, 0] + 0.3 * rng.normal(size=80) > 0.4
    rows = [f"{a:.4f},{b:.4f},{'yes' if y else 'no'},{int(y)},{'uvw'[k % 3]}" for k, (a, b, y) in
            enumerate(zip(*x.T, yes, strict=True))]  # fmt: skip
    (folder / "t.csv").write_text("\n".join(["a,b,t,n,three", *rows]) + "\n")
    one_hot = "" if target == "n" else "one_hot: true, "
    text = SPEC.replace("LAYER", layer).replace("COST", cost).replace("TARGET", target).replace("METRIC", metric)
    (folder / "spec.yaml").write_text(text.replace("ONE_HOT", one_hot))
    return np.array([[float(each) for each in row.split(",")[:2]] for row in rows]), yes


@pytest.mark.parametrize(("layer", "cost", "threshold"), COSTS, ids=lambda each: str(each)[:30])
@pytest.mark.parametrize("target", ["t", "n"])
def test_one_output_predicts_two_classes(
    folder: Path, invoke: Invoke, layer: str, cost: str, threshold: float, target: str
) -> None:
    x, yes = write(folder, layer, cost, target)
    trained = invoke("train", "spec.yaml", "-o", "run")
    assert trained.exit_code == 0, trained.stderr
    net = bp.load("run")
    said = net.predict(x)[:, 0] > threshold
    assert 0.8 < np.mean(said == yes) < 1
    labels = np.where(yes, "yes", "no") if target == "t" else yes.astype(int)
    assert net.accuracy(x, labels) == np.mean(said == yes)
    declared = "quadratic" not in cost
    lines = invoke("predict", "run", "t.csv").stdout.splitlines()
    if target == "t" or declared:
        words = ("yes", "no") if target == "t" else ("1", "0")
        assert lines[0].startswith("class,")
        assert [line.split(",")[0] for line in lines[1:]] == [words[0] if each else words[1] for each in said]
        found = json.loads(invoke("predict", "run", "t.csv", "--json").stdout)
        assert found["classes"] == (["no", "yes"] if target == "t" else [0, 1])
    else:
        assert not lines[0].startswith("class,"), "measured numbers may lie between 0 and 1 too"
    measured = json.loads(invoke("evaluate", "run", "--data", "t.csv", "--json").stdout)
    assert measured["accuracy"] == (np.mean(said == yes) if declared else None)
    experiment = run_experiment(read_spec("spec.yaml"), folder, progress=False)
    assert experiment.evaluate() == open_run("run").evaluate()[0]


def test_metrics_and_weights_are_of_the_same_classes(folder: Path, invoke: Invoke) -> None:
    x, yes = write(folder, *COSTS[0][:2], "t", "accuracy, f1, roc_auc, log_loss")
    assert invoke("train", "spec.yaml", "-o", "run").exit_code == 0
    found, net = json.loads(invoke("evaluate", "run", "--data", "t.csv", "--json").stdout), bp.load("run")
    scores = net.predict(x)[:, 0]
    assert found["metrics"]["f1"] == pytest.approx(2 * (yes & (scores > 0)).sum() / (yes.sum() + (scores > 0).sum()))
    assert found["metrics"]["log_loss"] == pytest.approx(found["cost"], rel=1e-12)
    areas = (scores[yes][:, None] > scores[~yes]).mean()
    assert found["metrics"]["roc_auc"] == pytest.approx(areas, rel=1e-12)
    weight = np.random.default_rng(1).uniform(0, 2, 80)
    expected = pytest.approx(np.average((scores > 0) == yes, weights=weight), rel=1e-12)
    labels = np.where(yes, "yes", "no")
    assert net.accuracy(x, labels, sample_weight=weight) == net.accuracy(x, labels, sample_weight=weight[:, None])
    assert net.accuracy(x, labels, sample_weight=weight) == expected


def test_other_than_two_classes_for_one_output_are_refused(folder: Path) -> None:
    write(folder, *COSTS[0][:2], "three")
    with pytest.raises(SpecError, match="the network has one output, and the data have 3 classes") as caught:
        run_experiment(read_spec("spec.yaml"), folder, progress=False)
    assert "units: 3 and the cost cross_entropy" in str(caught.value.hint)


def test_the_preparation_names_the_classes_of_one_output(folder: Path) -> None:
    write(folder, *COSTS[0][:2], "t")
    fitted = CsvData(path="t.csv", inputs=("a", "b"), targets=("t",), one_hot=True).load(folder).preparation
    above = fitted.model_copy(update={"threshold": 0.25})
    assert above.labels([[0.3], [0.25], [-1.0]]) == ["yes", "no", "no"]
    np.testing.assert_array_equal(above.apply_targets(["no", "yes"]), [[0.0], [1.0]])
