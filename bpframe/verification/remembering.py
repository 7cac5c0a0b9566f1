"""Where findings are remembered between processes. Nothing that goes wrong here is an error: one checks again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bpframe.machine import cache

__all__ = ["Finding", "path_of", "recall", "remember"]

FORMAT = 1


@dataclass(frozen=True)
class Finding:
    """What a check found: no problem, or the first in one sentence with labelled rows."""

    problem: str = ""
    rows: tuple[tuple[str, str], ...] = ()


def path_of(key: str) -> Path | None:
    """Return the file that holds the finding of a key."""
    return cache.cached("verified", f"{key}.json")


def recall(key: str) -> Finding | None:
    """Return the finding that is remembered for a key; None where there is none that can be read."""
    found = cache.recalled(path_of(key))
    try:
        if found["format"] != FORMAT or found["key"] != key or not isinstance(found["problem"], str):
            return None
        return Finding(found["problem"], tuple((str(label), str(text)) for label, text in found["rows"]))
    except (ValueError, KeyError, TypeError):
        return None


def remember(key: str, component: str, finding: Finding) -> None:
    """Write a finding, whole or not at all, whoever else is writing it."""
    record = {"format": FORMAT, "key": key, "component": component, "problem": finding.problem, "rows": finding.rows}
    cache.remember(path_of(key), record)
