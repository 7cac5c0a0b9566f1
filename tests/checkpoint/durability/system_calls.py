"""A save is traced and killed at its system calls, before and after each: python system_calls.py FOLDER SHARE

The tracer is ptrace of Linux, so that nothing is left out: not what the C library does by itself, nor what Python does.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import sys
from pathlib import Path

from tests.checkpoint.durability.saving import SCENARIOS, Scenario, Tally, ending, trained

TRACE_ME, TO_NEXT_CALL, SET_OPTIONS = 0, 24, 0x4200
TELL_CALLS, END_WITH_TRACER = 0x1, 0x100000

_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_ptrace.restype = ctypes.c_long


def ptrace(request: int, process: int, data: int = 0) -> None:
    if _ptrace(request, process, None, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")


def killed_at(scenario: Scenario, at: int) -> tuple[int, int]:
    """Save in a process that is killed at its `at`-th stop, and return how it ended and how many stops there were."""
    scenario.reset()
    process = os.fork()
    if not process:
        ptrace(TRACE_ME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(ending(scenario.save))
    os.waitpid(process, 0)
    ptrace(SET_OPTIONS, process, TELL_CALLS | END_WITH_TRACER)
    stops = 0
    while True:
        if at == 0 or stops < at:
            ptrace(TO_NEXT_CALL, process)
        _, status = os.waitpid(process, 0)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status), stops
        if os.WSTOPSIG(status) == signal.SIGTRAP | 0x80:
            stops += 1
            if stops == at:
                os.kill(process, signal.SIGKILL)


def main(base: str, share: str) -> None:
    old, new = trained(0), trained(1)
    tally = Tally()
    for name, kind in SCENARIOS.items():
        scenario = kind(Path(base) / name.replace(" ", "-"), old, new)
        outcome, stops = killed_at(scenario, 0)
        tally.add(f"{name}, undisturbed", scenario, outcome)
        places = range(1, stops + 1)
        for at in sorted(random.Random(0).sample(places, round(float(share) * stops))):
            outcome, _ = killed_at(scenario, at)
            tally.add(f"{name}, stop {at} of {stops}", scenario, outcome)
    print(json.dumps(tally.told()))


if __name__ == "__main__":
    main(*sys.argv[1:])
