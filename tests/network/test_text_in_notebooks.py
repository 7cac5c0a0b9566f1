"""Tables are text that is printed, in a notebook too, where rich would show them beside what is printed."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.reports.tables import printed, table_of


def test_tables_are_in_the_text_where_rich_finds_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    net = bp.Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=0)
    table = table_of(["name", "value"], [("a", "1")])
    elsewhere = str(net.summary()), printed(table)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert (str(net.summary()), printed(table)) == elsewhere
    assert "dense_1" in elsewhere[0]
    assert "a" in elsewhere[1]


def test_a_training_says_in_a_line_what_it_was() -> None:
    net = bp.Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=0)
    descent = GradientDescent(learning_rate=0.1)
    history = net.fit(np.ones((4, 3)), np.ones((4, 2)), optimizer=descent, epochs=3, batch_size=2, progress=False)
    assert repr(history) == "History(3 epochs, 6 steps, completed)"
