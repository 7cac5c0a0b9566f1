"""Figures, where Matplotlib is installed: an empty one, and how any is written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bpframe.errors import DataError, MissingExtra
from bpframe.machine.whole_file import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_figure", "new_figure", "save_figure"]


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of this size, in inches, which notebooks show. Errors: MissingExtra without matplotlib."""
    try:
        import matplotlib.figure  # noqa: F401  # asked for each time: it may be gone

        from bpframe.training.shown_figure import ShownFigure
    except ImportError as error:
        raise MissingExtra("plotting needs matplotlib", hint='pip install "bpframe[plot]"') from error
    return ShownFigure(figsize=(width, height), layout="constrained")


def check_figure(path: str | Path) -> None:
    """Refuse a name that no figure can be written under, for those who draw it only after minutes of training.

    Errors: MissingExtra (without matplotlib); DataError (Matplotlib writes no files with this ending).
    """
    endings = new_figure(1.0, 1.0).canvas.get_supported_filetypes()
    if _ending(path) not in endings:
        raise DataError(
            f"a figure cannot be written as {path}",
            expected="a name that ends in " + ", ".join(f".{each}" for each in sorted(endings)),
            received=repr(Path(path).name),
        )


def save_figure(figure: Figure, path: str | Path, dpi: float | Literal["figure"] = "figure") -> None:
    """Write a figure to a file whose ending says how; a file of that name is replaced.

    Errors: DataError (Matplotlib writes no files with this ending, or the system does not let the file be written).
    """
    check_figure(path)
    try:
        with whole_file(Path(path).expanduser()) as file:
            figure.savefig(file, format=_ending(path), dpi=dpi)
    except OSError as error:
        raise DataError(f"a figure cannot be written as {path}: {error.strerror or error}") from error


def _ending(path: str | Path) -> str:
    return Path(path).suffix[1:].lower()
