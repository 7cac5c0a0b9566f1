"""Every call that changes a file fails once, or the process is killed there: python calls.py FOLDER SHARE HOW ...

It runs with the library made of failing.c, is a process of its own, since it forks, and prints one JSON object. HOW is
the name of an errno, ENOSPC, with "+" behind it for a disk that stays so, or KILL; SHARE is the part that is tried.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import random
import sys
from pathlib import Path

from tests.checkpoint.durability.saving import SAVED, SCENARIOS, Scenario, Tally, attempt, trained

library = ctypes.CDLL(None)


def with_failure(scenario: Scenario, at: int, number: int, lasting: bool) -> tuple[int, int]:
    """Save in a process of its own in which one call fails, and return how it ended and how many calls there were."""
    reading, writing = os.pipe()

    def act() -> None:
        library.failing_arm(os.fsencode(scenario.base), at, number, int(lasting))
        try:
            scenario.save()
        finally:
            library.failing_disarm()
            os.write(writing, str(library.failing_count()).encode())

    scenario.reset()
    outcome = attempt(act)
    os.close(writing)
    with os.fdopen(reading) as told:
        return outcome, int(told.read() or 0)


def main(base: str, share: str, *wanted: str) -> None:
    old, new = trained(0), trained(1)
    tally = Tally()
    for name, kind in SCENARIOS.items():
        scenario = kind(Path(base) / name.replace(" ", "-"), old, new)
        outcome, calls = with_failure(scenario, 0, 0, False)
        tally.add(f"{name}, undisturbed", scenario, outcome)
        if outcome != SAVED:
            continue
        places = [(at, how) for how in wanted for at in range(1, calls + 1)]
        drawn = random.Random(0).sample(places, max(1, round(float(share) * len(places))))
        for at, how in sorted(drawn):
            word = how.rstrip("+")
            outcome, _ = with_failure(scenario, at, 0 if word == "KILL" else getattr(errno, word), word != how)
            # A disk that refuses every change from then on lets nobody clean up either.
            clean = word == how or word in ("ENOSPC", "EDQUOT")
            tally.add(f"{name}, call {at} of {calls}, {how}", scenario, outcome, clean)
    print(json.dumps(tally.told()))


if __name__ == "__main__":
    main(*sys.argv[1:])
