"""What an import changed in a process beside adding modules: noticed, and put back where it can be."""

from __future__ import annotations

import builtins
import json
import math
import os
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

__all__ = ["noticing"]


def noticing() -> Callable[[], list[str]]:
    """Note how things are; what is returned tells in words, at each call, what has changed since, and puts it back.

    Watched are the names in NumPy, json, math, os and the builtins, what NumPy does about floating-point errors, and
    the threads.
    """
    import numpy as np  # only here: importing bpframe.plugins takes no numbers

    watched: tuple[ModuleType, ...] = (builtins, np, np.linalg, np.random, json, math, os)
    before = [{**vars(module)} for module in watched]
    handling = np.geterr()
    threads = set(threading.enumerate())

    def changes() -> list[str]:
        # The builtins first, without a call of one of them: any may be what was replaced.
        after = {**builtins.__dict__}
        builtins.__dict__.update(before[0])
        replaced = _replaced(before[0], after)
        for module, names in list(zip(watched, before, strict=True))[1:]:
            changed = _replaced(names, vars(module))
            vars(module).update({name: names[name] for name in changed})
            replaced += [f"{module.__name__}.{name}" for name in changed]
        told = []
        if replaced:
            more = f" and {len(replaced) - 3} more" if len(replaced) > 3 else ""
            told.append(f"it replaced {', '.join(replaced[:3])}{more}, which was put back")
        if np.geterr() != handling:
            np.seterr(**handling)
            told.append("it changed NumPy's handling of floating-point errors, which was put back")
        started = [each for each in threading.enumerate() if each not in threads]
        threads.update(started)
        if started:
            names_of = ", ".join(each.name for each in started[:3])
            told.append(f"it started {len(started)} thread{'s' * (len(started) != 1)}: {names_of}")
        return told

    return changes


def _replaced(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name, value in before.items() if after.get(name) is not value and not name.startswith("_")]
