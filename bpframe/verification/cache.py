"""Where verdicts are remembered between processes. Nothing that goes wrong here is an error: one checks again."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["VARIABLE", "Verdict", "cache_folder", "recall", "remember"]

#: The environment variable that names another folder.
VARIABLE = "BPFRAME_CACHE"

FORMAT = 1


@dataclass(frozen=True)
class Verdict:
    """What a check found: no problem, or the first in one sentence with labelled rows."""

    problem: str = ""
    rows: tuple[tuple[str, str], ...] = ()


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where bpframe caches: BPFRAME_CACHE, else the operating system's folder; None where there is no home."""
    if chosen := environ.get(VARIABLE):
        return Path(chosen).expanduser()
    try:
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


def path_of(key: str) -> Path | None:
    """Return the file that holds the verdict of a key."""
    folder = cache_folder()
    return None if folder is None else folder / "verified" / f"{key}.json"


def recall(key: str) -> Verdict | None:
    """Return the verdict that is remembered for a key; None where there is none that can be read."""
    path = path_of(key)
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT or found["key"] != key or not isinstance(found["problem"], str):
            return None
        return Verdict(found["problem"], tuple((str(label), str(text)) for label, text in found["rows"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def remember(key: str, component: str, verdict: Verdict) -> None:
    """Write a verdict, whole or not at all, whoever else is writing it."""
    path = path_of(key)
    if path is None:
        return
    text = json.dumps(
        {"format": FORMAT, "key": key, "component": component, "problem": verdict.problem, "rows": verdict.rows},
        ensure_ascii=False,
        indent=1,
    )
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
