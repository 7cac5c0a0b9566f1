"""Read IDX files, the format of the MNIST family, plain or compressed with gzip.

    0 0 type axes | axes x (length: 4 bytes) | numbers, big-endian, last axis fastest

Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, section "file formats".
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import IO, ClassVar, Literal, Self, cast

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from bpframe.data.paths import DAMAGED, MOST_UNPACKED, find_file
from bpframe.data.place import Array, Place
from bpframe.data.preparation import PreparationSpec, prepare
from bpframe.data.samples import Dataset, Examples
from bpframe.errors import DataError
from bpframe.machine.memory import require_memory
from bpframe.machine.opening import opened

__all__ = ["IdxData", "read_idx"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
_CHUNK = 2**20


class IdxData(PreparationSpec):
    """Take inputs and targets from IDX files, and test data from two more or from a split."""

    path_fields: ClassVar[tuple[str, ...]] = ("inputs", "targets", "test_inputs", "test_targets")

    _title: ClassVar[str] = "data of kind 'idx'"

    kind: Literal["idx"] = Field(default="idx", description="IDX files, the format of the MNIST family.")
    inputs: str = Field(description="The file of the inputs, relative to the folder of the spec; .gz or plain.")
    targets: str = Field(description="The file of the targets.")
    test_inputs: str | None = Field(default=None, description="The file of the test inputs, where there is one.")
    test_targets: str | None = Field(default=None, description="The file of the test targets, where there is one.")
    flatten: bool = Field(
        default=True,
        description="Whether images become vectors, as dense layers want them; otherwise (N, 28, 28) stays.",
    )

    @model_validator(mode="after")
    def _both_test_files(self) -> Self:
        self._require_both(self.test_inputs, self.test_targets)
        return self

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared data; `base` is the folder that the paths start from.

        Raises DataError for a missing, damaged or truncated file and everything `prepare` refuses.
        """
        test = None
        if self.test_inputs is not None and self.test_targets is not None:
            test = _examples(base, self.test_inputs, self.test_targets)
        return prepare(
            self,
            _examples(base, self.inputs, self.targets),
            test,
            dtype,
            flatten=self.flatten,
            class_numbers=class_numbers,
        )


def _examples(base: Path, inputs: str, targets: str) -> Examples:
    x, y = find_file(base, inputs), find_file(base, targets)
    return Examples(read_idx(x), read_idx(y), Place(x.name), Place(y.name))


def read_idx(path: Path) -> Array:
    """Return the array of an IDX file, in the machine's byte order.

    Whether the file is compressed is read from its content, not from its name. Raises DataError for another format, an
    unknown type, and a file that is shorter or longer than its header states.
    """
    try:
        with opened(path, DataError) as plain:
            size, compressed = os.fstat(plain.fileno()).st_size, plain.read(2) == _GZIP
            plain.seek(0)
            if compressed:
                with gzip.GzipFile(fileobj=plain) as unpacked:
                    return _read(cast(IO[bytes], unpacked), path, MOST_UNPACKED * size)
            return _read(plain, path, size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read",
            expected="a whole IDX file, plain or compressed with gzip",
            received=str(error),
            hint=DAMAGED,
        ) from error


def _read(stream: IO[bytes], path: Path, possible: int) -> Array:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise DataError(
            f"{path} is not an IDX file",
            expected="the bytes 00 00, a type of 08 09 0b 0c 0d 0e, and at least one axis",
            received=magic.hex(" ") or "an empty file",
        )
    dtype, axes = np.dtype(_TYPES[magic[2]]), magic[3]
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise _wrong_size(path, f"{4 + 4 * axes} bytes of header for {axes} axes", f"{4 + len(lengths)} bytes")
    shape = struct.unpack(f">{axes}I", lengths)
    size = math.prod(shape) * dtype.itemsize
    head = 4 + 4 * axes
    if head + size > possible:
        most = "at most " if isinstance(stream, gzip.GzipFile) else ""
        raise _wrong_size(path, f"{head + size} bytes for shape {shape} of {dtype.name}", f"{most}{possible} bytes")
    require_memory(2 * size, f"{path} of shape {shape}", DataError)  # what is read, in the machine's byte order too
    content = _at_most(stream, size + 1)
    if len(content) != size:
        received = f"{head + len(content)} bytes" if len(content) < size else "more bytes than that"
        raise _wrong_size(path, f"{head + size} bytes for shape {shape} of {dtype.name}", received)
    try:
        return np.frombuffer(content, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
    except ValueError as error:  # more axes than an array can have
        raise DataError(f"{path} cannot become an array", received=str(error)) from error


def _at_most(stream: IO[bytes], size: int) -> bytearray:
    # Grows with what is there, never with what the header promises.
    content = bytearray()
    while len(content) < size and (chunk := stream.read(min(_CHUNK, size - len(content)))):
        content += chunk
    return content


def _wrong_size(path: Path, expected: str, received: str) -> DataError:
    return DataError(
        f"{path} does not have the size that its header states", expected=expected, received=received, hint=DAMAGED
    )
