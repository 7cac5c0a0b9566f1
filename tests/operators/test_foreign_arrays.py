"""Operators keep to NumPy's protocols, so that arrays of another library (CuPy, on a GPU) never become NumPy arrays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.mixins import NDArrayOperatorsMixin

from bpframe.core.operators import (
    BatchMatrix,
    Broadcast,
    Composed,
    Diagonal,
    Gather,
    Identity,
    Matrix,
    Reshape,
    Sum,
    WeightTimes,
)


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


rng = np.random.default_rng(0)


def array(*shape):
    return rng.standard_normal(shape)


@pytest.mark.parametrize(
    ("kind", "arrays", "in_shape", "out_shape"),
    [
        (Identity, (), (4,), (4,)),
        (Diagonal, (array(3, 4),), (4,), (4,)),
        (Diagonal, (array(1, 4),), (4,), (4,)),
        (Matrix, (array(2, 4),), (4,), (2,)),
        (Matrix, (array(2, 4),), (5, 4), (5, 2)),
        (BatchMatrix, (array(3, 2, 4),), (4,), (2,)),
        (BatchMatrix, (array(1, 2, 4),), (4,), (2,)),
        (WeightTimes, (array(3, 4),), (2, 4), (2,)),
        (WeightTimes, (array(3, 5, 4),), (2, 4), (5, 2)),
        (Broadcast, (), (4,), (4,)),
        (Broadcast, (), (4,), (2, 4)),
        (Reshape, (), (4,), (2, 2)),
        (Gather, (np.array([[0, -1, 0, 3]]),), (4,), (4,)),
        (Gather, (np.array([[0, 1], [1, 1], [3, -1]]),), (4,), (2,)),
        (lambda d, w: Composed((Diagonal(d), Matrix(w))), (array(3, 2), array(2, 4)), (4,), (2,)),
        (lambda d, w: Sum((Diagonal(d), Matrix(w))), (array(3, 4), array(4, 4)), (4,), (4,)),
    ],
)
def test_foreign_arrays_stay_foreign(kind, arrays, in_shape, out_shape):
    native = kind(*arrays).bind(in_shape, out_shape)
    foreign = kind(*map(Foreign, arrays)).bind(in_shape, out_shape)
    foreign.check(3)
    for stack in ((), (2,)):
        v, u, shared = array(*stack, 3, *in_shape), array(*stack, 3, *out_shape), array(*stack, *in_shape)
        for name, argument, more in (("jvp", v, ()), ("vjp", u, ()), ("sum_vjp", u, ()), ("shared_jvp", shared, (3,))):
            result = getattr(foreign, name)(Foreign(argument), *more)
            assert type(result) is Foreign
            np.testing.assert_array_equal(result.hidden, getattr(native, name)(argument, *more))
    dense = foreign.dense(Foreign(array(0)))
    assert type(dense) is Foreign
    np.testing.assert_array_equal(dense.hidden, native.dense())
