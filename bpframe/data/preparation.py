"""What a data specification says about the split, scaling and one-hot targets, and how it is carried out."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, StrictInt, StrictStr, model_validator

from bpframe.data.encoder import Encoder, fit_measured
from bpframe.data.fitted import FittedPreparation
from bpframe.data.input_range import InputRange
from bpframe.data.labels import Label, as_labels, find_classes
from bpframe.data.labels import class_numbers as numbers_of
from bpframe.data.place import Array
from bpframe.data.samples import Dataset, Examples, Part
from bpframe.data.scaling import FittedScaling, Scaling, fit_scaling
from bpframe.data.source import Source
from bpframe.data.split import split_rows
from bpframe.data.usable_arrays import float_name, require_finite, require_numeric
from bpframe.errors import DataError

__all__ = ["PreparationSpec", "prepare"]

_ClassCount = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
_ClassNames = Annotated[tuple[StrictInt | StrictStr, ...], Field(min_length=1)]


class PreparationSpec(Source):
    """State how examples are split, scaled and encoded, whatever file they come from.

    Scaling statistics come from the training part only; classes are found in all parts.
    """

    seed: int = Field(default=0, ge=0, description="The seed of the split; it has a random stream of its own.")
    shuffle: bool = Field(
        default=True,
        description="Whether the held-back examples are drawn at random; otherwise they are the last ones.",
    )
    stratify: bool = Field(
        default=False,
        description="Whether every part has the same share of each class, as nearly as whole examples let it; of "
        "targets that are classes, one_hot: true.",
    )
    scaling: Scaling = Field(
        default="none",
        description="none; standard (mean 0, deviation 1); minmax (to [0, 1]); {divide: number}; or a component. "
        "Statistics come from the training part.",
    )
    one_hot: bool = Field(
        default=False,
        description="Whether the targets are labels, which become one-hot vectors, or class numbers where the cost "
        "wants these (in Python load(class_numbers=True)); otherwise they are taken for measured numbers.",
    )
    classes: _ClassCount | _ClassNames | None = Field(
        default=None,
        description="For one_hot: how many classes 0, 1, ... there are, or their labels in order. "
        "By default the labels that occur in the data, sorted.",
    )

    scale_targets: Scaling = Field(
        default="none",
        description="How targets that are measured numbers are scaled, as `scaling` does inputs. Predictions and "
        "metrics are in the targets' own units, costs in the scaled ones that are trained on.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.one_hot and self.scale_targets != "none":
            raise ValueError("scale_targets is for measured numbers; with one_hot: true targets are labels")
        if self.classes is not None and not self.one_hot:
            raise ValueError("classes has a meaning only with one_hot: true")
        if self.stratify and not self.one_hot:
            raise ValueError("stratify has a meaning only with classes, one_hot: true")
        group = getattr(self, "group", None) is not None
        if (self.stratify or group) and not self.shuffle:
            raise ValueError(
                f"{'stratify' if self.stratify else 'group'} draws examples at random: leave out shuffle: false"
            )
        if self.stratify and group:
            raise ValueError("give stratify or group, not both")
        if isinstance(self.classes, tuple) and len({str(label) for label in self.classes}) < len(self.classes):
            raise ValueError("classes names a label twice")
        return self

    @property
    def mixed(self) -> bool:
        """Whether inputs are records, with a field for each column, of numbers with gaps or of texts."""
        return False

    @property
    def encoder(self) -> Encoder | None:
        """What columns of mixed kinds become; None where inputs are numbers."""
        return None

    def raw(self, fitted: FittedPreparation) -> Self:
        """Return the source of the same examples as `fitted` takes them: unscaled, with its classes."""
        changed = {
            "scaling": "none",
            "scale_targets": "none",
            "one_hot": fitted.classes is not None,
            "classes": fitted.classes,
        }
        return self.model_copy(update=changed)

    def _require_both(self, test_inputs: str | None, test_targets: str | None) -> None:
        if (test_inputs is None) != (test_targets is None):
            raise ValueError("test_inputs and test_targets go together")
        if test_inputs is not None:
            self._refuse_split_beside("test_inputs")

    def _refuse_split_beside(self, name: str) -> None:
        if self.test_fraction is not None or self.test_count is not None:
            raise ValueError(f"{name} names the test data: leave out test_fraction and test_count")


def prepare(
    settings: PreparationSpec,
    examples: Examples,
    test: Examples | None,
    dtype: npt.DTypeLike,
    *,
    flatten: bool,
    class_numbers: bool,
) -> Dataset:
    """Return the data set that `settings` asks for, from raw examples and, where there are any, separate test examples.

    With `class_numbers` labels become the numbers of their classes instead of one-hot rows, as some costs want them.

    Raises DataError for anything but finite numbers, labels that are no class, and a split that leaves nothing.
    """
    everything = [examples] if test is None else [examples, test]
    for part in everything:
        if not settings.mixed:
            require_numeric(part.inputs, part.inputs_at)
            require_finite(part.inputs, part.inputs_at)
    classes = _classes(settings, everything)
    examples, validation, test = _split(settings, examples, test, classes)
    inputs, encoding = examples.inputs, None
    if settings.encoder is not None:
        encoding = settings.encoder.fit(inputs, [part.inputs for part in everything], examples.inputs_at)
        inputs = encoding.apply(inputs, examples.inputs_at)
    elif settings.mixed:  # as they are read, for who prepares them later
        return _as_read(settings, (examples, validation, test), classes, class_numbers)
    shape = inputs.shape[1:] or (1,)
    fitted = FittedPreparation(
        dtype=float_name(dtype),
        input_shape=(inputs[0].size,) if flatten else shape,
        flatten=flatten,
        scaling=fit_measured(settings.scaling, inputs, None if encoding is None else encoding.measured),
        classes=classes,
        class_numbers=class_numbers,
        feature_names=examples.inputs_at.columns,
        input_range=None if encoding is not None else InputRange.of(inputs),
        encoding=encoding,
        target_scaling=_target_scaling(settings, examples, class_numbers),
    )
    return Dataset.of(fitted, *(_prepared(fitted, part) for part in (examples, validation, test)))


def _prepared(fitted: FittedPreparation, part: Examples | None) -> Part | None:
    if part is None:
        return None
    x = fitted.apply_inputs(part.inputs, part.inputs_at)
    return x, fitted.apply_targets(part.targets, part.targets_at), _weights(part)


def _split(
    settings: PreparationSpec, examples: Examples, test: Examples | None, classes: tuple[Label, ...] | None
) -> tuple[Examples, Examples | None, Examples | None]:
    """Return the examples for training, validation and testing; a test part of its own stays as it is."""
    validated, tested = settings.held_back(len(examples))
    if not validated and not tested:
        return examples, None, test
    strata = None
    if settings.stratify and classes is not None:
        strata = numbers_of(as_labels(examples.targets, examples.targets_at), classes, examples.targets_at)
    rows, for_validation, for_test = split_rows(
        len(examples),
        tested,
        validated,
        seed=settings.seed,
        shuffle=settings.shuffle,
        strata=strata,
        groups=examples.groups,
    )
    validation = examples.take(for_validation) if validated else None
    return examples.take(rows), validation, examples.take(for_test) if tested else test


def _target_scaling(settings: PreparationSpec, examples: Examples, class_numbers: bool) -> FittedScaling | None:
    if settings.scale_targets == "none":
        return None
    if class_numbers:
        raise DataError(
            "the targets are numbers of classes, which cannot be scaled",
            hint="leave `scale_targets` out of the data section",
        )
    y = examples.targets
    require_numeric(y, examples.targets_at)
    require_finite(y, examples.targets_at)
    return fit_scaling(settings.scale_targets, y.reshape(-1, 1) if y.ndim == 1 else y)


def _as_read(
    settings: PreparationSpec,
    parts: tuple[Examples, Examples | None, Examples | None],
    classes: tuple[Label, ...] | None,
    class_numbers: bool,
) -> Dataset:
    """Return records as they are read, beside prepared targets."""
    fitted = FittedPreparation(
        dtype="float64",
        input_shape=(len(parts[0].inputs.dtype.names or ()),),
        flatten=False,
        scaling=fit_scaling("none", np.zeros((1, 1))),
        classes=classes,
        class_numbers=class_numbers,
    )
    return Dataset.of(
        fitted,
        *(
            None if part is None else (part.inputs, fitted.apply_targets(part.targets, part.targets_at), _weights(part))
            for part in parts
        ),
    )


def _weights(examples: Examples) -> Array | None:
    found = examples.weights
    if found is None:
        return None
    one_each = found.ndim == 2 and found.shape[1] == 1  # a column
    return (found[:, 0] if one_each else found).astype(np.float64)


def _classes(settings: PreparationSpec, parts: list[Examples]) -> tuple[Label, ...] | None:
    if not settings.one_hot:
        return None
    if isinstance(settings.classes, int):
        return tuple(range(settings.classes))
    if settings.classes is not None:
        return settings.classes
    places = [part.targets_at for part in parts]
    return find_classes([as_labels(part.targets, part.targets_at) for part in parts], places)
