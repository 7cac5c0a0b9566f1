"""An empty figure, where Matplotlib is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpframe.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["new_figure"]


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of this size, in inches. Errors: MissingExtra without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("plotting needs matplotlib", hint='pip install "bpframe[plot]"') from error
    return Figure(figsize=(width, height), layout="constrained")
