"""Find the file that a data specification names."""

from __future__ import annotations

from pathlib import Path

from bpframe.errors import DataError, did_you_mean

__all__ = ["DAMAGED", "MOST_UNPACKED", "find_file", "find_folder"]

#: What to try where a file is not whole.
DAMAGED = "the file may be truncated or damaged: copy or download it again"

#: Bytes that a packed one stands for at most: DEFLATE (RFC 1951) writes 258 of them with two bits.
MOST_UNPACKED = 1032


def find_file(base: Path, path: str | Path) -> Path:
    """Return the file that `path` names, relative to the folder `base`, with `~` expanded.

    Raises DataError where there is no such file, with the resolved path and the closest name in that folder.
    """
    try:
        resolved = (base / Path(path).expanduser()).resolve()
        if resolved.is_file():
            return resolved
        is_folder = resolved.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"the data file {str(path)!r} cannot be looked up", received=str(error)) from error
    if is_folder:
        raise DataError(
            f"{resolved} is a folder", expected="a data file", received="a folder", hint="name a file inside it"
        )
    raise DataError(
        f"there is no data file {resolved}",
        expected="an existing file; paths are relative to the folder of the spec",
        received=repr(str(path)),
        hint=_hint(resolved),
    )


def _hint(missing: Path) -> str:
    try:
        names = [entry.name for entry in missing.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"check the folder: {missing.parent} cannot be listed"
    return did_you_mean(missing.name, names) or f"look into {missing.parent}"


def find_folder(base: Path, path: str | Path) -> Path:
    """Return the folder that `path` names, relative to the folder `base`, with `~` expanded.

    Raises DataError where there is no such folder, with the resolved path.
    """
    try:
        resolved = (base / Path(path).expanduser()).resolve()
        is_folder, is_file = resolved.is_dir(), resolved.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"the data folder {str(path)!r} cannot be looked up", received=str(error)) from error
    if is_folder:
        return resolved
    raise DataError(
        f"{resolved} is a file" if is_file else f"there is no data folder {resolved}",
        expected="an existing folder; paths are relative to the folder of the spec",
        received=repr(str(path)),
    )
