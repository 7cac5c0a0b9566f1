"""The same numbers in arrays that lie otherwise in memory; each takes and returns arrays by name."""

from __future__ import annotations

import numpy as np

__all__ = [
    "backwards",
    "copied",
    "cut",
    "first",
    "fortran",
    "gaps",
    "lists",
    "locked",
    "odd_row",
    "single",
    "stretched",
]


def each(function):
    def by_name(arrays):
        return {name: function(array) for name, array in arrays.items()}

    by_name.__name__ = function.__name__
    by_name.__doc__ = function.__doc__
    return by_name


@each
def copied(array):
    """Another array object with the same numbers."""
    return array.copy()


@each
def fortran(array):
    return np.asfortranarray(array)


@each
def gaps(array):
    """A view of every second column."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


@each
def backwards(array):
    """Negative strides."""
    return array[::-1].copy()[::-1]


@each
def first(array):
    """The first example, as a slice of the whole."""
    return array[:1]


@each
def odd_row(array):
    """The first example, as one row with an axis put before it: strides (0, ...)."""
    return array[0][None]


@each
def stretched(array):
    """The first example as often as there are examples, with stride 0."""
    return np.broadcast_to(array[:1], array.shape)


@each
def locked(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@each
def single(array):
    """In float32, which a float64 network converts."""
    return array.astype(np.float32)


@each
def lists(array):
    return array.tolist()


def cut(arrays, count):
    """Return the first examples, as slices."""
    return {name: array[:count] for name, array in arrays.items()}
