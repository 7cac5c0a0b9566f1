"""What a notebook shows of a training, and what is left of it when the notebook is saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

SETUP = """
import logging
logging.getLogger("bpframe").setLevel(logging.NOTSET)  # a page before may have set it
import numpy as np
import bpframe as bp
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost
x = np.random.default_rng(0).normal(size=(40, 3))
y = x[:, :1]
net = bp.Network([Dense(units=1)], cost=QuadraticCost(), input_shape=(3,), seed=0)
"""


@pytest.fixture
def outputs(kernel: Any) -> Callable[..., list[list[Any]]]:
    """Runs cells in the kernel, and returns the outputs of each as the saved notebook has them."""
    import nbformat
    from nbclient import NotebookClient

    def executed(*cells: str) -> list[list[Any]]:
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(each) for each in ("%reset -f", SETUP, *cells)]
        client = NotebookClient(notebook, km=kernel, timeout=120)
        try:
            client.execute()
        finally:
            client.kc.stop_channels()
        saved = nbformat.reads(nbformat.writes(notebook), as_version=4)
        return [cell["outputs"] for cell in saved.cells[2:]]

    return executed


def test_progress_is_one_output_that_stays_in_the_saved_notebook(outputs: Callable[..., list[list[Any]]]) -> None:
    (shown,) = outputs("history = net.fit(x, y, optimizer=Adam(), epochs=25)")
    (only,) = shown
    assert only["output_type"] == "display_data"
    lines = only["data"]["text/plain"].splitlines()
    assert 10 <= len(lines) <= 12
    assert lines[0].startswith("epoch 1/25  cost ")
    assert lines[-1].startswith("epoch 25/25  cost ")
    assert "\u2501" not in only["data"]["text/plain"]


def test_a_training_that_fails_leaves_what_it_had_told(outputs: Callable[..., list[list[Any]]]) -> None:
    stop = "def stop(epoch):\n    if epoch == 3:\n        raise StopIteration('enough')\n"
    (shown,) = outputs(stop + "history = net.fit(x, y, optimizer=Adam(), epochs=1000, callbacks=[stop])")
    assert shown[0]["data"]["text/plain"].splitlines()[-1].startswith("epoch 3/1000  cost ")


def test_nothing_is_shown_where_that_is_asked_for(outputs: Callable[..., list[list[Any]]]) -> None:
    assert outputs("history = net.fit(x, y, optimizer=Adam(), epochs=3, progress=False)") == [[]]


@pytest.mark.parametrize("pyplot", ["", "import matplotlib.pyplot\n", "%matplotlib inline\n"])
def test_a_figure_is_shown_once(outputs: Callable[..., list[list[Any]]], pyplot: str) -> None:
    fit = "history = net.fit(x, y, optimizer=Adam(), epochs=3, progress=False)\n"
    first, second, third = outputs(
        pyplot + fit + "history.plot()",
        "history.plot()\nNone",
        "bp.fit_curve(lambda x, a=1, b=0: a * x + b, x[:, 0], y[:, 0] + x[:, 1]).plot()",
    )
    for shown in (first, third):
        (only,) = shown
        assert only["data"]["image/png"]
    assert second == []


def test_histories_summaries_and_fits_are_tables(outputs: Callable[..., list[list[Any]]]) -> None:
    fit = "net.fit(x, y, optimizer=Adam(), epochs=30, progress=False, validation_data=(x, y))"
    history, summary, curve, rates, measured = outputs(
        fit,
        "net.summary()",
        "bp.fit_curve(lambda x, a=1, b=0: a * x + b, x[:, 0], y[:, 0] + x[:, 1])",
        "net.range_test(x, y, optimizer=Adam())",
        "from bpframe.runs import evaluate\nevaluate(net, x, y)",
    )
    for shown in (history, summary, curve, rates, measured):
        (only,) = shown
        html = only["data"]["text/html"]
        assert "<table>" in html
        assert "<script" not in html
    assert history[0]["data"]["text/html"].count("<tr>") == 11
    assert history[0]["data"]["text/html"].count("<polyline") == 2
    assert re.fullmatch(r"History\(30 epochs, 120 steps, completed\)", history[0]["data"]["text/plain"])
