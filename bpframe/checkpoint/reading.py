"""From a folder to what it holds. Nothing in a file is imported, executed or unpickled."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bpframe.checkpoint.array_file import damaged, read_arrays
from bpframe.checkpoint.beside_writers import undisturbed
from bpframe.checkpoint.content import (
    COLUMNS,
    FORMAT,
    HISTORY,
    LOCAL,
    OPTIMIZER,
    PREPARATION,
    SPEC,
    STATE_PREFIX,
    TRAINING,
    TRAINING_ARRAYS,
    VERSIONS,
    WEIGHTS,
    Checkpoint,
)
from bpframe.checkpoint.digests import MOST_RECORD, check_files, check_seal
from bpframe.checkpoint.folder import resolved
from bpframe.checkpoint.random_streams import Streams
from bpframe.checkpoint.training_record import TrainingRecord
from bpframe.core.component import Component
from bpframe.data import FittedPreparation
from bpframe.data.raw import Columns
from bpframe.documents import RunSpec, read_spec
from bpframe.errors import BpframeError, CheckpointError, DataError
from bpframe.machine.memory import available_memory
from bpframe.machine.opening import bytes_of, nearby
from bpframe.plugins import Registry, default_registry
from bpframe.training.history import History
from bpframe.training.optimizer_state import OptimizerState
from bpframe.training.state import TrainingState
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["read_checkpoint", "read_history", "retold"]

#: A distribution's name and a version.
_PACKAGE = re.compile(r"[\w.-]{1,100} [\w.+!-]{1,50}", re.ASCII)

_VERSION = re.compile(r"[\w.+!-]{1,50}", re.ASCII)

M = TypeVar("M", bound=BaseModel)


def read_checkpoint(folder: str | os.PathLike[str], components: Iterable[type[Component]] = ()) -> Checkpoint:
    """Read a checkpoint and check everything that can be checked without building the network.

    `components` are the classes that no installed plugin set provides.

    A run that is overwritten meanwhile is read again, so that all of it is one run.

    Errors: CheckpointError (there is no run, a file is missing or damaged, it is of a newer format, or it names an
    unknown component).
    """
    classes = tuple(components)
    return undisturbed(resolved(folder), lambda path: _read(path, classes))


def _read(path: Path, components: tuple[type[Component], ...]) -> Checkpoint:
    _require_folder(path)
    versions = _versions(path)
    arrays, _ = _arrays(path / WEIGHTS)
    state: dict[str, dict[str, Array]] = {}
    for name in [name for name in arrays if name.startswith(STATE_PREFIX)]:
        node, _, last = name.removeprefix(STATE_PREFIX).rpartition(".")
        state.setdefault(node, {})[last] = arrays.pop(name)
    streams, training = _training(path)
    return Checkpoint(
        spec=_spec(path, components, versions),
        parameters=arrays,
        state=state,
        history=_model(path / HISTORY, History),
        preparation=_model(path / PREPARATION, FittedPreparation),
        columns=_model(path / COLUMNS, Columns),
        optimizer=_optimizer(path / OPTIMIZER),
        streams=streams,
        training=training,
        versions=versions,
    )


def read_history(folder: Path) -> History | None:
    """Return what happened in a checkpoint's trainings, once its files are held against their digests.

    Errors: CheckpointError (see `read_checkpoint`, of which neither spec nor arrays are read).
    """
    _require_folder(folder)
    _versions(folder)
    return _model(folder / HISTORY, History)


def _require_folder(path: Path) -> None:
    try:
        if path.is_dir():
            return
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    if exists:
        raise CheckpointError(f"{path} is no folder", expected="the folder that a training left")
    raise CheckpointError(
        f"there is no run {path}",
        expected="the folder that a training left",
        hint=nearby(path),
    )


def _versions(path: Path) -> dict[str, Any]:
    file = path / VERSIONS
    text = _text(file, MOST_VERSIONS)
    try:
        versions = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(file, str(error)) from None
    if not isinstance(versions, dict):
        raise damaged(file, f"a {type(versions).__name__} in place of an object")
    version = versions.get("bpframe")
    known = isinstance(version, str) and _VERSION.fullmatch(version)
    _check_format(versions.get("format"), file, f" by bpframe {version if known else '(unknown)'}")
    check_seal(file, text, versions)
    names = versions.get("files")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise damaged(file, "'files' is no list of names")
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
        raise damaged(file, f"the format version is {shortened(number)}")
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
            raise retold(str(file), error, [*error.rows, *rows], hint or error.hint) from error
        paths = [str(each) for each in local.values()]
        names = ", ".join(each.rpartition(".")[2] for each in paths)
        rows = [*error.rows, ("needs", "classes that no plugin set provides: " + ", ".join(paths))]
        raise retold(str(file), error, rows, f"bpframe.load({str(path)!r}, components=[{names}])") from error


def _providers(
    error: BpframeError, versions: Mapping[str, Any], registry: Registry
) -> tuple[list[tuple[str, str]], str | None]:
    """Return which sets the run was written with that the error speaks of and that are not installed, and a hint."""
    recorded = versions.get("plugins")
    here = {each.provider.set for each in registry.sets}
    needs, packages = [], []
    for name, each in recorded.items() if isinstance(recorded, dict) else ():
        if name not in here and isinstance(each, dict) and f"'{name}." in error.problem:
            distribution, version = str(each.get("distribution")), str(each.get("version"))
            # What stands in a file is anybody's: nothing but a name and a version is told on.
            if _PACKAGE.fullmatch(f"{distribution} {version}"):
                needs.append(f"the plugin set '{name}', from the package {distribution} {version}")
                packages.append(f'"{distribution}=={version}"')
    if not needs:
        return [], None
    return [("needs", "; ".join(needs))], f"pip install {' '.join(packages)}, if you trust it"


def retold(where: str, error: BpframeError, rows: Iterable[tuple[str, str]], hint: str | None) -> CheckpointError:
    """Return the error of a file's content as one of the run."""
    return CheckpointError(
        f"{where}: {error.problem}", expected=error.expected, received=error.received, rows=rows, hint=hint
    )


