"""What a finding depends on, as one hash: source, versions, fields and shapes."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bpframe._version import __version__
from bpframe.core.component import CONTRACT_VERSION, Component
from bpframe.core.graph.graph import Shape
from bpframe.errors import BpframeError
from bpframe.machine.opening import bytes_of

__all__ = ["fingerprint"]


class _Unknown(Exception):
    """Something on which the finding depends cannot be told from its like in another process."""


def fingerprint(component: Component, shapes: Sequence[Shape], checks: Sequence[str]) -> str | None:
    """Return the hash under which the finding on an instance is remembered; None where no hash would be safe.

    There is none for a class that was made inside a function or without a source, and for a field whose value cannot
    be written down.
    """
    try:
        content = {
            "component": _written(component),
            "source": sorted(_sources(_classes(component))),
            "shapes": [list(shape) for shape in shapes],
            "checks": list(checks),
            "bpframe": __version__,
            "contract": CONTRACT_VERSION,
            "numpy": np.__version__,
            "python": sys.version_info[:2],
        }
    except _Unknown:
        return None
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _written(value: object) -> Any:
    """Return a value as JSON that tells it from every other."""
    if isinstance(value, Component):
        cls = type(value)
        fields = {name: _written(getattr(value, name)) for name in cls.model_fields}
        return {"class": f"{cls.__module__}.{cls.__qualname__}", "fields": fields}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"array": [value.dtype.str, list(value.shape), digest]}
    if isinstance(value, Mapping):
        return {"mapping": [[_written(key), _written(item)] for key, item in value.items()]}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [_written(item) for item in value]}
    raise _Unknown


def _classes(component: Component) -> Iterator[type]:
    """Yield the classes outside bpframe that make up a component: its own, its bases, and those of its fields."""
    for cls in type(component).__mro__:
        if cls in Component.__mro__ or cls.__module__.partition(".")[0] == "bpframe":
            continue
        yield cls
    for name in type(component).model_fields:
        value = getattr(component, name)
        for each in value if isinstance(value, tuple | list) else [value]:
            if isinstance(each, Component):
                yield from _classes(each)


def _sources(classes: Iterator[type]) -> set[tuple[str, str]]:
    """Return the names and hashes of what the classes are written in.

    That is each class's own source, for one that was typed in, and every imported file of its package: helpers and
    operators that live beside it count too.
    """
    found: set[tuple[str, str]] = set()
    for cls in dict.fromkeys(classes):
        if "<locals>" in cls.__qualname__:
            raise _Unknown  # what it sees of the function around it has no name
        files = list(_files(cls.__module__))
        try:
            found.add((f"{cls.__module__}.{cls.__qualname__}", _hash(inspect.getsource(cls).encode())))
        except (OSError, TypeError):
            if not any(path.suffix in (".so", ".pyd") for _, path in files):
                raise _Unknown from None
        try:
            found |= {(name, _hash(bytes_of(path, BpframeError))) for name, path in files}
        except BpframeError:  # it is gone by now
            raise _Unknown from None
    return found


def _files(module: str) -> Iterator[tuple[str, Path]]:
    """Yield the imported modules of a module's top-level package, with their files."""
    top = module.partition(".")[0]
    for name, each in list(sys.modules.items()):
        if (name == top or name.startswith(top + ".")) and isinstance(each, ModuleType):
            file = getattr(each, "__file__", None)
            if file is not None and Path(file).is_file():
                yield name, Path(file)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
