"""Examples as a reader delivers them, and the data set that training takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bpframe.data.fitted import FittedPreparation
from bpframe.data.place import Array, Place
from bpframe.data.usable_arrays import require_examples, require_finite, require_numeric
from bpframe.errors import DataError
from bpframe.validation.indexed import Indexed
from bpframe.validation.open_shapes import batched

__all__ = ["Dataset", "Examples", "Part"]

#: Inputs, targets and weights, where there are any, of some examples.
Part = tuple[Array, Array, Array | None]


@dataclass(frozen=True)
class Examples:
    """Hold inputs and targets as they stand in a file, with the place of both.

    Shapes: `inputs` (N, *features), `targets` (N, *shape), `weights` (N,) or (N, *positions), or None where all count
    alike; `groups` (N,) say which examples belong together, and stay in one part. Raises DataError where one is empty
    or N differs, and for weights that are no numbers of 0 or more.
    """

    inputs: Array
    targets: Array
    inputs_at: Place
    targets_at: Place
    weights: Array | None = None
    weights_at: Place | None = None
    groups: Array | None = None

    def __post_init__(self) -> None:
        require_examples(self.inputs, self.inputs_at)
        require_examples(self.targets, self.targets_at)
        if len(self.inputs) != len(self.targets):
            raise DataError(
                f"{self.inputs_at.source} and {self.targets_at.source} have different numbers of examples",
                expected=f"{len(self.inputs)} targets, one per example",
                received=f"{len(self.targets)} targets",
            )
        if self.groups is not None and self.groups.shape != (len(self.inputs),):
            raise DataError(
                f"{self.inputs_at.source}: there is not one group per example",
                expected=f"({len(self.inputs)},)",
                received=str(self.groups.shape),
            )
        if self.weights is not None and self.weights_at is not None:
            _require_weights(self.weights, self.weights_at, len(self.inputs))

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Array) -> Examples:
        """Return the examples at `rows`; errors still name their original rows."""
        some = None if self.weights is None else self.weights[rows]
        at = None if self.weights_at is None else self.weights_at.take(rows)
        places = self.inputs_at.take(rows), self.targets_at.take(rows)
        groups = None if self.groups is None else self.groups[rows]
        inputs = self.inputs.select(rows) if isinstance(self.inputs, Indexed) else self.inputs[rows]
        return Examples(inputs, self.targets[rows], *places, some, at, groups)


@dataclass(frozen=True)
class Dataset:
    """Hold prepared arrays for training, those held back for validation and for testing, and the preparation.

    Shapes: `x` (N, *input_shape), `y` (N, K) or (N, *shape); `x_validation`, `y_validation`, `x_test` and `y_test`
    likewise, or None where nothing is held back. All C-contiguous, in `preparation.dtype`; class numbers are integers.
    `sample_weight` (N,) or (N, *positions), `sample_weight_validation` and `sample_weight_test` are as the source has
    them, in float64, or None. `notes` tell what the reader found out by itself, or left out.
    """

    x: Array
    y: Array
    x_test: Array | None
    y_test: Array | None
    preparation: FittedPreparation
    sample_weight: Array | None = None
    sample_weight_test: Array | None = None
    notes: tuple[str, ...] = ()
    x_validation: Array | None = None
    y_validation: Array | None = None
    sample_weight_validation: Array | None = None

    @classmethod
    def of(
        cls, preparation: FittedPreparation, training: Part | None, validation: Part | None, test: Part | None
    ) -> Dataset:
        """Return the data set of three parts, of which the last two may be missing."""
        if training is None:
            raise DataError("there are no examples to train on")
        (x, y, w), (xv, yv, wv), (xt, yt, wt) = training, validation or _NO_PART, test or _NO_PART
        return cls(x, y, xt, yt, preparation, w, wt, (), xv, yv, wv)

    @property
    def parts(self) -> Mapping[str, Part]:
        """The parts that there are, as (x, y, sample_weight): training, validation, test, in this order.

        A trained network is measured on the last of them.
        """
        found: dict[str, Part] = {"training": (self.x, self.y, self.sample_weight)}
        if self.x_validation is not None and self.y_validation is not None:
            found["validation"] = self.x_validation, self.y_validation, self.sample_weight_validation
        if self.x_test is not None and self.y_test is not None:
            found["test"] = self.x_test, self.y_test, self.sample_weight_test
        return found

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(x):,}" for name, (x, _, _) in self.parts.items())
        return f"Dataset({counts}; x {batched(self.x.shape[1:])}, y {batched(self.y.shape[1:])})"

    def with_targets(self, change: Callable[[Array], Array], preparation: FittedPreparation) -> Dataset:
        """Return the same data set with the targets of all parts changed, as this preparation has them."""
        parts = {name: (x, change(y), weight) for name, (x, y, weight) in self.parts.items()}
        changed = Dataset.of(preparation, *(parts.get(name) for name in ("training", "validation", "test")))
        return changed.noting(self.notes)

    def noting(self, notes: Sequence[str]) -> Dataset:
        """Return the same data set with notes of its reader."""
        return replace(self, notes=(*self.notes, *notes)) if notes else self


_NO_PART = (None, None, None)


def _require_weights(weights: Array, place: Place, count: int) -> None:
    require_numeric(weights, place)
    if weights.ndim == 0 or len(weights) != count:
        raise DataError(
            f"{place.source} does not hold one weight per example",
            expected=f"({count},), or ({count}, *positions) where positions of an example count differently",
            received=str(weights.shape),
        )
    require_finite(weights, place)
    negative = np.argwhere(weights < 0)
    if len(negative):
        row, *rest = (int(each) for each in negative[0])
        raise DataError(
            f"{place.source}, {place.row(row)}: a weight is below 0",
            expected="0 (does not count) or more, 1 for an example that counts once",
            received=str(weights[(row, *rest)]),
        )
