"""Which epoch is the best so far is told from the epochs before it, without a look at all of them each time."""

from __future__ import annotations

import math

import pytest

from bpframe.checkpoint.best_so_far import BestSoFar
from bpframe.training.history import EpochRecord, History

VALUES = [math.nan, 3.0, 3.0, 2.0, math.nan, 2.5, -math.inf, 1.0, math.inf]


@pytest.mark.parametrize("known", range(len(VALUES)))
@pytest.mark.parametrize("sign", [1, -1])
def test_an_epoch_is_the_best_where_it_is_better_than_all_before(known: int, sign: int) -> None:
    column = "validation_cost" if sign > 0 else "validation_gain"
    history = History(directions={"validation_gain": True})
    records = [
        EpochRecord(epoch=1, cost=0.0, seconds=0.0, validation_cost=each, metrics={"validation_gain": -each})
        for each in VALUES
    ]
    best = BestSoFar(column, records[:known])
    found = [best.takes(each, history) for each in records[known:]]
    finite = [math.inf if math.isnan(each) else each for each in VALUES]
    wanted = [place == 1 or (place > 1 and finite[place] < min(finite[:place])) for place in range(known, len(VALUES))]
    assert found == wanted


def test_no_epoch_is_the_best_of_no_column() -> None:
    assert not BestSoFar(None, ()).takes(EpochRecord(epoch=1, cost=0.0, seconds=0.0), History())
