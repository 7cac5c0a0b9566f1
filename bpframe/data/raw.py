"""What raw examples go through on their way into a network: columns by name, then the preparation of the training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from bpframe.data.fitted import FittedPreparation
from bpframe.data.frames import by_name, names_of, require_distinct
from bpframe.data.labels import Label
from bpframe.data.place import Array, Place
from bpframe.validation.indexed import Indexed
from bpframe.validation.one_hot import is_one_hot
from bpframe.validation.plain_arrays import plain_array

__all__ = ["Columns", "Preparation", "times"]

_Names = Annotated[tuple[StrictInt | StrictStr, ...], Field(fail_fast=True)]


class Columns(BaseModel):
    """The names of the columns that a network was trained on, by input and by the output that a target is for.

    Plain data: `model_dump_json` writes it and `model_validate_json` reads it back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: dict[str, _Names] = {}
    targets: dict[str, _Names] = {}


@dataclass(frozen=True)
class Preparation:
    """The way of examples into a network: `columns` by name, then `fitted`, where there is one and they are `raw`.

    A network that takes prepared arrays knows how they are prepared as well: a run that it saves takes raw ones.
    """

    fitted: FittedPreparation | None = None
    columns: Columns = field(default_factory=Columns)
    raw: bool = True

    @classmethod
    def of(cls, fitted: FittedPreparation | None, inputs: Iterable[str], raw: bool = True) -> Preparation:
        """Return the way through a fitted preparation, whose columns are those of the only input."""
        names = None if fitted is None else fitted.feature_names
        return cls(fitted, Columns(inputs={} if names is None else dict.fromkeys(inputs, names)), raw)

    @property
    def applied(self) -> FittedPreparation | None:
        """What is done to examples; None where they are taken as they are."""
        return self.fitted if self.raw else None

    @property
    def classes(self) -> tuple[Label, ...] | None:
        """The labels of the one-hot columns, where the targets are labels."""
        return None if self.applied is None else self.applied.classes

    @property
    def scale(self) -> Array | None:
        """∂x/∂x' of every entry of an example, (*input_shape), 1 for an open length; None where it is 1 everywhere."""
        if self.applied is None or not any(each != 1 for each in self.applied.scaling.scale):
            return None
        shape = tuple(size or 1 for size in self.applied.input_shape)  # an open length has one number for all
        return np.broadcast_to(np.array(self.applied.scaling.scale), math.prod(shape)).reshape(shape)

    def output_scale(self, shape: Sequence[int | None], dtype: npt.DTypeLike) -> Array | None:
        """∂(prediction)/∂(output), (*shape), 1 for an open length; None where targets are not scaled."""
        scaling = None if self.applied is None else self.applied.target_scaling
        sizes = tuple(size or 1 for size in shape)
        if scaling is None:
            return None
        return np.broadcast_to(np.array(scaling.scale, dtype), math.prod(sizes)).reshape(sizes)

    @property
    def restored(self) -> Callable[[Array], Array] | None:
        """What brings outputs into the units of targets that were scaled, also of prepared ones; None of others."""
        fitted = self.fitted
        return None if fitted is None or fitted.target_scaling is None else fitted.restored

    def inputs(self, x: Any, names: Sequence[str], raw: bool = True) -> Any:
        """Return what the network `names`, prepared; without `raw`, only its columns are put in order.

        Raises DataError, see `FittedPreparation.apply_inputs` and `by_name`.
        """
        if isinstance(x, Mapping) and not self._holds_columns(x, names):
            return {name: self._input(name, value, raw) for name, value in x.items()}
        return self._input(names[0], x, raw) if len(names) == 1 else x

    def targets(self, y: Any, names: Sequence[str]) -> Any:
        """Return the targets as the cost of the outputs `names` takes them: labels become one-hot rows.

        Raises DataError, see `FittedPreparation.apply_targets` and `by_name`.
        """
        if isinstance(y, Mapping):
            return {name: self._target(name, value, names) for name, value in y.items()}
        return self._target(names[0], y, names) if len(names) == 1 else y

    def class_targets(self, y: Any, name: str) -> Any:
        """Return the targets of an output, to count right classes: one-hot where there are labels, else as y."""
        ordered = by_name(y, self.columns.targets.get(name), f"target of '{name}'")
        return ordered if self.classes is None else self._target(name, ordered, [name])

    def knowing(self, x: Any, y: Any, inputs: Sequence[str], targets: Sequence[str]) -> Preparation:
        """Return this with the columns of tables x and y, where their names were not known.

        Raises DataError for a table with two columns of one name.
        """
        columns = Columns(
            inputs=_named(x, inputs, "input", at_least=1) | self.columns.inputs,
            targets=_named(y, targets, "target of", at_least=2) | self.columns.targets,
        )
        return replace(self, columns=columns)

    def _holds_columns(self, x: Mapping[Any, Any], names: Sequence[str]) -> bool:
        """Return whether a mapping is a table of mixed columns, rather than the network's inputs by their names."""
        return self.fitted is not None and self.fitted.encoding is not None and set(names).isdisjoint(x)

    def _input(self, name: str, value: Any, raw: bool) -> Any:
        if isinstance(value, Indexed):
            return value.then(lambda part: self._input(name, part, raw))
        columns = self.columns.inputs.get(name)
        if self.fitted is not None and self.fitted.encoding is not None:
            # Its columns are found where it is applied; prepared ones have other names.
            if not raw or not self.raw:
                return value
            if not hasattr(value, "shape") or len(value):
                return self.fitted.apply_inputs(value, Place(f"input '{name}'"))
            return np.empty((0, *self.fitted.input_shape))
        ordered = by_name(value, columns, f"input '{name}'")
        if self.applied is None or not raw:
            return ordered
        if np.ndim(ordered) > 1 and len(ordered) == 0:
            # No examples have no outputs, which is no mistake.
            return np.empty((0, *(size or 1 for size in self.applied.input_shape)))
        texts = None if columns is None else tuple(map(str, columns))
        return self.applied.apply_inputs(ordered, Place(f"input '{name}'", columns=texts))

    def _target(self, name: str, value: Any, names: Sequence[str]) -> Any:
        if isinstance(value, Indexed):
            return value.then(lambda part: self._target(name, part, names))
        what = f"target of '{name}'"
        ordered = by_name(value, self.columns.targets.get(name), what)
        if self.applied is None or len(names) > 1:
            return ordered
        classes, place = self.applied.classes, Place(what)
        array = plain_array(ordered, what)
        if classes is not None and array.ndim == 2 and array.shape[1] == len(classes) > 1:
            if (self.applied.class_numbers or self.applied.threshold is not None) and is_one_hot(array):
                return self.applied.yes_or_no(array.argmax(axis=1))
            return array  # one-hot already, or shares
        if array.dtype == object and all(isinstance(each, str) for each in array.flat):
            array = array.astype(str)  # as pandas keeps text
        return self.applied.apply_targets(array, place)


def times(changes: dict[str, Array], scale: Array | None) -> dict[str, Array]:
    """Return changes of outputs as those of predictions, or cotangents of predictions as those of outputs."""
    return changes if scale is None else {name: array * scale for name, array in changes.items()}


def _named(value: Any, names: Sequence[str], what: str, at_least: int) -> dict[str, tuple[int | str, ...]]:
    """Return the columns of every table, by input or output; a target's only column needs no name to be found."""
    tables = value if isinstance(value, Mapping) else {names[0]: value} if len(names) == 1 else {}
    found = {}
    for name, table in tables.items():
        columns = names_of(table)
        if columns is not None and len(columns) >= at_least:
            require_distinct(columns, f"{what} '{name}'")
            found[name] = columns
    return found
