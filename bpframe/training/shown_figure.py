"""A figure that a notebook shows by itself, once, whether or not pyplot was imported. Imported where matplotlib is."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure

__all__ = ["ShownFigure"]


class ShownFigure(Figure):
    """A figure that pyplot does not know, so that nothing keeps it alive or shows it a second time."""

    def _repr_png_(self) -> bytes:
        stream = BytesIO()
        self.savefig(stream, format="png")
        return stream.getvalue()
