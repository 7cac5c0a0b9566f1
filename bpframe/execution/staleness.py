"""When a record is held against the components again, and what is said where it no longer holds.

A record is right as long as methods are functions of their arguments. One that reads something else, such as a variable
of its module that training changes, looks like one until that changes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from bpframe.errors import StaleRecordWarning

__all__ = ["FIRST_CHECK", "next_check", "warn_of_stale_record"]

#: After so many passes the first look; then after four times as many each time, up to `MOST_PASSES` in between.
FIRST_CHECK = 16
MOST_PASSES = 4096


def next_check(passes: int) -> int:
    """Return after how many passes to look again, of those at which one has looked."""
    return min(4 * passes, passes + MOST_PASSES)


def warn_of_stale_record(places: Iterable[str], passes: int) -> None:
    """Warn that what these compute has changed since their calls were recorded, or last compared."""
    warnings.warn(
        f"{', '.join(sorted(places))}: the calls are others than were recorded, although shapes are the same. What was "
        f"computed in the last {passes} passes may be wrong. A method that reads what changes between steps (a "
        "variable of its module, an object that it keeps) has to say so: has_effects: ClassVar[bool] = True",
        StaleRecordWarning,
        stacklevel=2,
    )
