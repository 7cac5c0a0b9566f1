"""A training with callbacks that stops and goes on leaves what one leaves that never stopped: states, logs, best."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import LevenbergMarquardt
from bpframe_reference import (
    CsvLog,
    Dense,
    ErrorNorms,
    GradientDescent,
    JsonLinesLog,
    KeepBest,
    QuadraticCost,
    StopEarly,
    TimeLimit,
)
from bpframe_regularisation import BatchNorm, Dropout

import bpframe as bp
from bpframe.errors import CheckpointError, StopTraining, TrainingError
from bpframe.extend import Callback
from bpframe.training.history import EpochRecord

pytestmark = pytest.mark.filterwarnings("ignore:no installed plugin set provides")

RNG = np.random.default_rng(2)
X, Y = RNG.standard_normal((12, 3)), RNG.random((12, 2))
HELD_BACK = RNG.standard_normal((12, 3)), RNG.random((12, 2))
DESCENT = GradientDescent(learning_rate=0.7)

EPOCHS, STEPS = 8, 32


class Stops(Callback):
    """Interrupt the training after some step."""

    at: int

    def after_batch(self, step):
        if step == self.at:
            raise KeyboardInterrupt


class Remembers(Callback):
    """Keep in the state what is told, and write parameters that follow from it."""

    def initial_state(self):
        return {"costs": [], "mean": np.zeros(2), "deep": {"last": None}}

    def before_epoch(self, epoch, state):
        state["deep"]["last"] = epoch

    def after_batch(self, network, step, batch, cost, state):
        state["costs"] = [*state["costs"][-4:], cost]
        state["mean"] += [cost, batch]
        if step % 5 == 0:
            network.parameters.vector[:] *= 1 - 1e-3 * float(state["mean"][0] / step)

    def after_epoch(self, history, state):
        history.epochs[-1].figures["remembered"] = float(np.sum(state["costs"]) + state["mean"].sum())


def network() -> bp.Network:
    layers = [Dense(units=4), BatchNorm(), Dropout(rate=0.2), Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), seed=1)


def callbacks(kind: str, folder: Path) -> list[Callback]:
    return {
        "state": [Remembers()],
        "keep best": [KeepBest(watch="validation_cost")],
        "stop early": [StopEarly(patience=4, restore_best=True)],
        "logs": [CsvLog(path=str(folder / "log.csv")), JsonLinesLog(path=str(folder / "log.jsonl"))],
        "time": [TimeLimit(seconds=3600)],
        "norms": [ErrorNorms(gradients=True)],
    }[kind]


def trained(kind: str, folder: Path, *stops: int) -> bp.Network:
    """Train, stop after these steps, and each time go on with what was saved."""
    folder.mkdir()
    net, given = network(), callbacks(kind, folder)
    places = [*stops, 10**6]
    net.fit(
        X, Y, optimizer=DESCENT, epochs=EPOCHS, batch_size=3, validation_data=HELD_BACK,
        callbacks=[Stops(at=places[0]), *given],
    )  # fmt: skip
    for place in places[1:]:
        assert net.unfinished
        net.save(folder / "run", overwrite=True)
        net = bp.load(folder / "run", [Stops, Remembers])
        net.resume(X, Y, validation_data=HELD_BACK, callbacks=[Stops(at=place), *given])
    return net


def records(net: bp.Network) -> list[EpochRecord]:
    return [each.model_copy(update={"seconds": 0.0}) for each in net.history.epochs]


@pytest.mark.parametrize("kind", ["state", "keep best", "stop early", "logs", "time", "norms"])
def test_a_training_with_callbacks_goes_on_as_if_it_had_never_stopped(kind: str, tmp_path: Path) -> None:
    whole = trained(kind, tmp_path / "whole")
    for number, stops in enumerate([(1,), (4,), (9, 17), (10, 11, 12)]):
        found = trained(kind, tmp_path / str(number), *stops)
        assert found.parameters.vector.tobytes() == whole.parameters.vector.tobytes(), stops
        for node, named in whole.state.items():
            for name, array in named.items():
                assert found.state[node][name].tobytes() == array.tobytes()
        assert records(found) == records(whole)
        assert found.history.stopped == whole.history.stopped
        for log in (tmp_path / "whole").glob("log.*"):
            assert without_seconds(tmp_path / str(number) / log.name) == without_seconds(log)


def without_seconds(path: Path) -> list[Any]:
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return [{**row, "seconds": ""} for row in csv.DictReader(file)]
    lines = path.read_text().splitlines()
    return [EpochRecord.model_validate_json(line).model_copy(update={"seconds": 0.0}) for line in lines]


def test_a_function_goes_on_with_its_state_where_it_is_given_again(tmp_path: Path) -> None:
    seen: list[int] = []

    def counts(epoch: int, state: dict[str, Any]) -> None:
        state["sum"] = state.get("sum", 0) + epoch
        seen.append(state["sum"])

    net = network()
    net.fit(X, Y, optimizer=DESCENT, epochs=4, batch_size=3, callbacks=[counts, Stops(at=10)])
    net.save(tmp_path / "run")
    net = bp.load(tmp_path / "run", [Stops])
    with pytest.raises(CheckpointError, match="had other callbacks") as caught:
        net.resume(X, Y)
    assert "function counts, stops" in str(caught.value)
    net.resume(X, Y, callbacks=[counts, Stops(at=0)])
    assert seen == [1, 3, 6, 10]


def test_a_training_that_a_time_limit_has_ended_goes_on_with_a_longer_one() -> None:
    net = network()
    net.fit(X, Y, optimizer=DESCENT, epochs=4, batch_size=3, callbacks=[TimeLimit(seconds=1e-9)])
    assert (net.history.stopped, net.history.steps) == ("1e-09 seconds are over", 1)
    with pytest.raises(TrainingError, match="over"):
        net.resume(X, Y)
    net.resume(X, Y, epochs=4, callbacks=[TimeLimit(seconds=3600)])
    same = network()
    same.fit(X, Y, optimizer=DESCENT, epochs=4, batch_size=3)
    assert net.parameters.vector.tobytes() == same.parameters.vector.tobytes()
    assert net.history.stopped == "completed"


TOLD: list[tuple[str, int, int]] = []


class Tells(Callback):
    """Tell of epochs, and end where it is said."""

    hook: str = ""
    how: str = "interrupt"

    def before_epoch(self, epoch, step):
        self._tell("before", epoch, step)

    def after_epoch(self, epoch, step):
        self._tell("after", epoch, step)

    def _tell(self, hook: str, epoch: int, step: int) -> None:
        TOLD.append((hook, epoch, step))
        if (hook, epoch) == (self.hook, 3):
            raise {"interrupt": KeyboardInterrupt, "end": StopTraining}[self.how]("enough")


@pytest.mark.parametrize("optimizer", [DESCENT, LevenbergMarquardt()], ids=["rule", "method"])
@pytest.mark.parametrize("how", ["interrupt", "end"])
@pytest.mark.parametrize("hook", ["before", "after"])
def test_of_each_epoch_is_told_once_wherever_the_training_stopped(optimizer: Any, hook: str, how: str) -> None:
    def fit(tells: Tells) -> bp.Network:
        TOLD.clear()
        net = bp.Network([Dense(units=4), Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), seed=1)
        net.fit(X, Y, optimizer=optimizer, epochs=5, callbacks=[tells])
        return net

    fit(Tells())
    whole = list(TOLD)
    assert [each[:2] for each in whole] == [(hook, epoch) for epoch in range(1, 6) for hook in ("before", "after")]
    net = fit(Tells(hook=hook, how=how))
    assert len(net.history) == (2 if hook == "before" else 3)
    net.resume(X, Y, epochs=5, callbacks=[Tells()])
    assert whole == TOLD
