"""From a network to a folder."""

from __future__ import annotations

import json
import operator
import os
import platform
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from bpframe._version import __version__
from bpframe.checkpoint.component_classes import component_classes
from bpframe.checkpoint.content import (
    COLUMNS,
    FILES,
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
from bpframe.checkpoint.digests import digests_of, sealed
from bpframe.checkpoint.folder import new_folder, resolved
from bpframe.checkpoint.training_record import TrainingRecord
from bpframe.core.component import Component
from bpframe.documents import RunSpec, spec_document
from bpframe.documents.text import dump_text
from bpframe.errors import CheckpointError, RegistryError
from bpframe.plugins import Registry, default_registry, listeners
from bpframe.training.optimizer_state import OptimizerState
from bpframe.validation.plain_arrays import Array

__all__ = ["registry_of", "tell_plugins", "warn_of_local", "write_checkpoint"]


def write_checkpoint(
    checkpoint: Checkpoint, folder: str | os.PathLike[str], overwrite: bool = False, tells: bool = True
) -> Path:
    """Write a checkpoint as a new folder, whole or not at all, and return the folder's path.

    With `overwrite`, a run that is there is replaced; it stays where writing fails. With `tells`, a warning names the
    components that must be handed to `bpframe.load`, because no installed plugin set provides them, and plugins hear.

    Errors: CheckpointError (the folder exists or cannot be written; a weight is not finite).
    """
    target = resolved(folder)
    registry, local = registry_of(checkpoint)
    arrays = dict(checkpoint.parameters)
    _require_finite(arrays)
    arrays |= {
        f"{STATE_PREFIX}{node}.{name}": np.array(array)
        for node, named in checkpoint.state.items()
        for name, array in named.items()
    }
    with new_folder(target, overwrite, FILES) as draft:
        _write_text(draft / SPEC, _spec_text(checkpoint.spec, registry, local))
        _write_arrays(arrays, draft / WEIGHTS)
        if checkpoint.optimizer is not None:
            _write_arrays(checkpoint.optimizer, draft / OPTIMIZER, **_counts(checkpoint.optimizer))
        kept: dict[str, BaseModel | None]
        kept = {HISTORY: checkpoint.history, PREPARATION: checkpoint.preparation, COLUMNS: checkpoint.columns}
        if checkpoint.streams is not None and (checkpoint.streams.states or checkpoint.training is not None):
            beside: dict[str, Array] = {}
            kept[TRAINING] = TrainingRecord.of(checkpoint.streams, checkpoint.training, beside)
            if beside:
                _write_arrays(beside, draft / TRAINING_ARRAYS)
        for name, model in kept.items():
            if model is not None:
                _write_text(draft / name, model.model_dump_json(indent=2))
        names = sorted(each.name for each in draft.iterdir())
        text = sealed(_versions(registry, names, local), digests_of(draft, names))
        (draft / VERSIONS).write_text(text, encoding="utf-8", newline="\n")
    if tells:
        warn_of_local(local, folder, stacklevel=4)
        tell_plugins(target)
    return target


def tell_plugins(target: Path) -> None:
    """Tell installed plugins that listen of a checkpoint that was written."""
    if told := listeners("bpframe_after_checkpoint"):
        told(path=target)


def warn_of_local(local: Sequence[type[Component]], folder: str | os.PathLike[str], stacklevel: int) -> None:
    """Warn that a folder is read with these classes at hand, where there are some."""
    if local:
        classes = ", ".join(cls.__name__ for cls in local)
        warnings.warn(
            f"no installed plugin set provides {classes}: bpframe.load({str(folder)!r}, components=[{classes}]) reads "
            "this run",
            stacklevel=stacklevel,
        )


#: The parts of the last specification that was written, what named its components, and its text: a training writes the
#: same one again and again.
_written: list[tuple[tuple[object, ...], str]] = []


def _spec_text(spec: RunSpec, registry: Registry, local: tuple[type[Component], ...]) -> str:
    """Return a specification as its file has it."""
    parts = (spec.network, spec.training, spec.data, default_registry(), *local)
    known = _written[:1]
    if known and len(known[0][0]) == len(parts) and all(map(operator.is_, known[0][0], parts)):
        return known[0][1]
    text = dump_text(spec_document(spec, registry), ".yaml").rstrip("\n")
    _written[:] = [(parts, text)]
    return text


def registry_of(checkpoint: Checkpoint) -> tuple[Registry, tuple[type[Component], ...]]:
    """Return a registry that names every component, and the classes that no installed set provides."""
    registry = default_registry()
    local = tuple(dict.fromkeys(cls for cls in component_classes(checkpoint.spec) if cls not in registry))
    if not local:
        return registry, ()
    try:
        return registry.with_components(LOCAL, local), local
    except RegistryError as error:
        raise CheckpointError(
            f"the run cannot be written: {error.problem}", received=error.received, hint=error.hint
        ) from error


def _require_finite(arrays: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise CheckpointError(
                f"the parameter '{name}' is not finite, so that the run would be of no use",
                expected="finite numbers",
                received=f"{array.size - np.count_nonzero(np.isfinite(array))} of {array.size} entries",
            )


def _counts(state: OptimizerState) -> dict[str, str]:
    counts = {"optimizer": state.optimizer, "step": str(state.step), "epoch": str(state.epoch)}
    return counts | ({"averages": state.averages} if state.averages else {})


def _write_arrays(arrays: Mapping[str, Array], path: Path, **told: str) -> None:
    from safetensors.numpy import save

    whole = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    metadata = {"format": "bpframe", "format_version": str(FORMAT), **told}
    # Written by us, the file gets the rights that the user's other files get; the library's own would be private.
    with path.open("wb") as file:
        file.writelines(_ordered(save(whole, metadata=metadata)))


def _ordered(content: bytes) -> tuple[bytes, memoryview]:
    """Return the safetensors file with its metadata sorted: the library puts them in another order at each call.

    One run then has one set of bytes, and one digest. A header is a length of 8 bytes and JSON padded to 8; what
    follows is large, and not copied.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, memoryview(content)[end:]


def _write_text(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _versions(registry: Registry, names: list[str], local: tuple[type[Component], ...]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "bpframe": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "plugins": {
            each.provider.set: {"distribution": each.provider.distribution, "version": each.provider.version}
            for each in registry.sets
            if each.status == "ok" and each.provider.set != LOCAL
        },
        "local_components": {f"{LOCAL}.{cls.kind}": f"{cls.__module__}.{cls.__qualname__}" for cls in local},
        "files": names,
    }
