"""How much of an explanation a page shows."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DETAILS", "LIMIT", "Detail"]

#: A page has at most so many bytes.
LIMIT = 1_000_000


@dataclass(frozen=True)
class Detail:
    """Tables of more rows or columns than `whole` show `corners` of them.

    `steps` of the walk are shown at most, and `pictures` of local Jacobians.
    """

    whole: int
    corners: int
    steps: int
    pictures: int


#: From all to little: the first with which a page is small enough is taken.
DETAILS = (Detail(8, 5, 400, 60), Detail(5, 3, 200, 40), Detail(3, 3, 80, 20), Detail(3, 3, 20, 6))
