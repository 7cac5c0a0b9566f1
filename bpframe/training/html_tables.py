"""Small tables and curves as HTML, as notebooks show them: everything escaped, no script, nothing from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

__all__ = ["html_curves", "html_rows", "html_table", "printable"]

#: Colours of curves, in their order.
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44")

#: The size of a small plot, in pixels, and its margin.
WIDTH, HEIGHT, MARGIN = 360, 120, 8

#: A curve is drawn through so many points at most.
MOST = 400

#: Numbers over more than so many powers of ten are drawn by their logarithms.
DECADES = 1.5


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Return a table with a caption above; its first columns are text, to the left, the others to the right."""
    head = "".join(f"<th{_side(k, text_columns)}>{_escaped(each)}</th>" for k, each in enumerate(headings))
    body = "".join(
        f"<tr>{''.join(f'<td{_side(k, text_columns)}>{_escaped(cell)}</td>' for k, cell in enumerate(row))}</tr>"
        for row in rows
    )
    told = f'<caption style="caption-side: top; text-align: left">{_escaped(caption)}</caption>' if caption else ""
    return f"<table>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_rows(rows: Iterable[tuple[str, str]]) -> str:
    """Return labelled texts below one another."""
    side = _side(0, 1)
    body = "".join(f"<tr><th{side}>{_escaped(label)}</th><td{side}>{_escaped(text)}</td></tr>" for label, text in rows)
    return f"<table><tbody>{body}</tbody></table>" if body else ""


def html_curves(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], below: str) -> str:
    """Return small curves (x, y) by name in one picture (SVG), with their least and largest values; "" without points.

    Numbers that are not finite are left out; positive ones over many powers of ten are drawn by their logarithms.
    """
    points = {
        name: [(float(a), float(b)) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
        for name, (x, y) in curves.items()
    }
    points = {name: _thinned(some) for name, some in points.items() if len(some) > 1}
    if not points:
        return ""
    heights = [b for some in points.values() for _, b in some]
    low, high = min(heights), max(heights)
    logarithmic = low > 0 and math.log10(high / low) > DECADES
    places = [a for some in points.values() for a, _ in some]
    across = _scale(min(places), max(places), MARGIN, WIDTH - MARGIN)
    height = math.log10 if logarithmic else float
    up = _scale(height(low), height(high), HEIGHT - MARGIN, MARGIN)
    drawn, told = [], []
    for colour, (name, some) in zip(COLOURS, points.items(), strict=False):
        line = " ".join(f"{across(a):.1f},{up(height(b)):.1f}" for a, b in some)
        drawn.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{line}"/>')
        told.append(f'<span style="color: {colour}">{_escaped(name)}</span>')
    kind = ", logarithmic" if logarithmic else ""
    return (
        f'<div><svg role="img" aria-label="{_escaped(", ".join(points))}" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" style="border: 1px solid #8888">{"".join(drawn)}</svg><br><small>'
        f"{', '.join(told)}: {low:.4g} to {high:.4g}{kind}; {_escaped(below)}</small></div>"
    )


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most some hundreds of points, the last among them."""
    stride = -(-len(points) // MOST)
    return points if stride == 1 else [*points[:-1:stride], points[-1]]


def _scale(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    width = (high - low) or 1.0
    return lambda value: first + (value - low) / width * (last - first)


def _escaped(text: str) -> str:
    return escape(printable(text), quote=True)


def printable(text: str) -> str:
    """Return text of one line, with a sign in the place of what is not seen or steers a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _side(column: int, text_columns: int) -> str:
    return f' style="text-align: {"left" if column < text_columns else "right"}"'
