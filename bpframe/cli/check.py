"""bpframe check: whether components compute and declare what they should, by value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bpframe.cli.failures import MISTAKE
from bpframe.cli.output import json_alone, print_json

if TYPE_CHECKING:
    from bpframe.testing.report import Report

__all__ = ["check"]


def check(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE|NAME...",
            help="A Python file, file.py::Class, a component's name, or a plugin set's.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Check every component that is installed.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Where the points come from.")] = 0,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK", help="Only this check, such as jacobian[w], or its family; repeatable."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prove the Jacobians equal to those in this file, and time both."),
    ] = None,
    mutate: Annotated[bool, typer.Option("--mutate", help="Try the checks on false Jacobians too.")] = False,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Run in another process: a hang or a crash is a finding.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="The time for one example, isolated; 60 if left out."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every check, and not only failures.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", callback=json_alone, help="Print a JSON list of reports and nothing else.")
    ] = False,
) -> None:
    """Check components by value.

    Their examples are stated in the file or plugin set, or guessed.

    Example: bpframe check my_layer.py
    """
    from bpframe.testing.running.isolated import TIME_LIMIT, run_isolated
    from bpframe.testing.running.order import Names, Order, refuse_unknown, run_order

    if bool(words) == everything:
        raise typer.BadParameter("name what to check, or --all, and not both", param_hint="'FILE|NAME...'")
    order = Order(tuple(words or ()), seed, tuple(only or ()), mutate, None if against is None else str(against))
    names = Names()
    if isolated or time_limit is not None:
        reports = run_isolated(order, names, time_limit=time_limit or TIME_LIMIT)
    else:
        reports = run_order(order, names)
    found: list[Report] = []
    for report in reports:
        found.append(report)
        if not as_json:
            typer.echo(report.text(verbose))
    refuse_unknown(order.only, names.found)
    if as_json:
        print_json([report.model_dump(mode="json") for report in found])
    failed = sum(not report.ok for report in found)
    if not as_json:
        _summarise(found, failed)
    if failed or not found:
        raise typer.Exit(MISTAKE)


def _summarise(found: list[Any], failed: int) -> None:
    if not found:
        typer.echo("Nothing was checked: no component is installed.", err=True)
    elif len(found) > 1:
        typer.echo(
            f"{len(found) - failed} of {len(found)} examples are ok" + (f", {failed} failed." if failed else ".")
        )
