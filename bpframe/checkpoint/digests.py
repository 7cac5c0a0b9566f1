"""SHA-256 digests of a run's files, in versions.json, which ends with a digest of its own content.

They notice accidents and edits; who wants to deceive can write new ones, and still cannot make a file run code.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bpframe.checkpoint.array_file import check_layout
from bpframe.checkpoint.content import FILES, SPEC, VERSIONS
from bpframe.errors import CheckpointError
from bpframe.machine.opening import opened

__all__ = ["MOST_RECORD", "changed", "check_files", "check_seal", "digests_of", "sealed"]

#: The size of a file of a run that is no file of arrays: a history of every node and epoch can be long.
MOST_RECORD = 2**28

#: Where the digests of the other files stand, and, as the last entry, that of everything before it.
DIGESTS, SEAL = "digests", "digest"

#: What versions.json holds in runs without digests, written before there were any.
_BEFORE = {"format", "bpframe", "numpy", "python", "platform", "plugins", "local_components", "files"}


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 digest of each file, in hexadecimal."""
    return {name: _digest(folder / name)[0] for name in names}


def sealed(versions: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """Return the text of versions.json with the digests of the other files and its own."""
    whole = {**versions, DIGESTS: dict(digests)}
    return _text({**whole, SEAL: _digest_of(whole)})


def check_seal(file: Path, text: str, versions: Mapping[str, Any]) -> None:
    """Refuse versions.json where a single byte of it is not what was written; without digests, an unknown entry.

    Errors: CheckpointError.
    """
    if DIGESTS not in versions and SEAL not in versions:
        # A damaged name must not make this a run from before digests.
        strange = sorted(set(versions) ^ _BEFORE)
        if strange:
            raise changed(file, f"the entries {', '.join(map(ascii, strange[:5]))}")
        return
    rest = {name: value for name, value in versions.items() if name != SEAL}
    try:
        whole = versions.get(SEAL) == _digest_of(rest) and text == _text(versions)
    except RecursionError:  # nested deeper than anything that was written
        whole = False
    if not whole:
        raise changed(file, f"{len(text):,} characters, which do not have the digest at their end")


def check_files(folder: Path, versions: Mapping[str, Any]) -> None:
    """Compare every file with its digest, where the run has digests.

    Errors: CheckpointError (a file is not the one that was saved, to the last bit, or belongs to another run, and
    is named).
    """
    if DIGESTS not in versions:
        return
    digests = versions[DIGESTS]
    if not isinstance(digests, dict) or sorted(digests) != sorted(versions["files"]) or not set(digests) <= set(FILES):
        raise changed(folder / VERSIONS, "digests of other files than the run has")
    for name, expected in digests.items():
        file = folder / name
        arrays = name.endswith(".safetensors")
        if arrays:  # the digest of what is large is not begun where the size alone is wrong
            check_layout(file)
        found, size = _digest(file, None if arrays else MOST_RECORD)
        if found != expected:
            raise changed(file, f"{size:,} bytes, sha256 {found[:16]}...", f"sha256 {str(expected)[:16]}...")
    for name in FILES:
        if name not in digests and name != VERSIONS and (folder / name).exists():
            raise changed(folder / name, "a file that the run was saved without")


def changed(file: Path, found: str, expected: str | None = None) -> CheckpointError:
    """Return the error for a file that is not what was saved, with the way out."""
    hint = "take another copy of the run"
    if file.name == SPEC:
        hint += f"; a changed spec describes another run: bpframe train {file} --output NEW"
    return CheckpointError(
        f"{file} is damaged, or was changed after the run was saved", expected=expected, received=found, hint=hint
    )


def _text(versions: Mapping[str, Any]) -> str:
    return json.dumps(versions, indent=2) + "\n"


def _digest_of(versions: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(versions).encode()).hexdigest()


def _digest(file: Path, most: int | None = None) -> tuple[str, int]:
    with opened(file, CheckpointError, most) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), os.fstat(stream.fileno()).st_size
