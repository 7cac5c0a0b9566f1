"""Constants that methods take from modules, classes and closures: are they still the objects that were read?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import is_, itemgetter
from typing import Any

from bpframe.plan import Plan, Reads

__all__ = ["distrust", "guard"]


def guard(reads: Iterable[tuple[Mapping[str, Any], str, Any]]) -> Callable[[], bool]:
    """Return what says whether every name still stands for the object that it stood for."""
    by_space: dict[int, tuple[Mapping[str, Any], dict[str, Any]]] = {}
    for space, name, value in reads:
        by_space.setdefault(id(space), (space, {}))[1][name] = value
    looks = [
        (itemgetter(*named, next(iter(named))), space, (*named.values(), next(iter(named.values()))))
        for space, named in by_space.values()
    ]

    def holds() -> bool:
        try:
            for get, space, objects in looks:
                if not all(map(is_, get(space), objects)):
                    return False
        except KeyError:
            return False
        return True

    return holds


def distrust(plan: Plan) -> None:
    """Have the methods called from now on that read a name which stands for something else by now."""
    for step in (*plan.steps, *plan.costs):
        if step.why is not None:
            continue
        changed = [name for space, name, value in step.reads if not guard([(space, name, value)])()]
        if changed:
            step.why = f"{', '.join(sorted(changed))}, which it reads, was replaced"
