"""What an import changed in a process beside adding modules: noticed, and put back where it can be."""

from __future__ import annotations

import atexit
import builtins
import io
import json
import math
import os
import pathlib
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from bpframe.plugins.settings import SETTINGS

__all__ = ["noticing"]

#: Modules whose names may not be others afterwards, and classes whose attributes may not.
_MODULES: tuple[ModuleType, ...] = (json, math, os, os.path, io, sys, pathlib, threading, warnings, atexit)
_CLASSES = (pathlib.Path, pathlib.PurePath, json.JSONEncoder, json.JSONDecoder)

#: Names of sys that change by themselves, or that loading changes.
_MOVING = frozenset({"stdin", "stdout", "stderr", "last_type", "last_value", "last_traceback", "last_exc", "argv"})


def noticing(package: str = "") -> Callable[[], list[str]]:
    """Note how things are; what is returned tells in words, at each call, what has changed since, and puts it back.

    Watched are the names in the builtins, NumPy, pydantic's model and some modules of Python, what the process is set
    to (see `settings.py`), threads, and what the `package` registers for the end of the process, which stays.
    """
    import numpy as np  # only here: importing bpframe.plugins takes no numbers
    import pydantic

    modules = (*_MODULES, np, np.linalg, np.random)
    classes = (*_CLASSES, pydantic.BaseModel)
    of_builtins = {**builtins.__dict__}
    names = [(each, {**vars(each)}) for each in modules]
    attributes = [(each, dict(_own(each))) for each in classes]
    settings = [(each, each.read()) for each in SETTINGS]
    threads = set(threading.enumerate())
    register, registered = atexit.register, list[str]()

    def registering(function: Any, *arguments: Any, **options: Any) -> Any:
        home = getattr(function, "__module__", None) or ""
        if package and home.partition(".")[0] == package:
            registered.append(getattr(function, "__qualname__", "a function"))
        return register(function, *arguments, **options)

    atexit.register = registering  # type: ignore[assignment]

    def changes() -> list[str]:
        # The builtins first, without a call of one of them: any may be what was replaced.
        after = {**builtins.__dict__}
        builtins.__dict__.update(of_builtins)
        if vars(atexit)["register"] is registering:
            atexit.register = register  # from here on nothing is imported
        replaced = _replaced(of_builtins, after)
        for module, before in names:
            changed = _replaced(before, vars(module))
            vars(module).update({name: before[name] for name in changed})
            replaced += [f"{module.__name__}.{name}" for name in changed]
        for cls, before in attributes:
            now = dict(_own(cls))
            for name in [name for name, value in before.items() if now.get(name) is not value]:
                setattr(cls, name, before[name])
                replaced.append(f"{cls.__module__}.{cls.__name__}.{name}")
        told = []
        if replaced:
            more = f" and {len(replaced) - 3} more" if len(replaced) > 3 else ""
            told.append(f"it replaced {', '.join(replaced[:3])}{more}, which was put back")
        for setting, value in settings:
            if setting.changed(value, setting.read()):
                setting.put_back(value)
                same = not setting.changed(value, setting.read())
                told.append(f"{setting.told}, which {'was' if same else 'cannot be'} put back")
        started = [each for each in threading.enumerate() if each not in threads]
        threads.update(started)
        if started:
            names_of = ", ".join(each.name for each in started[:3])
            told.append(f"it started {len(started)} thread{'s' * (len(started) != 1)}: {names_of}")
        if registered:
            told.append(f"it has {', '.join(registered[:3])} called when the process ends")
            registered.clear()
        return told

    return changes


def _replaced(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, value in before.items()
        if after.get(name) is not value and not name.startswith("_") and name not in _MOVING
    ]


def _own(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield what is written in a class, without what Python and pydantic keep there for themselves."""
    for name, value in vars(cls).items():
        if not name.startswith(("_abc_", "__pydantic_", "__abstractmethods__")):
            yield name, value
