"""Operators keep to NumPy's protocols, so that arrays of another library (CuPy, on a GPU) never become NumPy arrays."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from numpy.lib.mixins import NDArrayOperatorsMixin

from .examples import BATCH, NAMES, examples


class Foreign(NDArrayOperatorsMixin):
    """An array that refuses to become a NumPy array and to work together with one."""

    def __init__(self, hidden):
        self.hidden = hidden

    def __array__(self, *args, **kwargs):
        raise TypeError("a foreign array was turned into a NumPy array")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return wrap(getattr(ufunc, method)(*map(unwrap, inputs), **{k: unwrap(v) for k, v in kwargs.items()}))

    def __array_function__(self, function, types, args, kwargs):
        return wrap(function(*unwrap(args), **{k: unwrap(v) for k, v in kwargs.items()}))

    def __getattr__(self, name):
        value = getattr(self.hidden, name)
        if not callable(value) or name == "dtype":
            return wrap(value)
        return lambda *args, **kwargs: wrap(value(*unwrap(args), **{k: unwrap(v) for k, v in kwargs.items()}))

    def __getitem__(self, key):
        return wrap(self.hidden[unwrap(key)])

    def __setitem__(self, key, value):
        self.hidden[unwrap(key)] = unwrap(value)

    def __iter__(self):
        return map(wrap, self.hidden)

    def __bool__(self):
        return bool(self.hidden)

    def __int__(self):
        return int(self.hidden)

    def __len__(self):
        return len(self.hidden)


def wrap(value):
    return Foreign(value) if isinstance(value, np.ndarray) else value


def unwrap(value):
    if isinstance(value, (tuple, list)):
        return type(value)(map(unwrap, value))
    assert not isinstance(value, np.ndarray), "a NumPy array met a foreign one"
    return value.hidden if isinstance(value, Foreign) else value


def foreign(operator):
    """The operator, bound anew, with foreign arrays in the place of its own."""
    found = copy.copy(operator)
    for slot in ARRAYS:
        if getattr(found, slot, None) is not None:
            setattr(found, slot, wrap(getattr(found, slot)))
    if hasattr(found, "steps"):
        found.steps = tuple(tuple(part and foreign(part) for part in pair) for pair in found.steps)
        found._told = None
    if hasattr(found, "blocks"):
        found.blocks = tuple(tuple(d if d is None else wrap(d) for d in row) for row in found.blocks)
    if hasattr(found, "operator"):
        found.operator = foreign(found.operator)
    for slot in ("factors", "terms"):
        if hasattr(found, slot):
            setattr(found, slot, tuple(map(foreign, getattr(found, slot))))
    return found


ARRAYS = ("d", "w", "j", "m", "a", "index", "which", "left", "right")


@pytest.mark.parametrize("name", NAMES)
def test_foreign_arrays_stay_foreign(name):
    native = examples()[name]
    operator = foreign(native)
    operator.check(BATCH)
    rng = np.random.default_rng(0)
    for stack in ((), (2,)):
        v, u = (rng.standard_normal((*stack, BATCH, *shape)) for shape in (native.in_shape, native.out_shape))
        shared = rng.standard_normal((*stack, *native.in_shape))
        for product, argument, more in (
            ("jvp", v, ()),
            ("vjp", u, ()),
            ("sum_vjp", u, ()),
            ("shared_jvp", shared, (BATCH,)),
        ):
            result = getattr(operator, product)(Foreign(argument), *more)
            assert type(result) is Foreign
            np.testing.assert_array_equal(result.hidden, getattr(native, product)(argument, *more))
    dense = operator.dense(Foreign(rng.standard_normal(0)))
    assert type(dense) is Foreign
    np.testing.assert_array_equal(dense.hidden, native.dense())
