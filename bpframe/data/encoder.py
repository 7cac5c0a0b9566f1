"""Fit what columns become to the training part: categories, means, and which columns have gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bpframe.data.encoding import CategoryForm, FittedColumn, FittedEncoding, MissingPolicy, require_no_infinity
from bpframe.data.place import Array, Place
from bpframe.data.scaling import FittedScaling, Scaling, fit_scaling
from bpframe.errors import DataError

__all__ = ["Encoder", "fit_measured"]

# More categories than this are identifiers, and fill the memory.
_MOST_CATEGORIES = 10_000


@dataclass(frozen=True)
class Encoder:
    """State what columns become: `categories` by name, what happens to gaps, and to categories that training lacks.

    Columns of texts are categories, and become one-hot entries where `categories` says nothing of them.
    """

    categories: Mapping[str, CategoryForm]
    missing: MissingPolicy
    other: bool

    def fit(self, training: Array, everything: Sequence[Array], place: Place) -> FittedEncoding:
        """Return the encoding: fills come from the training records, categories and indicators from all records.

        Raises DataError where a column has nothing but gaps, or too many categories.
        """
        columns = [self._column(name, training, everything, place) for name in training.dtype.names or ()]
        return FittedEncoding(columns=tuple(columns), missing=self.missing, other=self.other)

    def _column(self, name: str, training: Array, everything: Sequence[Array], place: Place) -> FittedColumn:
        values = training[name]
        categorical = values.dtype == object
        if not categorical:
            require_no_infinity(values, name, place)
        gaps = any(bool(_gaps(records[name]).any()) for records in everything)
        known = values[~_gaps(values)]
        filled = self.missing in ("mean", "indicator")
        if not len(known) and (filled or categorical):
            raise DataError(
                f"{place.source}, column {name!r}: every value of the training part is missing",
                expected="a value at least",
                received=f"{len(values)} missing values",
                hint="select `inputs` without this column",
            )
        indicator = self.missing == "indicator" and gaps
        if not categorical:
            return FittedColumn(name=name, fill=float(known.mean()) if filled else None, indicator=indicator)
        found = sorted({each for records in everything for each in records[name] if each is not None})
        if len(found) > _MOST_CATEGORIES:
            raise DataError(
                f"{place.source}, column {name!r}: there are {len(found):,} categories",
                expected=f"at most {_MOST_CATEGORIES:,}",
                received=", ".join(map(repr, found[:3])) + ", ...",
                hint="are these names of the examples, or numbers?",
            )
        counts = Counter(known.tolist())
        most = min(counts, key=lambda each: (-counts[each], each))
        return FittedColumn(
            name=name,
            categories=tuple(found),
            form=self.categories.get(name, "one_hot"),
            fill=most if filled else None,
            indicator=indicator,
        )


def fit_measured(scaling: Scaling, x: Array, measured: Array | None) -> FittedScaling:
    """Return the scaling fitted to the entries of x (N, K) that are measured numbers; others stay as they are."""
    if measured is None or measured.all():
        return fit_scaling(scaling, x)
    offset, scale = np.zeros(len(measured)), np.ones(len(measured))
    if measured.any():
        fitted = fit_scaling(scaling, x[:, measured])
        offset[measured], scale[measured] = fitted.offset, fitted.scale
    if not offset.any() and (scale == 1).all():
        return FittedScaling(offset=(0.0,), scale=(1.0,))
    return FittedScaling(offset=tuple(offset.tolist()), scale=tuple(scale.tolist()))


def _gaps(values: Array) -> Array:
    if values.dtype == object:
        return np.fromiter((each is None for each in values), bool, len(values))
    return np.isnan(values)
