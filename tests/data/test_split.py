from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpframe.data.split import fold_rows, held_back_count, split_rows
from bpframe.errors import DataError


@given(st.integers(1, 200), st.data(), st.integers(0, 2**64), st.booleans())
def test_a_split_is_disjoint_and_covers_every_row_in_the_sizes_asked_for(examples, data, seed, shuffle):
    held_back = data.draw(st.integers(0, examples - 1))
    train, _, test = split_rows(examples, held_back, seed=seed, shuffle=shuffle)
    assert len(test) == held_back
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(examples))


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    def rows(seed):
        return split_rows(100, 30, seed=seed, shuffle=True)[2].tolist()

    assert rows(3) == rows(3)
    assert rows(3) != rows(4)
    assert rows(0) != list(range(70, 100))


def test_the_split_does_not_draw_from_the_stream_that_the_bare_seed_gives():
    bare = np.random.default_rng(np.random.SeedSequence(0)).permutation(100)
    assert split_rows(100, 30, seed=0, shuffle=True)[2].tolist() != bare[:30].tolist()


def test_without_shuffling_the_last_rows_are_held_back():
    train, _, test = split_rows(10, 3, seed=0, shuffle=False)
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


def _labels(draw, examples, classes):
    return np.array(draw(st.lists(st.integers(0, classes - 1), min_size=examples, max_size=examples)))


@given(st.integers(3, 200), st.data(), st.integers(0, 2**64), st.booleans())
def test_three_parts_are_disjoint_and_cover_every_row(examples, data, seed, shuffle):
    test = data.draw(st.integers(0, examples - 2))
    validation = data.draw(st.integers(0, examples - 1 - test))
    parts = split_rows(examples, test, validation, seed=seed, shuffle=shuffle)
    assert [len(each) for each in parts] == [examples - test - validation, validation, test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(examples))
    assert np.array_equal(
        parts[2], split_rows(examples, test, seed=seed, shuffle=shuffle)[2]
    )  # validation moves no test


@given(st.data(), st.integers(0, 2**32))
def test_strata_have_their_share_in_every_part(data, seed):
    classes = data.draw(st.integers(1, 5))
    counts = np.array(data.draw(st.lists(st.integers(6, 40), min_size=classes, max_size=classes)))
    strata = np.random.default_rng(seed).permutation(np.repeat(np.arange(classes), counts))
    examples = len(strata)
    test, validation = (data.draw(st.integers(1, examples // 4)) for _ in range(2))
    parts = split_rows(examples, test, validation, seed=seed, shuffle=True, strata=strata)
    assert [len(each) for each in parts] == [examples - test - validation, validation, test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(examples))
    for part in parts[1:]:
        assert (np.abs(np.bincount(strata[part], minlength=classes) - len(part) * counts / examples) < 1).all()


def test_shares_of_classes_are_those_of_scikit_learn():
    selection = pytest.importorskip("sklearn.model_selection")
    strata = np.repeat([0, 1, 2], [50, 31, 19])
    for test in (10, 20, 33):
        _, _, ours = split_rows(100, test, seed=0, shuffle=True, strata=strata)
        _, theirs = next(selection.StratifiedShuffleSplit(1, test_size=test, random_state=0).split(strata, strata))
        difference = np.bincount(strata[ours], minlength=3) - np.bincount(strata[theirs], minlength=3)
        assert np.abs(difference).max() <= 1  # ties may be decided otherwise


@given(st.data(), st.integers(0, 2**32))
def test_no_group_is_in_two_parts(data, seed):
    examples = data.draw(st.integers(3, 60))
    groups = _labels(data.draw, examples, 12)
    if len(np.unique(groups)) < 3:
        return
    test, validation = (data.draw(st.integers(1, max(1, examples // 3))) for _ in range(2))
    parts = split_rows(examples, test, validation, seed=seed, shuffle=True, groups=groups)
    assert sorted(np.concatenate(parts).tolist()) == list(range(examples))
    owned = [set(groups[part].tolist()) for part in parts]
    assert all(owned)
    assert sum(map(len, owned)) == len(set.union(*owned))


def test_parts_of_groups_are_near_their_counts():
    groups = np.repeat(np.arange(100), 5)
    for seed in range(20):
        parts = split_rows(500, 100, 50, seed=seed, shuffle=True, groups=groups)
        assert [len(each) for each in parts] == [350, 50, 100]


@given(st.integers(2, 80), st.data(), st.integers(0, 2**32), st.booleans())
def test_every_row_is_held_back_by_one_fold(examples, data, seed, shuffle):
    folds = data.draw(st.integers(2, examples))
    found = fold_rows(examples, folds, seed=seed, shuffle=shuffle)
    assert sorted(np.concatenate([held for _, held in found]).tolist()) == list(range(examples))
    assert max(len(held) for _, held in found) - min(len(held) for _, held in found) <= 1
    for training, held in found:
        assert sorted([*training.tolist(), *held.tolist()]) == list(range(examples))


def test_stratified_folds_differ_by_one_example_of_a_class_as_those_of_scikit_learn_do():
    selection = pytest.importorskip("sklearn.model_selection")
    strata = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [50, 31, 19]))
    ours = [np.bincount(strata[held]) for _, held in fold_rows(100, 4, seed=1, strata=strata)]
    theirs = [np.bincount(strata[held]) for _, held in selection.StratifiedKFold(4).split(strata, strata)]
    for found in (ours, theirs):
        assert (np.ptp(found, axis=0) <= 1).all()
        assert np.ptp(np.sum(found, axis=1)) <= 1


def test_grouped_folds_have_the_sizes_of_those_of_scikit_learn():
    selection = pytest.importorskip("sklearn.model_selection")
    groups = np.random.default_rng(0).integers(0, 17, 200)
    found = fold_rows(200, 4, seed=1, groups=groups)
    theirs = selection.GroupKFold(4).split(groups, groups, groups)
    assert sorted(len(held) for _, held in found) == sorted(len(held) for _, held in theirs)
    assert sum(len(np.unique(groups[held])) for _, held in found) == len(np.unique(groups))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split_rows(10, 3, seed=0, shuffle=True, strata=np.array([0] * 9 + [1])), "has 1 example, and"),
        (lambda: split_rows(10, 3, 3, seed=0, shuffle=True, groups=np.array([0] * 5 + [1] * 5)), "fewer groups"),
        (lambda: fold_rows(10, 11, seed=0), "cannot be cut into 11"),
        (lambda: fold_rows(10, 1, seed=0), "cannot be cut into 1"),
        (lambda: fold_rows(10, 3, seed=0, strata=np.array([0] * 8 + [1] * 2)), "has 2 examples"),
        (lambda: fold_rows(10, 3, seed=0, groups=np.array([0] * 8 + [1] * 2)), "2 groups cannot"),
    ],
)
def test_parts_that_cannot_be_made_are_refused(call, message):
    with pytest.raises(DataError, match=message):
        call()
