"""What every table states, whatever holds it: which columns are inputs and targets, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Any, Literal, Protocol, Self

import numpy as np
from pydantic import Field, PrivateAttr, StrictInt, StrictStr, model_validator

from bpframe.data.cells import MISSING
from bpframe.data.encoder import Encoder
from bpframe.data.encoding import CategoryForm, MissingPolicy
from bpframe.data.fitted import FittedPreparation
from bpframe.data.place import Array, Place
from bpframe.data.preparation import PreparationSpec
from bpframe.data.samples import Examples
from bpframe.errors import DataError

__all__ = ["NO_TEXT", "ColumnName", "Columns", "TableColumns", "TableSpec"]

#: What to try where a column of numbers holds text.
NO_TEXT = "`categorical` lists columns of categories; select `inputs` to leave a column of text out"

ColumnName = StrictStr | Annotated[StrictInt, Field(ge=0)]
Columns = Annotated[tuple[ColumnName, ...], Field(min_length=1)]


class TableColumns(Protocol):
    """A table by its columns: those of a CSV file, of a frame, of a Parquet file."""

    @property
    def source(self) -> str:
        """What messages call it."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of all columns, where they have some."""

    @property
    def width(self) -> int:
        """How many columns there are."""

    def name(self, column: int) -> str:
        """Return the name of a column, or its number as text."""

    def columns(self, selection: Sequence[str | int]) -> list[int]:
        """Return the numbers of selected columns. Errors: DataError."""

    def require_names(self, inputs: Sequence[int], targets: Sequence[int], chosen: Collection[str]) -> None:
        """Refuse names that do not say which column is meant. Errors: DataError."""

    def place(self, columns: Sequence[int]) -> Place:
        """Return where the rows of some columns stand."""

    def numbers(self, columns: Sequence[int], text_hint: str, gaps: Collection[str] | None = None) -> Array:
        """Return columns as numbers (N, k), with `gaps` NaN where a value is missing. Errors: DataError."""

    def texts(self, column: int, gaps: Collection[str] | None = None) -> Array:
        """Return a column as texts (N,), with `gaps` None where a value is missing. Errors: DataError."""


