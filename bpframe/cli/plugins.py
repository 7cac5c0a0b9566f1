"""bpframe plugins: which plugin sets are installed, and what they provide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bpframe.cli.output import json_alone, print_json, print_table
from bpframe.errors import shown

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["plugins"]


def plugins(
    as_json: Annotated[
        bool, typer.Option("--json", callback=json_alone, help="Print a JSON list, with tracebacks of broken sets.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try sets again whose import ended or stopped a process.")
    ] = False,
) -> None:
    """List plugin sets, their components, and why one failed.

    Example: bpframe plugins
    """
    from bpframe.plugins import default_registry, forget_trials, plugin_report

    if retry:
        forget_trials()
    report = plugin_report(default_registry())
    if as_json:
        print_json(report)
    elif report:
        print_table(_table(report))
    else:
        print("No plugin sets are installed.")


def _table(report: list[dict[str, Any]]) -> Table:
    from bpframe.reports.tables import table_of

    rows = []
    for each in report:
        origin = " ".join(str(each[key]) for key in ("distribution", "version") if each[key])
        lines = [f"{category}: {', '.join(kinds)}" for category, kinds in each["components"].items()]
        if each["categories"]:
            lines.append(f"brings the category {', '.join(each['categories'])}")
        provides = "\n".join(lines)
        loaded = each["status"] in ("ok", "broken")
        warnings = "".join(f"\nwarning: {warning}" for warning in each["warnings"])
        told = shown((each["reason"] or provides or "none") + warnings)
        time = f"{each['import_ms']:.0f} ms" if loaded else "-"
        rows.append((shown(each["set"]) or "''", shown(origin) or "-", each["status"], told, time))
    return table_of(("set", "from", "status", "components", "import"), rows, 4)
