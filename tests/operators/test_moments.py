"""Second moments of what operators that mix places pull back are those of all vectors, pulled back one by one."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.core.operators import BatchMatrix, Diagonal, Matrix
from bpframe.structures import BatchMatMul, Recomputed, Scan
from tests.components.lstm import ThroughGates
from tests.components.recurrent import ThroughTime

BATCH, TIMES = 3, 4
rng = np.random.default_rng(0)


def some(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


STEPS = [(BatchMatrix(some(BATCH, 2, 2)), Matrix(some(2, 3))) for _ in range(TIMES)]
OPERATORS = {
    "scan": Scan([BatchMatrix(some(BATCH, 2, 2)) for _ in range(TIMES)]),
    "scan of pairs": Scan(STEPS).bind((TIMES, 3), (TIMES, 2)),
    "scan made again": Scan(Recomputed(lambda start, stop: STEPS[start:stop], TIMES, 3)).bind((TIMES, 3), (TIMES, 2)),
    "shared scan": Scan([Diagonal(some(1, 2))] * TIMES).bind((TIMES, 2), (TIMES, 2)),
    "matrix on the left": BatchMatMul(some(BATCH, TIMES, 5), "left").bind((5, 2), (TIMES, 2)),
    "shared matrix on the left": BatchMatMul(some(1, TIMES, 5), "left").bind((5, 2), (TIMES, 2)),
    "of a transpose": BatchMatMul(some(BATCH, TIMES, 2), "left", transpose=True).bind((5, 2), (TIMES, 5)),
    "shared, of a transpose": BatchMatMul(some(1, TIMES, 2), "left", transpose=True).bind((5, 2), (TIMES, 5)),
    "recurrent layer": ThroughTime(some(BATCH, TIMES, 3), some(3, 3)),
    "lstm": ThroughGates(some(BATCH, TIMES, 4, 2), some(BATCH, TIMES, 2), some(BATCH, TIMES, 2), some(8, 2)),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_they_are_those_of_vectors_that_are_zero_but_at_one_place(name) -> None:
    operator = OPERATORS[name]
    size = operator.out_shape[1]
    columns = np.random.default_rng(1).standard_normal((6, BATCH, TIMES, size))
    apart = np.einsum("kntm,st->ksntm", columns, np.eye(TIMES))
    e = operator.vjp(apart)  # (6, T, N, places, m)
    expected = np.einsum("ksnli,ksnlj->nlij", e, e)
    told = dict(operator.pulled_moments(np.einsum("knti,kntj->ntij", columns, columns)))
    if None in told:
        np.testing.assert_allclose(told[None], expected.sum(axis=(0, 1))[None], rtol=1e-12, atol=1e-12)
    else:
        assert sorted(told) == list(range(operator.in_shape[0]))
        for place, moments in told.items():
            np.testing.assert_allclose(moments, expected[:, place], rtol=1e-12, atol=1e-12)


def test_an_operator_that_knows_none_tells_none() -> None:
    for operator in (Diagonal(some(BATCH, 2, 2)), BatchMatMul(some(BATCH, 2, 2), "right")):
        assert list(operator.pulled_moments(np.ones((BATCH, 2, 2, 2)))) == []
