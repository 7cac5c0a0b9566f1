"""bpframe evaluate: how good a saved run is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bpframe.cli.output import AsJson, print_json

__all__ = ["evaluate"]


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that a training left.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Other data: a spec with a data section, an .npz file, or a .csv file like the run's own; - is "
            "standard input."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the cost, the accuracy and the metrics of a run.

    It is measured on the test part of the run's data, on the last part that there is, or on other data.

    Example: bpframe evaluate runs/digits-1
    """
    from bpframe.runs import open_run

    opened = open_run(run)
    found, part = opened.evaluate(data)
    if as_json:
        print_json({"run": str(run), "data": None if data is None else str(data), "part": part, **found.as_dict()})
    else:
        where = "All examples" if part == "all" else f"{part.capitalize()} part"
        print(f"{where}{', averaged parameters' * opened.averages}: {found}")
