"""Read a file that holds inputs alone, for prediction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bpframe.data.cells import PLAIN
from bpframe.data.csv import CsvData, is_csv, read_csv_inputs, read_csv_records
from bpframe.data.fitted import FittedPreparation
from bpframe.data.frames import by_name
from bpframe.data.idx import read_idx
from bpframe.data.image_files import SUFFIXES, is_image, read_images
from bpframe.data.images import ImagesData, images_of
from bpframe.data.npz import read_npy, read_npz
from bpframe.data.npz_data import NpzData
from bpframe.data.parquet import is_parquet, read_parquet
from bpframe.data.paths import find_file
from bpframe.data.place import Array, Place
from bpframe.data.series import SeriesData, SeriesWindows
from bpframe.data.source import Source
from bpframe.data.text import TextWindows, text_bytes
from bpframe.errors import DataError

__all__ = ["names_of_images", "read_inputs"]

_IDX = re.compile(r"(\.idx|[.-]idx\d+-u?byte)(\.gz)?$")


def read_inputs(
    path: str | Path,
    *,
    base: Path | None = None,
    source: Source | None = None,
    preparation: FittedPreparation | None = None,
    columns: Sequence[str | int] | None = None,
) -> tuple[Array, Place]:
    """Return the raw inputs (N, *features) of a file, and their place for errors of the preparation that follows.

    The end of the name decides: .npz, .npy, .csv, .tsv, .idx, -idx3-ubyte (also with .gz), .parquet, .arrow, .feather.
    `source` is the data section that the network was trained with: its key, or its delimiter and header, are used for
    files of its kind; in another network's CSV file a first row of numbers is data. The columns of a table with names
    are chosen by those in `columns`, else in `preparation.feature_names`, so that other columns may stay.
    A network that was trained on images takes an image, or a folder of them, sorted by name; one that was trained on a
    text or a series takes windows of a .txt file, or of a series, that are cut as those in training were.
    `base` is the folder that the path starts from, by default the current one.

    Raises DataError for another kind of file, and where the file cannot be read.
    """
    if isinstance(source, ImagesData) and (folder := (base or Path()) / Path(path).expanduser()).is_dir():
        return read_images(images_of(folder), source.size, source.mode), Place(folder.name, "image")
    found = find_file(base or Path(), path)
    name = found.name.lower()
    if isinstance(source, SeriesWindows):
        return _from_series(found, source)
    if isinstance(source, ImagesData) and is_image(found):
        return read_images([found], source.size, source.mode), Place(found.name, "image")
    vocabulary = None if preparation is None else preparation.vocabulary
    if isinstance(source, TextWindows) and vocabulary is not None and name.endswith(".txt"):
        return source.inputs(text_bytes(found), vocabulary, found.name), Place(found.name, "window")
    if name.endswith(".npz"):
        return _from_npz(found, source)
    if name.endswith(".npy"):
        return read_npy(found), Place(found.name)
    if is_csv(found):
        if preparation is not None and preparation.encoding is not None:
            return read_csv_records(found, preparation.encoding, source if isinstance(source, CsvData) else None)
        return _from_csv(found, source, columns or (None if preparation is None else preparation.feature_names))
    if is_parquet(found):
        names = columns or (None if preparation is None else preparation.feature_names)
        table, place = read_parquet(found, None if names is None else [str(each) for each in names])
        encoded = preparation is not None and preparation.encoding is not None
        return (table if encoded else by_name(table, table.column_names, place.source)), place
    if _IDX.search(name):
        return read_idx(found), Place(found.name)
    raise DataError(
        f"{found} is no kind of file that inputs are read from",
        expected="a name that ends in .npz, .npy, .csv, .tsv, .idx or -idx3-ubyte (the last four also with .gz), "
        f".parquet, .arrow or .feather; of a network that was trained on such, .txt or {', '.join(SUFFIXES)}",
        received=repr(found.name),
        hint="numpy.save writes any array as .npy",
    )


def names_of_images(path: Path, source: Source | None) -> tuple[str, ...] | None:
    """Return the names of the images that `read_inputs` takes from a path, in their order, None of anything else."""
    place = path.expanduser()
    if not isinstance(source, ImagesData) or not (place.is_dir() or is_image(place)):
        return None
    return tuple(each.name for each in images_of(place)) if place.is_dir() else (place.name,)


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
    header, delimiter, columns, form = None, None, None, PLAIN
    if isinstance(source, CsvData):
        header, delimiter, columns, form = source.header, source.delimiter, source.inputs, source.form
    if header is not False and names is not None:
        columns = names
    return read_csv_inputs(path, columns=columns, delimiter=delimiter, header=header, form=form)


def _from_series(path: Path, source: SeriesWindows) -> tuple[Array, Place]:
    if isinstance(source, SeriesData):
        steps, place = source.steps(path)
    elif is_csv(path):
        steps, place = read_csv_inputs(path, header=None)
    else:
        steps, place = read_inputs(path)
    return source.inputs(steps.reshape(-1, 1) if steps.ndim == 1 else steps, place), Place(f"{place.source}, windows")
