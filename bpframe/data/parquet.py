"""Read inputs and targets from the columns of Parquet, Arrow and Feather files, through pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal, Self

import numpy.typing as npt
from pydantic import Field, model_validator

from bpframe.data.frame_table import FrameTable
from bpframe.data.paths import DAMAGED, find_file
from bpframe.data.place import Place
from bpframe.data.preparation import prepare
from bpframe.data.samples import Dataset
from bpframe.data.tabular import TableSpec
from bpframe.errors import DataError, MissingExtra
from bpframe.machine.memory import require_memory
from bpframe.machine.opening import opened

__all__ = ["ParquetData", "is_parquet", "read_parquet"]

_ENDINGS = (".parquet", ".arrow", ".feather", ".ipc")


class ParquetData(TableSpec):
    """Take inputs and targets from the columns of a Parquet, Arrow or Feather file.

    Test data come from a second file or from a split. It needs pyarrow, the extra `parquet`.
    """

    path_fields: ClassVar[tuple[str, ...]] = ("path", "test_path")

    _title: ClassVar[str] = "data of kind 'parquet'"

    kind: Literal["parquet"] = Field(default="parquet", description="Columns of a Parquet, Arrow or Feather file.")
    path: str = Field(description="The file, relative to the folder of the spec.")
    test_path: str | None = Field(default=None, description="A file of the same columns with the test data.")

    @model_validator(mode="after")
    def _one_source_of_tests(self) -> Self:
        if self.test_path is not None:
            self._refuse_split_beside("test_path")
        return self

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared data; `base` is the folder that the paths start from.

        Raises DataError for a missing or damaged file, an unknown column, a value that is none, and everything
        `prepare` refuses; MissingExtra without pyarrow.
        """
        with ExitStack() as files:
            table = files.enter_context(_table(find_file(base, self.path)))
            examples, notes = self.examples(table, table)
            test = None
            if self.test_path is not None:
                test, more = self.examples(files.enter_context(_table(find_file(base, self.test_path))), table)
                notes += more
        prepared = prepare(self, examples, test, dtype, flatten=False, class_numbers=class_numbers)
        return prepared.noting(notes)

    def of_file(self, path: Path) -> ParquetData | None:
        """Return the examples of another such file with the same columns, or None for another kind of file."""
        if not is_parquet(path):
            return None
        return self.whole(path=str(path), test_path=None)


def is_parquet(path: Path) -> bool:
    """Return whether a file is named as a Parquet, Arrow or Feather file is."""
    return path.name.lower().endswith(_ENDINGS)


def read_parquet(path: Path, names: Sequence[str] | None) -> tuple[Any, Place]:
    """Return the named columns of a file, or all, as a table of pyarrow, and their place.

    Raises DataError for a damaged file, and a column that is missing or there twice; MissingExtra without pyarrow.
    """
    with _table(path) as table:
        selected = table.columns(list(range(table.width)) if names is None else list(names))
        table.require_names(selected, (), set(names or ()))
        chosen = [table.name(k) for k in selected]
        return import_module("pyarrow").table({name: table.value[name] for name in chosen}), table.place(selected)


class _Columns:
    """The columns of a file, each read when it is asked for."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        parquet = stream.read(4) == b"PAR1"
        stream.seek(0)
        if parquet:
            file = import_module("pyarrow.parquet").ParquetFile(stream)
            self.column_names = list(file.schema_arrow.names)
            self._rows = int(file.metadata.num_rows)
            self._read: Callable[[str], Any] = lambda name: file.read(columns=[name])
        else:
            table = import_module("pyarrow.feather").read_table(stream, memory_map=False)
            self.column_names, self._rows = list(table.column_names), int(table.num_rows)
            self._read = lambda name: table.select([name])

    def __getitem__(self, name: str) -> Any:
        require_memory(16 * self._rows, f"{self._path}, column {name!r}", DataError)
        return self._read(name).column(0)


@contextmanager
def _table(path: Path) -> Iterator[FrameTable]:
    """Yield the columns of a file as a table, while it is open."""
    try:
        import_module("pyarrow")
    except ImportError as error:
        raise MissingExtra("reading Parquet files needs pyarrow", hint='pip install "bpframe[parquet]"') from error
    with opened(path, DataError) as stream:
        try:
            columns = _Columns(path, stream)
        except Exception as error:  # whatever pyarrow meets in damaged bytes
            raise DataError(
                f"{path} cannot be read",
                expected="a whole Parquet, Arrow or Feather file",
                received=str(error)[:200],
                hint=DAMAGED,
            ) from error
        if not columns.column_names:
            raise DataError(f"{path} has no columns", expected="columns of inputs and of targets")
        yield FrameTable(columns, path.name)
