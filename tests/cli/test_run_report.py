"""The page that a training leaves beside its weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpframe as bp
from bpframe.documents import parse_spec
from bpframe.runs import Experiment, prepare_experiment, write_report
from bpframe.runs.report.curves import charts
from bpframe.runs.report.outcome import confusion, outcome
from bpframe.training.history import EpochRecord, History
from tests.explanation.html.hostile_words import WORDS
from tests.explanation.html.reading import Parsed

Invoke = Callable[..., Any]


def trained(folder: Path, last: str, cost: str, targets: list[Any], **data: Any) -> Experiment:
    rng = np.random.default_rng(0)
    rows = [f"{a},{b},{y}" for (a, b), y in zip(rng.standard_normal((len(targets), 2)), targets, strict=True)]
    (folder / "data.csv").write_text("\n".join(["a,b,y", *rows]) + "\n", "utf-8")
    text = f"""
network:
  input_shape: [2]
  layers: [{{kind: dense, units: 4}}, {{kind: tanh}}, {last}]
  cost: {{kind: {cost}}}
training: {{optimizer: {{kind: adam, learning_rate: 0.01}}, epochs: 3, seed: 0}}
data: {{kind: csv, path: data.csv, targets: [y]{"".join(f", {name}: {value}" for name, value in data.items())}}}
"""
    experiment = prepare_experiment(parse_spec(text), folder)
    experiment.train(progress=False)
    return experiment


def test_training_leaves_a_page_with_curves_outcome_spec_and_versions(folder: Path, invoke: Invoke) -> None:
    assert invoke("train", "spec.yaml", "-o", "run").exit_code == 0
    page = Path("run/report.html").read_text("utf-8")
    parsed = Parsed(page)
    assert (parsed.wrong, parsed.open, parsed.scripts) == ([], [], [])
    assert not any(name in ("src", "href", "style") or name.startswith("on") for _, name, _ in parsed.attributes)
    text = "".join(parsed.text)
    assert Path("run/spec.yaml").read_text("utf-8").strip() in text
    run = bp.load("run")
    assert f"training {run.history.column('cost')[-1]:.4g}" in text
    assert np.__version__ in text
    points = re.search(r'class="curve training" points="([^"]*)"', page)
    assert points is not None
    heights = [float(each.split(",")[1]) for each in points[1].split()]
    costs = run.history.column("cost")
    assert len(heights) == len(costs)
    assert np.argsort(heights).tolist() == np.argsort(costs)[::-1].tolist()  # a smaller cost is lower, at a larger y
    assert invoke("evaluate", "run").exit_code == 0  # the page does not stand in the way of the run


def test_classes_that_are_confused_are_counted(tmp_path: Path) -> None:
    right, said = np.array([0, 0, 1, 2, 2, -1]), np.array([0, 1, 1, 2, 0, 2])
    assert confusion(right, said, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
    names = ["<b>", "two", "three"]
    experiment = trained(
        tmp_path, "{kind: dense, units: 3}", "cross_entropy", [names[i % 3] for i in range(30)], one_hot="true"
    )
    found = outcome(experiment)
    assert "&lt;b&gt;" in found
    cells = [int(each) for each in re.findall(r'<td class="(?:right|wrong) s\d">(\d+)</td>', found)]
    network, data = experiment.network, experiment.dataset
    said = network.predict(data.x, raw=False).argmax(axis=1)
    right = data.y if data.y.ndim == 1 else data.y.argmax(axis=1)
    expected = [int(np.sum((right == i) & (said == j))) for i in range(3) for j in range(3)]
    assert cells == expected
    assert sum(cells) == 30


def test_a_yes_or_no_has_a_table_of_two(tmp_path: Path) -> None:
    experiment = trained(
        tmp_path, "{kind: dense, units: 1}", "binary_cross_entropy", ["no", "yes"] * 10, one_hot="true"
    )
    found = outcome(experiment)
    cells = [int(each) for each in re.findall(r'<td class="(?:right|wrong) s\d">(\d+)</td>', found)]
    said = experiment.network.predict(experiment.dataset.x, raw=False)[:, 0] > 0
    right = experiment.dataset.y.reshape(-1) > 0.5
    assert cells == [int(np.sum((right == i) & (said == j))) for i in (False, True) for j in (False, True)]
    assert "yes" in found


def test_numbers_have_residuals(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "{kind: dense, units: 1}", "quadratic", [*np.linspace(-1, 1, 25)])
    found = outcome(experiment)
    off = experiment.dataset.y - experiment.network.predict(experiment.dataset.x, raw=False)
    assert f"root mean square {np.sqrt(np.mean(off**2)):.4g}" in found
    assert found.count("<circle") == 25


def test_epochs_that_are_not_finite_are_left_out_of_a_curve() -> None:
    records = [EpochRecord(epoch=i, cost=cost, seconds=0.1) for i, cost in enumerate((1.0, np.inf, np.nan, 0.5), 1)]
    found = charts(History(epochs=records))
    assert found.count("polyline") == 1
    assert len(re.findall(r"\d+\.\d,\d+\.\d", found)) == 2
    assert charts(History()) == ""


def test_a_metric_on_the_test_part_alone_and_a_figure_are_called_what_they_are() -> None:
    record = EpochRecord(epoch=1, cost=1, seconds=0, metrics={"validation_mae": 0.25}, figures={"learning_rate": 0.5})
    found = charts(History(epochs=[record]))
    assert '<b>mae</b> <span class="key validation">validation 0.25</span>' in found
    assert '<b>learning rate</b> <span class="key value">value 0.5</span>' in found


def test_words_of_users_stay_words_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = trained(
        tmp_path, "{kind: dense, units: 3}", "cross_entropy", [f"class {i % 3}" for i in range(9)], one_hot="true"
    )
    folder = experiment.save(tmp_path / "run")
    history, preparation = experiment.history, experiment.dataset.preparation
    assert history is not None

    def page(words: str) -> Parsed:
        (folder / "spec.yaml").write_bytes(words.encode("utf-8", "replace"))
        history.epochs[-1].metrics.clear()
        history.epochs[-1].metrics[words] = 1.0
        monkeypatch.setattr(type(preparation), "class_labels", (words, "b", "c"))
        return Parsed(write_report(experiment, folder, experiment.evaluate(), 1.5).read_text("utf-8"))

    plain = page("x")
    for words in WORDS:
        hostile = page(words)
        assert (hostile.tags, hostile.wrong, hostile.scripts) == (plain.tags, [], []), words