#: The size of versions.json, which tells of packages and files, and not of what a training did.
MOST_VERSIONS = 2**22

#: Of an object in a record: more nodes, or metrics, than any network has.
MOST_KEYS = 100_000

#: Of a count that a training could have reached.
MOST_DIGITS = 19


def _optimizer(file: Path) -> OptimizerState | None:
    if not file.exists():
        return None
    arrays, told = _arrays(file)
    kind, *counts = (told.get(each, "") for each in ("optimizer", "step", "epoch"))
    if not kind or not all(each.isascii() and each.isdecimal() and len(each) < MOST_DIGITS for each in counts):
        raise damaged(file, f"optimizer, step and epoch are {shortened(told)}")
    step, epoch = map(int, counts)
    return OptimizerState(kind, arrays, step, epoch, told.get("averages", ""))


def _training(path: Path) -> tuple[Streams | None, TrainingState | None]:
    record, beside = _model(path / TRAINING, TrainingRecord), path / TRAINING_ARRAYS
    if record is None:
        return None, None
    try:
        return record.restored(_arrays(beside)[0] if beside.exists() else {})
    except DataError as error:
        raise damaged(path / TRAINING, f"{error.problem}: {error.received}") from None


def _arrays(file: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Return a file's arrays by name, and what its header tells."""
    arrays, told = read_arrays(file)
    text = str(told.get("format_version"))
    _check_format(int(text) if text.isdecimal() and len(text) < MOST_DIGITS else text, file)
    return arrays, told


def _model(file: Path, model: type[M]) -> M | None:
    if not file.exists():
        return None  # versions.json has told that it belongs here, or else there never was one
    try:
        text = _text(file)
        json.loads(text, object_pairs_hook=_few)
        return model.model_validate_json(text)
    except (ValueError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            raise damaged(file, str(error)) from None
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise damaged(file, f"{place + ': ' if place else ''}{first['msg']}") from None


def _few(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > MOST_KEYS:  # each of which might be a mistake, and takes a thousand bytes to be told
        raise ValueError(f"an object of {len(pairs):,} entries")


def _text(file: Path, most: int = MOST_RECORD) -> str:
    if not os.path.lexists(file):
        raise CheckpointError(
            f"{file.parent} holds no run: there is no {file.name}", expected="the folder that a training left"
        )
    try:
        # As values a text takes many times its size.
        return bytes_of(file, CheckpointError, min(most, available_memory() // 16)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(file, str(error)) from None
