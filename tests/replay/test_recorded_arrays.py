"""A recorded call, done again on other numbers, gives what NumPy gives for those numbers."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.replay.binding import Binding
from bpframe.replay.buffers import Buffers
from bpframe.replay.recorded import Recorded
from bpframe.replay.tape import NotRecordable, Tape


def repeated(function, *arrays, others=None):
    """Record a function of arrays, then repeat its calls on other numbers; return what it gives for these."""
    tape = Tape()
    segment = tape.begin("node", "forward")
    recorded = [Recorded.of(each, tape, pinned=True) for each in arrays]
    found = function(*recorded)
    assert tape.refused is None
    assert type(found) is Recorded
    np.testing.assert_array_equal(found.array, function(*arrays))
    tape.close()
    others = [np.ascontiguousarray(each[::-1]) for each in arrays] if others is None else others
    pinned = {each.root: other for each, other in zip(recorded, others, strict=True)}
    bound = Binding([segment], Buffers.of([segment], [found.place]), pinned)
    for call in bound.calls:
        call()
    return bound.array(found.place), function(*others)


def same(function, *arrays) -> None:
    found, expected = repeated(function, *arrays)
    expected = np.asarray(expected)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


A = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
B = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
INDEX = np.array([2, 0, 1, 1])


def in_place(a):
    a = a * 2
    a += 1
    a[1:, 0] = 5
    a[:, 2] *= a[:, 1]
    return a


def accumulated(a):
    total = np.zeros_like(a, shape=(3,))
    for row in a:
        total += row
    return total


def added_at(a, index):
    total = np.zeros_like(a, shape=(3, 3))
    np.add.at(total, index, a)
    return total


def number_kept(a):
    """The first name keeps the number when the second gets another."""
    total = kept = a.sum()
    total += 1
    total **= 2
    return a * kept + total


def entry_kept(a):
    """An entry that is read is a number, which no later write into the array changes; nor is the array changed."""
    a = a * 2
    first, (second, *_), others = a[0, 0], a[1], list(a[2])
    a[:3] = 5
    first += 1
    for entry in a.T[0]:
        entry *= 2
    return a + first * second - others[1]


def swapped(a):
    row = a.sum(axis=0)
    row[0], row[2] = row[2], row[0]
    return row


def number_reshaped(a):
    """A number in another shape is a copy."""
    mean = a.mean()
    row = mean.reshape(1, 1)
    row += 1
    return a * mean + row + np.broadcast_to(mean, a.shape) + mean[None]


FUNCTIONS = {
    "a number kept": number_kept,
    "an entry kept": entry_kept,
    "entries swapped": swapped,
    "a number reshaped": number_reshaped,
    "numbers": lambda a: 1 - 2.5 * a / 3 + np.float32(2) ** a,
    "powers": lambda a: a**2 + abs(a) ** 0.5 + a**3 - a**1 + (a + 9) ** -1,
    "comparisons": lambda a: (a > 0) * a,
    "integers": lambda a: (a > 0).astype(np.int64) + 3,
    "reductions": lambda a: a.sum(axis=0) + a.max(axis=0) * a.mean(axis=0) - a.min() + a.prod(),
    "softmax": lambda a: np.exp(a - a.max(axis=-1, keepdims=True)) / np.exp(a).sum(axis=-1, keepdims=True),
    "several outputs": lambda a: np.modf(a)[0] + np.divmod(a, 2)[1],
    "product": lambda a: a @ a.T,
    "product into": lambda a: np.matmul(a.T, a, out=np.empty_like(a, shape=(3, 3))),
    "dot": lambda a: a.dot(a.T),
    "einsum": lambda a: np.einsum("ni,nj->ij", a, a),
    "views": lambda a: a.reshape(2, 6).T[::2].swapaxes(0, 1)[..., None].squeeze() * 1,
    "views by function": lambda a: np.moveaxis(np.expand_dims(np.transpose(a), 0), 0, 1) + 0,
    "a reshape that copies": lambda a: a.T.reshape(12) + a.T.ravel(),
    "broadcast": lambda a: np.broadcast_to(a[0], (5, 3)) * 2,
    "a split": lambda a: np.split(a, 2)[1] - np.split(a, 2)[0],
    "rows": lambda a: sum(a) / len(a),
    "slices": lambda a: a[1:3, ::-1] + a[-2:, [0]],
    "indices": lambda a: a[INDEX] + a.take([0, 1, 2, 3], axis=0),
    "one entry": lambda a: a[0, 0] * a,
    "where": lambda a: np.where(a > 0, a, 0.1 * a),
    "masked": lambda a: np.multiply(a, 2, where=a > 0, out=np.zeros_like(a)),
    "clip": lambda a: np.clip(a, -0.5, 0.5) + a.clip(0, None),
    "joined": lambda a: np.concatenate([a, np.stack([a, a])[0]], axis=1),
    "copies": lambda a: a.copy() + np.copy(a) + a.astype(np.float32, copy=False) + a.flatten().reshape(a.shape),
    "another dtype": lambda a: a.astype(np.float64) / 3,
    "filled": lambda a: np.ones_like(a) + np.full_like(a, 3) + np.zeros_like(a),
    "in place": in_place,
    "accumulated": accumulated,
    "outer": lambda a: np.multiply.outer(a[0], a[1]),
    "accumulate": lambda a: np.add.accumulate(a, axis=0) + a.cumsum(axis=1),
    "windows": lambda a: np.lib.stride_tricks.sliding_window_view(a, 2, axis=0)[:, 0] * 1,
    "linear algebra": lambda a: np.linalg.inv(a.T @ a + np.eye(3, dtype=a.dtype)),
    "like": lambda a: np.eye(3, dtype=a.dtype, like=a) @ a.T,
    "constants": lambda a: a * np.arange(3, dtype=np.float32) + np.array([1, 2, 3], np.float32),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_repeated_on_other_numbers(name) -> None:
    same(FUNCTIONS[name], A)


@pytest.mark.parametrize("name", ["numbers", "reductions", "product", "in place", "where", "clip", "filled", "mean"])
def test_in_double_precision(name) -> None:
    same(FUNCTIONS.get(name, lambda a: a.mean(axis=1)), A.astype(np.float64))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_is_raised_as_numpy_raises_numbers(dtype) -> None:
    """NumPy squares an array and raises a number by the C library: the last bits differ."""
    for seed in range(50):
        a = np.random.default_rng(seed).uniform(0.1, 9, size=(3, 3)).astype(dtype)
        for power in (2, 3, 0.5, -1, 1.5):
            same(lambda a, power=power: a[0] * a.sum() ** power + abs(power) ** a[0, 0], a)
        same(lambda a: a[0] * a[0, 0] ** a.mean() + a ** a[0, 0], a)


def test_two_arrays_and_indices_from_the_pass() -> None:
    same(lambda a, b: a @ b.T + np.hypot(a, b).sum(), A, B)
    same(lambda a, index: a[index], A, INDEX)
    same(added_at, A, np.array([0, 2, 2, 1]))
    same(lambda a, index: np.take_along_axis(a, index[:, None] % 3, axis=1), A, INDEX)


def test_error_states_are_those_of_the_component() -> None:
    def quiet(a):
        with np.errstate(over="ignore"):
            return np.exp(a * 100) * 0.5

    with np.errstate(over="raise"):
        found, expected = repeated(quiet, np.array([1.0, 10.0], np.float32))
    np.testing.assert_array_equal(found, [np.inf, expected[1]])


REFUSED = {
    "a decision": lambda a: a * 2 if a.max() > 0 else a,
    "a number": lambda a: a * float(a[0, 0]),
    "an item": lambda a: a * a[0, 0].item(),
    "an index": lambda a: a[int(a[0, 0])],
    "a list": lambda a: a * a.tolist()[0][0],
    "numpy's own array": lambda a: np.asarray(a) * 2,
    "a selection": lambda a: a[a > 0],
    "a length": lambda a: np.repeat(a, (a[:, 0] > 0) + 1, axis=0),
    "another function": lambda a: np.unique(a),
    "membership": lambda a: a * (3 in a),
    "an unknown method": lambda a: a.searchsorted(a),
    "a buffer of its own": lambda a: np.add(a, 1, out=BUFFER),
    "caught": lambda a: caught(a),
    "printed": lambda a: print(a),
    "a view of a number": lambda a: a.sum()[...],
    "a complex number": lambda a: a * abs((a * 1j).sum()),
    "formatted": lambda a: f"{a.max():.3f}",
}

BUFFER = np.empty_like(A)


def caught(a):
    try:
        return a * float(a[0, 0])
    except Exception:
        return a * 2


@pytest.mark.parametrize("name", REFUSED)
def test_what_depends_on_the_numbers_is_refused(name) -> None:
    tape = Tape()
    tape.begin("node", "forward")
    try:
        REFUSED[name](Recorded.of(A.copy(), tape, pinned=True))
    except NotRecordable:
        pass
    except (TypeError, ValueError):
        pass
    assert tape.refused is not None


def test_an_array_of_another_pass_is_refused() -> None:
    before, now = Tape(), Tape()
    before.begin("node", "forward")
    now.begin("node", "forward")
    kept = Recorded.of(A.copy(), before)
    with pytest.raises(NotRecordable):
        Recorded.of(A.copy(), now) + kept


def test_kept_arrays_are_plain_ones_when_the_recording_is_over() -> None:
    tape = Tape()
    tape.begin("node", "forward")
    kept = Recorded.of(A.copy(), tape)
    tape.close()
    for found, expected in [
        (kept + 1, A + 1), (np.asarray(kept), A), (kept[1:], A[1:]), (kept.T, A.T), (kept.sum(axis=0), A.sum(axis=0)),
        (kept.reshape(12), A.reshape(12)), (kept.copy(), A), (kept[kept > 0], A[A > 0]),
        (np.where(kept > 0, 1, 0), A > 0),
        (np.add(kept, 1, out=np.empty_like(A)), A + 1), (kept.T.reshape(12), A.T.reshape(12)),
    ]:  # fmt: skip
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, expected)
    assert float(kept[0, 0]) == A[0, 0]
    assert kept.max() == A.max()
    assert kept.tolist() == A.tolist()
    kept[0] = 7
    assert np.asarray(kept)[0, 0] == 7
