"""What every kind of data states: where its files lie, and how much of it is held back, for validation and testing."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy.typing as npt
from pydantic import Field, model_validator

from bpframe.data.fitted import FittedPreparation
from bpframe.data.samples import Dataset
from bpframe.data.split import held_back_count
from bpframe.validation.model import Validated

__all__ = ["Source"]


class FileRecord(Validated):
    """Where a file was when a network was trained on it, and what tells it from others."""

    place: str = Field(description="The absolute path.")
    size: int | None = Field(default=None, ge=0, description="Its bytes; null of a folder or a pattern.")
    checksum: int | None = Field(default=None, ge=0, description="The CRC-32, of a large file of its two ends.")


class Source(Validated):
    """State where examples come from and how much of them is held back; `load` reads and prepares them.

    What is held back for testing is never shown to a training; what is held back for validation is measured after
    every epoch. Fractions are of all examples.
    """

    #: The fields that hold the path of a file or folder.
    path_fields: ClassVar[tuple[str, ...]] = ()

    test_fraction: float | None = Field(
        default=None, ge=0, lt=1, description="The share of the examples that is held back for testing, in [0, 1)."
    )
    test_count: int | None = Field(
        default=None, ge=0, description="The number of examples held back for testing, instead of test_fraction."
    )

    validation_fraction: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="The share of the examples that is measured after every epoch instead of trained on, in [0, 1).",
    )
    validation_count: int | None = Field(
        default=None, ge=0, description="The number of examples for validation, instead of validation_fraction."
    )

    files: dict[str, FileRecord] | None = Field(
        default=None,
        description="Written into runs: where files were, and what, by the fields that name them. Another file in the "
        "place of one is refused.",
    )

    @model_validator(mode="after")
    def _one_share(self) -> Self:
        for part in ("test", "validation"):
            if None not in (getattr(self, f"{part}_fraction"), getattr(self, f"{part}_count")):
                raise ValueError(f"give {part}_fraction or {part}_count, not both")
        return self

    def held_back(self, examples: int) -> tuple[int, int]:
        """Return how many of so many examples are held back, for validation and for testing.

        Raises DataError where nothing would be left to train on.
        """
        test = held_back_count(examples, self.test_fraction, self.test_count)
        validation = held_back_count(examples, self.validation_fraction, self.validation_count, "validation")
        if validation and test:
            held_back_count(examples, None, test + validation, "validation")
        return validation, test

    def holding_back(self, **defaults: Any) -> Self:
        """Return this with what is held back for testing where that is not said: `test_fraction` or `test_count`."""
        if self.test_fraction is None and self.test_count is None:
            return self.model_copy(update=defaults)
        return self

    def whole(self, **changes: Any) -> Self:
        """Return this with other fields, and nothing held back."""
        counts = {"test_count": 0, "validation_count": 0}
        nothing = {"test_fraction": None, "validation_fraction": None, "files": None, **counts}
        return self.model_copy(update={**nothing, **changes})

    @abstractmethod
    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared data; `base` is the folder that paths start from.

        With `class_numbers` labels become the numbers of their classes, (N,), in place of one-hot rows.
        """

    @abstractmethod
    def raw(self, fitted: FittedPreparation) -> Self:
        """Return the source of the same examples as `fitted` takes them: nothing is fitted to them again."""

    def of_file(self, path: Path) -> Source | None:
        """Return data of this kind that are all of another file's, or None where `path` is no such file."""
        return None

    def moved(self, base: Path, folder: Path) -> Self:
        """Return the same data for a spec that lies in `folder`, where this one's relative paths start from `base`.

        Absolute paths stay; a relative one becomes absolute where no relative path leads there, on another drive.
        """
        start, goal = base.absolute().resolve(), folder.absolute().resolve()
        changed: dict[str, Any] = {}
        for name in self.path_fields:
            path = getattr(self, name)
            if path is not None:
                several = path if isinstance(path, tuple) else (path,)
                moved = tuple(_moved(each, start, goal) for each in several)
                changed[name] = moved if isinstance(path, tuple) else moved[0]
        return self.model_copy(update=changed)


def _moved(path: str, start: Path, goal: Path) -> str:
    if Path(path).expanduser().is_absolute():
        return path
    try:
        return Path(os.path.relpath(start / path, goal)).as_posix()
    except ValueError:  # on another drive
        return str(start / path)
