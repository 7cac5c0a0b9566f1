"""A training that is ended, in any way, goes on to the last bit, and says how; with processes and real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpframe as bp

Invoke = Callable[..., Any]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

ENDLESS = ("epochs: 3", "epochs: 100000000")


@contextmanager
def begun(*words: object) -> Iterator[subprocess.Popen[str]]:
    """Begin a training into the folder run, and go on when it has a line of its history."""
    command = [sys.executable, "-m", "bpframe", "train", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        limit = time.monotonic() + 600
        lines = Path("run/history.jsonl")
        while not (lines.exists() and lines.read_bytes()) and time.monotonic() < limit and training.poll() is None:
            time.sleep(0.01)
        try:
            yield training
        finally:
            training.kill()


def same(one: str, other: str) -> bool:
    nets = [bp.load(each) for each in (one, other)]
    histories = [[{**each.model_dump(), "seconds": 0} for each in net.history.epochs] for net in nets]
    return nets[0].parameters.vector.tobytes() == nets[1].parameters.vector.tobytes() and histories[0] == histories[1]


def test_a_killed_training_goes_on_to_the_last_bit(
    folder: Path, invoke: Invoke, write_spec: Callable[..., None]
) -> None:
    write_spec(ENDLESS, ("batch_size: 8", "batch_size: 8, checkpoint_every: 50 steps"))
    with begun("spec.yaml", "-o", "run") as training:
        while not list(Path("run/checkpoints").glob("0*")) and training.poll() is None:
            time.sleep(0.01)
        training.kill()
        training.communicate()
    (listed,) = json.loads(invoke("runs", "run", "--json").stdout)
    assert listed["status"] == "unfinished"
    done = len(bp.load("run").history) + 20
    result = invoke("train", "--resume", "run", "--set", f"training.epochs={done}")
    assert result.exit_code == 0, result.stderr
    assert invoke("train", "spec.yaml", "-o", "whole", "-q", "--set", f"training.epochs={done}").exit_code == 0
    assert same("run", "whole")
    text, page = Path("run/log.txt").read_text(), Path("run/report.html").read_text("utf-8")
    assert (text.count("begins in"), text.count("goes on in"), text.count("ended, completed")) == (1, 1, 1)
    assert f"{done} epochs" in page or f"{done:,} epochs" in page
    lines = [json.loads(line)["epoch"] for line in Path("run/history.jsonl").read_text().splitlines()]
    assert lines == list(range(1, done + 1))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_it_after_the_step_and_all_is_kept(
    folder: Path, invoke: Invoke, write_spec: Callable[..., None], number: int, code: int
) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started the tests has them ignore this signal, and so what they start")
    write_spec(ENDLESS)
    with begun("spec.yaml", "-o", "run") as training:
        training.send_signal(number)
        err = training.communicate(timeout=600)[1]
    assert training.returncode == code, err
    assert "what was reached is in run" in err
    assert "bpframe train --resume run" in err
    net = bp.load("run")
    assert (net.history.stopped, net.unfinished) == ("interrupted", True)
    assert {each.name for each in folder.iterdir()} == {"spec.yaml", "points.npz", "run"}
    if number != signal.SIGTERM:
        return
    done = len(net.history) + 2
    assert invoke("train", "--resume", "run", "--set", f"training.epochs={done}").exit_code == 0
    write_spec(("epochs: 3", f"epochs: {done}"))
    assert invoke("train", "spec.yaml", "-o", "whole").exit_code == 0
    assert same("run", "whole")


@pytest.mark.parametrize("steps", ["100000000 steps", "1 epoch"])
def test_ctrl_c_after_sigterm_ends_it_at_once_and_says_no_more_than_is_kept(
    folder: Path, write_spec: Callable[..., None], steps: str
) -> None:
    write_spec(ENDLESS, ("batch_size: 8", f"batch_size: 8, checkpoint_every: {steps}"))
    with begun("spec.yaml", "-o", "run") as training:
        training.send_signal(signal.SIGTERM)
        time.sleep(0.02)
        training.send_signal(signal.SIGINT)
        err = training.communicate(timeout=60)[1]
    # The second signal may come when all is told and the interpreter is ending.
    assert training.returncode == 143 or (training.returncode == -2 and "what was reached is in" in err), err
    kept = sorted(each for each in Path("run/checkpoints").glob("*") if each.name.isdigit())
    assert kept or "what was reached is in" not in err
    if "what was reached is in" not in err:
        told = f"the last checkpoint is in {kept[-1].absolute()}" if kept else "there was no checkpoint yet"
        assert f"Ended by a signal, at once: {told}\n" in err


SLOW = """
import signal, time
import numpy as np, bpframe as bp
from bpframe_reference import Dense, GradientDescent, QuadraticCost
net = bp.Network([Dense(units=1)], cost=QuadraticCost(), input_shape=(2,))
def wait(epoch):
    if epoch == 3:
        print("waiting", flush=True)
        time.sleep(600)
