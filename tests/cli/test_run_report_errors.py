"""The errors by layer on the page that a training leaves beside its weights."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from bpframe_reference import ErrorNorms

import bpframe as bp
from bpframe.documents import read_spec
from bpframe.extend import Callback
from bpframe.runs import prepare_experiment, write_report
from bpframe.runs.report.errors import error_chart, error_section
from tests.explanation.html.hostile_words import WORDS
from tests.explanation.html.reading import Parsed

Invoke = Callable[..., Any]


def lines_of(chart: str) -> list[list[tuple[float, float]]]:
    found = re.findall(r'<polyline points="([^"]*)"', chart)
    return [[(float(x), float(y)) for x, y in (each.split(",") for each in line.split())] for line in found]


def test_a_training_draws_a_line_for_each_layer_and_says_what_error_flow_says(folder: Path, invoke: Invoke) -> None:
    assert invoke("train", "spec.yaml", "-o", "run", "--epochs", "6").exit_code == 0
    page = Path("run/report.html").read_text("utf-8")
    run, experiment = bp.load("run"), prepare_experiment(read_spec(Path("spec.yaml")))
    assert run.history is not None
    x, y = experiment.measured_examples
    assert len(x) == 50  # of fifty in the training part, which are all
    flow = run.without_preparation().error_flow(x, y)
    text = "".join(Parsed(page).text)
    assert all(each[1:] in text for each in flow.says)
    assert all(cell in text for row in flow.table() for cell in row)
    kept = [record.error_norms for record in run.history.epochs if record.error_norms]
    norms = [[each[node] for each in kept] for node in ("sigmoid_2", "sigmoid_1")]
    assert all(f"{norm:.3g}" in text for norm in (*norms[0], *norms[1]))
    drawn = lines_of(page[page.index("Errors by layer") :])
    assert [len(line) for line in drawn] == [5, 5]  # after epochs 1, 2, 3, 5 and 6
    # On a logarithmic axis heights are a straight line of logarithms: the same one for both layers.
    heights = [y for line in drawn for _, y in line]
    points = list(zip([math.log10(norm) for line in norms for norm in line], heights, strict=True))
    (low, bottom), (high, top) = min(points), max(points)
    assert bottom > top
    for norm, height in points:
        assert height == pytest.approx(bottom + (norm - low) / (high - low) * (top - bottom), abs=0.2)


def test_the_norms_can_be_left_out_and_nothing_else_of_the_run_depends_on_them(folder: Path, invoke: Invoke) -> None:
    assert invoke("train", "spec.yaml", "-o", "with").exit_code == 0
    assert invoke("train", "spec.yaml", "-o", "without", "--no-error-norms").exit_code == 0
    last = "checkpoints/00000021"
    for name in (
        "spec.yaml",
        *(f"{last}/{each}" for each in ("spec.yaml", "weights.safetensors", "optimizer.safetensors")),
    ):
        assert Path("with", name).read_bytes() == Path("without", name).read_bytes()
    assert "Errors by layer" not in Path("without/report.html").read_text("utf-8")
    assert not any(record.error_norms for record in bp.load("without").history.epochs)  # type: ignore[union-attr]


def test_norms_that_a_spec_asks_for_itself_are_those_that_are_kept(folder: Path) -> None:
    experiment = prepare_experiment(read_spec(Path("spec.yaml")))
    own = ErrorNorms(x=experiment.dataset.x[:2], y=experiment.dataset.y[:2], every=3)
    object.__setattr__(experiment, "training", experiment.training.model_copy(update={"callbacks": (own,)}))
    history = experiment.train(progress=False)
    assert [bool(record.error_norms) for record in history.epochs] == [False, False, True]
    page = error_section(experiment)
    assert "measured after epochs at 2 given examples" in page
    flow = experiment.network.error_flow(own.x, own.y)
    text = "".join(Parsed(page).text)
    assert all(cell in text for row in flow.table() for cell in row)


def test_a_run_that_is_saved_while_it_trains_has_only_what_its_spec_asks_for(folder: Path) -> None:
    experiment = prepare_experiment(read_spec(Path("spec.yaml")))
    kept = []

    class Keeping(Callback):
        def after_epoch(self, network: bp.Network) -> None:
            kept.append(network.training)

    training = experiment.training.model_copy(update={"callbacks": (Keeping(),)})
    object.__setattr__(experiment, "training", training)
    history = experiment.train(progress=False)
    assert kept == [training] * 3
    assert all(record.error_norms for record in history.epochs)


def test_an_error_of_0_and_one_that_is_not_finite_break_the_line_and_are_told() -> None:
    last = [(1, 1.0), (2, 0.1), (3, 0.0), (4, 0.1), (5, 0.01)]
    found = error_chart({"layer 3": last, "layer 2": [(1, math.nan), (2, 0.5), (3, math.inf)]})
    assert [len(line) for line in lines_of(found)] == [2, 2]
    assert found.count('circle class="mark"') == 1
    assert found.count('path class="mark"') == 2
    assert found.count('class="dot"') == 1  # 0.5 has no neighbours that can be drawn
    assert "a ring below the axis is an error of 0, a cross above it one that is not finite" in found
    assert "from nan to inf" in found
    nothing = error_chart({"layer 2": [(1, 0.0)]})
    assert nothing.count('circle class="mark"') == 1
    assert lines_of(nothing) == []


def test_of_many_layers_some_are_drawn_which_is_said() -> None:
    norms = {f"layer {number}": [(1, 1.0), (2, 10.0**-number)] for number in range(40, 1, -1)}
    found = error_chart(norms)
    assert "8 of 39 are drawn" in found
    labels = re.findall(r'<text class="layer d\d" x="\d+" y="([\d.]+)">(layer \d+)<', found)
    assert len(labels) == 8
    assert (labels[0][1], labels[-1][1]) == ("layer 40", "layer 2")
    heights = sorted(float(y) for y, _ in labels)
    assert min(b - a for a, b in pairwise(heights)) >= 17.9
    assert heights[-1] <= 300


def test_what_cannot_be_followed_at_the_end_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = prepare_experiment(read_spec(Path("spec.yaml")))
    experiment.train(progress=False)

    def refuse(self: bp.Network, *data: Any) -> None:
        raise bp.errors.DataError("no <way> back")

    monkeypatch.setattr(bp.Network, "error_flow", refuse)
    found = error_section(experiment)
    assert "cannot be followed back: no &lt;way&gt; back" in found
    assert len(lines_of(found)) == 4  # every node by its name


def test_words_of_users_stay_words_beside_the_lines(folder: Path) -> None:
    plain = Parsed(error_chart({"x": [(1, 0.5), (2, 0.25)]}))
    for words in WORDS:
        hostile = Parsed(error_chart({words: [(1, 0.5), (2, 0.25)]}))
        assert (hostile.tags, hostile.wrong, hostile.scripts) == (plain.tags, [], []), words


def test_a_trained_page_without_a_measured_epoch_has_no_chart(folder: Path) -> None:
    experiment = prepare_experiment(read_spec(Path("spec.yaml")))
    experiment.train(progress=False, error_norms=False)
    saved = experiment.save("run")
    page = write_report(experiment, saved, experiment.evaluate(), 0.5).read_text("utf-8")
    assert "Errors by layer" not in page


def test_a_training_that_diverges_leaves_its_page_too(invoke: Invoke, write_spec: Callable[..., None]) -> None:
    hidden = "    - {kind: dense, units: 3}\n    - {kind: sigmoid}\n"
    write_spec(
        (f"{hidden}    - {{kind: dense, units: 2}}\n    - {{kind: sigmoid}}\n", "    - {kind: dense, units: 2}\n"),
        ("learning_rate: 1.0}, epochs: 3", "learning_rate: 4.0}, epochs: 100"),
    )
    found = invoke("train", "spec.yaml", "-o", "run")
    assert found.exit_code == 2
    assert "not finite" in found.stderr
    page = Path("run/report.html").read_text("utf-8")
    assert "The training met numbers that are not finite" in page
    assert "Where it is wrong" not in page
    run = bp.load("run")
    assert run.history is not None
    norms = [record.error_norms["dense_1"] for record in run.history.epochs if record.error_norms]
    assert len(norms) > 2
    assert norms[-1] > 1e20 * norms[0]  # which the chart shows
    assert f"to {norms[-1]:.3g}" in page
