"""Scale inputs entry by entry, with statistics of the training part alone.

x' = (x - offset) / scale
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from bpframe.categories import Preparation
from bpframe.categories.calling import call_method
from bpframe.data.place import Array
from bpframe.data.usable_arrays import FloatName, in_portions
from bpframe.errors import BpframeError, ContractError, DataError
from bpframe.validation.finite_numbers import PositiveFloat
from bpframe.validation.indexed import Indexed
from bpframe.validation.model import Validated

__all__ = ["Divide", "FittedScaling", "Scaling", "fit_scaling"]

# Rows are scaled in blocks of about this many numbers: the float64 intermediate stays small beside the data.
_BLOCK = 2**20


class Divide(Validated):
    """Divide every input by one number: x' = x / divide."""

    divide: PositiveFloat = Field(description="The divisor of every input, such as 255 for 8-bit images.")


Scaling = Literal["none", "standard", "minmax"] | Divide | Preparation


class FittedScaling(BaseModel):
    """Hold the numbers of a fitted scaling.

        x' = (x - offset) / scale

    Shapes: `offset` and `scale` have one number per entry of an example, or one for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: Annotated[tuple[FiniteFloat, ...], Field(fail_fast=True)] = Field(
        description="What is subtracted, per entry of an example or once for all."
    )
    scale: Annotated[tuple[PositiveFloat, ...], Field(fail_fast=True)] = Field(
        description="What is divided by, per entry of an example or once for all."
    )

    @model_validator(mode="after")
    def _of_one_length(self) -> FittedScaling:
        if len(self.offset) != len(self.scale) or not self.offset:
            raise ValueError(f"offset has {len(self.offset)} numbers and scale {len(self.scale)}; both need the same")
        return self

    def apply(self, x: Array, dtype: FloatName) -> Array:
        """Return x scaled, C-contiguous, in `dtype`; computed in float64.

        Shapes: x (N, *features) -> the same.
        """
        rows = x.reshape(len(x), -1)
        if len(self.offset) not in (1, rows.shape[1]):
            raise DataError(
                "the scaling was fitted to examples of another size",
                expected=f"{len(self.offset)} entries per example",
                received=f"{rows.shape[1]} entries per example",
            )
        offset, scale = np.array(self.offset), np.array(self.scale)
        scaled = np.empty(rows.shape, dtype=dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the result, and can name the row
            for block in _blocks(rows):
                scaled[block] = np.subtract(rows[block], offset, dtype=np.float64) / scale
        return scaled.reshape(x.shape)

    def restored(self, x: Array) -> Array:
        """Return what was scaled as it was before: x = x' scale + offset, in the dtype of x'. Shapes: as `apply`."""
        rows = x.reshape(len(x), -1).astype(np.float64)
        found: Array = (rows * np.array(self.scale) + np.array(self.offset)).reshape(x.shape)
        return found.astype(x.dtype, copy=False)


def fit_scaling(scaling: Scaling, x: Array) -> FittedScaling:
    """Return the scaling fitted to the training inputs x (N, *features).

    standard: offset is the mean and scale the standard deviation (divisor N); minmax: offset is the least value and
    scale the range, so that the training part spans [0, 1]. A constant entry has scale 1.
    Raises DataError where a statistic overflows.
    """
    if isinstance(scaling, Preparation):
        if isinstance(x, Indexed):
            raise DataError(
                f"preparation '{scaling.kind}' takes all examples at once, and they do not fit into memory",
                expected="none, standard, minmax or {divide: number}, which are fitted in portions",
                received=f"{x.dtype} of shape {x.shape}",
            )
        return _fitted(scaling, x)
    if isinstance(scaling, Divide):
        return FittedScaling(offset=(0.0,), scale=(scaling.divide,))
    if scaling == "none":
        return FittedScaling(offset=(0.0,), scale=(1.0,))
    with np.errstate(over="ignore", invalid="ignore"):
        least, most, offset, scale = _in_portions(x) if isinstance(x, Indexed) else _at_once(x)
        if scaling == "minmax":
            offset, scale = least, most - least
    # A constant column's computed deviation can be a rounding error instead of 0, so the range decides.
    constant = (least == most) | (scale == 0)
    scale = np.where(constant, 1.0, scale)
    offset = np.where(least == most, least, offset)
    if not (np.isfinite(offset).all() and np.isfinite(scale).all()):
        column = int(np.flatnonzero(~(np.isfinite(offset) & np.isfinite(scale)))[0])
        raise DataError(
            f"{scaling} scaling overflows in entry {column} of the inputs",
            expected="inputs whose range and squares are finite in float64",
            received=f"values from {least[column]} to {most[column]}",
            hint="divide the inputs first",
        )
    return FittedScaling(offset=tuple(offset.tolist()), scale=tuple(scale.tolist()))


def _at_once(x: Array) -> tuple[Array, Array, Array, Array]:
    """Return least, largest, mean and deviation of every entry."""
    rows = x.reshape(len(x), -1)
    mean = rows.mean(axis=0, dtype=np.float64)
    squares = sum(((rows[block] - mean) ** 2).sum(axis=0) for block in _blocks(rows))
    return (
        rows.min(axis=0).astype(np.float64),
        rows.max(axis=0).astype(np.float64),
        mean,
        np.asarray(np.sqrt(squares / len(rows))),
    )


def _in_portions(x: Indexed) -> tuple[Array, Array, Array, Array]:
    """Return the same of what is read, in two passes from beginning to end."""
    size = x.size // len(x)
    least, most, total, squares = np.full(size, np.inf), np.full(size, -np.inf), np.zeros(size), np.zeros(size)
    portions = in_portions(x)  # type: ignore[arg-type]
    for rows in portions:
        part = x[rows].reshape(-1, size)
        least, most = np.minimum(least, part.min(axis=0)), np.maximum(most, part.max(axis=0))
        total += part.sum(axis=0, dtype=np.float64)
    mean = total / len(x)
    for rows in portions:
        squares += ((x[rows].reshape(-1, size) - mean) ** 2).sum(axis=0)
    return least, most, mean, np.sqrt(squares / len(x))


def _fitted(preparation: Preparation, x: Array) -> FittedScaling:
    """Return what a component makes of the training inputs; ContractError where it is no scaling."""
    where = f"preparation '{preparation.kind}'"
    rows = x.reshape(len(x), -1).astype(np.float64)
    rows.flags.writeable = False
    try:
        returned = call_method(preparation, "fit", x=rows)
        offset, scale = (np.atleast_1d(np.asarray(each, np.float64)) for each in returned)
    except BpframeError:
        raise
    except Exception as error:
        raise ContractError(
            f"{where}: fit failed, or returned no (offset, scale)",
            expected="two arrays, with a number per entry of an example, or one for all",
            received=f"{type(error).__name__}: {error}",
        ) from error
    for name, values in (("offset", offset), ("scale", scale)):
        if values.shape not in ((1,), (rows.shape[1],)):
            raise ContractError(
                f"{where}: fit returned an offset or scale of another shape",
                expected=f"({rows.shape[1]},), or one number for all",
                received=str(values.shape),
            )
        wrong = ~np.isfinite(values) | ((values <= 0) if name == "scale" else False)
        if wrong.any():
            entry = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{where} has no {name} for entry {entry} of the inputs",
                expected="finite numbers" + (" larger than 0" if name == "scale" else ""),
                received=str(values[entry]),
            )
    size = max(len(offset), len(scale))
    offset, scale = (np.broadcast_to(each, size) for each in (offset, scale))
    return FittedScaling(offset=tuple(offset.tolist()), scale=tuple(scale.tolist()))


def _blocks(rows: Array) -> Iterator[slice]:
    step = max(1, _BLOCK // max(1, rows.shape[1]))
    return (slice(start, start + step) for start in range(0, len(rows), step))
