"""What bpframe train prints of a training that is over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bpframe.cli.output import print_json

if TYPE_CHECKING:
    from bpframe.runs import Evaluation, Experiment

__all__ = ["in_a_shell", "tell_trained"]


def tell_trained(
    experiment: Experiment, found: Evaluation, folder: Path, seconds: float, as_json: bool, quiet: bool
) -> None:
    """Print what a training came to, and how its run is used."""
    if quiet and not as_json:
        print(str(folder))
        return
    history, part = experiment.history, experiment.part
    if as_json:
        print_json(
            {
                "run": str(folder),
                "stopped": None if history is None else history.stopped,
                "epochs": len(history or ()),
                "steps": 0 if history is None else history.steps,
                "seconds": round(seconds, 3),
                part: found.as_dict(),
            }
        )
        return
    minimized = experiment.training.minimizes
    count, unit = len(history or ()), "iteration" if minimized else "epoch"
    ended = f": {history.stopped}" if minimized and history is not None and history.stopped != "completed" else ""
    print(f"Trained for {count} {unit}{'s' * (count != 1)} in {seconds:.1f} s{ended}.")
    print(f"{part.capitalize()} part{', averaged parameters' * experiment.averages}: {found}")
    print(f"The run is in {folder}. To use it:")
    print(f"  bpframe evaluate {in_a_shell(folder)}")
    print(f"  bpframe predict {in_a_shell(folder)} FILE")
    print(f"  python: bpframe.load({str(folder)!r}){'.averaged()' * experiment.averages}.predict(x)")


def in_a_shell(folder: Path) -> str:
    """Return a folder's name as a shell takes it."""
    return f"'{folder}'" if re.search(r"[^\w./~+=,-]", str(folder)) else str(folder)
