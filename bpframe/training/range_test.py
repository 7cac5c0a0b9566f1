"""What a learning-rate range test has found: costs while the rate rises, and the rate that follows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bpframe.training.figures import new_figure, save_figure
from bpframe.training.html_tables import html_curves, html_rows
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RangeTest", "smoothed_costs"]

#: How much of the smoothed cost stays in a step.
KEPT = 0.9

#: How many of the first smoothed costs are means of too few to tell a fall from noise: 1/(1 - KEPT).
NOISY = 10

#: A fall is that over two of so many parts of the steps: one batch's noise is as large as what one step gains.
NARROW = 20

#: By which share of the first smoothed cost the least one has to be lower, for a rate to follow.
LEAST_FALL = 0.01


@dataclass(frozen=True)
class RangeTest:
    """Steps at learning rates that rise evenly in their logarithm, and the mean cost of each batch before its step.

        c̄_t = Σ_{s<=t} 0.9^{t−s} c_s / Σ_{s<=t} 0.9^{t−s}

    `smoothed` are these means. `suggestion` is the rate at which c̄ fell fastest as ln η grew, before it was least:
    there learning is fast, with room to where it breaks. The fall is that over a tenth of the steps, and the first ten
    steps, whose means are of too few costs to tell a fall from noise, are left out where c̄ was least later. It is None
    where c̄ never fell by a hundredth of where it began. `stopped` says how the test ended: "completed", "diverged",
    since c̄ grew to four times its least, or "not finite".

    Source: Smith, *Cyclical Learning Rates for Training Neural Networks* (2017), section 3.3.
    """

    rates: Array
    costs: Array
    smoothed: Array
    stopped: str

    @property
    def suggestion(self) -> float | None:
        """The rate at which the smoothed cost fell fastest; None where it did not fall."""
        if self.smoothed.size < 2:
            return None
        first = self.smoothed[0]
        if self.smoothed.min() >= first - LEAST_FALL * abs(first):  # costs such as a log-density's may be below 0
            return None
        least = int(np.argmin(self.smoothed))
        wide = max(1, self.smoothed.size // NARROW)
        at = np.arange(NOISY if least > NOISY else 0, least + 1)
        before, after = np.maximum(at - wide, 0), np.minimum(at + wide, least)
        slopes = (self.smoothed[after] - self.smoothed[before]) / np.log(self.rates[after] / self.rates[before])
        return float(self.rates[at[np.argmin(slopes)]])

    def _repr_html_(self) -> str:
        told = "no rate: the cost did not fall" if self.suggestion is None else f"{self.suggestion:.3g}"
        rows = [("suggested learning rate", told), ("steps", f"{len(self.costs)}"), ("stopped", self.stopped)]
        if len(self.rates):
            rows.insert(1, ("rates", f"{self.rates[0]:.3g} to {self.rates[-1]:.3g}"))
        curve = np.log10(self.rates).tolist(), self.smoothed.tolist()
        return html_rows(rows) + html_curves({"smoothed cost": curve}, "over the logarithm of the rate")

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw the costs over the rates, and the suggestion; write the picture to `path` where one is given.

        Raises
        ------
        MissingExtra
            Without matplotlib, which the extra `plot` installs.
        DataError
            The picture cannot be written: the ending of its name says of no kind of picture, or the system refuses.

        """
        figure = new_figure(6.4, 4.0)
        axes = figure.subplots()
        axes.semilogx(self.rates, self.costs, ".", alpha=0.3, label="cost of a batch")
        axes.semilogx(self.rates, self.smoothed, label="smoothed")
        if self.suggestion is not None:
            axes.axvline(self.suggestion, color="0.4", linestyle="--", label=f"suggested: {self.suggestion:.2g}")
        if self.smoothed.size:  # what has diverged is not what the picture is about
            low, first = float(self.smoothed.min()), float(self.smoothed[0])
            axes.set_ylim(low - 0.1 * (first - low) - 1e-12, first + 0.5 * (first - low) + 1e-12)
        axes.set_xlabel("learning rate")
        axes.set_ylabel("mean cost")
        axes.grid(alpha=0.3)
        axes.legend()
        if path is not None:
            save_figure(figure, path)
        return figure


def smoothed_costs(costs: Array) -> Array:
    """Return c̄ of every step."""
    total, weight, found = 0.0, 0.0, []
    for cost in costs:
        total, weight = KEPT * total + float(cost), KEPT * weight + 1
        found.append(total / weight)
    return np.array(found)
