"""bpframe train: do what a spec says, and leave the run in a folder."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bpframe.cli.failures import INTERRUPTED, MISTAKE, tell
from bpframe.cli.output import AsJson
from bpframe.cli.plan import tell_plan
from bpframe.cli.settings import grid_of, seeds_of, settings_of
from bpframe.cli.signals import ended_by_signals
from bpframe.cli.sweep import sweep
from bpframe.cli.trained import in_a_shell, tell_trained

if TYPE_CHECKING:
    from bpframe.runs import Evaluation, Experiment

__all__ = ["train"]


def train(
    spec: Annotated[
        Path | None, typer.Argument(metavar="SPEC", help="A .yaml, .json or .toml file.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A new folder for the run; runs/<spec's name>-<number> if left out."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Go on with the training in a run's folder, as if it had never stopped."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="With --resume, where the file of the run's data, or its folder, lies now."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Another value in the spec, training.epochs=5; as often as you like."
        ),
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option(
            metavar="INTEGER",
            help="Another seed for weights and order of examples; of several, 0,1,2, each is trained.",
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Another number of epochs.")] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH=VALUE,VALUE",
            help="Train with each of these values; of several grids, with every combination.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many of a grid's trainings run at once.")] = 1,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Build the network, load the data, say what would be trained; train nothing."),
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every component by value first; verdicts are remembered.")
    ] = False,
    error_norms: Annotated[
        bool, typer.Option("--error-norms/--no-error-norms", help="Keep every node's error in the history.")
    ] = True,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the run's folder and nothing else.")] = False,
) -> None:
    """Train the network of a spec, and keep the run in a folder.

    The folder is written as the training goes on: the spec, the versions, the history, checkpoints, and at the end
    `report.html`, a page that shows how it went. However the training ends, --resume goes on with it.

    Example: bpframe train digits.yaml --output runs/first
    """
    from bpframe.checkpoint import check_destination
    from bpframe.documents import read_spec
    from bpframe.errors import SpecError
    from bpframe.runs import overridden, prepare_experiment, resumed_experiment
    from bpframe.runs.sweep import members_of

    values, choices, seeds = settings_of(changes or ()), grid_of(grid or ()), seeds_of(seed)
    if epochs is not None:
        values["training.epochs"] = epochs
    several = bool(choices) or len(seeds) > 1
    if data is not None and resume is None:
        raise SpecError("--data says where a run's data lie now", expected="bpframe train --resume RUN --data PATH")
    if resume is not None:
        _require_none(resume, SPEC=spec, output=output, seed=seed, grid=grid, verify=verify or None)
        experiment, folder = resumed_experiment(resume, values, data), resume
    elif spec is None:
        raise SpecError("nothing says what to train", expected="bpframe train SPEC, or bpframe train --resume RUN")
    else:
        folder = _next_folder(spec) if output is None else output
        check_destination(folder)
        if several and not dry_run:
            options = ["--verify"] * verify + ["--no-error-norms"] * (not error_norms)
            sweep(spec, folder, choices, seeds, values, options, jobs, as_json, quiet)
            return
        run = overridden(read_spec(spec, changes=values), seed=seeds[0] if seeds else None)
        experiment = prepare_experiment(run, spec.expanduser().absolute().parent, verify=verify or None)
        for note in experiment.dataset.notes:
            print(note, file=sys.stderr)
    if dry_run:
        tell_plan(experiment, [each.name for each in members_of(choices, seeds)] if several else [], as_json)
        return
    shown = False if quiet else None if as_json else True
    _train(experiment, folder, resume is not None, values.get("training.epochs"), shown, error_norms, as_json, quiet)


def _train(
    experiment: Experiment,
    folder: Path,
    goes_on: bool,
    epochs: int | None,
    shown: bool | None,
    error_norms: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train in a folder, or go on there, and tell what came of it."""
    from bpframe.errors import NonFiniteError
    from bpframe.runs import go_on_in, train_in

    started = time.perf_counter()
    try:
        with ended_by_signals():
            if goes_on:
                place = go_on_in(experiment, folder, shown, epochs)
            else:
                place = train_in(experiment, folder, shown, error_norms)
    except NonFiniteError as error:
        tell(error)
        _report(experiment, folder, None, time.perf_counter() - started)
        raise typer.Exit(MISTAKE) from None
    except KeyboardInterrupt as error:
        print(f"Interrupted at once{_notes(error)}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except SystemExit as ended:
        _tell_ended(ended, folder)
        raise typer.Exit(ended.code if isinstance(ended.code, int) else MISTAKE) from None
    seconds = time.perf_counter() - started
    found = experiment.evaluate()
    _report(experiment, folder, found, seconds)
    within = folder.expanduser().resolve() in place.parents
    tell_trained(experiment, found, folder if within else place, seconds, as_json, quiet)
    if experiment.history is not None and experiment.history.stopped == "interrupted":
        reached = f"{folder}. {_resuming(folder)}" if within else str(place)
        print(f"Interrupted: what was reached is in {reached}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)


def _report(experiment: Experiment, folder: Path, found: Evaluation | None, seconds: float) -> None:
    """Write the page beside the checkpoints; where it cannot be, say so: nothing that was trained depends on it."""
    from bpframe.errors import DataError
    from bpframe.runs import write_report

    try:
        write_report(experiment, folder.expanduser(), found, seconds)
    except DataError as error:
        tell(error)


def _tell_ended(ended: SystemExit, folder: Path) -> None:
    """Say what is kept of a training that a signal has ended, or a callback that leaves the process."""
    from bpframe.errors import BpframeError

    before = ended.__context__
    if isinstance(before, BpframeError):  # the signal comes after it
        tell(before)
    elif isinstance(before, KeyboardInterrupt):
        print(f"Ended by a signal, at once{_notes(before)}", file=sys.stderr)
    elif getattr(ended, "__notes__", ()):
        why = "" if ended.code is None or isinstance(ended.code, int) else f", {ended.code}"
        print(f"Ended by a callback{why}{_notes(ended)}", file=sys.stderr)
    else:
        print(f"Ended by a signal: what was reached is in {folder}. {_resuming(folder)}", file=sys.stderr)


def _notes(error: BaseException) -> str:
    return "".join(f": {note}" for note in getattr(error, "__notes__", ()))


def _resuming(folder: Path) -> str:
    return f"To go on: bpframe train --resume {in_a_shell(folder)}"


def _require_none(resume: Path, **given: object) -> None:
    """Refuse what a training that goes on cannot be given. Errors: SpecError."""
    from bpframe.errors import SpecError

    names = [name if name.isupper() else f"--{name}" for name, value in given.items() if value is not None]
    if names:
        raise SpecError(
            f"--resume goes on with the training in {resume} as it began",
            expected="--resume and no other source of a spec, with --set training.epochs=... at most",
            received=", ".join(names),
        )


def _next_folder(spec: Path) -> Path:
    """Return runs/<stem>-<number>, with the number after the highest there is."""
    runs, stem = Path("runs"), spec.stem or "run"
    found = re.compile(re.escape(stem) + r"-(\d+)")
    try:
        taken = [int(match[1]) for each in runs.iterdir() if (match := found.fullmatch(each.name))]
    except OSError:
        taken = []
    return runs / f"{stem}-{max(taken, default=0) + 1}"
