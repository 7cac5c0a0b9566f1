"""Which entries of a gradient are measured: of large networks a few of some arrays, so that the work has a bound."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.core.graph.randomness import stream
from bpframe.explanation.elision import ends
from bpframe.validation.plain_arrays import Array

__all__ = ["PARTS", "chosen_entries"]

#: Of more arrays than this the first and the last are looked at, so many in all.
PARTS = 40

#: How many multiplications forward passes may take, about as many as are done in a second; an entry needs three passes.
WORK, PASSES = 3 * 10**8, 3

#: So many entries are measured in any network.
FEWEST = 6


def chosen_entries(
    gradients: Mapping[str, Array], per_array: int | None, multiplications: int
) -> dict[str, list[tuple[int, ...]]]:
    """Return the index of the entries to measure, by array.

    Of an array these are all, or where there are more than `per_array` the largest and others drawn at random; None
    stands for all of all. `multiplications` is how many one forward pass takes.
    """
    if per_array is None:
        return {name: list(np.ndindex(gradient.shape)) for name, gradient in gradients.items()}
    affordable = max(FEWEST, WORK // (PASSES * max(1, multiplications)))
    most = min(PARTS, affordable)
    first, _, last = ends([name for name, gradient in gradients.items() if gradient.size], most)
    names = [*first, *last]
    each = min(per_array, max(1, affordable // max(1, len(names))))
    return {name: _some(gradients[name], each, stream(0, "explanation", name)) for name in names}


def _some(gradient: Array, count: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    if gradient.size <= count:
        return list(np.ndindex(gradient.shape))
    if count == 0:
        return []
    largest = int(np.argmax(np.abs(gradient)))
    others = rng.choice(gradient.size, min(2 * count, gradient.size), replace=False)
    flat = sorted({largest, *others[others != largest][: count - 1].tolist()})
    return [tuple(int(i) for i in np.unravel_index(each, gradient.shape)) for each in flat]
