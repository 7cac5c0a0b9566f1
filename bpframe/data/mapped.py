"""Arrays of NumPy's files that stay in their files: .npy, members of .npz that are not compressed, several as one."""

from __future__ import annotations

import mmap
import re
import struct
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, cast

import numpy as np

from bpframe.data.npz import DAMAGE, read_header, read_npz
from bpframe.data.paths import DAMAGED, find_file
from bpframe.data.place import Array
from bpframe.errors import DataError
from bpframe.machine.memory import available_memory, in_bytes, require_memory
from bpframe.machine.opening import opened
from bpframe.validation.indexed import Indexed, indexed

__all__ = ["files_of", "map_array", "read_arrays"]

#: So many times the bytes of inputs, in numbers of 64 bits, have to be free for reading and preparing them in memory.
COPIES = 4

#: The fixed part of what stands before a member in an archive: its size, and where the lengths of name and extra are.
_LOCAL, _LENGTHS = 30, 26


def map_array(
    path: str | Path | Sequence[str | Path], key: str | None = None, base: str | Path = "."
) -> Array | Indexed:
    """Return an array that stays in its file: training, costs and predictions read the examples that they need.

    `path` is an .npy file, or an .npz file with the array `key`; or several files, as a list or as a pattern such as
    `"part-*.npy"`, whose examples follow one another: files of a pattern in the order of their names, numbers in these
    by size. A compressed member of an .npz file is read into memory, where that has room.

    Errors: DataError (no such file or key, a damaged one, objects; arrays of different shapes or dtypes; a compressed
    member that memory has no room for).
    """
    files = files_of(Path(base), path)
    arrays = [_mapped(each, key) for each in files]
    first = arrays[0]
    for file, array in zip(files, arrays, strict=True):
        if not array.ndim:
            raise DataError(f"{file.name} holds a single number", expected="examples on axis 0")
        if array.shape[1:] != first.shape[1:] or array.dtype != first.dtype:
            raise DataError(
                f"{file.name} and {files[0].name} hold different examples",
                expected=f"{first.dtype} of shape (N, {', '.join(map(str, first.shape[1:]))})",
                received=f"{array.dtype} of shape {array.shape}",
            )
    return first if len(arrays) == 1 else _joined(arrays, files)


def files_of(base: Path, path: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the files of a path, of a pattern, or of a list of both, which start from `base`.

    Errors: DataError (one is missing, or a pattern has none).
    """
    if not isinstance(path, str | Path):
        found = [file for each in path for file in files_of(base, each)]
        if not found:
            raise DataError("there is no file in the list", expected="at least one")
        return found
    pattern = Path(path).expanduser()
    if not re.search(r"[*?\[]", pattern.name):
        return [find_file(base, path)]
    folder = (base / pattern).parent
    files = [each for each in folder.glob(pattern.name) if each.is_file()]
    if not files:
        raise DataError(f"no file in {folder.resolve()} is called {pattern.name}", expected="at least one")
    return sorted(files, key=lambda each: [int(part) if part.isdigit() else part for part in _PARTS.split(each.name)])


def read_arrays(files: Sequence[Path], keys: Sequence[str], large: Collection[str]) -> dict[str, Array]:
    """Return arrays of .npz files, whose examples follow one another: in memory.

    Those named in `large` stay in their files where memory has no room for them and what is computed from them.

    Errors: DataError.
    """
    found = {}
    for key in keys:
        if key in large or len(files) > 1:
            whole = map_array(files, key)
            size = 8 * whole.size
            if key in large and COPIES * size > available_memory():
                found[key] = cast(Array, indexed(whole, f"array {key!r}"))
                continue
            if len(files) > 1:
                require_memory(COPIES * size, f"array {key!r} of {len(files)} files", DataError)
                found[key] = whole[0 : len(whole)]
    rest = [key for key in keys if key not in found]
    return found | (read_npz(files[0], rest) if rest else {})


_PARTS = re.compile(r"(\d+)")


def _mapped_member(path: Path, key: str) -> Array | None:
    """Return an array of an .npz file that stays there; None where it is compressed. Errors: DataError."""
    try:
        with opened(path, DataError) as stream, zipfile.ZipFile(stream) as archive:
            names = {name.removesuffix(".npy"): name for name in archive.namelist()}
            if key not in names:
                read_npz(path, [key])  # which says so
            member, where = archive.getinfo(names[key]), f"{path.name}, array {key!r}"
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
                return None
            stream.seek(member.header_offset + _LENGTHS)
            name, extra = struct.unpack("<HH", stream.read(4))
            begin = member.header_offset + _LOCAL + name + extra
            stream.seek(begin)
            return _mapping(stream, begin, member.file_size, where)
    except DAMAGE as error:
        raise DataError(f"{path} cannot be read as an .npz file", received=str(error), hint=DAMAGED) from error


def _mapped(path: Path, key: str | None) -> Array:
    if path.name.lower().endswith(".npy"):
        if key is not None:
            raise DataError(f"{path.name} holds one array, which has no name", expected="no key", received=repr(key))
        with opened(path, DataError) as stream:
            return _mapping(stream, 0, path.stat().st_size, path.name)
    if not path.name.lower().endswith(".npz"):
        raise DataError(f"{path} is no file of arrays", expected="a name that ends in .npy or .npz")
    if key is None:
        raise DataError(f"{path.name} has arrays by name", expected='a name, such as map_array("data.npz", "x")')
    found = _mapped_member(path, key)
    if found is not None:
        return found
    with opened(path, DataError) as stream, zipfile.ZipFile(stream) as archive:
        size = next(each.file_size for each in archive.infolist() if each.filename.removesuffix(".npy") == key)
    if 2 * size > available_memory():
        raise DataError(
            f"{path.name}, array {key!r} is compressed, and does not fit into memory",
            expected="an array that can be read in place",
            received=in_bytes(size),
            hint="numpy.savez, which does not compress, or numpy.save: such files are read in place",
        )
    return read_npz(path, [key])[key]


def _mapping(stream: IO[bytes], begin: int, size: int, where: str) -> Array:
    """Return an array of a file, or of a part of it that begins there, as memory that the file is mapped into."""
    part = _Part(stream, begin)
    shape, fortran, dtype, at = read_header(part, size, where)  # type: ignore[arg-type]
    if not size - at:
        return np.empty(shape, dtype)
    memory = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    if begin + size > len(memory):
        raise DataError(f"{where} ends before its last number", hint=DAMAGED)
    flat = np.frombuffer(memory, dtype, (size - at) // dtype.itemsize, begin + at)
    return flat.reshape(shape, order="F" if fortran else "C")


class _Part:
    """A file from some place on."""

    def __init__(self, stream: IO[bytes], begin: int) -> None:
        stream.seek(begin)
        self.read = stream.read


def _joined(arrays: list[Array], files: list[Path]) -> Indexed:
    """Return the examples of several arrays, one after another."""
    ends = np.cumsum([len(each) for each in arrays])
    first = arrays[0]

    def read(rows: Array) -> Array:
        found = np.empty((len(rows), *first.shape[1:]), first.dtype)
        owner = np.searchsorted(ends, rows, side="right")
        for k in np.unique(owner):
            mine = owner == k
            found[mine] = arrays[k][rows[mine] - (ends[k - 1] if k else 0)]
        return found

    return Indexed(read, int(ends[-1]), first.shape[1:], first.dtype, f"{files[0].name} to {files[-1].name}")
