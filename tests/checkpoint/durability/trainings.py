"""Trainings that keep a run's folder are killed and go on: they end as one that nobody killed.

    trainings.py FOLDER chance COUNT    killed so many times in all, at times drawn by chance
    trainings.py FOLDER calls SHARE     at each call that changes a file, or a share of them; with failing.c preloaded

Prints one JSON object, and is a process of its own, since it forks.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import Dropout

import bpframe as bp
from bpframe.checkpoint.store import CheckpointStore
from tests.checkpoint.durability.saving import BROKEN, SAVED, attempt, content_of, ending, names, require

X = np.random.default_rng(0).normal(size=(32, 2))
Y = X[:, :1] * X[:, 1:]

#: With files that tell when something was.
TIMED = {"history.json", "training.json", "versions.json"}


def train(run: Path) -> None:
    """Begin a training, or go on with what there is of it."""
    if CheckpointStore(run / "checkpoints").all():
        net = bp.load(run)
        if net.unfinished:
            net.resume(X, Y, run=run, progress=False)
        else:  # it was killed after its end, and the next save is somebody's
            store = CheckpointStore(run / "checkpoints", keep_last=2)
            last = store.newest()
            store.write(last.checkpoint, last.step)
            shutil.rmtree(net.save(run.with_name("next")))
        return
    shutil.rmtree(run, ignore_errors=True)  # it came to no checkpoint
    layers = [Dense(units=3), Sigmoid(), Dropout(rate=0.2), Dense(units=1)]
    net = bp.Network(layers, input_shape=(2,), cost=QuadraticCost(), seed=1)
    kept = {"checkpoint_every": "3 steps", "keep_last": 2, "keep_best": "cost"}
    net.fit(X, Y, optimizer=Adam(), epochs=4, batch_size=8, seed=2, run=run, progress=False, **kept)


def check_between(base: Path) -> None:
    """Require that whatever has a checkpoint's name is whole."""
    store = CheckpointStore(base / "run" / "checkpoints")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if store.all():
            store.newest()
        if best := store.best():
            bp.load(best)


def check_end(base: Path, whole: Path) -> None:
    """Require that a training has ended as the one that nobody killed did, and has left nothing else."""
    run = base / "run"
    for folder in (Path(), Path("checkpoints")):
        require(names(run / folder) == names(whole / folder), "names:", names(run / folder), names(whole / folder))
    require(names(base) == ["run"], "beside the run:", names(base))
    for step in names(whole / "checkpoints"):
        here, there = (content_of(each / "checkpoints" / step) for each in (run, whole))
        require(set(here) == set(there), "files of", step)
        for name in set(here) - TIMED:
            require(here[name] == there[name], name, "of", step, "is another")
        epochs = [json.loads(each["history.json"])["epochs"] for each in (here, there)]
        for records in epochs:
            for record in records:
                record.pop("seconds", None)
        require(epochs[0] == epochs[1], "the history of", step)
    lines = [len((each / "history.jsonl").read_text().splitlines()) for each in (run, whole)]
    require(lines[0] == lines[1], "lines of the history:", lines)


def one(base: Path, whole: Path, hit: Callable[[], int]) -> int:
    """Let a training be hit until it ends by itself; return how often it was killed."""
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir()
    kills = 0
    while (outcome := hit()) < 0:
        kills += 1
        check_between(base)
    require(outcome == SAVED, "the training ended with", outcome, "(broken)" * (outcome == BROKEN))
    check_end(base, whole)
    return kills


def by_chance(base: Path, whole: Path, count: int) -> tuple[int, list[str]]:
    chance, kills, wrong = random.Random(0), 0, []
    began = time.perf_counter()
    attempt(lambda: train(base.with_name("timed")))
    longest = time.perf_counter() - began

    def hit() -> int:
        child = os.fork()
        if not child:
            os._exit(ending(lambda: train(base / "run")))
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    while kills < count:
        try:
            kills += one(base, whole, hit)
        except Exception as error:
            wrong.append(f"after {kills} kills: {type(error).__name__}: {error}")
            kills += 1
    return kills, wrong


def at_calls(base: Path, whole: Path, share: float) -> tuple[int, list[str]]:
    library, kills, wrong = ctypes.CDLL(None), 0, []

    def armed(at: int, told: int = -1) -> None:
        library.failing_arm(os.fsencode(base), at, 0, 0)
        train(base / "run")
        library.failing_disarm()
        if told >= 0:
            os.write(told, str(library.failing_count()).encode())

    base.mkdir()
    reading, writing = os.pipe()
    attempt(lambda: armed(0, writing))
    calls = int(os.read(reading, 20))
    for at in sorted(random.Random(0).sample(range(1, calls + 1), round(share * calls))):
        places = [0, at]  # killed once, and then it goes on to its end

        def hit(left: list[int] = places) -> int:
            place = left.pop()
            return attempt(lambda: armed(place))

        try:
            kills += one(base, whole, hit)
        except Exception as error:
            wrong.append(f"call {at} of {calls}: {type(error).__name__}: {error}")
    return kills, wrong


def main(folder: str, how: str, much: str) -> None:
    base, whole = Path(folder) / "here", Path(folder) / "whole" / "run"
    whole.parent.mkdir()
    train(whole)  # here: those who are forked have everything imported then
    if how == "chance":
        kills, wrong = by_chance(base, whole, int(much))
    else:
        kills, wrong = at_calls(base, whole, float(much))
    print(json.dumps({"killed": kills, "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
