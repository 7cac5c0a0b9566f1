"""Constants that methods take from modules and classes: are they still what was read?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from bpframe.core.backprop.plan import Plan
from bpframe.replay.understanding.values import Code
from bpframe.validation.plain_arrays import Array

__all__ = ["distrust", "guard"]


def guard(reads: Iterable[tuple[Mapping[str, Any], str, Any]]) -> Callable[[], bool]:
    """Return what says whether every name still stands for the object that it stood for, or for nothing (None).

    Arrays have to hold the bytes, too, that they hold now: who took a view before they were locked can write them.
    """
    found = {(id(space), name): (space, name, value) for space, name, value in reads}.values()
    # Compiled, because it is done in every pass: a loop over the same takes four times as long.
    looks: list[str] = []
    known: dict[str, Any] = {}
    for i, (space, name, value) in enumerate(found):
        known[f"space_{i}"], known[f"value_{i}"] = space, value
        if isinstance(space, Code):
            known[f"space_{i}"] = space.function
            looks.append(f"space_{i}.{name} is value_{i}")
        elif value is None:
            looks.append(f"space_{i}.get({name!r}) is None")
        else:
            looks.append(f"space_{i}[{name!r}] is value_{i}")
        for j, array in enumerate(_arrays_in(value)):
            known[f"array_{i}_{j}"], known[f"bytes_{i}_{j}"] = array, array.tobytes()
            looks.append(f"array_{i}_{j}.tobytes() == bytes_{i}_{j}")
    whole = " and ".join(looks) or "True"
    exec(f"def holds():\n    try:\n        return {whole}\n    except KeyError:\n        return False", known)
    return known["holds"]  # type: ignore[no-any-return]


def distrust(plan: Plan) -> None:
    """Have the methods called from now on that read a name which stands for something else by now."""
    for step in plan.components:
        if step.why is not None:
            continue
        reads = step.understood.reads_of("forward", "jacobian")
        changed = {_said(space, name) for space, name, value in reads if not guard([(space, name, value)])()}
        if changed:
            step.why = f"{', '.join(sorted(changed))}, which it reads, was replaced"


def _said(space: Mapping[str, Any], name: str) -> str:
    return f"the code of {space.function.__name__}" if isinstance(space, Code) else name


def _arrays_in(value: Any) -> Iterator[Array]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | frozenset):
        for each in value:
            yield from _arrays_in(each)
