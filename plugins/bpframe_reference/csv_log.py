"""A row of a CSV file for every epoch."""

from __future__ import annotations

import csv
import io
from typing import Any, ClassVar

from bpframe.extend import Callback, DataError, Field, History
from bpframe_reference.log_file import append, begin, rewrite

__all__ = ["CsvLog"]


class CsvLog(Callback):
    """Append a row to a CSV file for every epoch: its costs, metrics, figures and seconds that are single numbers.

    A training that is resumed goes on where its rows end: those of epochs that came after its checkpoint are taken out
    first. Another training appends its rows to what is there, under the same columns. Paths start from the working
    directory.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("csv_logger",)

    path: str = Field(description="The file, which ends with .csv.", pattern=r"\.csv$")

    def before_training(self, history: History, state: dict[str, Any]) -> None:
        """Open the file, and bring it to where the training is."""
        header = begin(self.kind, self.path, state)
        if state["start"] and "columns" not in state:
            state["columns"] = self._columns(header)
        self._write(history, state)

    def after_epoch(self, history: History, state: dict[str, Any]) -> None:
        """Append the epoch."""
        numbers = _numbers(history.epochs[-1])
        if set(numbers) <= set(state.get("columns", ())):
            append(self.kind, self.path, _row(numbers.get(name) for name in state["columns"]))
        else:
            self._write(history, state)

    def _columns(self, header: str) -> list[str]:
        first = next(csv.reader([header]), [])
        if first[:2] != ["epoch", "cost"]:
            raise DataError(
                f"csv_log: {self.path} is there, and no log of a training",
                expected="a first line that begins with epoch,cost",
                received=",".join(first)[:60],
                hint="another path, or take the file away",
            )
        return first

    def _write(self, history: History, state: dict[str, Any]) -> None:
        rows = [_numbers(record) for record in history.epochs]
        columns = list(dict.fromkeys([*state.get("columns", ()), *(name for row in rows for name in row)]))
        if state["start"] and columns != state["columns"]:
            raise DataError(
                f"csv_log: {self.path} has rows of a training with other columns",
                expected=", ".join(state["columns"]),
                received=", ".join(columns),
                hint="another path, or json_lines_log, whose lines may differ",
            )
        header = [_row(columns)] if rows and not state["start"] else []
        rewrite(self.kind, self.path, state, header + [_row(row.get(name) for name in columns) for row in rows])
        if rows:
            state["columns"] = columns


def _numbers(record: Any) -> dict[str, float]:
    """Return the single numbers of a record by the names of their columns."""
    named = {"epoch": record.epoch, "cost": record.cost}
    named |= {name: getattr(record, name) for name in ("validation_cost", "accuracy", "validation_accuracy", "penalty")}
    named |= {**record.metrics, **record.figures, "seconds": record.seconds}
    return {name: value for name, value in named.items() if isinstance(value, int | float)}


def _row(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if each is None else each for each in cells])
    return text.getvalue()
