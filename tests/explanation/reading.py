"""What tests read out of an explanation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpframe.explanation import Explanation
from bpframe.explanation.formula import worked_out
from bpframe.explanation.line import Line


def all_lines(found: Explanation) -> Iterator[Line]:
    """Yield every line of every section."""
    forward, backward = found.forward, found.backward
    yield from (*forward.weights, *forward.lines, *forward.costs)
    yield from () if forward.whole is None else (forward.whole,)
    yield from (*backward.errors, *backward.matrices, *backward.gradients)
    yield from () if found.neuron is None else found.neuron.lines
    yield from found.paths.lines
    yield from () if found.step is None else found.step.lines


def wrong_lines(found: Explanation) -> list[str]:
    """Return the lines whose numbers, put into the equation and worked out, are not the result."""
    close = 1e-10 if found.dtype == "float64" else 1e-4
    wrong = []
    for line in all_lines(found):
        value = worked_out(line.numbers)
        if value is None:
            continue  # a letter or dots are left in it
        size = close * (np.abs(line.result).max(initial=0.0) + 1e-3)
        if value.size != line.result.size or np.abs(value.ravel() - line.result.ravel()).max(initial=0.0) > size:
            wrong.append(f"({line.tag}) {line.left}: {value} and not {line.result}")
    return wrong