x, y = np.ones((10, 2)), np.ones((10, 1))
try:
    rule, every = GradientDescent(learning_rate=0.1), "2 epochs"
    net.fit(x, y, optimizer=rule, epochs=100, run="run", checkpoint_every=every, callbacks=[wait])
except KeyboardInterrupt as error:
    print(type(error).__name__, *error.__notes__, flush=True)
    raise SystemExit(7)
print(net.history.stopped, flush=True)
"""


@pytest.mark.parametrize(
    ("numbers", "code", "printed"),
    [
        ((signal.SIGINT, signal.SIGINT), 7, "KeyboardInterrupt the last checkpoint is in {}\n"),
        ((signal.SIGTERM,), -signal.SIGTERM, ""),
    ],
)
def test_python_is_ended_at_once_by_a_second_ctrl_c_and_by_sigterm_once_all_is_kept(
    folder: Path, numbers: tuple[int, ...], code: int, printed: str
) -> None:
    slow = SLOW if len(numbers) > 1 else SLOW.replace("time.sleep(600)", "time.sleep(1)")
    with subprocess.Popen([sys.executable, "-c", slow], stdout=subprocess.PIPE, text=True) as python:
        assert python.stdout is not None
        assert python.stdout.readline() == "waiting\n"
        for each in numbers:
            python.send_signal(each)
            time.sleep(0.1)
        out = python.communicate(timeout=600)[0]
    assert (python.returncode, out) == (code, printed.format(folder / "run/checkpoints/00000002"))
    assert bp.load("run").history.steps == (2 if len(numbers) > 1 else 3)


def test_what_cannot_go_on_is_told(folder: Path, invoke: Invoke) -> None:
    assert invoke("train", "spec.yaml", "-o", "run", "-q").exit_code == 0
    for words, told in (
        (["--resume", "run"], "--set training.epochs=6"),
        (["--resume", "run", "--set", "training.batch_size=4"], "a training goes on as it began"),
        (["--resume", "run", "--set", "training.epoch=4"], "did you mean 'training.epochs'?"),
        (["--resume", "run", "--set", "training.epochs=2"], "the training has had more epochs"),
        (["--resume", "run", "spec.yaml"], "received  SPEC"),
        (["--resume", "run", "-o", "other"], "received  --output"),
        (["--resume", "nowhere"], "there is no run"),
        (["--resume", "run/checkpoints/00000021"], "is one checkpoint, and no run's folder"),
        ([], "nothing says what to train"),
    ):
        result = invoke("train", *words)
        assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
    assert len(bp.load("run").history) == 3


def test_a_run_goes_on_where_it_was_moved_with_its_data_and_not_with_others(folder: Path, invoke: Invoke) -> None:
    assert invoke("train", "spec.yaml", "-o", "runs/a", "-q").exit_code == 0
    Path("elsewhere").mkdir()
    for name in ("runs", "points.npz"):
        Path(name).rename(Path("elsewhere", name))
    more = ("--set", "training.epochs=5", "-q")
    assert invoke("train", "--resume", "elsewhere/runs/a", *more).exit_code == 0
    assert len(bp.load("elsewhere/runs/a").history) == 5
    content = Path("elsewhere/points.npz").read_bytes()
    Path("elsewhere/points.npz").unlink()
    assert invoke("train", "--resume", "elsewhere/runs/a", "--set", "training.epochs=6").exit_code == 2
    Path("points.npz").write_bytes(content)
    with np.load("points.npz") as points:
        np.savez("elsewhere/points.npz", x=points["x"] + 1, y=points["y"])
    result = invoke("train", "--resume", "elsewhere/runs/a", "--set", "training.epochs=6")
    assert result.exit_code == 2
