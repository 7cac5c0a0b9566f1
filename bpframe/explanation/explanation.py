"""An explanation: its sections, and the views of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpframe.errors import DataError
from bpframe.explanation.as_json import as_json
from bpframe.explanation.html import as_frame, as_page
from bpframe.explanation.latex import as_document
from bpframe.explanation.paths import draw_counts
from bpframe.explanation.saving import write_view
from bpframe.explanation.sections import Sections
from bpframe.explanation.text import as_text
from bpframe.training.figures import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Explanation"]


class Explanation(Sections):
    """One example through a network, with every number shown: what `network.explain` returns.

    Its attributes are the data, see `Sections`; its methods are views of it.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON-safe data, with all numbers; those that are not finite are named."""
        return as_json(self)

    def to_text(self) -> str:
        """Return the explanation as text, to be read from top to bottom; of large arrays the corners."""
        return as_text(self)

    def to_latex(self) -> str:
        """Return the explanation as a LaTeX document."""
        return as_document(self)

    def to_html(self) -> str:
        """Return the explanation as a page to walk through: one file, under 1 MB, which asks nobody for anything."""
        return as_page(self)

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, as notebooks show it."""
        return as_frame(self)

    def plot_counts(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw why back-propagation: the multiplications of each way to all derivatives, and how they grow.

        The picture is written to `path` where one is given.

        Errors: DataError where nothing was counted; MissingExtra without matplotlib, which the extra `plot` installs.
        """
        counts, formula = self.paths.counts, self.expansion.formula
        if counts is None:
            reason = self.paths.reason or "nothing is trained"
            raise DataError("no multiplications were counted that could be drawn", received=reason)
        figure = draw_counts(counts, None if formula is None else formula.direct_multiplications)
        if path is not None:
            save_figure(figure, Path(path))
        return figure

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a view to a file, the one that its ending stands for: .json, .txt, .tex or .html.

        Errors: DataError for another ending, or a file that cannot be written.
        """
        return write_view(self, path)

    __str__ = to_text

    def __repr__(self) -> str:
        return f"<explanation of {self.differentiated} = {self.value:.6g}: {len(self.nodes)} values, {self.dtype}>"
