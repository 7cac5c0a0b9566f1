"""Examples as a reader delivers them, and the data set that training takes."""

from __future__ import annotations

from dataclasses import dataclass

from bpframe.data.fitted import FittedPreparation
from bpframe.data.place import Array, Place
from bpframe.data.usable_arrays import require_examples
from bpframe.errors import DataError

__all__ = ["Dataset", "Examples"]


@dataclass(frozen=True)
class Examples:
    """Hold inputs and targets as they stand in a file, with the place of both.

    Shapes: `inputs` (N, *features), `targets` (N, *shape). Raises DataError where either is empty or N differs.
    """

    inputs: Array
    targets: Array
    inputs_at: Place
    targets_at: Place

    def __post_init__(self) -> None:
        require_examples(self.inputs, self.inputs_at)
        require_examples(self.targets, self.targets_at)
        if len(self.inputs) != len(self.targets):
            raise DataError(
                f"{self.inputs_at.source} and {self.targets_at.source} have different numbers of examples",
                expected=f"{len(self.inputs)} targets, one per example",
                received=f"{len(self.targets)} targets",
            )

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Array) -> Examples:
        """Return the examples at `rows`; errors still name their original rows."""
        return Examples(self.inputs[rows], self.targets[rows], self.inputs_at.take(rows), self.targets_at.take(rows))


@dataclass(frozen=True)
class Dataset:
    """Hold prepared arrays for training, those held back for testing, and the preparation.

    Shapes: `x` (N, *input_shape), `y` (N, K) or (N, *shape); `x_test` and `y_test` likewise, or None where nothing is
    held back. All C-contiguous, in `preparation.dtype`.
    """

    x: Array
    y: Array
    x_test: Array | None
    y_test: Array | None
    preparation: FittedPreparation
