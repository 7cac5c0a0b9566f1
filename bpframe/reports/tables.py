"""Tables as plain text, for reports that people print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["labelled", "printed", "table_of"]

WIDTH = 120


def table_of(headings: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> Table:
    """Return a table whose first columns are text, to the left, and whose others are numbers, to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < text_columns else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def printed(table: Table) -> str:
    """Return a table as lines of text, without colours."""
    from rich.console import Console

    stream = StringIO()
    # In a notebook rich would display the table and write nothing.
    console = Console(file=stream, width=WIDTH, color_system=None, markup=False, force_jupyter=False)
    console.print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines() if line.strip())


def labelled(rows: Iterable[tuple[str, str]]) -> str:
    """Lay labelled lines out below one another, the texts in one column."""
    present = [(label, text) for label, text in rows if text]
    width = max((len(label) for label, _ in present), default=0) + 2
    hanging = "\n" + " " * (2 + width)
    return "\n".join(f"  {label:<{width}}" + text.replace("\n", hanging) for label, text in present)
