"""Where findings are remembered between processes. Nothing that goes wrong here is an error: one checks again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bpframe.machine.cache import cache_folder, write_whole

__all__ = ["Finding", "path_of", "recall", "remember"]

FORMAT = 1


@dataclass(frozen=True)
class Finding:
    """What a check found: no problem, or the first in one sentence with labelled rows."""

    problem: str = ""
    rows: tuple[tuple[str, str], ...] = ()


def path_of(key: str) -> Path | None:
    """Return the file that holds the finding of a key."""
    folder = cache_folder()
    return None if folder is None else folder / "verified" / f"{key}.json"


def recall(key: str) -> Finding | None:
    """Return the finding that is remembered for a key; None where there is none that can be read."""
    path = path_of(key)
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT or found["key"] != key or not isinstance(found["problem"], str):
            return None
        return Finding(found["problem"], tuple((str(label), str(text)) for label, text in found["rows"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def remember(key: str, component: str, finding: Finding) -> None:
    """Write a finding, whole or not at all, whoever else is writing it."""
    path = path_of(key)
    if path is None:
        return
    text = json.dumps(
        {"format": FORMAT, "key": key, "component": component, "problem": finding.problem, "rows": finding.rows},
        ensure_ascii=False,
        indent=1,
    )
    write_whole(path, text)
