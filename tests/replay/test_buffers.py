"""Memory of a pass: what lives at the same time never shares a place, and what does not, does."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bpframe.replay.binding import Binding
from bpframe.replay.buffers import ALIGNMENT, Buffers
from bpframe.replay.recorded import Recorded
from bpframe.replay.tape import Tape


def recorded(function, *arrays):
    tape = Tape()
    segment = tape.begin("node", "forward")
    inputs = [Recorded.of(each, tape, pinned=True) for each in arrays]
    found = function(*inputs)
    tape.close()
    return segment, found.place, [each.root for each in inputs]


OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a * 0.5,
    lambda a, b: np.tanh(b),
    lambda a, b: (a.T @ b)[: len(a), : a.shape[1]] if a.shape[0] == a.shape[1] else a - b,
    lambda a, b: np.multiply(a, b[:1]),
    lambda a, b: a.T.copy().T,
    lambda a, b: b[::-1] + 1,
    lambda a, b: a.sum(axis=0, keepdims=True) + b,
    lambda a, b: np.add(a, a[:, ::-1]),
]


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(OPERATIONS) - 1), st.integers(0, 30), st.integers(0, 30)), max_size=25))
def test_any_calls_in_shared_memory_give_what_they_give_in_memory_of_their_own(steps) -> None:
    start = np.random.default_rng(0).normal(size=(3, 3))

    def program(x):
        values = [x]
        for number, one, other in steps:
            values.append(OPERATIONS[number](values[one % len(values)], values[other % len(values)]))
        return values[-1] * 1

    segment, place, roots = recorded(program, start)
    other = np.random.default_rng(1).normal(size=(3, 3))
    bound = Binding([segment], Buffers.of([segment], [place]), {roots[0]: other})
    bound.block[:] = 0xFF  # NaN: nothing may be read before it is written
    for _ in range(2):
        for call in bound.calls:
            call()
        assert bound.array(place).tobytes() == program(other).tobytes()


def test_a_row_of_entrywise_calls_takes_one_piece() -> None:
    def row(x):
        for _ in range(10):
            x = np.tanh(x * 0.5) + 1
        return x

    segment, place, _ = recorded(row, np.ones((64, 64)))
    assert Buffers.of([segment], [place]).size == 64 * 64 * 8


def test_a_chain_of_products_takes_two_pieces() -> None:
    def chain(x):
        for _ in range(10):
            x = x @ x
        return x

    segment, place, _ = recorded(chain, np.eye(64))
    buffers = Buffers.of([segment], [place])
    assert buffers.size == 2 * 64 * 64 * 8
    assert all(life.offset % ALIGNMENT == 0 for life in buffers.lifetimes)
    assert max(life.last - life.first for life in buffers.lifetimes) == 1


def test_what_is_read_late_is_kept() -> None:
    def late(x):
        early = np.tanh(x)
        for _ in range(5):
            x = np.exp(x * 0.1)
        return x * early

    segment, place, roots = recorded(late, np.ones((8, 8)))
    other = np.random.default_rng(1).normal(size=(8, 8))
    bound = Binding([segment], Buffers.of([segment], [place]), {roots[0]: other})
    for call in bound.calls:
        call()
    np.testing.assert_array_equal(bound.array(place), late(other))
    assert len(bound.block) == 2 * 8 * 8 * 8
