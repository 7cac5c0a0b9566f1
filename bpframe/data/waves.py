"""A series that is computed: two waves, one of which swells and fades, and noise."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from bpframe.data.place import Array, Place
from bpframe.data.samples import Dataset
from bpframe.data.series import SeriesWindows

__all__ = ["WavesData"]

_HELD_BACK = 0.2


class WavesData(SeriesWindows):
    """Take windows of a synthetic series; shapes as in `SeriesWindows`, with one series.

        s_t = sin(2πt/20) (1 + ½ sin(2πt/170)) + ½ sin(2πt/33) + noise ε_t,    t = 0, ..., steps - 1

    ε_t are independent standard normal numbers of `numpy.random.default_rng(seed)`. The three periods have their least
    common multiple at 112,200 steps: what is held back, by default the last fifth, is no repetition.
    """

    _title: ClassVar[str] = "data of kind 'waves'"

    kind: Literal["waves"] = Field(default="waves", description="A synthetic series of two waves and noise.")
    steps: int = Field(default=2000, ge=2, le=10_000_000, description="How many steps the series has.")
    noise: float = Field(default=0.01, ge=0, description="The standard deviation of the noise.")
    seed: int = Field(default=0, ge=0, description="The seed of the noise.")

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return windows of the series; `base` is not used."""
        settings = self.holding_back(test_fraction=_HELD_BACK)
        return super(WavesData, settings).load(base, dtype, class_numbers)

    def series(self) -> Array:
        """Return the whole series, (steps,), in float64."""
        t = np.arange(self.steps)
        swelling = 1 + np.sin(2 * np.pi * t / 170) / 2
        noise = self.noise * np.random.default_rng(self.seed).standard_normal(self.steps)
        return np.sin(2 * np.pi * t / 20) * swelling + np.sin(2 * np.pi * t / 33) / 2 + noise

    def read(self, base: Path) -> tuple[Array, Place, Array, Place]:
        """Return the series, which is its own target."""
        steps, place = self.series()[:, None], Place("waves", "step")
        return steps, place, steps, place
