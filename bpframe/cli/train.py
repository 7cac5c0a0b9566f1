"""bpframe train: do what a spec says, and leave the run in a folder."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bpframe.cli.failures import INTERRUPTED, MISTAKE, tell
from bpframe.cli.output import AsJson, print_json
from bpframe.cli.plan import tell_plan
from bpframe.cli.settings import grid_of, seeds_of, settings_of
from bpframe.cli.sweep import sweep

if TYPE_CHECKING:
    from bpframe.runs import Evaluation, Experiment

__all__ = ["train"]


def train(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="A .yaml, .json or .toml file.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A new folder for the run; runs/<spec's name>-<number> if left out."),
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

    The folder holds the spec, the weights, the history, the versions and `report.html`, a page that shows how it went.

    Example: bpframe train digits.yaml --output runs/first
    """
    from bpframe.checkpoint import check_destination
    from bpframe.documents import read_spec
    from bpframe.errors import NonFiniteError
    from bpframe.runs import overridden, prepare_experiment, write_report
    from bpframe.runs.sweep import members_of

    values, choices, seeds = settings_of(changes or ()), grid_of(grid or ()), seeds_of(seed)
    if epochs is not None:
        values["training.epochs"] = epochs
    folder = _next_folder(spec) if output is None else output
    check_destination(folder)
    if (choices or len(seeds) > 1) and not dry_run:
        options = ["--verify"] * verify + ["--no-error-norms"] * (not error_norms)
        sweep(spec, folder, choices, seeds, values, options, jobs, as_json, quiet)
        return
    run = overridden(read_spec(spec, changes=values), seed=seeds[0] if seeds else None)
    experiment = prepare_experiment(run, spec.expanduser().absolute().parent, verify=verify or None)
    for note in experiment.dataset.notes:
        print(note, file=sys.stderr)
    if dry_run:
        names = [each.name for each in members_of(choices, seeds)] if choices or len(seeds) > 1 else []
        tell_plan(experiment, names, as_json)
        return
    started = time.perf_counter()
    try:
        shown = False if quiet else None if as_json else True
        experiment.train(progress=shown, error_norms=error_norms)
    except NonFiniteError as error:
        tell(error)
        kept = _save(experiment, folder)
        write_report(experiment, kept, None, time.perf_counter() - started)
        told = "their cost may be infinite or NaN, though they are not"
        print(f"The last finite weights and the history are in {kept}; {told}", file=sys.stderr)
        raise typer.Exit(MISTAKE) from None
    seconds = time.perf_counter() - started
    saved = _save(experiment, folder)
    found = experiment.evaluate()
    write_report(experiment, saved, found, seconds)
    _report(experiment, found, saved, seconds, as_json, quiet)
    if experiment.history is not None and experiment.history.stopped == "interrupted":
        print(f"Interrupted: what was reached is in {saved}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)


def _report(
    experiment: Experiment, found: Evaluation, folder: Path, seconds: float, as_json: bool, quiet: bool
) -> None:
    if quiet and not as_json:
        print(str(folder))
        return
    history, part = experiment.history, experiment.part
    if as_json:
        print_json(
            {
                "run": str(folder),
                "stopped": history.stopped if history else None,
                "epochs": len(history or ()),
                "steps": history.steps if history else 0,
                "seconds": round(seconds, 3),
                part: found.as_dict(),
            }
        )
        return
    minimized = experiment.training.minimizes
    count, unit = len(history or ()), "iteration" if minimized else "epoch"
    ended = f": {history.stopped}" if minimized and history is not None and history.stopped != "completed" else ""
    print(f"Trained for {count} {unit}{'s' * (count != 1)} in {seconds:.1f} s{ended}.")
    _tell(found, part, folder, experiment.averages)


def _tell(found: Evaluation, part: str, folder: Path, averages: bool) -> None:
    print(f"{part.capitalize()} part{', averaged parameters' * averages}: {found}")
    print(f"The run is in {folder}. To use it:")
    name = f"'{folder}'" if re.search(r"[^\w./~+-]", str(folder)) else str(folder)
    print(f"  bpframe evaluate {name}")
    print(f"  bpframe predict {name} FILE")
    print(f"  python: bpframe.load({str(folder)!r}){'.averaged()' * averages}.predict(x)")


def _next_folder(spec: Path) -> Path:
    """Return runs/<stem>-<number>, with the number after the highest there is."""
    runs, stem = Path("runs"), spec.stem or "run"
    found = re.compile(re.escape(stem) + r"-(\d+)")
    try:
        taken = [int(match[1]) for each in runs.iterdir() if (match := found.fullmatch(each.name))]
    except OSError:
        taken = []
    return runs / f"{stem}-{max(taken, default=0) + 1}"


def _save(experiment: Experiment, folder: Path) -> Path:
    """Write the run; where somebody took the name during the training, under the next free one."""
    from bpframe.checkpoint import free_folder
    from bpframe.errors import CheckpointError

    try:
        experiment.save(folder)
    except CheckpointError:
        free = free_folder(folder)
        if free == folder:
            raise
        experiment.save(free)
        return free
    return folder
