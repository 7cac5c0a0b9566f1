from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpframe.data.split import held_back_count, split_rows
from bpframe.errors import DataError


@given(st.integers(1, 200), st.data(), st.integers(0, 2**64), st.booleans())
def test_a_split_is_disjoint_and_covers_every_row_in_the_sizes_asked_for(examples, data, seed, shuffle):
    held_back = data.draw(st.integers(0, examples - 1))
    train, test = split_rows(examples, held_back, seed=seed, shuffle=shuffle)
    assert len(test) == held_back
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(examples))


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    def rows(seed):
        return split_rows(100, 30, seed=seed, shuffle=True)[1].tolist()

    assert rows(3) == rows(3)
    assert rows(3) != rows(4)
    assert rows(0) != list(range(70, 100))


def test_the_split_does_not_draw_from_the_stream_that_the_bare_seed_gives():
    bare = np.random.default_rng(np.random.SeedSequence(0)).permutation(100)
    assert split_rows(100, 30, seed=0, shuffle=True)[1].tolist() != bare[:30].tolist()


def test_without_shuffling_the_last_rows_are_held_back():
    train, test = split_rows(10, 3, seed=0, shuffle=False)
    assert train.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert test.tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("examples", "fraction", "count", "expected"),
    [
        (10, 0.2, None, 2),
        (10, 0.26, None, 3),
        (3, 0.01, None, 1),
        (10, 0.0, None, 0),
        (10, None, None, 0),
        (9, None, 4, 4),
    ],
)
def test_a_fraction_is_rounded_and_holds_back_at_least_one(examples, fraction, count, expected):
    assert held_back_count(examples, fraction, count) == expected


@pytest.mark.parametrize(("fraction", "count"), [(None, 5), (None, 9), (0.95, None)])
def test_a_split_that_leaves_nothing_to_train_on_is_refused(fraction, count):
    with pytest.raises(DataError, match="none for training"):
        held_back_count(5, fraction, count)
