"""Which numbers the training part's inputs were, and whether later ones are on another scale: pixels divided twice."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictBool

from bpframe.data.place import Array, Place
from bpframe.data.usable_arrays import in_portions
from bpframe.errors import DataError
from bpframe.validation.indexed import Indexed

__all__ = ["InputRange"]

#: Of fewer entries for each example, and of whole numbers up to less, nothing is said: they may be measurements.
_ENTRIES, _LEVELS = 16, 16


class InputRange(BaseModel):
    """State the least and the largest input of the training part, and whether all were whole numbers.

    Two scales are told apart for certain: whole numbers such as pixels of 0 to 255, and fractions from 0 to 1. A dark
    image is as legal as a bright one, and numbers outside the range of training are, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: FiniteFloat = Field(description="The least of all entries.")
    high: FiniteFloat = Field(description="The largest.")
    whole: StrictBool = Field(description="Whether all are whole numbers.")

    @classmethod
    def of(cls, inputs: Array) -> Self | None:
        """Return that of raw inputs (N, *features), None where an example has few entries."""
        if not inputs.size or math.prod(inputs.shape[1:]) < _ENTRIES:
            return None
        if isinstance(inputs, Indexed):
            least, most, whole = math.inf, -math.inf, True
            for rows in in_portions(inputs):
                part = inputs[rows]
                least, most = min(least, float(part.min())), max(most, float(part.max()))
                whole = whole and _whole(part)
            return cls(low=least, high=most, whole=whole)
        return cls(low=float(inputs.min()), high=float(inputs.max()), whole=_whole(inputs))

    def check(self, x: Array, place: Place) -> None:
        """Refuse fractions from 0 to 1 where whole numbers to 16 or more were, and whole numbers where fractions were.

        Errors: DataError.
        """
        low, high = float(x.min()), float(x.max())
        levels = self.whole and self.high >= _LEVELS
        shares = not self.whole and self.low >= 0 and self.high <= 1
        problem, hint = None, None
        if levels and low >= 0 and high <= 1 and not _whole(x):
            problem = "fractions, which may have been divided already: the network scales its inputs itself"
            hint = "the numbers as they are in the data; for prepared ones, net.without_preparation()"
        elif shares and low >= 0 and high >= 100 and _whole(x):
            problem, hint = "whole numbers on another scale", f"x / {255 if high <= 255 else f'{high:g}'}"
        if problem is not None:
            raise DataError(
                f"{place.source} holds {problem}",
                expected=f"{'whole numbers' if self.whole else 'numbers'} such as those of training, from {self.low:g} "
                f"to {self.high:g}",
                received=f"{'whole numbers' if _whole(x) else 'numbers'} from {low:g} to {high:g}",
                hint=hint,
            )


def _whole(x: Array) -> bool:
    return x.dtype.kind in "biu" or bool((x == np.floor(x)).all())
