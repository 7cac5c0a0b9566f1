"""Small tables as HTML, as notebooks show them: everything escaped, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bpframe.reports.web.escaping import escaped

__all__ = ["html_rows", "html_table"]


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Return a table with a caption above; its first columns are text, to the left, the others to the right."""
    head = "".join(f"<th{_side(k, text_columns)}>{escaped(each)}</th>" for k, each in enumerate(headings))
    body = "".join(
        f"<tr>{''.join(f'<td{_side(k, text_columns)}>{escaped(cell)}</td>' for k, cell in enumerate(row))}</tr>"
        for row in rows
    )
    told = f'<caption style="caption-side: top; text-align: left">{escaped(caption)}</caption>' if caption else ""
    return f"<table>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_rows(rows: Iterable[tuple[str, str]]) -> str:
    """Return labelled texts below one another."""
    body = "".join(
        f'<tr><th style="text-align: left">{escaped(label)}</th><td style="text-align: left">{escaped(text)}</td></tr>'
        for label, text in rows
    )
    return f"<table><tbody>{body}</tbody></table>" if body else ""


def _side(column: int, text_columns: int) -> str:
    return f' style="text-align: {"left" if column < text_columns else "right"}"'
