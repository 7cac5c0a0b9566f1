"""What every kind of data states: where its files lie, and how much of it is held back for testing."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import numpy.typing as npt
from pydantic import Field, model_validator

from bpframe.data.fitted import FittedPreparation
from bpframe.data.samples import Dataset
from bpframe.validation.model import Validated

__all__ = ["Source"]


class Source(Validated):
    """State where examples come from and how much of them is held back; `load` reads and prepares them."""

    #: The fields that hold the path of a file or folder.
    path_fields: ClassVar[tuple[str, ...]] = ()

    test_fraction: float | None = Field(
        default=None, ge=0, lt=1, description="The share of the examples that is held back for testing, in [0, 1)."
    )
    test_count: int | None = Field(
        default=None, ge=0, description="The number of examples held back for testing, instead of test_fraction."
    )

    @model_validator(mode="after")
    def _one_share(self) -> Self:
        if self.test_fraction is not None and self.test_count is not None:
            raise ValueError("give test_fraction or test_count, not both")
        return self

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
        changed: dict[str, str] = {}
        for name in self.path_fields:
            path = getattr(self, name)
            if path is not None and not Path(path).expanduser().is_absolute():
                try:
                    changed[name] = Path(os.path.relpath(start / path, goal)).as_posix()
                except ValueError:  # on another drive
                    changed[name] = str(start / path)
        return self.model_copy(update=changed)
