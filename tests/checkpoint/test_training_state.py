"""What a checkpoint holds of a training: plain data that come back as they were, in one set of bytes, or an error."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import Dropout
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import bpframe as bp
from bpframe.checkpoint.plain_data import from_json, to_json
from bpframe.errors import CheckpointError
from bpframe.training.spec import TrainingSpec

X, Y = np.random.default_rng(0).normal(size=(2, 9, 3))


def keeping(state: dict[str, Any]) -> None:
    """Keep something of every kind."""
    state["$array"] = {"list": [1, None, True, math.inf, -0.0, {"$number": "nan"}], "large": 1 << 100}
    state["best"] = np.arange(3.0)


class Interrupting:
    """A keeper that ends the training after seven steps."""

    def __init__(self) -> None:
        self.ended = False

    def due(self, step: int, epoch_ends: bool) -> bool:
        return step == 7

    def keep(self, state: Any) -> None:
        if not self.ended:
            self.ended = True
            raise KeyboardInterrupt


@pytest.fixture
def run(tmp_path: Path) -> Path:
    net = bp.Network([Dense(units=3), Dropout(rate=0.2)], input_shape=(3,), cost=QuadraticCost())
    spec = TrainingSpec(optimizer=Adam(), epochs=3, batch_size=3)
    net._train(spec, (X, Y, None), None, False, (keeping,), Interrupting())
    return net.save(tmp_path / "run")


def test_what_callbacks_keep_comes_back_as_it_was(run: Path) -> None:
    net = bp.load(run)
    state = dict(net._training_state.callbacks[0]["state"])
    assert state.pop("best").tolist() == [0, 1, 2]
    expected: dict[str, Any] = {}
    keeping(expected)
    assert repr(state["$array"]) == repr(expected["$array"])
    assert net._training_state.cost > 0
    assert net.history.stopped == "interrupted"
    net.save(run.parent / "again")
    for name in ("training.json", "training.safetensors", "weights.safetensors", "optimizer.safetensors"):
        assert (run / name).read_bytes() == (run.parent / "again" / name).read_bytes()


numbers = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
kinds = st.sampled_from(["f4", "f8", "i4", "u1", "bool"])
plain = st.recursive(
    numbers | arrays.arrays(kinds, arrays.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("$array/é", max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(value=plain)
def test_plain_data_come_back_to_the_last_bit(value: Any) -> None:
    beside: dict[str, np.ndarray] = {}
    text = json.dumps(to_json({"": value}, "here", beside), allow_nan=False)
    assert same(from_json(json.loads(text), beside)[""], value)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(each, other[key]) for key, each in one.items())
    return repr(one) == repr(other)


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def edit(run: Path) -> None:
        content = json.loads((run / "training.json").read_text())
        change(content)
        (run / "training.json").write_text(json.dumps(content))

    return edit


def put(*path: Any, value: Any) -> Callable[[Path], object]:
    def change(content: Any) -> None:
        for each in path[:-1]:
            content = content[each]
        content[path[-1]] = value

    return edited(change)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no JSON": (lambda run: (run / "training.json").write_text("{"), "training.json is damaged"),
    "too deep": (lambda run: (run / "training.json").write_text("[" * 100_000), "training.json is damaged"),
    "a negative count": (put("training", "step", value=-1), "training.step"),
    "a huge count": (put("training", "batch", value=10**30), "training.batch"),
    "a count that is a text": (put("training", "past", value="3"), "training.past"),
    "an epoch that never was": (put("training", "past", value=10), "tells of another training"),
    "a batch without an order": (put("training", "order", value=None), "a place with the stream that orders"),
    "an order that is none": (put("training", "order", value="as it comes"), "a place with the stream that orders"),
    "no number": (put("training", "cost", value="x"), "training.cost"),
    "a stream that is too long": (put("streams", 0, "state", value="f" * 33), "streams.0.state"),
    "a stream of nothing": (put("streams", 0, "inc", value="-1"), "streams.0.inc"),
    "a stream without an end": (edited(lambda each: each["streams"][0].pop("uinteger")), "streams.0.uinteger"),
    "an array that is not there": (
        lambda run: (run / "training.safetensors").write_bytes((run / "optimizer.safetensors").read_bytes()),
        "is damaged",
    ),
    "what means nothing": (put("training", "kept", value={"a": {"$code": "import os"}}), "is damaged"),
    "a state that is none": (put("training", "callbacks", 0, "state", value=3), "is damaged"),
    "callbacks that are none": (put("training", "callbacks", value=[1]), "is damaged"),
    "a checksum that is none": (put("training", "data", "input x", 2, value=2**40), "training.data.input x.2"),
    "more than there is": (edited(lambda each: each.update(extra=1)), "extra"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_training_is_told(damage: str, run: Path, without_digests: Callable[[Path], Path]) -> None:
    without_digests(run)
    change, words = DAMAGES[damage]
    change(run)
    with pytest.raises(CheckpointError, match=words) as caught:
        bp.load(run)
    assert len(str(caught.value)) < 4000


def test_a_batch_that_no_epoch_has_is_refused(run: Path, without_digests: Callable[[Path], Path]) -> None:
    put("training", "batch", value=10**17)(without_digests(run))
    with pytest.raises(bp.errors.TrainingError, match="a place that its epochs do not have"):
        bp.load(run).resume(X, Y, callbacks=[keeping])


def test_a_run_of_before_goes_on_with_fit_and_says_that_it_cannot_be_resumed() -> None:
    net = bp.load(Path(__file__).parent / "runs" / "before_digests_float64")
    with pytest.raises(bp.errors.TrainingError, match="no training to go on with") as caught:
        net.resume(X, Y)
    assert "saved without where its training was" in caught.value.received


PROGRAM = """
import hashlib, sys
from pathlib import Path
import numpy as np, bpframe as bp
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import BatchNorm, Dropout

def leave(epoch):
    if epoch == 2:
        raise KeyboardInterrupt

x, y = np.random.default_rng(0).normal(size=(2, 9, 3))
layers = [Dense(units=3), BatchNorm(), Dropout(rate=0.2)]
net = bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), dtype="float32")
net.fit(x, y, optimizer=Adam(), epochs=4, batch_size=5, callbacks=[leave], progress=False)
folder = Path(sys.argv[1])
again = bp.load(net.save(folder / "left"))
again.resume(x, y, callbacks=[leave], progress=False)
again.save(folder / "over")
for each in sorted(folder.glob("*/*")):
    if each.name not in ("history.json", "versions.json"):  # which tell of seconds, and of other files' digests
        print(each.parent.name, each.name, hashlib.sha256(each.read_bytes()).hexdigest())
"""


def test_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path: Path) -> None:
    running = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / seed)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True))
    first, second = (each.communicate(timeout=120)[0] for each in running)
    assert first == second
    assert first.count("training.json") == 2
    assert first.count("\n") == 8
