"""Cut series of numbers into windows, with the steps that follow as targets."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy.typing as npt
from pydantic import Field, StrictInt, StrictStr, model_validator

from bpframe.data.csv import read_csv_inputs
from bpframe.data.fitted import FittedPreparation
from bpframe.data.npz import read_npy, read_npz
from bpframe.data.paths import find_file
from bpframe.data.place import Array, Place
from bpframe.data.samples import Dataset
from bpframe.data.scaling import FittedScaling, Scaling, fit_scaling
from bpframe.data.source import Source
from bpframe.data.usable_arrays import float_name, require_examples, require_finite, require_numeric
from bpframe.data.windows import cut, in_time
from bpframe.errors import DataError
from bpframe.validation.in_words import InWords

__all__ = ["SeriesData", "SeriesWindows"]

_Columns = Annotated[tuple[StrictStr | Annotated[StrictInt, Field(ge=0)], ...], Field(min_length=1)]


class SeriesWindows(Source):
    """State how series are cut into windows of steps, and how many steps after a window are predicted.

    Shapes: inputs (N, length, C) for C series, or (N, length · C); targets (N, horizon · T), the T target series at the
    first step after the window, then at the next. Targets are not scaled.

    The cut is made in time: fractions and counts are of steps, the last ones are held back for testing, those before
    them for validation, and no window, nor what follows it, lies in two parts. Scaling is fitted to the steps of the
    training part, series by series.
    """

    length: int = Field(default=32, ge=1, description="How many steps a window has.")
    horizon: int = Field(default=1, ge=1, description="How many steps after a window are predicted.")
    stride: int = Field(default=1, ge=1, description="How many steps a window starts after the one before.")
    flatten: bool = Field(default=False, description="Whether windows become vectors, as dense layers want them.")
    scaling: Scaling = Field(
        default="none",
        description="none; standard (mean 0, deviation 1); minmax (to [0, 1]); {divide: number}; or a component. "
        "Statistics come from the training part.",
    )

    @abstractmethod
    def read(self, base: Path) -> tuple[Array, Place, Array, Place]:
        """Return the steps of the input series, (steps, C), and of the target series, (steps, T), with their places."""

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return windows of the series; `base` is the folder that the path starts from.

        Raises DataError for a missing or damaged file, for NaN, infinities and missing values (a window has no holes),
        and for series that are shorter than a window with what follows it.
        """
        steps, place, following, following_at = self.read(base)
        for part, at in ((steps, place), (following, following_at)):
            require_finite(part, at)
        held = self.held_back(len(steps))
        least = self.length + self.horizon
        parts = in_time(steps, held, least, place.source, "steps")
        targets = in_time(following, held, least, following_at.source, "steps")
        scaling = fit_scaling(self.scaling, parts[0])
        if len(scaling.scale) > 1:  # one number for each entry of a window
            scaling = FittedScaling(offset=scaling.offset * self.length, scale=scaling.scale * self.length)
        fitted = FittedPreparation(
            dtype=float_name(dtype),
            input_shape=(steps[0].size * self.length,) if self.flatten else (self.length, steps.shape[1]),
            flatten=self.flatten,
            scaling=scaling,
            class_numbers=class_numbers,
        )
        windows = [
            None if part is None or following is None else (*self._windows(fitted, part, following), None)
            for part, following in zip(parts, targets, strict=True)
        ]
        return Dataset.of(fitted, *windows)

    def inputs(self, steps: Array, place: Place) -> Array:
        """Return the windows of other series, (N, length, C): the last one needs no steps after it."""
        require_numeric(steps, place)
        require_finite(steps, place)
        if steps.ndim > 2:  # windows already
            return steps
        in_time(steps, (0, 0), self.length, place.source, "steps")
        return cut(steps, self.length, self.stride, after=0)[0]

    def raw(self, fitted: FittedPreparation) -> Self:
        """Return the same windows, unscaled."""
        return self.model_copy(update={"scaling": "none"})

    def _windows(self, fitted: FittedPreparation, steps: Array, following: Array) -> tuple[Array, Array]:
        x, _ = cut(steps, self.length, self.stride, self.horizon)
        _, y = cut(following, self.length, self.stride, self.horizon)
        return fitted.apply_inputs(x, Place("windows")), fitted.apply_targets(y.reshape(len(y), -1), Place("targets"))


class SeriesData(SeriesWindows):
    """Take windows of the columns of a CSV file, or of an array of an .npz or .npy file, (steps,) or (steps, C).

    Rows are steps in time, the first one the earliest. Shapes as in `SeriesWindows`.
    """

    path_fields: ClassVar[tuple[str, ...]] = ("path",)

    _title: ClassVar[str] = "data of kind 'series'"

    kind: Literal["series"] = Field(default="series", description="Columns of numbers in time, cut into windows.")
    path: str = Field(description="The .csv, .tsv, .npz or .npy file, relative to the folder of the spec.")
    columns: _Columns | None = Field(
        default=None, description="The input series, by name or 0-based index; a CSV file needs them."
    )
    target_columns: _Columns | None = Field(default=None, description="The series to predict; by default the inputs.")
    array: str = Field(default="x", description="The key of the array in an .npz file.")
    header: bool = Field(default=True, description="Whether the first line of a CSV file names the columns.")
    delimiter: Annotated[str, InWords('one character between cells, such as ";", or "\\t" for a tab')] = Field(
        default=",", pattern=r"^[^\r\n\" ]$", description="The one character between cells; a tab is written \\t."
    )

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> Self:
        if self.columns is None and not self.path.lower().endswith((".npz", ".npy")):
            raise ValueError("columns names the series of a CSV file: give at least one")
        return self

    def read(self, base: Path) -> tuple[Array, Place, Array, Place]:
        """Return the selected columns of the file."""
        path = find_file(base, self.path)
        x, place = self.steps(path)
        if self.target_columns is None:
            return x, place, x, place
        return x, place, *self.steps(path, self.target_columns)

    def steps(self, path: Path, columns: _Columns | None = None) -> tuple[Array, Place]:
        """Return the steps of columns, by default the inputs', (steps, C), of a file, and their place."""
        columns = columns or self.columns
        if not path.name.lower().endswith((".npz", ".npy")):
            return read_csv_inputs(path, columns=columns, delimiter=self.delimiter, header=self.header)
        if path.name.lower().endswith(".npy"):
            found, place = read_npy(path), Place(path.name)
        else:
            found, place = read_npz(path, [self.array])[self.array], Place(f"{path.name}, array {self.array!r}")
        require_numeric(found, place)
        require_examples(found, place)
        steps = found.reshape(-1, 1) if found.ndim == 1 else found
        wrong = [each for each in columns or () if not isinstance(each, int) or each >= steps.shape[-1]]
        if steps.ndim != 2 or wrong:
            raise DataError(
                f"{place.source} does not hold the series that are asked for",
                expected="an array (steps,) or (steps, C), whose columns are numbered from 0",
                received=f"shape {found.shape}" + (f", columns {wrong}" if wrong else ""),
            )
        return (steps if columns is None else steps[:, [int(each) for each in columns]]), place

    def of_file(self, path: Path) -> SeriesData | None:
        """Return the windows of a whole other file, cut as these are."""
        if not path.name.lower().endswith((".npz", ".npy", ".csv", ".tsv")):
            return None
        fields = {name: getattr(self, name) for name in SeriesData.model_fields}
        return SeriesData(**{**fields, "path": str(path)}).whole()
