"""The page of a run in a real browser: what is drawn is seen in both schemes, on a telephone and on paper."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bpframe.documents import parse_spec
from bpframe.runs import prepare_experiment, write_report

SPEC = """
network:
  input_shape: [4]
  layers: [{kind: dense, units: 6}, {kind: sigmoid}, {kind: dense, units: 6}, {kind: sigmoid}, {kind: dense, units: 2}]
  cost: {kind: quadratic}
training: {optimizer: {kind: gradient_descent, learning_rate: 0.5}, epochs: 12, seed: 0}
data: {kind: npz, path: points.npz}
"""


@pytest.fixture(scope="module")
def run_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    np.savez(folder / "points.npz", x=rng.standard_normal((90, 4)), y=rng.random((90, 2)))
    experiment = prepare_experiment(parse_spec(SPEC), folder)
    experiment.train(progress=False)
    return write_report(experiment, experiment.save(folder / "run"), experiment.evaluate(), 0.1).as_uri()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_errors_by_layer_are_seen_and_fit(
    open_page: Callable[..., Any], run_page: str, width: int, scheme: str
) -> None:
    page = open_page(run_page, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    chart = page.get_by_role("img", name="Error norms over the epochs 1 to 12")
    told = chart.get_attribute("aria-label")
    assert [each.split(" from ")[0] for each in told.partition(": ")[2].split("; ")] == [
        "layer 4",
        "layer 3",
        "layer 2",
    ]
    lines = chart.locator("polyline").all()
    strokes = {each.evaluate("each => getComputedStyle(each).stroke") for each in lines}
    assert len(strokes) == 3
    frame = chart.bounding_box()
    labels = [each.bounding_box() for each in chart.locator("text.layer").all()]
    assert all(box["x"] + box["width"] <= frame["x"] + frame["width"] + 1 for box in labels)
    tops = sorted(box["y"] for box in labels)
    assert all(lower - upper > 9 for upper, lower in pairwise(tops))
    page.locator(".errors summary").focus()
    page.keyboard.press("Enter")
    table = page.locator(".errors details table")
    assert table.locator("thead th").all_inner_texts() == ["after epoch", "1", "2", "3", "5", "7", "10", "12"]
    assert table.locator("tbody tr").count() == 3


def test_on_paper_the_numbers_are_open(open_page: Callable[..., Any], run_page: str) -> None:
    page = open_page(run_page)
    page.emulate_media(media="print")
    assert page.locator(".errors details td").first.bounding_box()["height"] > 0
    assert not page.locator(".errors summary").is_visible()
