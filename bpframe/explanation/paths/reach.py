"""On how many weights does each number of a network depend?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bpframe.explanation.paths.path_sums import once
from bpframe.explanation.paths.scalar_graph import ScalarGraph

__all__ = ["MOST_REACH_BYTES", "weights_reaching"]

#: How many bytes may say which weights reach which numbers.
MOST_REACH_BYTES = 1 << 28


@once
def weights_reaching(graph: ScalarGraph) -> Sequence[int] | None:
    """Return how many weights there are a path from, for every entry; None where to find out takes too much memory.

    Weights that lead to the same entries are counted together, so that of a dense layer there is one class a neuron.
    """
    weights = graph.weights
    leaving: dict[int, list[int]] = {}
    entering = graph.sources < len(weights)
    for weight, target in zip(graph.sources[entering].tolist(), graph.targets[entering].tolist(), strict=True):
        leaving.setdefault(weight, []).append(target)
    classes: dict[tuple[int, ...], int] = {}
    sizes: list[int] = []
    direct: dict[int, list[int]] = {}
    for weight in sorted(leaving):
        targets = tuple(sorted(set(leaving[weight])))
        if targets not in classes:
            classes[targets] = len(sizes)
            sizes.append(0)
            for target in targets:
                direct.setdefault(target, []).append(classes[targets])
        sizes[classes[targets]] += 1
    width = -(-max(len(sizes), 1) // 8)
    if width * (graph.size - len(weights)) > MOST_REACH_BYTES:
        return None
    reached = np.zeros((graph.size - len(weights), width), np.uint8)
    for entry, found in direct.items():
        for place in found:
            reached[entry - len(weights), place // 8] |= 128 >> place % 8
    inner = graph.sources >= len(weights)
    sources, targets_of = graph.sources[inner] - len(weights), graph.targets[inner] - len(weights)
    starts = np.flatnonzero(np.diff(targets_of, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(targets_of)], strict=True):
        row = reached[targets_of[start]]
        np.bitwise_or(row, np.bitwise_or.reduce(reached[sources[start:stop]], axis=0), out=row)
    counts = [1] * len(weights)
    each = np.array(sizes, np.int64)
    for row in reached:
        counts.append(int(each @ np.unpackbits(row, count=len(sizes))) if sizes else 0)
    return counts
