"""The runs below a folder, each with how it went: listed, compared, drawn. None is loaded, and a broken one is told."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bpframe.checkpoint.content import SPEC, VERSIONS
from bpframe.checkpoint.run_reading import is_run, is_trained_now, recorded_environment, run_history
from bpframe.documents.text import parse_text
from bpframe.errors import BpframeError, DataError, did_you_mean
from bpframe.machine.opening import text_of
from bpframe.training.history import History

__all__ = ["ListedRun", "compared_settings", "list_runs", "sorted_runs"]

#: What says where data are and how a run is kept, and decides on no number.
NO_SETTINGS = ("data.path", "training.checkpoint_every", "training.keep_")

#: How deep runs are looked for below a folder, how many there may be, and how many settings are compared.
DEPTH, MOST, MOST_SETTINGS = 3, 10_000, 6


@dataclass(frozen=True)
class ListedRun:
    """A run as far as its files tell: `status` is how its training ended, "running", "unfinished" or "broken".

    `problem` says what is broken. `settings` are the values of its spec by path.
    """

    folder: Path
    name: str
    status: str
    history: History = field(default_factory=History)
    settings: Mapping[str, Any] = field(default_factory=dict)
    begun: str | None = None
    problem: str | None = None

    @property
    def figures(self) -> dict[str, Any]:
        """What the last epoch came to, and how much was done for it."""
        if not self.history.epochs:
            return {"epochs": 0}
        last = self.history.epochs[-1]
        numbers = {
            "epochs": len(self.history),
            "steps": self.history.steps,
            "cost": last.cost,
            "validation_cost": last.validation_cost,
            "accuracy": last.accuracy,
            "validation_accuracy": last.validation_accuracy,
            **{name: value for name, value in last.metrics.items() if isinstance(value, float)},
            "seconds": math.fsum(each.seconds for each in self.history.epochs),
        }
        return {name: value for name, value in numbers.items() if value is not None}

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        found = {"run": str(self.folder), "status": self.status, **self.figures, "begun": self.begun}
        return {**found, "settings": dict(self.settings), "problem": self.problem}


def list_runs(folder: str | os.PathLike[str]) -> list[ListedRun]:
    """Return the runs in a folder and in folders of it, or the one that it is, by name.

    Errors: DataError (there is no such folder).
    """
    top = Path(folder).expanduser()
    if not top.is_dir():
        raise DataError(f"there is no folder {top}", expected="a folder with runs in it, or a run")
    found = []
    for place in _runs_in(top, DEPTH):
        found.append(_listed(place, str(place.relative_to(top)) if place != top else top.name))
        if len(found) > MOST:
            raise DataError(f"there are more than {MOST:,} runs in {top}", hint="name a folder further down")
    return found


def sorted_runs(runs: Sequence[ListedRun], column: str) -> list[ListedRun]:
    """Return runs with the best value of a column first, where it has a better side; those without one last.

    Errors: DataError (no run has such a column).
    """
    columns = dict.fromkeys(["run", "status", "begun", *(name for each in runs for name in each.figures)])
    columns |= dict.fromkeys(compared_settings(runs))
    if column not in columns:
        raise DataError(
            f"no run has a column '{column}'", expected=", ".join(columns), hint=did_you_mean(column, columns)
        )
    larger = {name: each for run in runs for name, each in run.history.directions.items()}

    def key(run: ListedRun) -> tuple[Any, ...]:
        value = {**run.settings, **run.as_dict(), "run": run.name}.get(column)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return (2, 0, "")
        if isinstance(value, int | float):
            best_last = larger.get(column, column.endswith("accuracy"))
            return (0, -value if best_last else value, "")
        return (1, 0, str(value))

    return sorted(runs, key=key)


def compared_settings(runs: Sequence[ListedRun]) -> list[str]:
    """Return the paths of the values in which the specs differ, none where they differ in more than a few."""
    whole = [each.settings for each in runs if each.settings]
    paths = dict.fromkeys(path for each in whole for path in each)
    differing = [path for path in paths if len({repr(each.get(path)) for each in whole}) > 1]
    several = [path for path in differing if not path.startswith(NO_SETTINGS)]
    return several if len(several) <= MOST_SETTINGS else []


def _runs_in(folder: Path, depth: int) -> Iterator[Path]:
    if is_run(folder) or (folder / VERSIONS).is_file():
        yield folder
        return
    if depth:
        try:
            inside = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
        except OSError:
            return
        for each in inside:
            yield from _runs_in(each, depth - 1)


def _listed(place: Path, name: str) -> ListedRun:
    begun = recorded_environment(place).get("begun")
    begun = begun if isinstance(begun, str) else None
    settings: dict[str, Any] = {}
    try:
        document = parse_text(text_of(place / SPEC, DataError, 2**24), ".yaml", str(place / SPEC))
        _flatten(document, "", settings)
        history = run_history(place)
    except BpframeError as error:
        return ListedRun(place, name, "broken", settings=settings, begun=begun, problem=str(error))
    running = is_trained_now(place)
    return ListedRun(place, name, "running" if running else history.stopped, history, settings, begun)


def _flatten(value: Any, path: str, into: dict[str, Any]) -> None:
    parts: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        parts = [(f"{path}.{key}" if path else str(key), each) for key, each in value.items()]
    elif isinstance(value, list):
        parts = [(f"{path}.{place}", each) for place, each in enumerate(value)]
    else:
        into[path] = value
    for inner, each in parts:
        _flatten(each, inner, into)
