"""Telling whether examples are those of before: names, shapes, dtypes and a checksum of the numbers."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import numpy as np

from bpframe.training.batches import Samples
from bpframe.validation.indexed import Indexed, is_mapped
from bpframe.validation.plain_arrays import Array

__all__ = ["Fingerprint", "checksum", "fingerprint_of"]

#: What stands for an array's numbers: its dtype, its shape and a checksum.
Print = tuple[str, tuple[int, ...], int]

#: What examples look like, by "input NAME" and "target NAME".
Fingerprint = Mapping[str, Print]

#: How many bytes are copied at once, of an array whose memory does not lie in order.
PORTION = 1 << 20

#: How many examples are looked at, evenly spread, of an array that is not in memory: of others it is all of them.
LOOKED_AT = 64


def fingerprint_of(samples: Samples) -> dict[str, Print]:
    """Return what tells these examples from others: of arrays in memory all numbers count."""
    return {
        f"{what} {name}": (array.dtype.str, array.shape, checksum(array))
        for what, part in zip(("input", "target"), samples, strict=True)
        for name, array in part.items()
    }


def checksum(array: Array) -> int:
    """Return the CRC-32 of an array's numbers in order; of a file that is mapped into memory, of some examples."""
    if is_mapped(array) or isinstance(array, Indexed):
        array = array[np.unique(np.linspace(0, len(array) - 1, LOOKED_AT).astype(np.intp))] if len(array) else array
    whole = array.flags.c_contiguous
    found, rows = 0, len(array) if whole else max(1, PORTION // max(1, math.prod(array.shape[1:]) * array.itemsize))
    for start in range(0, len(array), rows or 1):
        part = np.ascontiguousarray(array[start : start + rows])
        found = zlib.crc32(part.reshape(-1).view(np.uint8).data, found) if part.size else found
    return found
