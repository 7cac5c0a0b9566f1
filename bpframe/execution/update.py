"""One optimizer's step on a block of θ, recorded and then repeated as NumPy calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.execution.binding import Binding
from bpframe.execution.buffers import Buffers
from bpframe.execution.comparing import differing, same_bytes
from bpframe.execution.recorded import Recorded
from bpframe.execution.tape import Array, NotRecordable, Segment, Tape

__all__ = ["BlockUpdate"]


class BlockUpdate:
    """θ ← θ + Δθ on one block, of an optimizer whose `update` asks for these words.

    The first two steps are recorded, the second is tried on the same numbers, and from then on `calls` repeats it. The
    gradient is overwritten where Δθ can take its place. `refused` says that the optimizer has to be called each time.
    """

    def __init__(
        self,
        update: Callable[..., Any],
        words: Sequence[str],
        theta: Array,
        gradient: Array,
        state: Mapping[str, Array],
    ) -> None:
        self.calls: list[Callable[[], object]] | None = None
        self.refused = False
        self._update = update
        self._words = words
        self._arrays = {
            "parameters": theta,
            "gradient": gradient,
            **{f"state {name}": each for name, each in state.items()},
        }
        self._state = state
        self._before: list[Segment] | None = None

    def step(self) -> bool:
        """Take a step while recording; return False, with nothing changed, where it cannot be recorded."""
        to_be_tried = self._before is not None and self.calls is None
        given = {name: array.copy() for name, array in self._arrays.items()} if to_be_tried else None
        tape = Tape()
        tape.begin("optimizer", "update")
        arrays = {name: Recorded.of(array, tape, pinned=True) for name, array in self._arrays.items()}
        try:
            change, new_state = self._changed(arrays, tape)
        except Exception:  # called directly it shows itself as what it is
            self.refused = True
            return False
        for name, value in new_state.items():
            np.copyto(arrays[f"state {name}"]._any, value)
        theta: Any = arrays["parameters"]
        np.add(theta, change, out=theta)
        tape.close()
        before, self._before = self._before, tape.segments
        if self.calls is not None:  # bound long ago: does it still do the same?
            if before is not None and differing(before, tape.segments):
                self.refused, self.calls = True, None
        elif given is not None and before is not None:
            if differing(before, tape.segments):
                self.refused = True
            else:
                self._bind(tape.segments, arrays["gradient"], given)
        return True

    def _changed(self, arrays: Mapping[str, Recorded], tape: Tape) -> tuple[Any, Mapping[str, Any]]:
        gradient = arrays["gradient"].array
        words: dict[str, Any] = {
            "gradient": arrays["gradient"],
            "parameters": arrays["parameters"],
            "state": {name: arrays[f"state {name}"] for name in self._state},
            "out": Recorded.of(np.empty_like(gradient), tape),
        }
        returned = self._update(**{word: words[word] for word in self._words})
        change, new_state = returned if "state" in self._words else (returned, {})
        for value, like in [(change, gradient), *((new_state[name], each) for name, each in self._state.items())]:
            if not isinstance(value, Recorded) or (value.shape, value.dtype) != (like.shape, like.dtype):
                raise NotRecordable("an array that does not come from the step")
        if tape.refused is not None or len(new_state) != len(self._state):
            raise NotRecordable(tape.refused or "another state")
        return change, new_state

    def _bind(self, segments: list[Segment], gradient: Recorded, given: Mapping[str, Array]) -> None:
        """Bind the calls, and have them do the recorded step again: they must leave the same bytes."""
        written = [array for name, array in self._arrays.items() if name != "gradient"]
        left = [array.copy() for array in written]
        calls = Binding(segments, Buffers.of(segments, free=gradient.root), {}).calls
        for name, array in self._arrays.items():
            array[...] = given[name]
        try:
            for call in calls:
                call()
            same = all(map(same_bytes, written, left))
        except Exception:
            same = False
        for array, value in zip(written, left, strict=True):
            array[...] = value
        if same:
            self.calls = calls
        else:
            self.refused = True
