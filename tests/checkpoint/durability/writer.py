"""Saves one run over and over, or stores checkpoints: python writer.py save|store FOLDER FIRST

A line with the value follows each that is durable. All parameters of one network have one value.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from bpframe.checkpoint.store import CheckpointStore
from tests.checkpoint.durability.saving import network

what, folder, first = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
store = CheckpointStore(folder, keep_last=2)
for value in count(first):
    if what == "save":
        network(value).save(folder / "run", overwrite=True)
    else:
        store.write(network(value).checkpoint(), value, best=value % 3 == 0)
    print(value, flush=True)
