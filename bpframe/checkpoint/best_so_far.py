"""The best epoch of a training so far."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from bpframe.training.history import EpochRecord, History

__all__ = ["BestSoFar"]


class BestSoFar:
    """The best value of a column of the history, None of no column; an epoch takes no longer the later it comes."""

    def __init__(self, column: str | None, records: Iterable[EpochRecord]) -> None:
        self._column = column
        self._value = math.nan
        self._known: Iterable[EpochRecord] = tuple(records)

    def takes(self, record: EpochRecord, history: History) -> bool:
        """Whether an epoch's value is better than those of all before it; `history` says which side is."""
        if self._column is None:
            return False
        known, self._known = self._known, ()
        for each in known:
            self._take(each, history)
        return self._take(record, history)

    def _take(self, record: EpochRecord, history: History) -> bool:
        found: list[Any] = History.model_construct(epochs=[record]).column(str(self._column))
        value = found[0] if found else math.nan
        if math.isnan(value):
            return False
        larger = history.larger_is_better(str(self._column))
        better = math.isnan(self._value) or (value > self._value if larger else value < self._value)
        if better:
            self._value = value
        return better
