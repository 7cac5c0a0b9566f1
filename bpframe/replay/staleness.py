"""When a record is held against the components again, and what is said where it no longer holds."""

from __future__ import annotations

from collections.abc import Iterable

from bpframe.errors import StaleRecordError

__all__ = ["FIRST_CHECK", "next_check", "stale_record"]

#: After so many passes the first look; then after up to four times as many each time, `MOST_PASSES` in between at most.
FIRST_CHECK = 16
MOST_PASSES = 4096


def next_check(passes: int) -> int:
    """Return after how many passes to look again, of those at which one has looked: irregularly, the same every time.

    What happens in every second or every hundredth pass would hide from looks at regular ones.
    """
    most = min(3 * passes, MOST_PASSES)
    return passes + most // 2 + (passes * 2654435761 >> 9) % (most - most // 2) + 1


def stale_record(places: Iterable[str], passes: int) -> StaleRecordError:
    """Return the error for components that compute something else than was recorded."""
    return StaleRecordError(
        f"{', '.join(sorted(places))}: the calls are others than were recorded, although shapes are the same",
        expected="methods that compute from their arguments and constants alone, as `pure = True` says",
        received=f"another result in the last {passes} steps, or in some of them",
        hint="leave out `pure`: what is not understood is called in every step",
        rows=[("kept", "the parameters of the last step at which all agreed")],
    )
