"""The process in which plugin sets are tried: `python -m bpframe.plugins.trial_process ORDER`.

It writes a line to its standard output before and after each set. What the plugins write goes nowhere.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from importlib.metadata import EntryPoint

from bpframe.plugins.hooks import GROUP
from bpframe.plugins.loading import load_set
from bpframe.plugins.registry import Provider

__all__ = ["main"]


def main(text: str) -> None:
    """Load the entry points of an order, given as JSON, and end."""
    order = json.loads(text)
    sys.path[:] = order["path"]
    events, complaints = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    for name, value in order["points"]:
        os.write(events, b"begin\n")
        # Neither the interpreter's lock nor a signal is needed for it, so that it also ends a loop in C.
        faulthandler.dump_traceback_later(order["limit"], exit=True, file=complaints)
        load_set(EntryPoint(name, value, GROUP), Provider(name))
        faulthandler.cancel_dump_traceback_later()
        os.write(events, b"end\n")
    os._exit(0)  # without waiting for threads that a plugin may have started


if __name__ == "__main__":
    main(sys.argv[1])
