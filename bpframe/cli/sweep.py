"""bpframe train with several seeds, or with a grid: what it prints and writes of all of them."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bpframe.cli.failures import MISTAKE
from bpframe.cli.output import print_json, print_table, written_file

if TYPE_CHECKING:
    from bpframe.runs.sweep import Outcome

__all__ = ["sweep"]

#: The file with a line for each training, in the folder that they are in.
SUMMARY = "summary.csv"


def sweep(
    spec: Path,
    output: Path,
    grid: Mapping[str, Sequence[Any]],
    seeds: Sequence[int],
    changes: Mapping[str, Any],
    options: Sequence[str],
    jobs: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train every combination, print a table of what they reached, and write it beside them as summary.csv."""
    from bpframe.errors import CheckpointError
    from bpframe.machine.child_processes import ChildProcesses
    from bpframe.runs.sweep import members_of, run_members

    members = members_of(grid, seeds)
    done: list[Outcome] = []

    def told(outcome: Outcome) -> None:
        done.append(outcome)
        if not quiet:
            line = f"[{len(done)}/{len(members)}] {outcome.member.name}: {_reached(outcome)}"
            print(line, file=sys.stderr, flush=True)

    with ChildProcesses() as children:
        outcomes = run_members(members, spec, output, children, changes=changes, options=options, jobs=jobs, told=told)
    rows = [_row(each, grid) for each in outcomes]
    with written_file(output / SUMMARY, CheckpointError) as file:
        file.write(_csv(rows).encode())
    if as_json:
        print_json({"output": str(output), "runs": rows})
    elif quiet:
        print(str(output))
    else:
        _print(rows, grid)
        print(f"The runs and {SUMMARY} are in {output}. To compare them:\n  bpframe runs {output}")
    if children.asked:
        print(f"Interrupted: what was reached is in {output}", file=sys.stderr)
        raise typer.Exit(128 + children.asked)
    if failed := sum(each.status == "failed" for each in outcomes):
        print(f"{failed} of {len(outcomes)} trainings failed.", file=sys.stderr)
        raise typer.Exit(MISTAKE)


def _part(outcome: Outcome) -> Mapping[str, Any]:
    """Return what was measured, on the test part, or on the last part that there is."""
    for part in ("test", "validation", "training"):
        if isinstance(found := outcome.told.get(part), dict):
            return {"part": part, **found}
    return {}


def _reached(outcome: Outcome) -> str:
    found = _part(outcome)
    if outcome.status == "failed":
        return "failed: " + (outcome.message.splitlines() or ["no message"])[0][:200]
    numbers = [f"{name} {found[name]:.4g}" for name in ("accuracy", "cost") if isinstance(found.get(name), float)]
    return ", ".join([*numbers, *([] if outcome.status == "completed" else [outcome.status])]) or outcome.status


def _row(outcome: Outcome, grid: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    found = _part(outcome)
    metrics = found.get("metrics") or {}
    return {
        "run": outcome.folder.name,
        **{path: outcome.member.changes[path] for path in grid},
        **({} if outcome.member.seed is None else {"seed": outcome.member.seed}),
        "status": outcome.status,
        "epochs": outcome.told.get("epochs"),
        "steps": outcome.told.get("steps"),
        "part": found.get("part"),
        "cost": found.get("cost"),
        "accuracy": found.get("accuracy"),
        **{name: value for name, value in metrics.items() if isinstance(value, float)},
        "seconds": outcome.told.get("seconds"),
        "message": outcome.message if outcome.status == "failed" else "",
    }


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _print(rows: Sequence[Mapping[str, Any]], grid: Mapping[str, Sequence[Any]]) -> None:
    from bpframe.reports.tables import table_of

    said = ["run", *grid, "status", "epochs", "cost", "accuracy", "seconds"]
    columns = [name for name in said if any(row.get(name) is not None for row in rows)]
    headings = [name.rpartition(".")[2] for name in columns]
    shown = [[_shown(row.get(name)) for name in columns] for row in rows]
    print_table(table_of(headings, shown, 1))


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
