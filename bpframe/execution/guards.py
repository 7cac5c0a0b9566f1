"""Constants that methods take from modules, classes and closures: are they still the objects that were read?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bpframe.plan import Plan

__all__ = ["distrust", "guard"]


def guard(reads: Iterable[tuple[Mapping[str, Any], str, Any]]) -> Callable[[], bool]:
    """Return what says whether every name still stands for the object that it stood for."""
    found = {(id(space), name): (space, name, value) for space, name, value in reads}.values()
    # Compiled, because it is done in every pass: a loop over the same takes four times as long.
    looks = " and ".join(f"space_{i}[{name!r}] is value_{i}" for i, (_, name, _) in enumerate(found)) or "True"
    known: dict[str, Any] = {}
    for i, (space, _, value) in enumerate(found):
        known[f"space_{i}"], known[f"value_{i}"] = space, value
    exec(f"def holds():\n    try:\n        return {looks}\n    except KeyError:\n        return False", known)
    return known["holds"]  # type: ignore[no-any-return]


def distrust(plan: Plan) -> None:
    """Have the methods called from now on that read a name which stands for something else by now."""
    for step in plan.components:
        if step.why is not None:
            continue
        changed = [name for space, name, value in step.reads if not guard([(space, name, value)])()]
        if changed:
            step.why = f"{', '.join(sorted(changed))}, which it reads, was replaced"
