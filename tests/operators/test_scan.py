"""Recurrences: forward and backwards in time, with steps that are kept or made again, and layers written with them."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.core.operators import BatchMatrix, Diagonal, Gather, IdentityMap, Matrix, Operator, compose
from bpframe.errors import OperatorError
from bpframe.structures import Recomputed, Scan, transposed
from bpframe.testing import check_component
from tests.components.centred import MeanRemoved
from tests.components.gated import FrugalLstm, Gru, Lstm, PlainRecurrent, Sequential
from tests.components.recurrent import Recurrent
from tests.oracles import assert_close, cost_gradient

rng = np.random.default_rng(0)


def test_a_recurrence_and_its_transpose_against_the_loop_written_out() -> None:
    a, b, v, u = (rng.standard_normal(shape) for shape in ((2, 5, 3, 3), (2, 5, 3, 4), (6, 2, 5, 4), (6, 2, 5, 3)))
    scan = Scan([(BatchMatrix(a[:, t]), BatchMatrix(b[:, t])) for t in range(5)])
    assert (scan.in_shape, scan.out_shape, scan.batch, scan.times) == ((5, 4), (5, 3), 2, 5)
    scan.check(2)
    h, hidden = np.zeros((6, 2, 3)), np.empty_like(u)
    for t in range(5):
        h = hidden[:, :, t] = np.einsum("nij,snj->sni", a[:, t], h) + np.einsum("nij,snj->sni", b[:, t], v[:, :, t])
    np.testing.assert_allclose(scan.jvp(v), hidden, rtol=1e-12)
    e, pulled = np.zeros((6, 2, 3)), np.empty_like(v)
    for t in reversed(range(5)):
        e = u[:, :, t] + (np.einsum("nij,sni->snj", a[:, t + 1], e) if t < 4 else 0)
        pulled[:, :, t] = np.einsum("nij,sni->snj", b[:, t], e)
    np.testing.assert_allclose(scan.vjp(u), pulled, rtol=1e-12)
    np.testing.assert_allclose(transposed(scan).jvp(u), pulled, rtol=1e-12)
    np.testing.assert_allclose(transposed(scan).dense(), np.moveaxis(scan.dense(), (1, 2), (3, 4)), rtol=1e-12)


def test_a_cumulative_sum_is_the_scan_of_identities() -> None:
    x = rng.standard_normal((2, 6, 3))
    total = Scan([IdentityMap()] * 6).bind((6, 3), (6, 3))
    np.testing.assert_allclose(total.jvp(x), np.cumsum(x, axis=1), rtol=1e-13)
    assert total.cost == 5 * 3
    assert Scan([]).bind((0, 3), (0, 2)).jvp(np.ones((4, 0, 3))).shape == (4, 0, 2)


def test_the_change_of_the_first_state_enters_with_the_first_step() -> None:
    a = rng.standard_normal((2, 4, 3, 3))
    steps = [BatchMatrix(a[:, t]) for t in range(4)]
    first = Gather(np.concatenate([np.arange(3), np.full(9, -1)]).reshape(1, 4, 3), (3,))
    of_start = compose(Scan(steps), first, steps[0])
    h = start = rng.standard_normal((2, 3))
    for t in range(4):
        h = np.einsum("nij,nj->ni", a[:, t], h)
    np.testing.assert_allclose(of_start.jvp(start)[:, -1], h, rtol=1e-12)


# Memory ---------------------------------------------------------------------------------------------------------------


class Watched:
    """Diagonal steps made from arrays, which counts how often and how many there are at once."""

    def __init__(self, d: np.ndarray) -> None:
        self.d = d
        self.asked: list[tuple[int, int]] = []
        self.alive: weakref.WeakSet[Remembered] = weakref.WeakSet()
        self.most = 0

    def __call__(self, start: int, stop: int) -> list[Operator]:
        found = [Remembered(self.d[:, t]) for t in range(start, stop)]
        self.asked.append((start, stop))
        self.alive.update(found)
        self.most = max(self.most, len(self.alive))
        return list(found)


class Remembered(Diagonal):
    """A diagonal that can be found again."""

    __slots__ = ("__weakref__",)


@pytest.mark.parametrize("every", [1, 3, 7, 10])
def test_steps_that_are_made_again_give_the_same_bytes_and_are_few_at_once(every: int) -> None:
    d, v = rng.standard_normal((2, 7, 3)), rng.standard_normal((4, 2, 7, 3))
    kept = Scan([Diagonal(d[:, t]) for t in range(7)])
    made = Watched(d)
    scan = Scan(Recomputed(made, 7, every)).bind((7, 3), (7, 3))
    segments = [(start, min(start + every, 7)) for start in range(0, 7, every)]
    assert made.asked == []
    np.testing.assert_array_equal(scan.jvp(v), kept.jvp(v))
    assert made.asked == segments
    np.testing.assert_array_equal(scan.vjp(v), kept.vjp(v))
    assert made.asked == segments + segments[::-1]
    assert made.most <= 2 * every  # a segment, and the one before while the next is made
    assert (scan.batch, scan.cost) == (kept.batch, kept.cost)
    asked = len(made.asked)
    assert [scan.batch, scan.couples_batch] * 3 == [2, False] * 3
    assert len(made.asked) == asked  # told once
    scan.check(2)


def test_an_lstm_that_opens_its_gates_again_has_the_same_gradients() -> None:
    def network(layer: Lstm) -> bp.Network:
        return bp.Network([layer, Dense(units=2)], cost=QuadraticCost(), input_shape=(8, 2), seed=3)

    x, y = rng.standard_normal((5, 8, 2)), rng.standard_normal((5, 8, 2))
    kept = network(Lstm(units=3))
    for every in (1, 3, 8, 9):
        again = network(FrugalLstm(units=3, every=every))
        again.parameters.vector[...] = kept.parameters.vector
        assert_close(again.gradient(x, y).vector, kept.gradient(x, y).vector, 1e-12)


# Layers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [PlainRecurrent(units=2), Lstm(units=2), FrugalLstm(units=2), Gru(units=2)])
def test_recurrent_layers_pass_the_whole_kit(layer: Sequential) -> None:
    report = check_component(layer, [(4, 3)])
    assert report.ok, str(report)
    assert not report.missing


@pytest.mark.parametrize("layer", [PlainRecurrent(units=2), Lstm(units=2), FrugalLstm(units=2), Gru(units=2)])
def test_gradients_of_recurrent_layers_are_those_of_the_cost(layer: Sequential) -> None:
    """Two of them, one after the other, so that inputs count as well as parameters."""
    net = bp.Network([layer, layer, Dense(units=2)], cost=QuadraticCost(), input_shape=(6, 3), seed=1)
    net.parameters.vector[...] *= 1.5
    x, y = rng.standard_normal((4, 6, 3)), rng.standard_normal((4, 6, 2))
    assert_close(net.gradient(x, y).vector, cost_gradient(net, {"x": x}, y), 1e-9)


def test_a_plain_recurrent_layer_is_the_one_with_an_operator_of_its_own() -> None:
    one, other = (
        bp.Network([layer], cost=QuadraticCost(), input_shape=(6, 3), seed=1)
        for layer in (PlainRecurrent(units=4), Recurrent(units=4))
    )
    other.parameters.vector[...] = one.parameters.vector
    x, y = rng.standard_normal((5, 6, 3)), rng.standard_normal((5, 6, 4))
    np.testing.assert_allclose(one.gradient(x, y).vector, other.gradient(x, y).vector, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("layer", [PlainRecurrent(units=2), Lstm(units=2), FrugalLstm(units=2), Gru(units=2)])
def test_the_loop_runs_back_once_for_all_inputs_and_parameters(
    layer: Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    vjp = Scan.vjp

    def counted(self: Scan, u: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        calls.append(u.shape)
        return vjp(self, u, out)

    net = bp.Network([Dense(units=3), layer], cost=QuadraticCost(), input_shape=(6, 3), seed=1)
    x, y = rng.standard_normal((4, 6, 3)), rng.standard_normal((4, 6, 2))
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    monkeypatch.setattr(Scan, "vjp", counted)
    net.gradient(x, y)
    assert len(calls) == 1


# Refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [np.ones((2, 3, 3)), None, "diagonal", (IdentityMap(),), (IdentityMap(), np.ones(3))])
def test_a_step_that_is_no_operator_is_refused_by_its_number(wrong: object) -> None:
    with pytest.raises(OperatorError, match="'scan' cannot take its step 2") as caught:
        Scan([IdentityMap(), wrong])  # type: ignore[list-item]
    assert "BatchMatrix(a[:, t])" in caught.value.hint


@pytest.mark.parametrize(
    ("steps", "in_shape", "out_shape", "problem", "expected", "received"),
    [
        ([IdentityMap()] * 3, (4, 2), (4, 2), "another number of steps", "(3, ...)", "(4, 2)"),
        ([IdentityMap()] * 3, (), (), "another number of steps", "(3, ...)", "()"),
        ([Diagonal(np.ones((5, 2))), Diagonal(np.ones((5, 3)))], (2, 2), (2, 2), "A of step 2", "(2,)", "(3,)"),
        ([Diagonal(np.ones((5, 2)))] * 2, (2, 3), (2, 2), "B of step 1", "(3,) -> (2,)", "(3,) -> (3,)"),
        ([(IdentityMap(), Matrix(np.ones((2, 3))))] * 2, (2, 4), (2, 2), "'matrix' does not fit", "(4,)", "(2, 3)"),
        ([Diagonal(np.ones((4, 2)))] * 2, (2, 2), (2, 2), "does not hold this batch", "5 examples", "4 examples"),
    ],
)
def test_check_refuses_steps_that_do_not_fit(steps, in_shape, out_shape, problem, expected, received) -> None:
    with pytest.raises(OperatorError) as caught:
        Scan(steps).bind(in_shape, out_shape).check(5)
    assert problem in caught.value.problem
    assert expected in caught.value.expected
    assert received in caught.value.received


@pytest.mark.parametrize(
    ("late", "problem"), [(MeanRemoved(), "not all alike, A of step 3"), (Diagonal(np.ones((5, 2))), "A of step 3")]
)
def test_steps_that_are_made_again_are_all_alike(late: Operator, problem: str) -> None:
    """What the first segment says of the examples holds for all: a later one that says otherwise is refused."""
    steps = [Diagonal(np.ones((1, 2))), Diagonal(np.ones((1, 2))), late]
    with pytest.raises(OperatorError, match=problem):
        Scan(Recomputed(lambda start, stop: steps[start:stop], 3, 2)).bind((3, 2), (3, 2)).check(5)


def test_segments_that_are_none_are_refused() -> None:
    for times, every in ((3, 0), (-1, 2)):
        with pytest.raises(OperatorError, match="in these segments"):
            Recomputed(lambda start, stop: [], times, every)
    short = Scan(Recomputed(lambda start, stop: [IdentityMap()], 3, 2)).bind((3, 2), (3, 2))
    with pytest.raises(OperatorError, match="'scan' got") as caught:
        short.jvp(np.ones((1, 3, 2)))
    assert "make(0, 2)" in caught.value.expected


def test_steps_without_shapes_get_theirs_from_the_steps_that_have_them() -> None:
    b, d = rng.standard_normal((4, 2, 3, 5)), rng.standard_normal((4, 1))
    scan = Scan([(step, BatchMatrix(b).bind((5,), (2, 3))) for step in (IdentityMap(), Diagonal(d[:, None]))])
    whole = compose(scan, Gather(np.arange(10)[None].reshape(1, 2, 5)))
    for each in (whole.bind((10,), (2, 2, 3)), compose(transposed(scan), scan)):
        each.check(4)
    v = rng.standard_normal((4, 10))
    first, second = np.einsum("nabi,nti->tnab", b, v.reshape(4, 2, 5))
    np.testing.assert_allclose(whole.jvp(v), np.stack([first, second + d[:, None] * first], axis=1), rtol=1e-12)
