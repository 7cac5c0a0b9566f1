"""Where the files of data were, and what they were: a run that was moved finds them again, or asks for them."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import TypeVar

from bpframe.data.source import FileRecord, Source
from bpframe.errors import DataError
from bpframe.machine.memory import in_bytes
from bpframe.machine.opening import opened

__all__ = ["located", "recorded"]

Kind = TypeVar("Kind", bound=Source)

#: Of a larger file so many bytes are looked at, at its beginning and at its end.
LOOKED_AT = 1 << 24


def recorded(source: Kind, base: Path) -> Kind:
    """Return the same data with where each file lies now, and what it is; `base` is where paths start from.

    Of folders and patterns the place alone is kept.
    """
    files = {
        name: _record((base / Path(path).expanduser()).absolute())
        for name in source.path_fields
        if isinstance(path := getattr(source, name), str)
    }
    return source.model_copy(update={"files": files}) if files else source


def located(source: Kind, base: Path, given: str | os.PathLike[str] | None = None) -> Kind:
    """Return the same data where their files are found: `given`, relative to `base`, or where they were at first.

    Errors: DataError (no file is there, or only others than that of the training).
    """
    changed: dict[str, str] = {}
    for name, record in (source.files or {}).items():
        path = getattr(source, name)
        if not isinstance(path, str):
            continue
        places = [(base / Path(path).expanduser()).absolute(), Path(record.place)]
        if given is not None:
            asked = Path(given).expanduser().absolute()
            first = Path(record.place)
            in_folder = asked.is_dir() and (record.size is not None or _is_pattern(asked / first.name))
            places = [asked / first.name if in_folder else asked]
        there = [place for place in places if place.exists() or _is_pattern(place)]
        same = next((place for place in there if record.size is None or _is_the_same(place, record)), None)
        if same is None:
            raise _missing(name, record, places, there)
        if same != places[0] or given is not None:
            changed[name] = str(same)
    return source.model_copy(update=changed) if changed else source


def _is_pattern(place: Path) -> bool:
    """Return whether it is a pattern that some file fits."""
    return bool(place.name) and any(place.parent.glob(place.name))


def _record(path: Path) -> FileRecord:
    try:
        if not path.is_file():
            return FileRecord(place=str(path))
        return FileRecord(place=str(path), size=path.stat().st_size, checksum=_checksum(path))
    except (OSError, DataError):  # a file that was there a moment ago
        return FileRecord(place=str(path))


def _is_the_same(path: Path, record: FileRecord) -> bool:
    return path.is_file() and path.stat().st_size == record.size and _checksum(path) == record.checksum


def _checksum(path: Path) -> int:
    """Return the CRC-32 of a file, of a large one of its beginning and its end."""
    with opened(path, DataError) as stream:
        size = os.fstat(stream.fileno()).st_size
        found = zlib.crc32(stream.read(LOOKED_AT))
        if size > LOOKED_AT:
            stream.seek(max(LOOKED_AT, size - LOOKED_AT))
            found = zlib.crc32(stream.read(LOOKED_AT), found)
    return found


def _missing(name: str, record: FileRecord, places: list[Path], there: list[Path]) -> DataError:
    file = Path(record.place).name
    if not there:
        return DataError(
            f"the data of the run are not found: {file} ({name})",
            expected=" or ".join(map(str, dict.fromkeys(places))),
            received="no file there",
            hint="bring the file to one of these places, or say where it is: --data PATH",
        )
    found = there[0]
    checksum = f", checksum {_checksum(found):08x}" if found.is_file() else ""
    return DataError(
        f"{found} is another file than that which the network was trained on",
        expected=f"{in_bytes(record.size or 0)}, checksum {record.checksum or 0:08x}",
        received=f"{in_bytes(found.stat().st_size)}{checksum}",
        hint=f"the file as it was; bpframe evaluate RUN --data {file} measures on other data",
    )
