"""A history is shown as ten lines: the first, the last, the best, and others evenly between."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest

from bpframe import History
from bpframe.training.history import EpochRecord
from bpframe.training.html_tables import html_curves, html_rows, html_table


def history(count, **columns):
    records = [
        EpochRecord(epoch=k, cost=1 / k, seconds=0.1, **{name: value(k) for name, value in columns.items()})
        for k in range(1, count + 1)
    ]
    return History(epochs=records, steps=count)


def epochs(shown):
    return [int(line.replace("*", "").split()[0]) for line in str(shown).splitlines()[2:]]


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 12, 37, 1000, 9_999])
@pytest.mark.parametrize("best", [1, 2, 8, 500])
def test_first_last_and_best_are_among_at_most_ten_in_their_order(count, best):
    best = min(best, count)
    shown = history(count, validation_cost=lambda k: abs(k - best) + 1.0)
    found = epochs(shown)
    assert found == sorted(set(found))
    assert len(found) == min(count, 10) or (count > 10 and len(found) >= 9)
    assert {1, best, count} <= set(found)
    (marked,) = [line for line in str(shown).splitlines()[2:] if "*" in line]
    assert int(marked.replace("*", "").split()[0]) == best


def test_the_others_are_evenly_between():
    found = epochs(history(1001))
    steps = [after - before for before, after in pairwise(found)]
    assert max(steps) - min(steps) <= 2


def test_columns_are_those_that_there_are():
    plain = str(history(3)).splitlines()[1].split()
    assert plain == ["epoch", "cost", "seconds"]
    full = history(
        3, validation_cost=lambda k: 1.0, accuracy=lambda k: 0.5, metrics=lambda k: {"f1": 0.5, "roc": [1.0]}
    )
    assert re.split(r"  +", str(full).splitlines()[1].strip()) == [
        "epoch", "cost", "validation cost", "accuracy", "f1", "seconds"
    ]  # fmt: skip


def test_nan_is_never_best_and_an_empty_history_is_one_line():
    shown = history(5, validation_cost=lambda k: math.nan if k < 3 else 1.0 * k)
    assert "after epoch 3" in str(shown).splitlines()[0]
    assert str(History()) == "History(0 epochs, 0 steps, completed)"
    assert "<table>" in History()._repr_html_()
    assert "polyline" not in history(1)._repr_html_()
    assert "nan" not in re.findall(r'points="([^"]*)"', shown._repr_html_())[1]


def test_nothing_of_a_user_is_markup():
    told = history(3, metrics=lambda k: {"<script>alert(1)</script>": 0.5})
    told.stopped = "<img src=x onerror=alert(1)>\x1b[31m"
    html = told._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "\x1b" not in html
    assert "\x1b" not in str(told)
    for made in (html_table("<b>", ["<b>"], [["<b>"]]), html_rows([("<b>", "<b>")])):
        assert "<b>" not in made


def test_curves_are_small_however_long_they_are_and_logarithmic_over_decades():
    x = list(range(100_000))
    drawn = html_curves({"cost": (x, [math.exp(-k / 1e4) for k in x])}, "over epochs")
    assert len(drawn) < 8000
    assert "logarithmic" in drawn
    assert "4.54e-05 to 1" in drawn
    flat = html_curves({"cost": ([1, 2], [3.0, 3.0])}, "")
    assert "logarithmic" not in flat
    assert html_curves({"cost": ([1, 2], [math.inf, 3.0])}, "") == ""
