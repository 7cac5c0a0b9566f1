"""From a folder to a network. Nothing in a file is imported, executed or unpickled."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from bpframe.checkpoint.content import (
    COLUMNS,
    FORMAT,
    HISTORY,
    LOCAL,
    PREPARATION,
    SPEC,
    STATE_PREFIX,
    VERSIONS,
    WEIGHTS,
    Checkpoint,
)
from bpframe.checkpoint.digests import check_files, check_seal
from bpframe.checkpoint.folder import resolved
from bpframe.core.backprop.engine import Engine
from bpframe.core.component import Component
from bpframe.core.graph.building import build_graph
from bpframe.data import FittedPreparation
from bpframe.data.raw import Columns
from bpframe.documents import RunSpec, read_spec
from bpframe.errors import BpframeError, CheckpointError, closest, did_you_mean
from bpframe.plugins import Registry, default_registry
from bpframe.replay.repeating import repeating_engine
from bpframe.training.history import History
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["read_checkpoint", "restored_engine"]

#: A distribution's name and a version.
_PACKAGE = re.compile(r"[\w.-]{1,100} [\w.+!-]{1,50}", re.ASCII)

_VERSION = re.compile(r"[\w.+!-]{1,50}", re.ASCII)

M = TypeVar("M", bound=BaseModel)


def read_checkpoint(folder: str | os.PathLike[str], components: Iterable[type[Component]] = ()) -> Checkpoint:
    """Read a checkpoint and check everything that can be checked without building the network.

    `components` are the classes that no installed plugin set provides.

    Raises
    ------
    CheckpointError
        There is no run, a file is missing or damaged, it is of a newer format, or it names an unknown component.

    """
    path = resolved(folder)
    _require_folder(path)
    versions = _versions(path)
    arrays = _arrays(path / WEIGHTS)
    state: dict[str, dict[str, Array]] = {}
    for name in [name for name in arrays if name.startswith(STATE_PREFIX)]:
        node, _, last = name.removeprefix(STATE_PREFIX).rpartition(".")
        state.setdefault(node, {})[last] = arrays.pop(name)
    return Checkpoint(
        spec=_spec(path, tuple(components), versions),
        parameters=arrays,
        state=state,
        history=_model(path / HISTORY, History),
        preparation=_model(path / PREPARATION, FittedPreparation),
        columns=_model(path / COLUMNS, Columns),
        versions=versions,
    )


def restored_engine(checkpoint: Checkpoint) -> Engine:
    """Return an engine of the checkpoint's network with the checkpoint's arrays.

    Raises
    ------
    CheckpointError
        The spec describes no network; a parameter or state is missing, unknown, of another shape or dtype, or not
        finite, and is named.

    """
    spec, dtype = checkpoint.spec.network, np.dtype(checkpoint.spec.network.dtype)
    try:
        graph = build_graph(spec)
        # Before there are arrays of the network's own: those of the file take no more memory than it has bytes.
        shapes = {path: parameter.shape for path, parameter in graph.parameters.items()}
        _check(checkpoint.parameters, shapes, dtype, "parameter")
        slots = {f"{node.name}.{name}": slot.shape for node in graph.nodes for name, slot in node.state.items()}
        _check(_flat(checkpoint.state), slots, dtype, "state")
        engine = repeating_engine(graph, spec.dtype, spec.seed)
    except CheckpointError:
        raise
    except BpframeError as error:
        raise _retold(SPEC, error, error.rows, error.hint) from error
    except (MemoryError, OverflowError) as error:
        raise CheckpointError(f"{SPEC} describes a network that is too large to build", received=str(error)) from error
    for name, array in checkpoint.parameters.items():
        engine.parameters[name] = array
    engine.state = {node: dict(named) for node, named in checkpoint.state.items()}
    return engine


def _flat(state: Mapping[str, Mapping[str, Array]]) -> dict[str, Array]:
    return {f"{node}.{name}": array for node, named in state.items() for name, array in named.items()}


def _check(
    found: Mapping[str, Array], expected: Mapping[str, tuple[int, ...]], dtype: np.dtype[Any], what: str
) -> None:
    for name in expected:
        if name not in found:
            raise CheckpointError(
                f"{WEIGHTS} has no {what} '{name}', which the network of {SPEC} has",
                received=", ".join(found) or "none",
            )
    for name, array in found.items():
        if name not in expected:
            raise CheckpointError(
                f"{WEIGHTS} has a {what} '{name}', which the network of {SPEC} has not",
                expected=", ".join(expected) or "none",
                hint=did_you_mean(name, expected),
            )
        if (array.shape, array.dtype) != (expected[name], dtype):
            raise CheckpointError(
                f"{WEIGHTS}: the {what} '{name}' does not fit the network of {SPEC}",
                expected=f"{expected[name]}, {dtype}",
                received=f"{array.shape}, {array.dtype}",
            )
        # State may have infinity as the value from which a minimum starts.
        bad = np.isnan(array) if what == "state" else ~np.isfinite(array)
        if bad.any():
            raise CheckpointError(
                f"{WEIGHTS}: the {what} '{name}' is not finite",
                expected="finite numbers",
                received=f"{np.count_nonzero(bad)} of {array.size} entries are NaN or infinite",
                hint="the file is damaged: take another copy of the run",
            )


def _require_folder(path: Path) -> None:
    try:
        if path.is_dir():
            return
        exists = path.exists()
        near = closest(path.name, [each.name for each in path.parent.iterdir()]) if path.parent.is_dir() else None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    if exists:
        raise CheckpointError(f"{path} is no folder", expected="the folder that a training left")
    raise CheckpointError(
        f"there is no run {path}",
        expected="the folder that a training left",
        hint=f"did you mean '{path.with_name(near)}'?" if near else None,
    )


def _versions(path: Path) -> dict[str, Any]:
    file = path / VERSIONS
    text = _text(file)
    try:
        versions = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(file, str(error)) from None
    if not isinstance(versions, dict):
        raise _damaged(file, f"a {type(versions).__name__} in place of an object")
    version = versions.get("bpframe")
    known = isinstance(version, str) and _VERSION.fullmatch(version)
    _check_format(versions.get("format"), file, f" by bpframe {version if known else '(unknown)'}")
    check_seal(file, text, versions)
    names = versions.get("files")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _damaged(file, "'files' is no list of names")
    missing = sorted(name for name in {*names, SPEC, WEIGHTS} if not (path / Path(name).name).is_file())
    if missing:
        raise CheckpointError(
            f"{path} is not whole: {', '.join(missing)} " + ("is" if len(missing) == 1 else "are") + " missing",
            hint="take another copy of the run",
        )
    check_files(path, versions)
    return versions


def _check_format(number: object, file: Path, by: str = "") -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise _damaged(file, f"the format version is {shortened(number)}")
    if number > FORMAT:
        raise CheckpointError(
            f"{file} was written in format {shortened(number)}{by}",
            expected=f"format {FORMAT} at most",
            hint="a newer bpframe reads it: pip install --upgrade bpframe",
        )


def _spec(path: Path, components: tuple[type[Component], ...], versions: Mapping[str, Any]) -> RunSpec:
    file = path / SPEC
    registry = default_registry()
    if components:
        registry = registry.with_components(LOCAL, components)
    try:
        return read_spec(file, registry)
    except BpframeError as error:
        local = versions.get("local_components")
        if components or not isinstance(local, dict) or not local:
            rows, hint = _providers(error, versions, registry)
            raise _retold(str(file), error, [*error.rows, *rows], hint or error.hint) from error
        paths = [str(each) for each in local.values()]
        names = ", ".join(each.rpartition(".")[2] for each in paths)
        rows = [*error.rows, ("needs", "classes that no plugin set provides: " + ", ".join(paths))]
        raise _retold(str(file), error, rows, f"bpframe.load({str(path)!r}, components=[{names}])") from error


def _providers(
    error: BpframeError, versions: Mapping[str, Any], registry: Registry
) -> tuple[list[tuple[str, str]], str | None]:
    """Return which sets the run was written with that the error speaks of and that are not installed, and a hint."""
    recorded = versions.get("plugins")
    here = {each.provider.set for each in registry.sets}
    needs = []
    for name, each in recorded.items() if isinstance(recorded, dict) else ():
        if name not in here and isinstance(each, dict) and f"'{name}." in error.problem:
            package = f"{each.get('distribution')} {each.get('version')}"
            # What stands in a file is anybody's: nothing but a name and a version is told on.
            if _PACKAGE.fullmatch(package):
                needs.append(f"the plugin set '{name}', from the package {package}")
    return [("needs", "; ".join(needs))] if needs else [], "install it, if you trust it" if needs else None


def _retold(where: str, error: BpframeError, rows: Iterable[tuple[str, str]], hint: str | None) -> CheckpointError:
    return CheckpointError(
        f"{where}: {error.problem}", expected=error.expected, received=error.received, rows=rows, hint=hint
    )


def _arrays(file: Path) -> dict[str, Array]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as opened:
            metadata = opened.metadata() or {}
            text = str(metadata.get("format_version"))
            _check_format(int(text) if text.isdecimal() else text, file)
            return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise _damaged(file, f"{file.stat().st_size if file.exists() else 0} bytes: {error}") from None


def _model(file: Path, model: type[M]) -> M | None:
    if not file.exists():
        return None  # versions.json has told that it belongs here, or else there never was one
    try:
        return model.model_validate_json(_text(file))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _damaged(file, f"{place + ': ' if place else ''}{first['msg']}") from None


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise CheckpointError(
            f"{file.parent} holds no run: there is no {file.name}", expected="the folder that a training left"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(file, str(error)) from None


def _damaged(file: Path, found: str) -> CheckpointError:
    return CheckpointError(f"{file} is damaged", received=found, hint="take another copy of the run")
