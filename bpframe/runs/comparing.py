"""Runs side by side, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bpframe.errors import shown
from bpframe.runs.listing import ListedRun
from bpframe.training.figures import new_figure, save_figure

__all__ = ["draw_runs"]

#: So many runs have their names beside the curves.
NAMED = 20


def draw_runs(runs: Sequence[ListedRun], path: str | Path) -> None:
    """Draw the costs of runs over the epochs, of the validation data where a run has some, and their accuracies.

    Errors: MissingExtra (without matplotlib); DataError (the picture cannot be written).
    """
    figure = new_figure(7.2, 6.4)
    upper, lower = figure.subplots(2, sharex=True)
    for axes, names in ((upper, ("validation_cost", "cost")), (lower, ("validation_accuracy", "accuracy"))):
        for run in runs:
            name = next((each for each in names if run.history.epochs and run.history.column(each)), None)
            if name is None:
                continue
            points = [(each.epoch, value) for each in run.history.epochs if (value := getattr(each, name)) is not None]
            axes.plot(*zip(*points, strict=True), marker=".", label=shown(run.name, 60).replace("$", r"\$"))
        if 0 < len(axes.lines) <= NAMED:
            axes.legend(fontsize="small")
        axes.grid(alpha=0.3)
    upper.set_ylabel("cost")
    lower.set_ylabel("accuracy")
    lower.set_xlabel("epoch")
    save_figure(figure, path)
