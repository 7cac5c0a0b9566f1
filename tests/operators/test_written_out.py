"""What an operator writes out, dense or sparse, is what it does to unit vectors, and costs what it says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from bpframe_regularisation.standardising import Standardised

from bpframe.core.operators import Gather, Operator
from bpframe.errors import BatchCoupledError
from bpframe.structures import Windows, transposed

from .examples import BATCH, examples

OPERATORS = examples()


def by_unit_vectors(operator: Operator) -> np.ndarray:
    """Return the Jacobian of the whole batch, (N·outputs, N·inputs), one column per product."""
    columns = []
    for index in np.ndindex(BATCH, *operator.in_shape):
        unit = np.zeros((BATCH, *operator.in_shape))
        unit[index] = 1
        columns.append(operator.jvp(unit).reshape(-1))
    return np.array(columns).T


@pytest.mark.parametrize("name", OPERATORS)
def test_dense_and_sparse_are_what_the_operator_does_to_unit_vectors(name: str) -> None:
    operator = OPERATORS[name]
    expected = by_unit_vectors(operator)
    sparse = operator.sparse(BATCH, np.float64)
    np.testing.assert_allclose(sparse.toarray(), expected, rtol=0, atol=1e-14)
    inputs, outputs = np.prod(operator.in_shape), np.prod(operator.out_shape)
    dense = operator.dense()
    assert dense.shape == (operator.batch or 1, *operator.out_shape, *operator.in_shape)
    blocks = np.broadcast_to(dense.reshape(-1, outputs, inputs), (BATCH, outputs, inputs))
    whole = np.zeros((BATCH, outputs, BATCH, inputs))
    whole[range(BATCH), :, range(BATCH)] = blocks
    np.testing.assert_allclose(whole.reshape(expected.shape), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    "operator",
    [
        Gather(np.full((BATCH, 2), -1), (0,)),
        Windows(2, padding=1).bind((0, 3), (1, 6)),
        transposed(Gather(np.full((1, 2), -1), (0, 3)).bind((0, 3), (2,))),
    ],
)
def test_what_reads_zeros_alone_from_nothing_is_written_out_empty(operator: Operator) -> None:
    shape = BATCH * int(np.prod(operator.out_shape)), BATCH * int(np.prod(operator.in_shape))
    assert operator.dense().shape == (operator.batch or 1, *operator.out_shape, *operator.in_shape)
    sparse = operator.sparse(BATCH, np.float64)
    assert (sparse.shape, sparse.nnz) == (shape, 0)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_sparse_form_keeps_the_dtype_that_is_asked_for(name: str) -> None:
    assert OPERATORS[name].sparse(BATCH, np.float32).dtype == np.float32


def test_structure_stays_sparse() -> None:
    entries = {name: operator.sparse(BATCH, np.float64).nnz for name, operator in OPERATORS.items()}
    assert entries["identity"] == entries["diagonal"] == 6 * BATCH
    assert entries["matrix with lead"] == BATCH * 6 * 2 * 4
    assert entries["gather"] == BATCH * 5  # one of six reads zero
    assert entries["weight times with lead"] == BATCH * 5 * 2 * 4
    assert entries["batch matmul with lead"] == BATCH * (5 * 2 * 3) * 4
    assert entries["rank one with lead"] == BATCH * 2 * 3 * 4


def test_operators_that_surely_serve_every_example_do_so() -> None:
    for operator in OPERATORS.values():
        if operator._ignores_examples:
            expected = by_unit_vectors(operator)
            blocks = expected.reshape(BATCH, expected.shape[0] // BATCH, BATCH, -1)
            for n, m in product(range(BATCH), repeat=2):
                np.testing.assert_array_equal(blocks[n, :, m], blocks[0, :, 0] * (n == m))
    shared = {name for name, operator in OPERATORS.items() if operator._ignores_examples}
    assert shared == {
        "identity", "reshape", "permute", "restriction", "shared diagonal", "matrix", "matrix with lead",
        "shared batch matrix",
        "gather", "broadcast", "broadcast to the same", "shared rank one with lead", "composed of nothing",
        "sum of one", "composed, reshaped last", "shared batch matmul", "windows", "windows of an image", "pool",
        "pool of tiles", "transposed windows", "transposed gather", "transposed broadcast", "shared scan",
        "shared diagonal blocks",
    }  # fmt: skip


def test_what_couples_the_batch_has_no_sparse_form_per_example() -> None:
    coupled = Standardised(np.eye(BATCH, 2), np.ones(2), np.ones(2), (0,), (BATCH, 2))
    with pytest.raises(BatchCoupledError):
        coupled.sparse(BATCH, np.float64)
