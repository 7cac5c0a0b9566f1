"""Read a file that holds inputs alone, for prediction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bpframe.data.csv import CsvData, read_csv_inputs
from bpframe.data.digits import DigitsData
from bpframe.data.fitted import FittedPreparation
from bpframe.data.idx import IdxData, read_idx
from bpframe.data.npz import NpzData, read_npy, read_npz
from bpframe.data.paths import find_file
from bpframe.data.place import Array, Place
from bpframe.errors import DataError

__all__ = ["read_inputs"]

_IDX = re.compile(r"(\.idx|[.-]idx\d+-u?byte)(\.gz)?$")


def read_inputs(
    path: str | Path,
    *,
    base: Path | None = None,
    source: DigitsData | NpzData | CsvData | IdxData | None = None,
    preparation: FittedPreparation | None = None,
    columns: Sequence[str | int] | None = None,
) -> tuple[Array, Place]:
    """Return the raw inputs (N, *features) of a file, and their place for errors of the preparation that follows.

    The end of the name decides: .npz, .npy, .csv, .tsv, .idx, -idx3-ubyte (also with .gz). `source` is the data section
    that the network was trained with: its key or its delimiter and header are used for files of its kind; in
    another network's CSV file a first row of numbers is data. The
    columns of a CSV file with a header are chosen by the names in `columns`, else in `preparation.feature_names`, so
    that other columns may stay.
    `base` is the folder that the path starts from, by default the current one.

    Raises DataError for another kind of file, and where the file cannot be read.
    """
    found = find_file(base or Path(), path)
    name = found.name.lower()
    if name.endswith(".npz"):
        return _from_npz(found, source)
    if name.endswith(".npy"):
        return read_npy(found), Place(found.name)
    if name.endswith((".csv", ".tsv")):
        return _from_csv(found, source, columns or (None if preparation is None else preparation.feature_names))
    if _IDX.search(name):
        return read_idx(found), Place(found.name)
    raise DataError(
        f"{found} is no kind of file that inputs are read from",
        expected="a name that ends in .npz, .npy, .csv, .tsv, .idx or -idx3-ubyte (the last two also with .gz)",
        received=repr(found.name),
        hint="numpy.save writes any array as .npy",
    )


def _from_npz(path: Path, source: object) -> tuple[Array, Place]:
    if isinstance(source, NpzData):
        key = source.inputs
    else:
        arrays = read_npz(path)
        if len(arrays) == 1:
            ((key, array),) = arrays.items()
            return array, Place(f"{path.name}, array {key!r}")
        key = "x"
    return read_npz(path, [key])[key], Place(f"{path.name}, array {key!r}")


def _from_csv(path: Path, source: object, names: Sequence[str | int] | None) -> tuple[Array, Place]:
    header: bool | None
    columns: Sequence[str | int] | None
    header, delimiter, columns = None, "\t" if path.name.lower().endswith(".tsv") else ",", None
    if isinstance(source, CsvData):
        header, delimiter, columns = source.header, source.delimiter, source.inputs
    if header is not False and names is not None:
        columns = names
    return read_csv_inputs(path, columns=columns, delimiter=delimiter, header=header)
