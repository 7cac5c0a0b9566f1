"""The preparation as it was fitted to the training part: what later inputs go through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, cast

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from bpframe.data.encoding import FittedEncoding
from bpframe.data.frame_table import records_of
from bpframe.data.frames import by_name
from bpframe.data.input_range import InputRange
from bpframe.data.labels import Label, as_labels, class_numbers, one_hot, one_hot_numbers
from bpframe.data.place import Array, Place
from bpframe.data.scaling import FittedScaling
from bpframe.data.usable_arrays import FloatName, require_examples, require_finite, require_numeric
from bpframe.data.vocabulary import Vocabulary
from bpframe.errors import DataError
from bpframe.validation.indexed import Indexed
from bpframe.validation.open_shapes import batched, fits, opened
from bpframe.validation.plain_arrays import plain_array

__all__ = ["FittedPreparation"]

_Size = Annotated[int, Field(ge=1)]


class FittedPreparation(BaseModel):
    """Prepare later inputs and targets as the training part was prepared, and name predicted classes.

        x' = (x - offset) / scale

    Plain data: `model_dump_json` writes it and `model_validate_json` reads it back, to the last bit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dtype: FloatName = Field(description="The dtype of prepared arrays.")
    input_shape: Annotated[tuple[_Size | None, ...], Field(fail_fast=True)] = Field(
        description="The shape of one prepared example; null for a length that is open, where one number scales all."
    )
    flatten: bool = Field(description="Whether examples of several axes become vectors.")
    scaling: FittedScaling = Field(description="The numbers of the scaling, from the training part alone.")
    classes: Annotated[tuple[StrictInt | StrictStr, ...], Field(fail_fast=True)] | None = Field(
        default=None, description="The label of every one-hot column; null where the targets are numbers."
    )
    class_numbers: bool = Field(
        default=False, description="Whether targets are class numbers (N,), for a cost that wants integers."
    )
    threshold: float | None = Field(
        default=None,
        description="Above which the network's one output says the second of two classes; null where every class has "
        "an output of its own.",
    )
    feature_names: Annotated[tuple[str, ...], Field(fail_fast=True)] | None = Field(
        default=None, description="The name of every input column, where the source has names."
    )
    vocabulary: Vocabulary | None = Field(
        default=None, description="The tokens whose numbers are inputs and targets, where the source is a text."
    )

    input_range: InputRange | None = Field(
        default=None, description="Which numbers the raw inputs of the training part were; null where it is not kept."
    )

    target_scaling: FittedScaling | None = Field(
        default=None,
        description="The numbers of the targets' scaling, where targets are scaled; from the training part.",
    )
    encoding: FittedEncoding | None = Field(
        default=None, description="What the columns of a table become, where they are more than numbers."
    )

    def opened(self, inputs: Sequence[Sequence[int | None]]) -> FittedPreparation:
        """Return it with the lengths left open that the only one of these inputs leaves open.

        It stays as it is where other entries are scaled by other numbers.
        """
        if len(inputs) != 1 or len(self.scaling.scale) != 1:
            return self
        return self.model_copy(update={"input_shape": opened(self.input_shape, inputs[0])})

    def apply_inputs(self, x: Any, place: Place | None = None) -> Array:
        """Return inputs scaled as the training part was, C-contiguous, in `dtype`.

        Shapes: (N, *features) -> (N, *input_shape). `place` names the rows in errors. The columns of a table, such as
        a pandas DataFrame, are found by `feature_names`, where there are any. With a vocabulary inputs are texts or the
        numbers of tokens, and become integers.
        Raises DataError for another shape, for anything but real numbers, for NaN and infinities, for a table that
        lacks a column or has it twice, and for numbers on another scale than those of training (see `InputRange`).
        """
        place = place or Place("inputs")
        if isinstance(x, Indexed):
            source = Place(place.source)
            return cast(Array, x.then(lambda part: self.apply_inputs(part, source)))
        if self.vocabulary is not None:
            return self._token_windows(self.vocabulary.given(x, place), place)
        if self.encoding is not None:
            place, x = replace(place, columns=self.encoding.entries), self._encoded(x, place, self.encoding)
        x = plain_array(by_name(x, self.feature_names, place.source), place.source)
        require_numeric(x, place)
        require_examples(x, place)
        if x.ndim == 1 and self.input_shape == (1,):
            x = x.reshape(-1, 1)
        if self.flatten and x.ndim > 1:
            x = x.reshape(len(x), -1)
        if not fits(x.shape[1:], self.input_shape):
            raise DataError(
                f"{place.source} does not have the shape of the training inputs",
                expected=batched(self.input_shape),
                received=str(x.shape),
                hint="add an axis for the examples: x[None]"
                if fits(x.shape, self.input_shape)
                else self._columns_hint(),
            )
        require_finite(x, place)
        if self.input_range is not None:
            self.input_range.check(x, place)
        prepared = self.scaling.apply(x, self.dtype)
        require_finite(prepared, place, cause=f" after scaling, in {self.dtype}")
        return prepared

    def apply_targets(self, y: Any, place: Place | None = None) -> Array:
        """Return targets one-hot (N, K) where there are classes, else as numbers (N, *shape), in `dtype`.

        With `class_numbers` they are integers: the place of each label among the classes, (N,), or as they are. With a
        `threshold` they are 0 for the first of two classes and 1 for the second, (N, 1), in `dtype`. With a vocabulary
        they are texts or the numbers of tokens, (N, *positions), and one-hot (N, *positions, K).
        Raises DataError for a label that is not among the classes, for NaN and infinities.
        """
        place = place or Place("targets")
        if self.vocabulary is not None:
            numbers = self.vocabulary.given(y, place)
            if np.ndim(y) == 1 and numbers.shape[1:] == (1,):  # texts of one token
                numbers = numbers[:, 0]
            return numbers if self.class_numbers else one_hot_numbers(numbers, len(self.vocabulary), self.dtype, place)
        y = plain_array(y, place.source)
        require_examples(y, place)
        if self.classes is not None:
            labels = as_labels(y, place)
            if self.class_numbers or self.threshold is not None:
                return self.yes_or_no(class_numbers(labels, self.classes, place))
            return one_hot(labels, self.classes, self.dtype, place)
        require_numeric(y, place)
        require_finite(y, place)
        if self.class_numbers:  # floats that are no integers are refused where the network looks at them
            return np.ascontiguousarray(y.reshape(-1) if y.shape[1:] == (1,) else y)
        with np.errstate(over="ignore"):
            prepared = np.ascontiguousarray(y.reshape(-1, 1) if y.ndim == 1 else y, dtype=self.dtype)
        if self.target_scaling is not None:
            prepared = self.target_scaling.apply(y.reshape(-1, 1) if y.ndim == 1 else y, self.dtype)
        require_finite(prepared, place, cause=f" in {self.dtype}")
        return prepared

    def restored(self, outputs: Array) -> Array:
        """Return outputs (N, *shape) in the units of the targets, as they were before these were scaled."""
        return outputs if self.target_scaling is None else self.target_scaling.restored(outputs)

    def yes_or_no(self, numbers: Array) -> Array:
        """Return class numbers as targets of one output, (N,) -> (N, 1), where there is a `threshold`; else as is."""
        return numbers if self.threshold is None else numbers.reshape(-1, 1).astype(self.dtype)

    def labels(self, prediction: Array) -> list[Label]:
        """Return the label of the largest output of every example; of one output, the second above the `threshold`.

        Shapes: prediction (N, K) -> N labels, of one output (N, 1); of a vocabulary also (N, *positions, K) -> N texts.
        Raises DataError where there are no classes, or not K of them, and where an output is NaN.
        """
        prediction, classes = plain_array(prediction, "prediction"), self.class_labels
        if classes is None:
            raise DataError(
                "these targets are numbers, not classes",
                expected="data prepared with one_hot: true",
                hint="use the predicted numbers as they are",
            )
        if self.threshold is not None and prediction.ndim == 2 and prediction.shape[1] == 1:
            prediction = np.concatenate([np.full_like(prediction, self.threshold), prediction], axis=1)
        positions = self.vocabulary is not None and prediction.ndim > 2
        if (prediction.ndim != 2 and not positions) or prediction.shape[-1] != len(classes):
            raise DataError(
                "the prediction does not have one column per class",
                expected=f"(N, {len(classes)})",
                received=str(prediction.shape),
            )
        unknown = np.flatnonzero(np.isnan(prediction).any(axis=tuple(range(1, prediction.ndim))))
        if unknown.size:
            raise DataError(
                "the prediction says of no class that it is the largest",
                expected="outputs that are numbers",
                received=f"NaN in {unknown.size} of {len(prediction)} examples, first in number {unknown[0]}",
            )
        largest = prediction.argmax(axis=-1)
        if self.vocabulary is not None and positions:
            return [self.vocabulary.text(row.reshape(-1)) for row in largest]
        return [classes[k] for k in largest]

    @property
    def class_labels(self) -> tuple[Label, ...] | None:
        """What the outputs stand for: classes, or the tokens of a vocabulary; None where they are numbers."""
        return self.classes if self.vocabulary is None else self.vocabulary.labels

    @property
    def scales(self) -> bool:
        """Whether the scaling changes anything."""
        return any(self.scaling.offset) or any(scale != 1 for scale in self.scaling.scale)

    def __repr__(self) -> str:
        shape = ", ".join(map(str, ("N", *self.input_shape)))
        rows = [("inputs", f"({shape}), {self.dtype}" + (", flattened" if self.flatten else "")), *self._scaling_rows()]
        if self.classes is not None:
            rows.append(("classes", _shown([repr(label) for label in self.classes])))
        if self.vocabulary is not None:
            shown = _shown([repr(label) for label in self.vocabulary.labels])
            rows.append(("tokens", f"{self.vocabulary.unit}: {shown}"))
        if self.target_scaling is not None:
            offset, scale = (
                [f"{each:.6g}" for each in p] for p in (self.target_scaling.offset, self.target_scaling.scale)
            )
            rows.append(("targets", f"y' = (y - {_shown(offset)}) / {_shown(scale)}"))
        if self.encoding is not None:
            rows.append(("entries", _shown(self.encoding.entries)))
            rows.append(("missing", self.encoding.missing))
        width = max(len(label) for label, _ in rows)
        return "\n".join(["FittedPreparation", *(f"  {label:<{width}}  {text}" for label, text in rows)])

    def __str__(self) -> str:
        return repr(self)

    def _encoded(self, x: Any, place: Place, encoding: FittedEncoding) -> Array:
        texts = {column.name for column in encoding.columns if column.categories is not None}
        records = records_of(x, encoding.names, texts, place, gaps=True)
        require_examples(records, place)
        return encoding.apply(records, place)

    def _token_windows(self, numbers: Array, place: Place) -> Array:
        require_examples(numbers, place)
        if not fits(numbers.shape[1:], self.input_shape):
            raise DataError(
                f"{place.source} does not have the shape of the training inputs",
                expected=f"{batched(self.input_shape)}, or texts of as many tokens",
                received=str(numbers.shape),
            )
        return numbers

    def _scaling_rows(self) -> list[tuple[str, str]]:
        names = [] if self.feature_names is None else [("columns", _shown(self.feature_names))]
        if not self.scales:
            return [*names, ("scaling", "none")]
        offset, scale = ([f"{each:.6g}" for each in part] for part in (self.scaling.offset, self.scaling.scale))
        return [*names, ("scaling", "x' = (x - offset) / scale"), ("offset", _shown(offset)), ("scale", _shown(scale))]

    def _columns_hint(self) -> str:
        if self.feature_names is None:
            return "give the inputs in the shape that the network was trained on"
        return f"the network was trained on the columns {_shown(self.feature_names)}"


def _shown(texts: Sequence[str]) -> str:
    return ", ".join(texts[:12]) + (f", ... ({len(texts):,} in all)" if len(texts) > 12 else "")
