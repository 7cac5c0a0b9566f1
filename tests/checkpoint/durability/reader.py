"""Loads a run, or the newest checkpoint, until it is told to stop: python reader.py save|store FOLDER

It prints how often, and what went wrong, as JSON, when its standard input is closed.
"""

from __future__ import annotations

import json
import sys
import threading
import warnings
from pathlib import Path

import bpframe as bp
from bpframe.checkpoint.store import CheckpointStore

what, folder = sys.argv[1], Path(sys.argv[2])
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
warnings.simplefilter("error")
loads, wrong = 0, []
while not over.is_set():
    try:
        if what == "save":
            found = bp.load(folder / "run").parameters
        else:
            found = CheckpointStore(folder).newest().checkpoint.parameters
        if len({float(each) for array in found.values() for each in array.flat}) != 1:
            wrong.append("two runs in one")
        loads += 1
    except Exception as error:
        wrong.append(f"{type(error).__name__}: {error}")
print(json.dumps({"loads": loads, "wrong": wrong[:5]}))
