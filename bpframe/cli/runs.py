"""bpframe runs: which runs there are, and how they compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bpframe.cli.output import AsJson, print_json, print_table

if TYPE_CHECKING:
    from bpframe.runs.listing import ListedRun

__all__ = ["runs"]

#: The columns of the table, the first of each that a run has; what was measured on other examples says more.
COLUMNS = (("epochs",), ("validation_cost", "cost"), ("validation_accuracy", "accuracy"), ("seconds",))

#: `--seed` gives both the same number, which is shown once.
NETWORK_SEED, TRAINING_SEED = "network.seed", "training.seed"
SEEDS = {NETWORK_SEED, TRAINING_SEED}


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder with the runs.", show_default=False)
    ] = Path("runs"),
    sort: Annotated[
        str, typer.Option(metavar="COLUMN", help="Sort by cost, accuracy, seconds, ...: the best first.")
    ] = "run",
    plot: Annotated[
        Path | None, typer.Option(help="Draw the runs' costs over the epochs into this file, .svg or .png.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder, and compare them.

    Settings are shown in which they differ. A run that cannot be read is listed as broken, with the reason below.

    Example: bpframe runs runs/rates --sort cost
    """
    from bpframe.errors import shown
    from bpframe.runs.comparing import draw_runs
    from bpframe.runs.listing import list_runs, sorted_runs
    from bpframe.training.figures import check_figure

    if plot is not None:
        check_figure(plot)
    found = sorted_runs(list_runs(folder), sort)
    if plot is not None:
        draw_runs(found, plot)
    if as_json:
        print_json([each.as_dict() for each in found])
        return
    if not found:
        print(shown(f"There are no runs in {folder}. To make one: bpframe train SPEC --output {folder / 'first'}"))
        return
    _print(found, sort)
    for each in found:
        if each.problem is not None:
            print(shown(f"{each.name} is broken: {each.problem}"))


def _print(found: Sequence[ListedRun], sort: str) -> None:
    from bpframe.errors import shown
    from bpframe.reports.tables import table_of
    from bpframe.runs.listing import compared_settings

    settings = compared_settings(found)
    figures = [each.figures for each in found]
    firsts = [next((name for name in names if any(name in each for each in figures)), None) for names in COLUMNS]
    columns = [name for name in firsts if name is not None]
    if sort not in columns and any(sort in each for each in figures):
        columns.insert(-1, sort)  # what the runs are sorted by is seen
    if set(settings) >= SEEDS and all(len({each.settings.get(path) for path in SEEDS}) == 1 for each in found):
        settings = ["seed" if path == NETWORK_SEED else path for path in settings if path != TRAINING_SEED]
    short = [path.rpartition(".")[2] for path in settings]
    labels = [path if short.count(last) > 1 else last for path, last in zip(settings, short, strict=True)]
    rows = [
        [
            shown(run.name),
            shown(run.status),
            *(_told(run.settings.get(NETWORK_SEED if path == "seed" else path)) for path in settings),
            *(_told(numbers.get(name)) for name in columns),
        ]
        for run, numbers in zip(found, figures, strict=True)
    ]
    headings = ["run", "status", *labels, *(name.replace("_", " ") for name in columns)]
    print_table(table_of([shown(each) for each in headings], rows, 2))


def _told(value: Any) -> str:
    from bpframe.errors import shown

    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else shown(str(value), 40)
