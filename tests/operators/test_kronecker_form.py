"""Pulled-back vectors in a form: every quantity against the vectors written out, at sizes from 0 on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpframe.core.operators import (
    Diagonal,
    Gather,
    IdentityMap,
    KroneckerForm,
    Operator,
    PulledVectors,
    Reshape,
    ScatteredForm,
    WeightTimes,
    add,
    compose,
)
from bpframe.forms import kronecker_form

from .oracle import jacobian
from .strategies import KINDS, batches, generators, numbers, operators

stacks = st.sampled_from([(), (1,), (3,), (2, 2), (0,)])
few = st.integers(0, 4)


@st.composite
def kronecker_forms(draw: Any, like: KroneckerForm | None = None) -> KroneckerForm:
    """Any sizes; `like` fixes all but the places."""
    rng = draw(generators())
    if like is None:
        stack, batch, m, n = draw(stacks), draw(batches), draw(few), draw(few)
        shape = draw(st.sampled_from([(m, n), (m * n,), (m, 1, n)]))
    else:
        (*stack, batch, _, m), n, shape = like.left.shape, like.right.shape[-1], like.shape
    places = draw(few)
    left, right = numbers(rng, (*stack, batch, places, m), float), numbers(rng, (batch, places, n), float)
    return KroneckerForm(left, right, shape)


@st.composite
def scattered_forms(draw: Any, like: ScatteredForm | None = None) -> ScatteredForm:
    rng = draw(generators())
    if like is None:
        stack, batch, count, width = draw(stacks), draw(batches), draw(st.integers(1, 6)), draw(st.integers(1, 3))
        shape = draw(st.sampled_from([(count, width), (count * width,)]))
    else:
        (*stack, batch, _, _), shape = like.values.shape, like.shape
        size = math.prod(shape)
        width = draw(st.sampled_from([each for each in range(1, size + 1) if size % each == 0]))
        count = size // width
    places = draw(few)
    rows = rng.integers(0, count, (batch, places))
    return ScatteredForm(rows, numbers(rng, (*stack, batch, places, width), float), shape)


def written(form: PulledVectors) -> np.ndarray:
    """(*S, N, size), entry by entry from the definition."""
    if isinstance(form, KroneckerForm):
        return np.einsum("...nlm,nlk->...nmk", form.left, form.right).reshape(*form.left.shape[:-2], form.size)
    assert isinstance(form, ScatteredForm)
    *leading, places, width = form.values.shape
    found = np.zeros((*leading, form.size))
    for index in np.ndindex(*leading):
        for place in range(places):
            start = form.rows[index[-1], place] * width
            found[index][start : start + width] += form.values[index][place]
    return found


def close(got: np.ndarray, expected: np.ndarray) -> None:
    assert got.shape == expected.shape
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-11 * max(np.abs(expected).max(initial=0), 1))


def check(form: PulledVectors, rng: np.random.Generator) -> None:
    g = written(form)
    stack, (batch, size) = g.shape[:-2], g.shape[-2:]
    flat = g.reshape(math.prod(stack) * batch, size)
    assert form.stack == stack
    assert form.examples == batch
    close(form.vectors(), g.reshape(*stack, batch, *form.shape))
    close(form.total(), g.sum(axis=-2).reshape(*stack, *form.shape))
    close(form.squared_norms(), (g**2).sum(axis=-1))
    close(form.sum_of_squares(), (flat**2).sum(axis=0).reshape(form.shape))
    close(form.gram(), flat @ flat.T)
    weights = rng.standard_normal((*stack, batch))
    close(written(form.weighted(weights)), weights[..., None] * g)
    close(form.sum_of_squares(weights), (weights.reshape(-1, 1) * flat**2).sum(axis=0).reshape(form.shape))
    shared = rng.standard_normal(form.shape)
    close(form.inner(shared), g @ shared.reshape(size))
    if not stack:
        weights, several = rng.standard_normal((2, 3, batch)), rng.standard_normal((2, 3, *form.shape))
        close(written(form.weighted(weights)), weights[..., None] * g)
        close(form.inner(several), np.einsum("nk,...k->...n", g, several.reshape(2, 3, size)))
    close(written(form.reshaped((size,))), g)
    rows = np.full((batch, size + 3), np.nan)
    if not stack:
        view = rows[:, 1 : size + 1].reshape(batch, *form.shape)
        assert form.vectors(out=view) is view
        close(rows[:, 1 : size + 1], g)
        assert np.isnan(rows[:, [0, -1, -2]]).all()


@given(kronecker_forms(), generators())
def test_outer_products(form: KroneckerForm, rng: np.random.Generator) -> None:
    check(form, rng)


@given(scattered_forms(), generators())
def test_scattered_rows(form: ScatteredForm, rng: np.random.Generator) -> None:
    check(form, rng)


@given(st.data())
def test_two_forms_of_one_parameter(data: st.DataObject) -> None:
    """Sums and inner products of two, of the same kind and of different ones."""
    first: PulledVectors = data.draw(st.one_of(kronecker_forms(), scattered_forms()))
    if data.draw(st.booleans()) and isinstance(first, ScatteredForm):
        second: PulledVectors = data.draw(scattered_forms(first))
    elif isinstance(first, KroneckerForm):
        second = data.draw(kronecker_forms(first))
    else:
        values = numbers(data.draw(generators()), (*first.stack, first.examples, *first.shape), float)
        second = KroneckerForm.of_vectors(values, first.shape)
    g, h = (written(each).reshape(-1, first.size) if first.size else None for each in (first, second))
    for one, other in ((first, second), (second, first)):
        close(written(one.joined(other)), written(one) + written(other))
        if g is not None and h is not None:
            close(one.gram(other), written(one).reshape(g.shape) @ written(other).reshape(h.shape).T)


@pytest.mark.parametrize("chunk", [1, 200, 1 << 24])
@pytest.mark.parametrize("sizes", [(1, 6, 7), (2, 30, 40), (5, 3, 4), (3, 1, 8), (4, 8, 1), (6, 20, 20)])
def test_the_order_of_work_does_not_change_the_numbers(
    sizes: tuple[int, int, int], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few places against large parameters, and the other way round, with little memory."""
    monkeypatch.setattr(kronecker_form, "CHUNK_BYTES", chunk)
    rng = np.random.default_rng(0)
    places, m, n = sizes
    for stack in ((), (2,)):
        left, right = rng.standard_normal((*stack, 5, places, m)), rng.standard_normal((5, places, n))
        form = KroneckerForm(left, right, (m, n))
        check(form, rng)
        other = KroneckerForm(left[..., :3, :, :], right[:3], (m, n))
        g, h = written(form).reshape(-1, m * n), written(other).reshape(-1, m * n)
        close(form.gram(other), g @ h.T)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(st.data())
