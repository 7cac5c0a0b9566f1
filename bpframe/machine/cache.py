"""Where bpframe remembers things between processes. Nothing that goes wrong here is an error: one finds out again."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bpframe.machine.whole_file import whole_file

__all__ = ["VARIABLE", "cache_folder", "write_whole"]

#: The environment variable that names another folder.
VARIABLE = "BPFRAME_CACHE"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where bpframe caches: BPFRAME_CACHE, else the operating system's folder; None where there is no home."""
    try:
        if chosen := environ.get(VARIABLE):
            return Path(chosen).expanduser()
        if sys.platform == "win32":
            base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            stated = environ.get("XDG_CACHE_HOME", "")
            # The XDG specification has relative paths ignored.
            base = Path(stated) if Path(stated).is_absolute() else Path.home() / ".cache"
    except RuntimeError:  # nobody's home
        return None
    return base / "bpframe"


def write_whole(path: Path, text: str) -> None:
    """Write a file, whole or not at all, whoever else is writing it."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(text.encode("utf-8"))
