"""Arrays by name in a file of the format safetensors, read without trust: a header in JSON, then their bytes.

    8 bytes: length of the header | {"name": {"dtype": "F64", "shape": [3, 2], "data_offsets": [0, 48]}, ...} | bytes

Source: the format's description, https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
import math
import os
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bpframe.errors import CheckpointError
from bpframe.machine.memory import require_memory
from bpframe.machine.opening import opened
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["check_layout", "damaged", "read_arrays"]

#: The header of a network of tens of thousands of arrays; as values it takes twenty times as much.
MOST_HEADER = 2**23

_DTYPES = {f"F{8 * size}": f"<f{size}" for size in (2, 4, 8)} | {"BOOL": "|b1"}
_DTYPES |= {f"{kind.upper()}{8 * size}": f"<{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)}


def read_arrays(file: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Return a file's arrays by name, in their order in it, and the texts that its header tells.

    Nothing is allocated before its size was held against the file's and against the memory that is free.

    Errors: CheckpointError (the file is missing, damaged, or larger than memory).
    """
    with opened(file, CheckpointError) as stream:
        places, told = _layout(stream, file)
        require_memory(places[-1].end if places else 0, str(file), CheckpointError)
        return {each.name: _array(stream, each, file) for each in places}, told


def check_layout(file: Path) -> None:
    """Refuse a file whose size is not what its header tells, without reading further.

    Errors: CheckpointError.
    """
    with opened(file, CheckpointError) as stream:
        _layout(stream, file)


def damaged(file: Path, found: str) -> CheckpointError:
    """Return the error for a file of a run that cannot be read as what it should be."""
    return CheckpointError(f"{file} is damaged", received=found, hint="take another copy of the run")


class _Place(NamedTuple):
    """Where an array lies behind the header, and what it is."""

    begin: int
    end: int
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def _layout(stream: BufferedReader, file: Path) -> tuple[list[_Place], dict[str, str]]:
    """Return where the arrays lie, one behind the other up to the file's end, and the texts of the header."""
    size = os.fstat(stream.fileno()).st_size
    length = int.from_bytes(stream.read(8), "little")
    if size < 8 or length > min(size - 8, MOST_HEADER):
        raise damaged(file, f"{size} bytes, with a header of {length}")
    try:
        header = json.loads(stream.read(length).decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise damaged(file, f"a header that is none: {error}") from None
    if not isinstance(header, dict):
        raise damaged(file, f"a header that is a {type(header).__name__}")
    told = header.pop("__metadata__", {})
    if not isinstance(told, dict) or not all(isinstance(each, str) for each in told.values()):
        raise damaged(file, f"what its header tells is {shortened(told)}")
    places = sorted((_place(*each, file) for each in header.items()), key=lambda each: each[:2])
    at, left = 0, size - 8 - length
    for each in places:
        if each.begin != at or each.end - at != math.prod(each.shape) * each.dtype.itemsize or each.end > left:
            raise damaged(file, f"{shortened(each.name)} has the bytes {each.begin} to {each.end} of {left}")
        at = each.end
    if at != left:
        raise damaged(file, f"{left} bytes of arrays, where its header tells of {at}")
    return places, told


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _place(name: str, told: Any, file: Path) -> _Place:
    match told:
        case {"dtype": str(kind), "shape": [*shape], "data_offsets": [begin, end], **rest} if not rest and (
            kind in _DTYPES and all(type(each) is int and 0 <= each < 2**63 for each in (*shape, begin, end))
        ):
            return _Place(begin, end, name, np.dtype(_DTYPES[kind]), tuple(shape))
    raise damaged(file, f"{shortened(name)}: {shortened(told)} is no array")


def _array(stream: BufferedReader, place: _Place, file: Path) -> Array:
    try:
        array = np.empty(place.shape, place.dtype)
    except (ValueError, OverflowError) as error:  # more axes than an array can have
        raise damaged(file, f"{shortened(place.name)}: {error}") from None
    if stream.readinto(array.reshape(-1).view(np.uint8).data) != array.nbytes:
        raise damaged(file, f"{shortened(place.name)} ends before its end")
    return array.astype(place.dtype.newbyteorder("="), copy=False)