def test_the_form_of_every_operator_is_its_vjp(kind: type[Operator], data: st.DataObject) -> None:
    batch = data.draw(batches)
    operator = data.draw(operators(kind, batch))
    stack = data.draw(stacks)
    u = numbers(data.draw(generators()), (*stack, batch, *operator.out_shape), float)
    form = operator.kronecker_form(u)
    flat = u.reshape(*stack, batch, math.prod(operator.out_shape))
    expected = np.einsum("noi,...no->...ni", jacobian(operator, batch).real, flat)
    assert form.shape == operator.in_shape
    close(form.vectors(), expected.reshape(*stack, batch, *operator.in_shape))
    close(form.squared_norms(), (expected**2).sum(axis=-1))


def test_an_embedding_keeps_rows() -> None:
    """Tokens and errors, nothing as long as the vocabulary."""
    tokens = np.array([[2, 0, 2], [1, 1, 1]])
    index = tokens[..., None] * 4 + np.arange(4)
    u = np.random.default_rng(0).standard_normal((2, 3, 4))
    form = Gather(index).bind((1_000_000, 4), (3, 4)).kronecker_form(u)
    assert isinstance(form, ScatteredForm)
    np.testing.assert_array_equal(form.rows, tokens)
    assert form.nbytes < 1000
    np.testing.assert_allclose(form.squared_norms()[1], (u[1].sum(axis=0) ** 2).sum())
    np.testing.assert_allclose(form.gram()[0, 1], 0, atol=0)


