"""What the doctor says: facts, and findings with what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["DoctorReport", "Finding"]


@dataclass(frozen=True)
class Finding:
    """Something that was looked at: "ok", "advice" (it works, and could be faster) or "problem"."""

    level: Literal["ok", "advice", "problem"]
    title: str
    detail: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """Lay it out: one line, and what to try below it."""
        sign = {"ok": "✓", "advice": "!", "problem": "✗"}[self.level]
        lines = [f"{sign} {self.title}" + (f": {self.detail}" if self.detail else "")]
        return "\n".join([*lines, *([f"    try  {self.hint}"] if self.hint else [])])


@dataclass(frozen=True)
class DoctorReport:
    """The facts about a machine by name, and the findings; truthy where none is a problem or advice."""

    facts: Mapping[str, str]
    findings: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return all(each.level == "ok" for each in self.findings)

    def __str__(self) -> str:
        """Lay out the facts as a table, then the findings."""
        width = max(map(len, self.facts))
        rows = [f"{name:<{width}}  {value}" for name, value in self.facts.items()]
        return "\n".join([*rows, "", *map(str, self.findings)])

    def as_dict(self) -> dict[str, Any]:
        """Return the same as plain data, for JSON."""
        findings = [
            {"level": each.level, "title": each.title, "detail": each.detail, "hint": each.hint}
            for each in self.findings
        ]
        return {"facts": dict(self.facts), "findings": findings}
