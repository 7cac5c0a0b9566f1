"""What is shown of long lists: the first and the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["SHOWN", "ends"]

Item = TypeVar("Item")

#: Of more items than this the first and the last are shown, so many in all.
SHOWN = 40


def ends(items: Sequence[Item], most: int = SHOWN) -> tuple[Sequence[Item], int, Sequence[Item]]:
    """Return the first items, how many are left out behind them, and the last; of few all are the first."""
    if len(items) <= most:
        return items, 0, ()
    back = most // 2
    return items[: most - back], len(items) - most, items[len(items) - back :]
