"""Faults by chance: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping

from changes import faults_in
from fault import Fault

__all__ = ["draw"]


def draw(sources: Mapping[str, bytes], count: int, seed: int) -> list[Fault]:
    """Draw lines, each with the same chance, and on each a kind of fault, and a fault of this kind."""
    rng = random.Random(seed)
    lines: dict[tuple[str, int], list[Fault]] = {}
    for path, source in sorted(sources.items()):
        for fault in faults_in(path, source):
            lines.setdefault((path, fault.line), []).append(fault)
    places = list(lines)
    found: list[Fault] = []
    while places and len(found) < count:
        at = lines[places.pop(rng.randrange(len(places)))]
        kind = rng.choice(sorted({fault.kind for fault in at}))
        fault = rng.choice([fault for fault in at if fault.kind == kind])
        if fault.is_a_change(sources[fault.path]):
            found.append(fault)
    return found
