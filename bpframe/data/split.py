"""Hold back a part of the examples for testing."""

from __future__ import annotations

import numpy as np

from bpframe.data.place import Array
from bpframe.errors import DataError

__all__ = ["held_back_count", "split_rows"]

# The split draws from a random stream of its own: initialisation and shuffling with the same seed do not change it.
_STREAM = int.from_bytes(b"split")


def held_back_count(examples: int, fraction: float | None, count: int | None) -> int:
    """Return how many of the examples are held back: `count`, or the nearest whole number to `fraction` of them.

    A positive fraction holds back at least one. Raises DataError where nothing would be left to train on.
    """
    if count is None:
        count = max(1, round(fraction * examples)) if fraction else 0
    if count >= examples:
        raise DataError(
            f"holding back {count} of {examples} examples leaves none for training",
            expected=f"fewer than {examples} examples for testing",
            received=str(count),
            hint="a smaller test_count or test_fraction",
        )
    return count


def split_rows(examples: int, held_back: int, *, seed: int, shuffle: bool) -> tuple[Array, Array]:
    """Return the row numbers (training, test) of a split; together they are every row once.

    Shuffled, the test rows are the first `held_back` of a random permutation; otherwise the last rows in order.
    The same seed gives the same split.
    """
    if not shuffle:
        rows = np.arange(examples)
        return rows[: examples - held_back], rows[examples - held_back :]
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    order = rng.permutation(examples)
    return order[held_back:], order[:held_back]
