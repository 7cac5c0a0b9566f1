"""Line drawings as SVG text: nodes, arrows, symbols with indices, and curves in a frame of axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["BLUE", "GREY", "INK", "ORANGE", "Drawing", "Point", "number"]

Point = tuple[float, float]

#: The style sheet inverts drawings in the dark scheme and keeps the hue.
INK, GREY, BLUE, ORANGE = "#333333", "#9a9a9a", "#3f51b5", "#d84315"

_STYLE = """<style>
text { font-family: Georgia, "Times New Roman", serif; fill: #333333; text-anchor: middle }
.node { fill: #ffffff; stroke: #333333; stroke-width: 1.5 }
</style>"""


def number(value: float, digits: int = 4) -> str:
    """Write a number with at most so many decimals and a real minus sign."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    return "0" if text == "-0" else text.replace("-", "−")


class Drawing:
    """An SVG picture that grows by what is drawn; `title` is what a screen reader says."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            _STYLE,
            "<defs>",
            *(
                f'<marker id="{colour[1:]}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" '
                f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 1 L10 5 L0 9 z" fill="{colour}"/></marker>'
                for colour in (INK, GREY, BLUE, ORANGE)
            ),
            "</defs>",
        ]

    def text(self, x: float, y: float, said: str, size: float = 15, colour: str = INK, anchor: str = "middle") -> None:
        """Write plain text, its middle at x."""
        self._write(x, y, escape(said), size, colour, anchor)

    def symbol(
        self,
        x: float,
        y: float,
        letters: str,
        size: float = 17,
        colour: str = INK,
        after: str = "",
        anchor: str = "middle",
    ) -> None:
        """Write a symbol such as `w 3 21`: letter, superscript, subscript (`-` for none), and what is `after` it."""
        letter, above, below = ("" if part == "-" else part for part in (*letters.split(), "", "")[:3])
        up, small = 0.4 * size, 0.62 * size
        parts = [f'<tspan font-style="italic">{escape(letter)}</tspan>']
        moved = 0.0
        if above:
            parts.append(f'<tspan dy="{-up:.1f}" font-size="{small:.1f}">{above}</tspan>')
            moved = -up
        if below:
            back = 0.55 * small * len(above)
            target = 0.3 * size
            parts.append(f'<tspan dx="{-back:.1f}" dy="{target - moved:.1f}" font-size="{small:.1f}">{below}</tspan>')
            moved = target
        if after:
            parts.append(f'<tspan dy="{-moved:.1f}">{escape(after)}</tspan>')
        self._write(x, y, "".join(parts), size, colour, anchor)

    def _write(self, x: float, y: float, inside: str, size: float, colour: str, anchor: str) -> None:
        style = f"font-size:{size:g}px;fill:{colour};text-anchor:{anchor}"
        self._parts.append(f'<text x="{x:g}" y="{y:g}" style="{style}">{inside}</text>')

    def circle(self, at: Point, radius: float = 26) -> None:
        """Draw a neuron."""
        self._parts.append(f'<circle class="node" cx="{at[0]:g}" cy="{at[1]:g}" r="{radius:g}"/>')

    def box(self, at: Point, width: float, height: float = 36) -> None:
        """Draw a node around its middle."""
        corner = f'x="{at[0] - width / 2:g}" y="{at[1] - height / 2:g}"'
        self._parts.append(f'<rect class="node" {corner} width="{width:g}" height="{height:g}" rx="9"/>')

    def arrow(
        self, tail: Point, head: Point, colour: str = INK, width: float = 1.3, gap: float = 26, shift: float = 0
    ) -> None:
        """Draw an arrow between two nodes, `gap` away from the middle of each, moved sideways by `shift`."""
        length = math.dist(tail, head)
        dx, dy = (head[0] - tail[0]) / length, (head[1] - tail[1]) / length
        start = (tail[0] + gap * dx - shift * dy, tail[1] + gap * dy + shift * dx)
        end = (head[0] - gap * dx - shift * dy, head[1] - gap * dy + shift * dx)
        self._parts.append(
            f'<path d="M{start[0]:.1f} {start[1]:.1f} L{end[0]:.1f} {end[1]:.1f}" fill="none" stroke="{colour}" '
            f'stroke-width="{width:g}" marker-end="url(#{colour[1:]})"/>'
        )

    def line(self, points: Iterable[Point], colour: str = INK, width: float = 1.3, dashes: str = "") -> None:
        """Draw a line through the points."""
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>')

    def dot(self, at: Point, colour: str) -> None:
        """Draw a point of a curve."""
        self._parts.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4.5" fill="{colour}"/>')

    def svg(self) -> str:
        """Return the text of the file."""
        return "\n".join([*self._parts, "</svg>", ""])


class Axes:
    """A frame of axes in a drawing: data go in, points on the paper come out."""

    def __init__(self, drawing: Drawing, corner: Point, size: Point, x: Sequence[float], y: Sequence[float]) -> None:
        """Draw the axes from their ticks; the first and the last tick bound them."""
        self._drawing, self._corner, self._size, self._x, self._y = drawing, corner, size, x, y
        for value in x:
            bottom, top = self.at((value, y[0])), self.at((value, y[-1]))
            drawing.line([bottom, top], "#d8d8d8", 0.8)
            drawing.text(bottom[0], bottom[1] + 18, number(value), 13)
        for value in y:
            left, right = self.at((x[0], value)), self.at((x[-1], value))
            drawing.line([left, right], "#d8d8d8", 0.8)
            drawing.text(left[0] - 7, left[1] + 4, number(value), 13, anchor="end")
        drawing.line([self.at((x[0], y[-1])), self.at((x[0], y[0])), self.at((x[-1], y[0]))])

    def at(self, data: Point) -> Point:
        """Return where a pair of numbers lies."""
        (left, top), (width, height) = self._corner, self._size
        across = (data[0] - self._x[0]) / (self._x[-1] - self._x[0])
        up = (data[1] - self._y[0]) / (self._y[-1] - self._y[0])
        return left + width * across, top + height * (1 - up)

    def curve(self, points: Iterable[Point], colour: str, width: float = 2.2, dashes: str = "") -> None:
        """Draw a curve through pairs of numbers."""
        self._drawing.line([self.at(point) for point in points], colour, width, dashes)
