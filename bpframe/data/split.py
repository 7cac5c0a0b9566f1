"""Keep parts of the examples apart: for training, for validation, for testing; and folds, each held back once."""

from __future__ import annotations

import numpy as np

from bpframe.data.place import Array
from bpframe.errors import DataError

__all__ = ["fold_rows", "held_back_count", "split_rows"]

# The split draws from a random stream of its own: initialisation and shuffling with the same seed do not change it.
_STREAM = int.from_bytes(b"split")


def held_back_count(examples: int, fraction: float | None, count: int | None, part: str = "test") -> int:
    """Return how many of the examples are held back: `count`, or the nearest whole number to `fraction` of them.

    A positive fraction holds back at least one. Raises DataError where nothing would be left to train on.
    """
    if count is None:
        count = max(1, round(fraction * examples)) if fraction else 0
    if count >= examples:
        raise DataError(
            f"holding back {count} of {examples} examples leaves none for training",
            expected=f"fewer than {examples} examples for {'testing' if part == 'test' else part}",
            received=str(count),
            hint=f"a smaller {part}_count or {part}_fraction",
        )
    return count


def split_rows(
    examples: int,
    test: int,
    validation: int = 0,
    *,
    seed: int,
    shuffle: bool,
    strata: Array | None = None,
    groups: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return the row numbers (training, validation, test) of a split; together they are every row once.

    Shuffled, the test rows are the first `test` of a random permutation, and the rows for validation come next;
    otherwise both are the last rows in order. With `strata` (N,), the number of each example's class, every part has of
    each class what is its share, to less than one example. With `groups` (N,) no group is in two parts, and parts are
    as near to their counts as whole groups let them be. The same seed gives the same split.

    Errors: DataError (a class has fewer examples than there are parts, or there are fewer groups).
    """
    if not shuffle:
        return np.split(np.arange(examples), [examples - test - validation, examples - test])  # type: ignore[return-value]
    order = _generator(seed).permutation(examples)
    sizes = [test, validation]
    if groups is not None:
        parts = _of_whole_groups(order, sizes, groups)
    elif strata is not None:
        parts = _of_all_strata(order, sizes, strata)
    else:
        parts = np.split(order, np.cumsum(sizes))
    held_back, validated, training = parts
    return training, validated, held_back


def fold_rows(
    examples: int,
    folds: int,
    *,
    seed: int,
    shuffle: bool = True,
    strata: Array | None = None,
    groups: Array | None = None,
) -> list[tuple[Array, Array]]:
    """Return (training, held back) row numbers of each fold; every row is held back once.

    The sizes of folds differ by one at most, and with `strata` also how many examples of a class they have. With
    `groups` no group is in two folds: the largest is dealt first, each to the fold that is smallest so far. Without
    `shuffle` folds are runs of rows in order. The same seed gives the same folds.

    Errors: DataError (fewer examples, examples of a class, or groups than folds).
    """
    if not 2 <= folds <= examples:
        raise DataError(
            f"{examples} examples cannot be cut into {folds} folds",
            expected=f"2 to {examples} folds",
            received=str(folds),
        )
    order = _generator(seed).permutation(examples) if shuffle else np.arange(examples)
    if groups is not None:
        dealt = _dealt_groups(order, folds, groups)
    elif strata is not None:
        _require_each(np.bincount(strata, minlength=1), folds, "folds")
        sorted_by_class = order[np.argsort(strata[order], kind="stable")]
        dealt = [np.sort(sorted_by_class[k::folds]) for k in range(folds)]
    else:
        dealt = [np.sort(each) for each in np.array_split(order, folds)]
    every = np.arange(examples)
    return [(np.setdiff1d(every, each, assume_unique=True), each) for each in dealt]


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))


def _of_all_strata(order: Array, sizes: list[int], strata: Array) -> list[Array]:
    """Return rows for each size, and the rest, with the share of every class in each, in a random order."""
    counts = np.bincount(strata)
    parts = 1 + sum(size > 0 for size in sizes)
    _require_each(counts, parts, "parts")
    by_class = [order[strata[order] == k] for k in range(len(counts))]
    taken = np.zeros(len(counts), int)
    found = []
    for size in sizes:
        each = _shares(counts, size, counts - taken)
        part = np.concatenate([rows[a : a + n] for rows, a, n in zip(by_class, taken, each, strict=True)])
        found.append(part)
        taken += each
    rest = np.concatenate([rows[a:] for rows, a in zip(by_class, taken, strict=True)])
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    return [part[np.argsort(place[part])] for part in (*found, rest)]


def _shares(counts: Array, size: int, left: Array) -> Array:
    """Return whole numbers next to size counts / N, which sum to `size`: the largest remainders are rounded up."""
    exact = size * counts / counts.sum()
    whole: Array = np.floor(exact).astype(int)
    for k in np.argsort(whole - exact, kind="stable")[: size - whole.sum()]:
        whole[k] += 1
    if (whole > left).any():
        raise DataError("the classes are too small for these parts", hint="smaller parts, or stratify: false")
    return whole


def _of_whole_groups(order: Array, sizes: list[int], groups: Array) -> list[Array]:
    """Return rows for each size, and the rest, of whole groups, which come in a random order."""
    _, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
    number = number.reshape(-1)
    parts = 1 + sum(size > 0 for size in sizes)
    if len(counts) < parts:
        raise DataError(
            "there are fewer groups than parts",
            expected=f"at least {parts} groups, as no group may be in two parts",
            received=f"{len(counts)}",
        )
    _, first = np.unique(number[order], return_index=True)
    sequence = number[order][np.sort(first)]  # groups in the order in which the permutation comes to them
    reached = np.cumsum(counts[sequence])
    part_of = np.full(len(counts), len(sizes))
    begin, still = 0, parts - 1
    for at, size in enumerate(sizes):
        if not size:
            continue
        goal = size + (reached[begin - 1] if begin else 0)
        end = begin + 1 + int(np.argmin(np.abs(reached[begin : len(counts) - still] - goal)))
        part_of[sequence[begin:end]] = at
        begin, still = end, still - 1
    return [order[part_of[number[order]] == at] for at in range(len(sizes) + 1)]


def _dealt_groups(order: Array, folds: int, groups: Array) -> list[Array]:
    _, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
    number = number.reshape(-1)
    if len(counts) < folds:
        raise DataError(f"{len(counts)} groups cannot be dealt to {folds} folds", expected=f"2 to {len(counts)} folds")
    _, first = np.unique(number[order], return_index=True)
    sequence = number[order][np.sort(first)]
    fold_of, sizes = np.empty(len(counts), int), np.zeros(folds, int)
    for group in sequence[np.argsort(-counts[sequence], kind="stable")]:
        fold_of[group] = smallest = int(np.argmin(sizes))
        sizes[smallest] += counts[group]
    return [np.flatnonzero(fold_of[number] == k) for k in range(folds)]


def _require_each(counts: Array, least: int, what: str) -> None:
    few = np.flatnonzero((counts > 0) & (counts < least))
    if few.size:
        count = int(counts[few[0]])
        raise DataError(
            f"class number {few[0]} has {count} example{'s' * (count != 1)}, and there are {least} {what}",
            expected=f"at least {least} examples of every class, one for each of the {what}",
            received=f"{len(few)} class{'es' * (len(few) != 1)} with fewer",
            hint="stratify: false, or leave such classes out",
        )