class TableSpec(PreparationSpec):
    """State which columns of a table are inputs and targets, and what becomes of categories and missing values."""

    inputs: Columns | None = Field(
        default=None, description="The input columns by name or 0-based index; by default all but targets and weights."
    )
    targets: Columns = Field(description="The target columns by name or 0-based index.")
    sample_weight: ColumnName | None = Field(
        default=None, description="The column of the examples' weights, which is then no input."
    )
    group: ColumnName | None = Field(
        default=None,
        description="The column that says which examples belong together, and stay in one part; it is no input.",
    )
    categorical: tuple[ColumnName, ...] | dict[ColumnName, CategoryForm] = Field(
        default=(),
        description="The input columns that hold categories, which become entries of 0 and 1 (one_hot); or a mapping "
        "from columns to one_hot or codes (0, 1, ... in the order of the sorted categories).",
    )
    unknown: Literal["refuse", "other"] = Field(
        default="refuse",
        description="What happens to a category that the data of the training did not have: refuse; or other, which is "
        "zeros, or the code after the last.",
    )
    missing: MissingPolicy = Field(
        default="refuse",
        description="What happens to missing inputs: refuse; drop (the row); mean (that of the training part, of "
        "categories the most frequent); indicator (the mean, and an entry that tells of it).",
    )

    _as_read: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _one_label_column(self) -> Self:
        if self.one_hot and len(self.targets) != 1:
            raise ValueError("one_hot: true takes one target column, the label")
        return self

    @property
    def encoder(self) -> Encoder | None:
        """What columns become; None where they are numbers without gaps, or are to stay as they are read."""
        if self._as_read or not self.mixed:
            return None
        return Encoder(dict(self._forms), self.missing, self.unknown == "other")

    @property
    def marks(self) -> Collection[str]:
        """The marks of missing values, in lower case."""
        return MISSING

    def raw(self, fitted: FittedPreparation) -> Self:
        """Return the source of the same examples as `fitted` takes them: unscaled, columns as they are read."""
        copy = super().raw(fitted)
        copy._as_read = True
        return copy

    @property
    def mixed(self) -> bool:
        """Whether some columns are more than numbers."""
        return bool(self.categorical) or self.missing in ("mean", "indicator")

    @property
    def _forms(self) -> dict[str, CategoryForm]:
        given = self.categorical
        forms = given if isinstance(given, dict) else dict.fromkeys(given, "one_hot")
        return {str(name): form for name, form in forms.items()}  # type: ignore[misc]

    def examples(self, table: TableColumns, like: TableColumns) -> tuple[Examples, tuple[str, ...]]:
        """Return the examples of a table, and what is to be told of it; `like` is that of the training.

        Inputs are numbers (N, k), or records (N,) with a field for each column where these are mixed.

        Raises DataError for an unknown column, a value that is not what it should be, and one that is missing.
        """
        inputs, targets, weights = self._selected(table, like)
        gaps = None if self.missing == "refuse" else self.marks
        dropped = gaps if self.missing == "drop" else None
        x = self._inputs(table, inputs, like, gaps)
        if not len(x):
            raise DataError(f"{table.source} is empty", expected="a row of data", received="none")
        if self.one_hot:
            y = table.texts(targets[0], dropped)
        else:
            y = table.numbers(targets, "one_hot: true for targets of text", dropped)
        w = table.numbers(weights, "a weight is a number", dropped) if weights else None
        belong = None
        if self.group is not None and table is like:
            belong = table.texts(like.columns([self.group])[0])
        places = [table.place(inputs), table.place(targets), table.place(weights) if weights else None]
        notes: tuple[str, ...] = ()
        if dropped is not None:
            whole = ~np.any([_gaps(each) for each in (x, y, w) if each is not None], axis=0)
            count = int(np.count_nonzero(~whole))
            if count == len(whole):
                raise DataError(
                    f"{table.source}: a value is missing in every row",
                    expected="whole rows",
                    received=f"{count} rows, of which none is whole",
                    hint="missing: mean; or select `inputs`, without the columns that are mostly empty",
                )
            rows = np.flatnonzero(whole)
            x, y, w = x[rows], y[rows], None if w is None else w[rows]
            belong = None if belong is None else belong[rows]
            places = [None if place is None else place.take(rows) for place in places]
            if count:
                notes = (f"{table.source}: {count:,} of {len(whole):,} rows have a missing value, and were dropped",)
        if self.one_hot and dropped is not None:
            y = y.astype(str)
        return Examples(x, y, places[0], places[1], w, places[2], belong), notes  # type: ignore[arg-type]

    def _inputs(
        self, table: TableColumns, inputs: list[int], like: TableColumns, gaps: Collection[str] | None
    ) -> Array:
        if not inputs:
            raise DataError(
                f"{table.source} is empty beside its targets", expected="a column of inputs", received="none"
            )
        if not self.mixed:
            return table.numbers(inputs, NO_TEXT, gaps)
        texts = {like.name(k) for k in like.columns(self._categorical(like))}
        names = [table.name(k) for k in inputs]
        if not texts <= set(names):
            raise DataError(
                f"{table.source}: a column of categories is no input",
                expected=f"some of {', '.join(names[:12])}",
                received=", ".join(sorted(texts - set(names))),
                hint="list it among the `inputs`" if self.inputs is not None else "targets are labels by one_hot: true",
            )
        numeric = [k for k, name in zip(inputs, names, strict=True) if name not in texts]
        numbers = table.numbers(numeric, NO_TEXT, gaps) if numeric else None
        columns = {}
        if numbers is not None:
            columns = {table.name(k): numbers[:, at] for at, k in enumerate(numeric)}
        kept = gaps if gaps is not None else frozenset()
        for k, name in zip(inputs, names, strict=True):
            if name in texts:
                columns[name] = table.texts(k, kept)
                _require_no_gap(columns[name], name, table.place([k]), gaps)
        fields = [(name, object if name in texts else np.float64) for name in names]
        records = np.empty(len(next(iter(columns.values()))), fields)
        for name in names:
            records[name] = columns[name]
        return records

    def _categorical(self, table: TableColumns) -> list[str | int]:
        """Return the columns of categories as they are selected. Errors: DataError (a number for a name)."""
        chosen: list[str | int] = list(self.categorical)
        if table.names is None:  # keys of a mapping are texts in JSON and TOML
            return [int(each) if isinstance(each, str) and each.isdecimal() else each for each in chosen]
        number = next((each for each in chosen if isinstance(each, int) and str(each) not in table.names), None)
        if number is not None and isinstance(self.categorical, dict):
            raise DataError(
                f"{table.source}: `categorical` names no column by {number}",
                expected="names, as the columns have some",
                received=str(number),
                hint=f"{table.name(table.columns([number])[0])!r} in its place",
            )
        return chosen

    def _selected(self, table: TableColumns, like: TableColumns) -> tuple[list[int], list[int], list[int]]:
        targets = like.columns(self.targets)
        weights = [] if self.sample_weight is None else like.columns([self.sample_weight])
        taken = {*targets, *weights, *([] if self.group is None else like.columns([self.group]))}
        inputs = [k for k in range(like.width) if k not in taken] if self.inputs is None else like.columns(self.inputs)
        if table is not like and table.names is not None and like.names is not None:
            # A second table may order its columns differently: names decide.
            targets = table.columns([like.names[k] for k in targets])
            inputs = table.columns([like.names[k] for k in inputs])
            weights = table.columns([like.names[k] for k in weights])
        else:
            table.columns([*inputs, *targets, *weights])
            given: Any = [*(self.inputs or ()), *self.targets, *self.categorical, self.sample_weight]
            table.require_names(inputs, [*targets, *weights], {each for each in given if isinstance(each, str)})
        if table.names is None and table.width != like.width:
            raise DataError(
                f"{table.source} has another number of columns than {like.source}",
                expected=str(like.width),
                received=str(table.width),
                hint="columns without names are known by their number alone",
            )
        return inputs, targets, weights


def _gaps(values: Array) -> Array:
    """Return in which rows of numbers (N, k), of texts (N,) or of records (N,) something is missing."""
    if values.dtype.names is not None:
        return np.asarray(np.any([_gaps(values[name]) for name in values.dtype.names], axis=0))
    if values.dtype == object:
        return np.fromiter((each is None for each in values), bool, len(values))
    return np.asarray(np.isnan(values).reshape(len(values), -1).any(axis=1))


def _require_no_gap(texts: Array, name: str, place: Place, gaps: Collection[str] | None) -> None:
    empty = [row for row, each in enumerate(texts) if each is None or (gaps is None and each.lower() in MISSING)]
    if gaps is None and empty:
        raise DataError(
            f"{place.source}, {place.row(empty[0])}, column {name!r}: the category is missing",
            expected="a category in every row",
            received="nothing" if texts[empty[0]] is None else repr(texts[empty[0]]),
            hint="fill it in, take the row out, or say `missing: mean`, indicator or drop",
        )
