"""Rows of the residuals' Jacobian, written out from outer products, some examples at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bpframe.core.backprop.rows import slices
from bpframe.core.operators import KroneckerForm, PulledVectors
from bpframe.validation.plain_arrays import Array

__all__ = ["WrittenRows"]


#: How many bytes of rows are written at once where they are multiplied right away: what a core's own cache holds.
CACHED_BYTES = 1 << 20


class WrittenRows:
    """Vectors that were pulled back to all parameters, to be written with the examples on the last axis.

        Rᵀ[i, k, n] = (J_nᵀ u_{k,n})_i

    `forms` come by path, with one stack axis, the columns k; `places` says where each parameter lies in θ. Rows of a
    parameter that no form reaches are zero.

    Shapes: Rᵀ (P, columns, examples).
    """

    def __init__(self, forms: Iterable[tuple[str, PulledVectors]], places: Mapping[str, slice]) -> None:
        self._forms = dict(forms)
        self._places = places
        self._size = max((rows.stop for rows in places.values()), default=0)

    def portions(self, batch: int, columns: int) -> list[slice]:
        """Return the examples to write at once where each portion of rows is then multiplied with itself.

        A portion fits into a cache as long as it has several times more rows than columns: with fewer, adding its
        product would cost as much as the product.
        """
        if not all(isinstance(form, KroneckerForm) for form in self._forms.values()):
            return [slice(0, batch)]
        rows = max(CACHED_BYTES // (8 * (self._size + 1)), 4 * self._size)
        return slices(batch, max(1, rows // columns))

    def write(self, block: Array, examples: slice = slice(None)) -> None:
        """Write some examples' part of Rᵀ into `block`, (P, columns, examples), of any dtype."""
        turned: dict[Any, Array] = {}
        for path, rows in self._places.items():
            form = self._forms.get(path)
            if form is None:
                block[rows] = 0
            elif isinstance(form, KroneckerForm):
                _write_outer(form, block[rows], examples, turned)
            else:
                block[rows] = _turned(form.vectors(), block[rows])[..., examples]


def _write_outer(form: KroneckerForm, block: Array, examples: slice, turned: dict[Any, Array]) -> None:
    left, right = form.left[:, examples], form.right[examples]
    if form.places > 1:
        block[...] = _turned(KroneckerForm(left, right, form.shape).vectors(), block)
        return
    e = left[:, :, 0].transpose(2, 0, 1)  # (m, columns, examples)
    key = e.__array_interface__["data"][0], e.shape, e.strides
    if key not in turned:  # a weight and its bias have one error
        turned[key] = np.ascontiguousarray(e, block.dtype)
    e = turned[key]
    a = np.ascontiguousarray(right[:, 0].T, block.dtype)[:, None]  # (n, 1, examples)
    np.multiply(e[:, None], a, out=block.reshape(len(e), len(a), *block.shape[1:]))


def _turned(vectors: Array, block: Array) -> Array:
    """Return vectors (columns, examples, *shape) as (size, columns, examples)."""
    return np.moveaxis(vectors.reshape(*vectors.shape[:2], len(block)), -1, 0)
