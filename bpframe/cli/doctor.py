"""bpframe doctor: what makes networks slow on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bpframe.cli.output import json_alone, print_json

__all__ = ["doctor"]


def doctor(
    run: Annotated[Path | None, typer.Argument(help="A saved run, whose weights are examined too.")] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Compare BLAS kernels by a second of products.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", callback=json_alone, help="Print a JSON object.")] = False,
) -> None:
    """Say what makes networks slow here, and what to do about it.

    Examines the processor, BLAS and its kernel, threads, the Python build, and with RUN its weights.

    Example: bpframe doctor
    """
    from bpframe.machine.examination import doctor as examined

    weights = None
    if run is not None:
        from bpframe.network import load

        weights = load(run).parameters
    report = examined(weights, measure=measure)
    if as_json:
        print_json(report.as_dict())
    else:
        print(report)
