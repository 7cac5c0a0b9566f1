"""When a pass is recorded, and when its record is held against the components again.

An evaluation is worth recording once its batch size comes back, and not for every size there may be.
"""

from __future__ import annotations

from collections.abc import Iterable

from bpframe.errors import StaleRecordError

__all__ = ["EVALUATIONS", "FIRST_CHECK", "Budget", "next_check", "stale_record"]

#: After so many evaluations of one size it pays to record the next.
EVALUATIONS = 8

#: So many kinds of evaluation are recorded at once, and another one after so many more passes: it takes as long.
RECORDED_AT_ONCE = 8
PASSES_PER_RECORDING = 1000


class Budget:
    """How many recordings the passes so far have paid for, so that many batch sizes do not mean many recordings."""

    def __init__(self) -> None:
        self.passes = 0
        self.recordings = 0

    def allows(self) -> bool:
        """Whether another size may be recorded."""
        return (self.recordings - RECORDED_AT_ONCE) * PASSES_PER_RECORDING < self.passes


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
