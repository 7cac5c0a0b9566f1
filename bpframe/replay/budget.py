"""When an evaluation is worth recording: once its batch size comes back, and not for every size there may be."""

from __future__ import annotations

__all__ = ["EVALUATIONS", "Budget"]

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
