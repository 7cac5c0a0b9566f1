"""From a table in memory to prepared examples: what a data section does with a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
from pydantic import PrivateAttr

from bpframe.data.frame_table import FrameTable
from bpframe.data.frames import tabled
from bpframe.data.preparation import prepare
from bpframe.data.samples import Dataset
from bpframe.data.tabular import TableSpec
from bpframe.errors import SpecError, did_you_mean
from bpframe.machine.logs import logger_of

__all__ = ["from_table"]

_LOG = logger_of(__name__)


class _TableData(TableSpec):
    """A table in memory, and what is said of it."""

    _title = "from_table()"

    _table: Any = PrivateAttr(default=None)
    _test: Any = PrivateAttr(default=None)

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared examples of the table."""
        examples, notes = self.examples(self._table, self._table)
        test = None
        if self._test is not None:
            self._refuse_split_beside("test")
            test, more = self.examples(self._test, self._table)
            notes += more
        for note in notes:
            _LOG.info("%s", note)
        return prepare(self, examples, test, dtype, flatten=False, class_numbers=class_numbers).noting(notes)


def from_table(
    table: Any,
    targets: str | int | Sequence[str | int],
    *,
    test: Any = None,
    dtype: npt.DTypeLike = "float64",
    class_numbers: bool = False,
    **settings: Any,
) -> Dataset:
    """Return the examples of a table, prepared: a DataFrame of pandas or polars, a table of pyarrow, and their like.

    `targets` names the columns to predict; all others are inputs, unless `inputs` lists these. `settings` are the
    fields of a data section of kind `csv` that do not speak of a file: `categorical`, `missing`, `scaling`, `one_hot`
    (which is found out by itself where the only target column holds texts), `scale_targets`, `test_fraction`, `seed`
    and so on. `test` is a second table, which is held back. With `class_numbers` labels become the numbers of their
    classes, as some costs want them.

    Raises
    ------
    DataError
        A column is missing or there twice, a value is missing or is none, and whatever a data section refuses.
    SpecError
        A setting that does not exist, or that has no meaning.

    Examples
    --------
    `data = from_table(frame, "price", categorical=["city"], missing="mean", scaling="standard", test_fraction=0.2)`

    """
    names = [targets] if isinstance(targets, str | int) else list(targets)
    known = [name for name in _TableData.model_fields if name != "targets"]
    wrong = next((name for name in settings if name not in known), None)
    if wrong is not None:
        raise SpecError(
            f"from_table() has no argument {wrong!r}",
            expected=f"some of {', '.join(known)}",
            received=wrong,
            hint=did_you_mean(wrong, known),
        )
    given = _frame(table, "the table")
    if "one_hot" not in settings and len(names) == 1:
        settings = {**settings, "one_hot": given.holds_texts(given.columns(names)[0])}
    fields = _TableData(targets=tuple(names), **settings)
    fields._table, fields._test = given, None if test is None else _frame(test, "the test table")
    return fields.load(dtype=dtype, class_numbers=class_numbers)


def _frame(table: Any, what: str) -> FrameTable:
    return FrameTable(tabled(table), what)