def test_a_form_says_how_much_memory_its_arrays_take() -> None:
    outer = KroneckerForm(np.ones((2, 5, 3, 4), np.float32), np.ones((5, 3, 6)), (4, 6))
    assert outer.nbytes == 4 * (2 * 5 * 3 * 4) + 8 * (5 * 3 * 6)
    rows = ScatteredForm(np.zeros((5, 3), np.int64), np.ones((2, 5, 3, 4), np.float32), (7, 4))
    assert rows.nbytes == 8 * (5 * 3) + 4 * (2 * 5 * 3 * 4)


@pytest.mark.parametrize("first", [1, 2])  # rows of 2: both in places that are no multiples of 2, or one
def test_rows_that_do_not_start_at_a_row_are_kept_entry_by_entry(first: int) -> None:
    index = np.array([[[first, first + 1], [5, 6]]])
    u = np.arange(1.0, 5.0).reshape(1, 2, 2)
    form = Gather(index).bind((10,), (2, 2)).kronecker_form(u)
    assert isinstance(form, ScatteredForm)
    assert form.values.shape == (1, 4, 1)
    expected = np.zeros(10)
    expected[index.ravel()] = [1, 2, 3, 4]
    np.testing.assert_array_equal(form.vectors()[0], expected)


def test_what_would_be_as_long_as_the_parameter_is_written_out() -> None:
    """A reordering of all entries has nothing to leave out."""
    form = Gather(np.arange(6)[None, ::-1]).bind((6,), (6,)).kronecker_form(np.arange(6.0)[None])
    assert isinstance(form, KroneckerForm)
    np.testing.assert_array_equal(form.vectors()[0], np.arange(6)[::-1])


def test_a_reshape_after_a_weight_keeps_its_outer_products() -> None:
    """A kernel (units, size, channels) that is used as a matrix."""
    rng = np.random.default_rng(0)
    a, u = rng.standard_normal((3, 5, 6)), rng.standard_normal((3, 5, 2))
    operator = compose(WeightTimes(a), Reshape().bind((2, 3, 2), (2, 6))).bind((2, 3, 2), (5, 2))
    form = operator.kronecker_form(u)
    assert isinstance(form, KroneckerForm)
    assert (form.places, form.shape) == (5, (2, 3, 2))
    np.testing.assert_allclose(form.vectors(), operator.vjp(u))


def test_a_sum_of_weights_keeps_outer_products_side_by_side() -> None:
    rng = np.random.default_rng(0)
    a, b, u = rng.standard_normal((3, 4)), rng.standard_normal((3, 4)), rng.standard_normal((3, 2))
    scaled = compose(Diagonal(np.array([[2.0, 3.0]])), WeightTimes(b))
    operator = add(WeightTimes(a), scaled).bind((2, 4), (2,))
    form = operator.kronecker_form(u)
    assert isinstance(form, KroneckerForm)
    assert form.places == 2
    np.testing.assert_allclose(form.vectors(), operator.vjp(u))
    assert isinstance(add(IdentityMap(), Diagonal(np.ones((3, 2)))).bind((2,), (2,)).kronecker_form(u), KroneckerForm)


def test_a_buffer_without_a_view_in_the_right_shape_is_refused() -> None:
    form = KroneckerForm(np.ones((2, 1, 12)), np.ones((2, 1, 1)), (3, 4))
    with pytest.raises(ValueError, match="has no view of shape"):
        form.vectors(out=np.empty((4, 3, 2)).T)
