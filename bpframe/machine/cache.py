"""Where bpframe remembers things between processes. Nothing that goes wrong here is an error: one finds out again."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bpframe.errors import BpframeError
from bpframe.machine.opening import text_of
from bpframe.machine.whole_file import whole_file

__all__ = ["VARIABLE", "cache_folder", "cached", "recalled", "remember"]

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


def cached(*parts: str) -> Path | None:
    """Return the file of a record in the cache folder, where there is one."""
    folder = cache_folder()
    return None if folder is None else folder.joinpath(*parts)


def recalled(path: Path | None) -> dict[str, Any]:
    """Return a record; an empty one where there is none that can be read."""
    try:
        found = json.loads(text_of(path, BpframeError)) if path else {}
    except (BpframeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(path: Path | None, record: Mapping[str, Any]) -> None:
    """Write a record, whole or not at all, whoever else is writing it."""
    if path is not None:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as file:
                file.write(json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace"))
