"""What an import changed in a process beside adding modules: noticed, and put back where it can be."""

from __future__ import annotations

import builtins
import json
import math
import os
import threading
from collections.abc import Callable
from types import ModuleType

__all__ = ["noticing"]


def noticing() -> Callable[[], list[str]]:
    """Note how things are; what is returned tells, in words, what has changed since, and puts it back.

    Watched are the names in NumPy, json, math, os and the builtins, what NumPy does about floating-point errors, and
    the threads.
    """
    import numpy as np  # only here: importing bpframe.plugins takes no numbers

    watched: tuple[ModuleType, ...] = (np, np.linalg, np.random, json, math, os, builtins)
    before = [dict(vars(module)) for module in watched]
    handling = np.geterr()
    threads = set(threading.enumerate())

    def changes() -> list[str]:
        replaced = []
        for module, names in zip(watched, before, strict=True):
            now = vars(module)
            for name, value in names.items():
                if now.get(name) is not value and not name.startswith("_"):
                    setattr(module, name, value)
                    replaced.append(f"{module.__name__}.{name}".removeprefix("builtins."))
        told = []
        if replaced:
            more = f" and {len(replaced) - 3} more" if len(replaced) > 3 else ""
            told.append(f"it replaced {', '.join(replaced[:3])}{more}, which was put back")
        if np.geterr() != handling:
            np.seterr(**handling)
            told.append("it changed NumPy's handling of floating-point errors, which was put back")
        started = [each.name for each in threading.enumerate() if each not in threads]
        if started:
            told.append(f"it started {len(started)} thread{'s' * (len(started) != 1)}: {', '.join(started[:3])}")
        return told

    return changes
