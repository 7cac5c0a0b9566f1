"""Read arrays from NumPy's .npz and .npy files; nothing in a file is ever unpickled."""

from __future__ import annotations

import math
import os
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from bpframe.data.paths import DAMAGED, MOST_UNPACKED
from bpframe.data.place import Array
from bpframe.errors import DataError, did_you_mean
from bpframe.machine.memory import require_memory
from bpframe.machine.opening import opened

__all__ = ["DAMAGE", "read_header", "read_npy", "read_npz"]

#: Bytes that are unpacked at once.
_PIECE = 2**20

# Versions 1 and 2 hold every array without fields; version 3 exists for the field names of structured arrays.
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

#: What Python's reader of archives meets in a damaged one.
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, OverflowError)

#: The magic, and the longest header that NumPy takes from strangers.
_MOST_HEADER = 12 + 10_000


def read_npz(path: Path, keys: list[str] | None = None) -> dict[str, Array]:
    """Return the named arrays of an .npz file, or every array where no keys are given.

    Raises DataError for a missing key, a damaged or truncated file, and arrays of objects.
    """
    try:
        with opened(path, DataError) as file, zipfile.ZipFile(file) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            arrays = {}
            for key in members if keys is None else keys:
                if key not in members:
                    raise _missing_key(path, key, list(members))
                where, member = f"{path.name}, array {key!r}", archive.getinfo(members[key])
                _check_packing(member, where)
                with archive.open(member) as stream:
                    arrays[key] = _read_array(stream, member.file_size, where)
            return arrays
    except DAMAGE as error:
        raise DataError(
            f"{path} cannot be read as an .npz file",
            expected="a whole zip archive as numpy.savez writes it",
            received=f"{path.stat().st_size} bytes: {error}",
            hint=DAMAGED,
        ) from error


def read_npy(path: Path) -> Array:
    """Return the array of an .npy file. Raises DataError for a damaged or truncated file and for objects."""
    with opened(path, DataError) as stream:
        try:
            return _read_array(stream, os.fstat(stream.fileno()).st_size, path.name)
        except EOFError as error:
            raise DataError(f"{path} cannot be read", received=str(error), hint=DAMAGED) from error


def _check_packing(member: zipfile.ZipInfo, where: str) -> None:
    """Refuse what NumPy does not write: other ways of packing, whose readers take what memory a file says."""
    packed = member.compress_type == zipfile.ZIP_DEFLATED
    if not packed and member.compress_type != zipfile.ZIP_STORED:
        raise DataError(
            f"{where} is compressed in a way that is not read",
            expected="plain, or deflated as numpy.savez_compressed does",
            received=f"method {member.compress_type}",
            hint="load it with NumPy, and save it again",
        )
    most = member.compress_size * (MOST_UNPACKED if packed else 1)
    if member.file_size > most:
        raise DataError(
            f"{where} does not have the size that the archive states",
            expected=f"{member.file_size} bytes",
            received=f"at most {most} bytes, from {member.compress_size}",
            hint=DAMAGED,
        )


def _missing_key(path: Path, key: str, available: list[str]) -> DataError:
    return DataError(
        f"{path} has no array {key!r}",
        expected=f"one of {', '.join(sorted(available))}" if available else "an archive with arrays",
        received=repr(key),
        hint=did_you_mean(key, available) or "name one of these arrays in the spec",
    )


def read_header(stream: IO[bytes], size: int, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return the shape, whether it is in Fortran's order, the dtype, and where the numbers begin, of an array's file.

    Raises DataError for a damaged header, a file of another size than it states, and arrays of objects.
    """
    # The header's promise is held against the size before anything of that size is allocated.
    head = BytesIO(stream.read(_MOST_HEADER))
    try:
        version = npy.read_magic(head)
        if version not in _HEADERS:
            raise ValueError(f"format version {version} is not 1.0 or 2.0")
        shape, fortran_order, dtype = _HEADERS[version](head)
    # A damaged header comes up as whatever NumPy's parser of it meets.
    except (ValueError, TypeError, SyntaxError, TokenError, RecursionError, OverflowError, MemoryError) as error:
        raise DataError(f"{where} is not a NumPy array file", received=str(error)) from error
    if dtype.hasobject:
        raise DataError(
            f"{where} holds Python objects",
            expected="an array of numbers or fixed-length text; objects would run code when they are read",
            received=f"dtype {dtype}",
            hint="save it again after .astype(float), or .astype(str) for labels",
        )
    count = math.prod(shape)
    expected = head.tell() + count * dtype.itemsize
    if any(length < 0 for length in shape) or expected != size:
        raise DataError(
            f"{where} does not have the size that its header states",
            expected=f"{expected} bytes for shape {shape} of {dtype}",
            received=f"{size} bytes",
            hint=DAMAGED,
        )
    return shape, fortran_order, dtype, head.tell()


def _read_array(stream: IO[bytes], size: int, where: str) -> Array:
    shape, fortran_order, dtype, begin = read_header(stream, size, where)
    count = math.prod(shape)
    require_memory(size, where, DataError)
    stream.seek(begin)
    flat = np.empty(count, dtype)
    # Piece by piece: a stream that is unpacked would make all of it once more before it is given out.
    place, at = (flat.view(np.uint8).data if flat.nbytes else memoryview(b"")), 0
    while at < flat.nbytes and (piece := stream.read(min(_PIECE, flat.nbytes - at))):
        place[at : at + len(piece)] = piece
        at += len(piece)
    if at < flat.nbytes:
        raise EOFError(f"{where} ends after {at} of {flat.nbytes} bytes")
    return flat.reshape(shape, order="F" if fortran_order else "C")
