"""Windows: the rows of a convolution, against loops, SciPy and the definition, and refusals by name."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from bpframe.core.operators import Broadcast, KroneckerForm, Matrix, Reshape, WeightTimes, compose
from bpframe.errors import OperatorError
from bpframe.structures import Windows, transposed

rng = np.random.default_rng(0)


def cut(x: np.ndarray, operator: Windows) -> np.ndarray:
    """The rows, place by place: (N, *places, channels) -> (N, *new places, size·channels)."""
    padded = np.pad(x, ((0, 0), *operator.padding, (0, 0)))
    axes = zip(padded.shape[1:-1], operator.size, operator.dilation, operator.stride, strict=True)
    places = [(full - step * (size - 1) - 1) // stride + 1 for full, size, step, stride in axes]
    found = np.empty((len(x), *places, int(np.prod(operator.size)) * x.shape[-1]))
    for place in np.ndindex(*places):
        row = [
            padded[(slice(None), *(stride * p + step * s for p, s, stride, step in
                                   zip(place, within, operator.stride, operator.dilation, strict=True)))]
            for within in itertools.product(*map(range, operator.size))
        ]  # fmt: skip
        found[(slice(None), *place)] = np.concatenate(row, axis=-1)
    return found


one_or_two = st.one_of(st.integers(0, 2), st.tuples(st.integers(0, 2), st.integers(0, 2)))
geometries = st.fixed_dictionaries({
    "size": st.tuples(st.integers(1, 3), st.integers(1, 3)),
    "stride": st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3))),
    "padding": st.one_of(st.integers(0, 2), st.tuples(one_or_two, one_or_two)),
    "dilation": st.one_of(st.integers(1, 2), st.tuples(st.integers(1, 2), st.integers(1, 2))),
})  # fmt: skip


@given(geometries, st.integers(0, 3))
def test_rows_are_what_a_loop_over_places_reads(geometry: dict, batch: int) -> None:
    operator = Windows(**geometry)
    x = np.arange(batch * 6 * 7 * 2.0).reshape(batch, 6, 7, 2)
    np.testing.assert_array_equal(operator.jvp(x), cut(x, operator))


@pytest.mark.parametrize("mode", ["valid", "full", "same"])
def test_a_matrix_after_windows_is_scipys_correlation(mode: str) -> None:
    """Channels and kernels of an image, with the zeros that each mode of SciPy's has around it."""
    size = (3, 5)
    sides = {"valid": 0, "full": tuple(each - 1 for each in size), "same": tuple(each // 2 for each in size)}
    x, w = rng.standard_normal((2, 8, 9, 3)), rng.standard_normal((4, *size, 3))
    convolution = compose(Matrix(w.reshape(4, -1)), Windows(size, padding=sides[mode]))
    found = convolution.jvp(x)
    for n, unit in np.ndindex(2, 4):
        expected = sum(scipy.signal.correlate2d(x[n, :, :, c], w[unit, :, :, c], mode) for c in range(3))
        np.testing.assert_allclose(found[n, :, :, unit], expected, rtol=1e-12, atol=1e-12)


def test_the_transpose_is_scipys_convolution() -> None:
    """Errors of a full convolution's input: the same kernel, turned round."""
    u, w = rng.standard_normal((2, 6, 4)), rng.standard_normal((4, 3, 2))
    back = compose(transposed(Windows(3).bind((8, 2), (6, 6))), transposed(Matrix(w.reshape(4, -1))))
    found = back.jvp(u)
    for n, channel in np.ndindex(2, 2):
        expected = sum(np.convolve(u[n, :, unit], w[unit, :, channel]) for unit in range(4))
        np.testing.assert_allclose(found[n, :, channel], expected, rtol=1e-12, atol=1e-12)


def test_a_volume_and_numpys_integers() -> None:
    operator = Windows(np.array([2, 1, 2]).tolist(), stride=np.int64(2), padding=[(0, 1), 0, (1, 0)])
    x = rng.standard_normal((2, 4, 3, 5, 2))
    np.testing.assert_array_equal(operator.jvp(x), cut(x, operator))


def test_a_kernel_keeps_outer_products_behind_windows() -> None:
    rows = Windows(3).jvp(rng.standard_normal((2, 7, 4)))
    kernel = compose(WeightTimes(rows), Reshape()).bind((6, 3, 4), (5, 6))
    u = rng.standard_normal((2, 5, 6))
    form = kernel.kronecker_form(u)
    assert isinstance(form, KroneckerForm)
    assert form.places == 5
    np.testing.assert_allclose(form.vectors(), kernel.vjp(u), rtol=1e-12)


def test_shapes_follow_from_the_input_and_to_neighbours() -> None:
    layer = compose(Matrix(np.ones((4, 18))), Windows((3, 3), padding=1)).bind((6, 5, 2), (6, 5, 4))
    layer.check(1)
    assert Windows((3, 3), stride=2)._infer((7, 8, 2), None) == ((7, 8, 2), (3, 3, 18))
    added = compose(Windows(2), Broadcast().bind((3,), (5, 3)))
    assert added.out_shape == (4, 6)
    with pytest.raises(OperatorError, match="does not know its in_shape"):
        Windows(2).in_shape  # noqa: B018


@pytest.mark.parametrize(
    ("operator", "in_shape", "out_shape", "problem", "expected", "received"),
    [
        (Windows(3), (5,), (3,), "an axis of places", "(places, channels)", "(5,)"),
        (Windows(3), (5, 5, 2), (3, 3, 6), "an axis of places", "(places, channels)", "(5, 5, 2)"),
        (Windows((3, 3)), (5, 2), (3, 6), "an axis of places", "(places, places, channels)", "(5, 2)"),
        (Windows(3), (2, 4), (0, 12), "larger than its input", "at least 3 places", "2 places"),
        (Windows(3, dilation=2, padding=1), (2, 4), (0, 12), "larger than its input", "at least 5 places", "4 places"),
        (Windows(3, stride=2), (6, 4), (3, 12), "does not fit its shapes", "(2, 12)", "(3, 12)"),
        (Windows(3), (6, 4), (4, 4), "does not fit its shapes", "(4, 12)", "(4, 4)"),
    ],
)
def test_check_refuses_shapes_that_do_not_fit(operator, in_shape, out_shape, problem, expected, received) -> None:
    with pytest.raises(OperatorError, match="operator 'windows'") as caught:
        operator.bind(in_shape, out_shape).check(5)
    assert problem in caught.value.problem
    assert expected in caught.value.expected
    assert received in caught.value.received


@pytest.mark.parametrize(
    "geometry",
    [{"size": each} for each in (0, (), (2, 0), 1.0, "3", True, None, np.array([2, 2]))]
    + [{"size": 2, name: each} for name in ("stride", "dilation") for each in (0, -1, (1, 1), (), "1", 1.5)]
    + [{"size": (2, 2), "padding": each} for each in (-1, (1,), ((1, 2), (1,)), ((1, -1), 0))]
    + [{"size": (2, 2), "padding": each} for each in ("11", "same", None, (1.0, 1))]
    + [{"size": 3, "padding": (1, 1)}],
)  # fmt: skip
def test_a_geometry_that_is_none_is_refused_where_it_is_written(geometry: dict) -> None:
    name, given = [*geometry.items()][-1]
    with pytest.raises(OperatorError, match=f"'windows' has a {name} that is no geometry") as caught:
        Windows(**geometry)
    assert caught.value.received == f"{name}={given!r}"
