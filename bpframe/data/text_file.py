"""Read a text file as bytes in UTF-8, also where it is compressed with gzip; whatever else it is gets its name."""

from __future__ import annotations

import zlib
from pathlib import Path

from bpframe.data.paths import DAMAGED
from bpframe.errors import DataError
from bpframe.machine.memory import available_memory
from bpframe.machine.opening import bytes_of

__all__ = ["read_utf8"]

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"

#: How often the text of a file has to fit into memory: packed, unpacked, and as numbers.
_COPIES = 3

#: Packed bytes that are looked at, and unpacked bytes that are taken, at once.
_PIECE, _UNPACKED = 2**13, 2**24

# The first bytes of files that are kept for tables and are none.
_PACKED = {
    b"BZh": ("compressed with bzip2", "unpack it: bunzip2 leaves the .csv file; .gz is read as it is"),
    b"\xfd7zXZ": ("compressed with xz", "unpack it: unxz leaves the .csv file; .gz is read as it is"),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "unpack it: unzstd leaves the .csv file; .gz is read as it is"),
    b"PK\x03\x04": ("a zip archive, as spreadsheets are", "unpack it, or save the spreadsheet as CSV in UTF-8"),
    b"PAR1": ("a Parquet file", "name it .parquet, with data of kind parquet"),
    b"ARROW1": ("an Arrow file", "name it .arrow, with data of kind parquet"),
}


def read_utf8(path: Path) -> bytes:
    """Return the bytes of a text file in UTF-8, unpacked, without a byte order mark.

    Raises DataError for every other encoding, for other kinds of file, and where it cannot be read.
    """
    content = bytes_of(path, DataError, copies=_COPIES)
    if content.startswith(_GZIP):
        content = _unpacked(path, content)
    for mark, (what, hint) in _PACKED.items():
        if content.startswith(mark):
            raise DataError(
                f"{path} is {what}", expected="a text file in UTF-8", received=content[:6].hex(" "), hint=hint
            )
    content = content.removeprefix(_BOM)
    if not content.isascii():
        _require_utf8(path, content)
    return content


def _require_utf8(path: Path, content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        encoding = "UTF-16" if wide else "WINDOWS-1252"
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} is not UTF-8 text",
            expected="a text file in UTF-8",
            received="UTF-16" if wide else f"the byte {content[error.start]:#04x} in line {line}",
            hint=f"save it as UTF-8: iconv -f {encoding} -t UTF-8 {path.name} > new.csv"
            + ("" if wide else ", where it was written on Windows or in Latin 1"),
        ) from error


def _has_no_lines(content: bytearray) -> bool:
    """Whether what was unpacked last is megabytes without the end of a line."""
    begin = len(content) - _UNPACKED
    return begin > 0 and content.rfind(b"\n", begin) < 0 and content.rfind(b"\r", begin) < 0


def _unpacked(path: Path, packed: bytes) -> bytes:
    """Return the content of a gzip file, of one member or several; it is never unpacked beyond what is sane."""
    found, at, most = bytearray(), 0, available_memory() // _COPIES
    try:
        while packed.startswith(_GZIP, at):
            one = zlib.decompressobj(wbits=31)
            while not one.eof:
                # In small pieces: what is left of one is copied, for each of perhaps thousands of members.
                piece = packed[at : at + _PIECE]
                unpacked = one.decompress(piece, _UNPACKED)
                at += len(piece) - len(one.unconsumed_tail) - len(one.unused_data)
                found += unpacked
                if len(found) > most or _has_no_lines(found):
                    raise DataError(
                        f"{path} unpacks to more than {most if len(found) > most else _UNPACKED:,} bytes"
                        + ("" if len(found) > most else " without the end of a line"),
                        expected="a table that fits in memory",
                        received=f"{len(packed):,} bytes, packed",
                    )
                if not (unpacked or piece or one.eof):
                    raise EOFError("the file ends before the packed data do")
    except (zlib.error, EOFError) as error:
        raise DataError(
            f"{path} cannot be unpacked",
            expected="a whole file, compressed with gzip",
            received=str(error),
            hint=DAMAGED,
        ) from error
    return bytes(found)
