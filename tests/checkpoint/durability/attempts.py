"""Run with failing.c preloaded: saving is tried with every call failing, or ending the process, one after another.

    python attempts.py LIBRARY FOLDER ORDER    ORDER is JSON: {"what": "save" or "store", "faults": [[errno, always]]}

Each attempt is a process of its own, forked from one that has imported everything. What is wrong is printed as JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import bpframe as bp
from bpframe.checkpoint.locking import LOCK
from bpframe.checkpoint.store import CheckpointStore
from bpframe.errors import CheckpointError

SAVED, REFUSED, WRONG, KILLED = 0, 3, 4, -9


def network(value: float) -> bp.Network:
    from bpframe_reference import Dense, QuadraticCost

    net = bp.Network([Dense(units=3)], input_shape=(2,), cost=QuadraticCost())
    net.parameters.vector[:] = value
    return net


def value_of(folder: Path) -> float:
    (value,) = set(np.ravel(bp.load(folder).parameters.vector).tolist())
    return float(value)


class Saving:
    """One run that is saved over another."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.run = folder, folder / "run"

    def write(self, value: float) -> None:
        network(value).save(self.run, overwrite=True)

    def check(self, allowed: set[float]) -> None:
        found = value_of(self.run)
        if found not in allowed:
            raise ValueError(f"the run has the value {found}, not one of {allowed}")

    def names(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir())

    whole = ("run",)


class Storing(Saving):
    """A checkpoint beside others, of which the last and the best are kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.store = CheckpointStore(folder, keep_last=1)

    def write(self, value: float) -> None:
        self.store.write(network(value).checkpoint(), int(value), best=True)

    def check(self, allowed: set[float]) -> None:
        found = self.store.newest()
        value = float(next(iter(found.checkpoint.parameters.values())).flat[0])
        if value not in allowed or found.step != int(value):
            raise ValueError(f"the newest has the value {value}, not one of {allowed}")
        best = self.store.best()
        if best is None or value_of(best) not in {1.0, *allowed}:
            raise ValueError(f"the best is {best}")

    @property
    def whole(self) -> tuple[str, ...]:  # type: ignore[override]
        return f"{max(self.store.all()):08d}", "best"


def attempt(library: Any, what: Saving, number: int, always: bool, at: int) -> tuple[int, int]:
    """Write 2 over 1 with the `at`-th call failing, in a process of its own; return its exit code and its calls."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        try:
            library.arm(os.fsencode(what.folder), at, number, always)
            try:
                what.write(2.0)
                code = SAVED
            except CheckpointError:
                code = REFUSED
            made = library.made()
            library.arm(b"", 0, 0, 0)
            os.write(writing, str(made).encode())
        except BaseException:
            library.arm(b"", 0, 0, 0)
            traceback.print_exc()
            code = WRONG
        os._exit(code)
    os.close(writing)
    _, status = os.waitpid(process, 0)
    with os.fdopen(reading) as told:
        made = int(told.read() or at)
    return os.waitstatus_to_exitcode(status), made


def main(path: str, place: str, order: dict[str, Any]) -> None:
    library = ctypes.CDLL(path)
    library.arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]
    library.made.restype = ctypes.c_long
    kind = {"save": Saving, "store": Storing}[order["what"]]
    wrong, attempts, calls = [], 0, {}
    for number, always in order["faults"]:
        at = 1
        while True:
            folder = Path(place) / "here"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            what = kind(folder)
            what.write(1.0)
            code, made = attempt(library, what, number, always, at)
            attempts += 1
            told = f"errno {number}{' from then on' * always} in call {at}: "
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    # Where everything fails from then on, the exchange of names cannot be taken back; and a checkpoint
                    # is whole where it could not be made the best one.
                    after = {1.0, 2.0} if always or kind is Storing else {1.0}
                    what.check({SAVED: {2.0}, REFUSED: after}.get(code, {1.0, 2.0}))
                if code not in (SAVED, REFUSED, KILLED if not number else SAVED):
                    raise ValueError(f"the process ended with {code}")
                left = set(what.names()) - {*what.whole, *((f"{1:08d}",) if kind is Storing else ())}
                left = {name for name in left if not name.endswith(LOCK)}  # nobody has it
                if code != KILLED and not always and left:
                    raise ValueError(f"left behind: {left}")
                what.write(3.0)
                what.check({3.0})
                if what.names() != sorted(what.whole):
                    raise ValueError(f"after the next save there is {what.names()}")
            except Exception as error:
                wrong.append(f"{told}code {code}: {type(error).__name__}: {error}")
            calls[str(number)] = max(calls.get(str(number), 0), at - 1)
            if at > made:
                break
            at += order.get("stride", 1)
    print(json.dumps({"attempts": attempts, "calls": calls, "wrong": wrong}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
