"""Every structure's products against its Jacobian written out by definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpframe.core.operators import Broadcast, Diagonal, Gather, IdentityMap

from .oracle import jacobian
from .strategies import KINDS, batches, generators, numbers, operators

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
quickly = settings(max_examples=40)
stacks = st.sampled_from([(), (2,), (2, 3), (0,)])
precise = st.sampled_from([np.float64, np.complex128])


def close(actual, expected, rtol=1e-12):
    assert actual.shape == expected.shape
    scale = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * max(scale, 1.0))


@each_kind
@quickly
@given(data=st.data(), batch=batches, stack=stacks, rng=generators(), dtype=precise)
def test_products_equal_the_written_out_jacobian(kind, data, batch, stack, rng, dtype):
    operator = data.draw(operators(kind, batch, dtype=dtype))
    in_shape, out_shape = operator.in_shape, operator.out_shape
    j = jacobian(operator, batch)
    rows, columns = j.shape[1:]
    v = numbers(rng, (*stack, batch, *in_shape), dtype)
    u = numbers(rng, (*stack, batch, *out_shape), dtype)
    shared = numbers(rng, (*stack, *in_shape), dtype)
    close(operator.jvp(v), np.einsum("noi,...ni->...no", j, v.reshape(*stack, batch, columns)).reshape(u.shape))
    pulled = np.einsum("noi,...no->...ni", j, u.reshape(*stack, batch, rows))
    close(operator.vjp(u), pulled.reshape(v.shape))
    close(operator.sum_vjp(u), pulled.sum(axis=-2).reshape(shared.shape))
    pushed = np.einsum("noi,...i->...no", j, shared.reshape(*stack, columns))
    close(operator.shared_jvp(shared, batch), pushed.reshape(u.shape))


@each_kind
@quickly
@given(data=st.data(), batch=batches, dtype=precise)
def test_dense_forms_equal_the_written_out_jacobian(kind, data, batch, dtype):
    operator = data.draw(operators(kind, batch, dtype=dtype))
    j = jacobian(operator, batch)
    dense = operator.dense()
    assert dense.shape[0] == (1 if operator.batch is None else batch)
    close(np.broadcast_to(dense, (batch, *dense.shape[1:])), j.reshape(batch, *operator.out_shape, *operator.in_shape))
    joint = np.zeros((batch, j.shape[1], batch, j.shape[2]), dtype=complex)
    for n in range(batch):
        joint[n, :, n, :] = j[n]
    close(operator.joint_dense(batch), joint.reshape(batch * j.shape[1], batch * j.shape[2]))


@each_kind
@quickly
@given(data=st.data(), batch=batches, stack=st.sampled_from([(), (2,)]), rng=generators())
def test_how_vectors_lie_in_memory_changes_no_product(kind, data, batch, stack, rng):
    """Axes in another order, every other entry, reversed, and one entry that stands for all."""
    operator = data.draw(operators(kind, batch))

    def laid_out(shape: tuple[int, ...]) -> list[np.ndarray]:
        v = rng.standard_normal(shape)
        order = rng.permutation(v.ndim)
        turned = v.transpose(order).copy().transpose(np.argsort(order))
        spread = np.repeat(v, 2, axis=-1)[..., ::2] if v.ndim else v
        return [v, np.array(v, order="F"), turned, spread, v[..., ::-1].copy()[..., ::-1] if v.ndim else v]

    for product, shape in (("jvp", operator.in_shape), ("vjp", operator.out_shape), ("sum_vjp", operator.out_shape)):
        multiply = getattr(operator, product)
        first, *others = laid_out((*stack, batch, *shape))
        for each in others:
            close(multiply(each), multiply(first))
        same = np.broadcast_to(rng.standard_normal(shape), (*stack, batch, *shape))
        close(multiply(same), multiply(same.copy()))
    first, *others = laid_out((*stack, *operator.in_shape))
    for each in others:
        close(operator.shared_jvp(each, batch), operator.shared_jvp(first, batch))


@each_kind
@quickly
@given(data=st.data(), batch=batches, rng=generators(), dtype=precise)
def test_adjoint_identity(kind, data, batch, rng, dtype):
    """⟨u, J v⟩ = ⟨Jᵀ u, v⟩ without conjugation, to 1e-12 of the sizes that enter."""
    operator = data.draw(operators(kind, batch, dtype=dtype))
    v = numbers(rng, (batch, *operator.in_shape), dtype)
    u = numbers(rng, (batch, *operator.out_shape), dtype)
    pushed, pulled = operator.jvp(v), operator.vjp(u)
    scale = np.linalg.norm(u) * np.linalg.norm(pushed) + np.linalg.norm(pulled) * np.linalg.norm(v)
    assert abs((u * pushed).sum() - (pulled * v).sum()) <= 1e-12 * scale


@each_kind
@quickly
@given(data=st.data(), batch=batches, stack=st.sampled_from([(), (2,)]), rng=generators())
def test_float32_stays_float32(kind, data, batch, stack, rng):
    operator = data.draw(operators(kind, batch, dtype=np.float32))
    v = numbers(rng, (*stack, batch, *operator.in_shape), np.float32)
    u = numbers(rng, (*stack, batch, *operator.out_shape), np.float32)
    shared = numbers(rng, (*stack, *operator.in_shape), np.float32)
    like = np.zeros(0, np.float32)
    results = [
        operator.jvp(v),
        operator.vjp(u),
        operator.sum_vjp(u),
        operator.shared_jvp(shared, batch),
        operator.dense(like),
        operator.joint_dense(batch, like),
    ]
    assert [result.dtype for result in results] == [np.float32] * len(results)


@each_kind
@quickly
@given(data=st.data(), batch=batches, stack=st.sampled_from([(), (2,)]), rng=generators(), dtype=precise)
def test_out_changes_no_value(kind, data, batch, stack, rng, dtype):
    operator = data.draw(operators(kind, batch, dtype=dtype))
    v = numbers(rng, (*stack, batch, *operator.in_shape), dtype)
    u = numbers(rng, (*stack, batch, *operator.out_shape), dtype)
    for product, argument in ((operator.jvp, v), (operator.vjp, u), (operator.sum_vjp, u)):
        expected = np.array(product(argument))
        contiguous = np.full(expected.shape, np.nan, expected.dtype)
        close(product(argument, out=contiguous), expected)
        scattered = np.full((*expected.shape, 2), np.nan, expected.dtype)[..., 0]
        close(product(argument, out=scattered), expected)


@pytest.mark.parametrize(
    ("kind", "product"),
    [("Diagonal", "jvp"), ("Diagonal", "vjp"), ("Matrix", "jvp"), ("Matrix", "vjp"), ("BatchMatrix", "vjp")]
    + [("WeightTimes", "jvp"), ("WeightTimes", "vjp"), ("WeightTimes", "sum_vjp"), ("Broadcast", "sum_vjp")]
    + [("Composed", "vjp"), ("Sum", "vjp")],
)
def test_out_is_written_where_it_saves_a_copy(kind, product):
    """The products of a training step leave nothing to allocate."""
    from bpframe.core.operators import BatchMatrix, Composed, Matrix, Sum, WeightTimes

    rng = np.random.default_rng(0)
    matrix, diagonal = Matrix(rng.standard_normal((3, 4))), Diagonal(rng.standard_normal((5, 3)))
    operator = {
        "Diagonal": diagonal,
        "Matrix": matrix,
        "BatchMatrix": BatchMatrix(rng.standard_normal((5, 3, 4))).bind((4,), (3,)),
        "WeightTimes": WeightTimes(rng.standard_normal((5, 4))).bind((3, 4), (3,)),
        "Broadcast": Broadcast().bind((3,), (3,)),
        "Composed": Composed((diagonal, matrix)).bind((4,), (3,)),
        "Sum": Sum((matrix, matrix)).bind((4,), (3,)),
    }[kind]
    argument = rng.standard_normal((5, *(operator.in_shape if product == "jvp" else operator.out_shape)))
    shape = operator.out_shape if product == "jvp" else operator.in_shape
    out = np.empty(shape if product == "sum_vjp" else (5, *shape))
    assert getattr(operator, product)(argument, out=out) is out or np.shares_memory(
        getattr(operator, product)(argument, out=out), out
    )


def test_a_large_bias_gradient_is_the_sum_over_examples():
    """Beyond the size from which a product with ones takes over."""
    u = np.random.default_rng(1).standard_normal((300, 100))
    out = np.empty(100)
    operator = Broadcast().bind((100,), (100,))
    result = operator.sum_vjp(u, out)
    expected = [math.fsum(column) for column in u.T]
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)
    assert result is out
    assert operator.sum_vjp(u.astype(np.float32)).dtype == np.float32


def test_embedding_gradient_never_holds_one_table_per_example(monkeypatch):
    """sum_vjp adds all examples into one table, shared_jvp reads from one."""
    table = (1000, 4)
    words = np.random.default_rng(2).integers(0, 1000, (64, 1, 3))
    index = (words * 4).transpose(0, 2, 1) + np.arange(4)
    operator = Gather(index, table)
    u = np.random.default_rng(3).standard_normal((64, 3, 4))
    shapes = []
    zeros_like = np.zeros_like

    def watched(*args, **kwargs):
        result = zeros_like(*args, **kwargs)
        shapes.append(result.size)
        return result

    monkeypatch.setattr(np, "zeros_like", watched)
    gradient = operator.sum_vjp(u)
    assert max(shapes) == 4000
    expected = np.zeros(table)
    for n in range(64):
        for t in range(3):
            expected[words[n, 0, t]] += u[n, t]
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-13)


def test_padding_reads_zero_even_beside_infinities():
    operator = Gather(np.array([[-1, 0]]), (2,))
    np.testing.assert_array_equal(operator.jvp(np.array([[np.nan, np.inf]]))[0, 0], 0.0)


def test_identity_hands_the_argument_back():
    v = np.ones((2, 3))
    assert IdentityMap().jvp(v) is v
    assert IdentityMap().vjp(v) is v
