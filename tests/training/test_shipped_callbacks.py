"""Shipped callbacks: the best is put back, logs have every epoch once, time counts on, all from specs."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from bpframe_optimizers import ExponentialAverage
from bpframe_reference import (
    CsvLog,
    Dense,
    GradientDescent,
    JsonLinesLog,
    KeepBest,
    QuadraticCost,
    StopEarly,
    TensorBoard,
    TimeLimit,
)
from bpframe_regularisation import BatchNorm

import bpframe as bp
from bpframe.documents import read_spec
from bpframe.errors import ContractError, DataError, MissingExtra, SpecError, StopTraining
from bpframe.extend import Callback
from bpframe.training.history import EpochRecord, History
from bpframe.training.listening import Listening

RNG = np.random.default_rng(2)
X, Y = RNG.standard_normal((12, 3)), RNG.random((12, 2))
#: Noise of its own, so that a network that learns the other gets worse here.
HELD_BACK = RNG.standard_normal((12, 3)), RNG.random((12, 2))
DESCENT = GradientDescent(learning_rate=0.7)


def network(*, norm: bool = True) -> bp.Network:
    layers = [Dense(units=4), BatchNorm(), Dense(units=2)] if norm else [Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), seed=1)


class Places(Callback):
    """Keep what the network is after every epoch."""

    found: list[Any]

    def after_epoch(self, network: Any) -> None:
        carried = {
            f"{node}.{name}": each.tolist() for node, named in network.state.items() for name, each in named.items()
        }
        self.found.append((network.parameters.vector.tolist(), carried))


def fit(*callbacks: Any, net: bp.Network | None = None, **words: Any) -> bp.Network:
    net = network() if net is None else net
    given = {"optimizer": DESCENT, "epochs": 12, "batch_size": 4, "validation_data": HELD_BACK, **words}
    net.fit(X, Y, callbacks=callbacks, **given)
    return net


def resumed(callback: Any, epochs: list[int], states: Any, history: History) -> Listening:
    """Tell of a training's epochs as a process does that resumes it, or begins it where there are no states."""
    told = Listening([callback], None, history, states)
    told.before_training()
    for epoch in epochs:
        history.epochs.append(EpochRecord(epoch=epoch, cost=1 / epoch, seconds=0.25, figures={"learning_rate": 0.1}))
        told.after_epoch(epoch, epoch)
    return told


# The best ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("callback", [KeepBest(), StopEarly(patience=3, restore_best=True)])
def test_the_best_parameters_and_what_layers_carry_are_put_back(callback: Callback) -> None:
    places = Places(found=[])
    net = fit(places, callback)
    costs = net.history.column("validation_cost")
    best = int(np.argmin(costs))
    assert best < len(costs) - 1, "the last is not the best"
    assert net.history.column("best_epoch") == [best + 1]
    parameters, carried = places.found[best]
    assert net.parameters.vector.tolist() == parameters
    assert {f"{n}.{name}": each.tolist() for n, named in net.state.items() for name, each in named.items()} == carried
    assert net.cost(*HELD_BACK) == costs[best]


def test_without_it_stop_early_leaves_the_last() -> None:
    places = Places(found=[])
    net = fit(places, StopEarly(patience=3))
    assert net.parameters.vector.tolist() == places.found[-1][0]
    assert "best_epoch" not in net.history.epochs[-1].figures


def test_larger_numbers_of_a_metric_may_be_the_best() -> None:
    net = fit(KeepBest(watch="validation_r2"), metrics=["r2"])
    assert net.history.column("best_epoch")[-1] == np.argmax(net.history.column("validation_r2")) + 1


def test_an_epoch_without_a_number_is_passed_over() -> None:
    history, state, net = History(), {}, fit(epochs=1)
    for epoch, figures in enumerate(({"gap": 2.0}, {"gap": 1.0}, {}, {"gap": 1.5}), start=1):
        history.epochs.append(EpochRecord(epoch=epoch, cost=0.0, seconds=0.0, figures=figures))
        KeepBest(watch="gap", larger=False).after_epoch(net, epoch, history, state)
    assert state["best_epoch"] == 2
    early: dict[str, Any] = {}
    for _ in range(2):
        without = History(epochs=history.epochs[:3])
        StopEarly(watch="gap", larger=False, patience=1).after_epoch(net, 3, without, early)
    assert early == {}


def test_an_interrupted_or_failed_training_keeps_where_it_was() -> None:
    def interrupts(epoch: int) -> None:
        if epoch == 9:
            raise KeyboardInterrupt

    def fails(epoch: int) -> None:
        if epoch == 9:
            raise ValueError

    def ends(epoch: int) -> None:
        if epoch == 9:
            raise StopTraining("so far")

    for each in (interrupts, fails, ends):
        net, places = network(), Places(found=[])
        if each is fails:
            with pytest.raises(ContractError, match="function fails"):
                fit(places, KeepBest(), each, net=net)
        else:
            fit(places, KeepBest(), each, net=net)
        last = net.parameters.vector.tolist() == places.found[-1][0]
        assert last == (each is not ends), "the best is not the last"


def test_a_method_that_drives_itself_ends_at_the_best() -> None:
    net = fit(KeepBest(), net=network(norm=False), optimizer=LBFGS(), batch_size=None, epochs=30)
    costs = net.history.column("validation_cost")
    assert net.cost(*HELD_BACK) == min(costs)


@pytest.mark.parametrize("callback", [KeepBest(), StopEarly(restore_best=True)])
def test_averages_that_are_what_is_measured_are_refused(callback: Callback) -> None:
    net = network()
    with pytest.raises(ContractError, match="were never measured: exponential_average"):
        fit(callback, net=net, optimizer=ExponentialAverage(decay=0.5, optimizer=DESCENT))
    assert net.history is None
    assert net.training is None


def test_the_best_goes_through_a_state() -> None:
    net, history, callback = fit(epochs=1), History(), KeepBest(watch="cost")
    told = Listening([callback], net, history)
    for epoch, cost in enumerate((2.0, 1.0, 3.0), start=1):
        history.epochs.append(EpochRecord(epoch=epoch, cost=cost, seconds=0.0))
        net.parameters.vector[:] = epoch
        told.after_epoch(epoch, epoch)
    Listening([callback], net, history, told.states()).after_training()
    assert (net.parameters.vector == 2).all()


# Logs ----------------------------------------------------------------------------------------------------------------


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_csv_log_has_a_row_of_every_epoch_as_soon_as_it_is_over(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "log.csv"
    seen: list[int] = []
    net = fit(CsvLog(path=str(path)), lambda: seen.append(len(rows(path))), epochs=3, metrics=["mae"])
    assert seen == [1, 2, 3]
    found = rows(path)
    assert list(found[0]) == ["epoch", "cost", "validation_cost", "validation_mae", "seconds"]
    assert [float(row["validation_cost"]) for row in found] == net.history.column("validation_cost"), "to the last bit"
    fit(CsvLog(path=str(path)), epochs=1, metrics=["mae"])
    assert [row["epoch"] for row in rows(path)] == ["1", "2", "3", "1"]
    with pytest.raises(DataError, match="rows of a training with other columns"):
        fit(CsvLog(path=str(path)), epochs=1, metrics=["mae", "r2"])


def test_a_json_log_has_all_of_a_record(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    net = fit(JsonLinesLog(path=str(path)), KeepBest(), epochs=3, metrics=["mae"])
    found = [EpochRecord.model_validate_json(line) for line in path.read_text().splitlines()]
    assert found == net.history.epochs[:2] + [net.history.epochs[2].model_copy(update={"figures": {}})]
    fit(KeepBest(), JsonLinesLog(path=str(path)), epochs=2)
    lines = path.read_text().splitlines()
    assert len(lines) == 5
    assert json.loads(lines[-1])["figures"]["best_epoch"] in (1, 2), "what is added at the end is in the last line"


@pytest.mark.parametrize(("cls", "name"), [(CsvLog, "log.csv"), (JsonLinesLog, "log.jsonl")])
def test_a_resumed_training_has_no_row_twice_and_loses_none(cls: Any, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    callback = cls(path=str(path))
    resumed(callback, [1], None, History())  # a training of its own
    own = path.read_bytes()
    for start in (b"", own, own[:-1]):
        path.write_bytes(start)
        history = History()
        told = resumed(callback, [1, 2], None, history)
        states, at_checkpoint = told.states(), history.model_copy(deep=True)
        two = path.read_bytes()
        resumed(callback, [3, 4], states, history)  # after the checkpoint, before the process is killed
        killed = path.read_bytes() + b"5,0."  # in the middle of a line
        resumed(callback, [3], states, at_checkpoint.model_copy(deep=True))
        whole = path.read_bytes()
        assert whole.startswith(two)
        assert whole.decode().count("\n") == (start.count(b"\n") + 4 if start else own.count(b"\n") + 2) - (
            start == own
        )
        for torn in (killed, two, start + b"half a li"):
            path.write_bytes(torn)
            resumed(callback, [3], states, at_checkpoint.model_copy(deep=True))
            assert path.read_bytes() == whole
    path.unlink()
    resumed(callback, [3], states, at_checkpoint)
    assert path.read_bytes() == whole[len(start) + 1 :] if cls is JsonLinesLog else rows(path)[2]["epoch"] == "3"


def test_what_is_no_log_or_no_file_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "data.csv"
    other.write_text("a,b\n1,2\n")
    fifo = tmp_path / "fifo.csv"
    os.mkfifo(fifo)
    net = network()
    for path, said in (
        (other, "no log of a training"),
        (fifo, "no regular file"),
        (other / "x.csv", "cannot be written"),
        (tmp_path / "\0.csv", "cannot be written"),
        ("~nobody-of-that-name/x.csv", "cannot be written"),
        (tmp_path / f"{'n' * 300}.csv", "cannot be written"),
    ):
        with pytest.raises(DataError, match=f"callback 'csv_log': before_training failed: csv_log: .*{said}"):
            fit(CsvLog(path=str(path)), net=net)
    assert other.read_text() == "a,b\n1,2\n"
    assert net.history is None
    with pytest.raises(SpecError, match="path"):
        CsvLog(path="notes.txt")
    with pytest.raises(SpecError, match="path"):
        JsonLinesLog(path="log.json")


def test_a_log_that_cannot_be_written_any_more_ends_the_training_and_loses_nothing(tmp_path: Path) -> None:
    path, net = tmp_path / "log.csv", network()

    def gone(epoch: int) -> None:
        if epoch == 2:
            path.unlink()
            path.mkdir()

    with pytest.raises(DataError, match=r"csv_log: .* cannot be written"):
        fit(CsvLog(path=str(path)), gone, net=net)
    assert (len(net.history), net.history.stopped) == (3, "failed")


def test_curves_for_tensorboard_have_every_epoch_once_after_a_resume(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    net, board = network(), TensorBoard(folder=str(tmp_path / "curves"))
    fit(board, net=net, epochs=3, metrics=["mae"])
    assert curves(tmp_path / "curves")["validation_mae"] == pytest.approx(
        dict(enumerate(net.history.column("validation_mae"), start=1))
    )
    fit(board, net=net, epochs=2, metrics=["mae"])
    assert list(curves(tmp_path / "curves")["cost"]) == [1, 2, 3, 4, 5]
    net.history.epochs[:] = net.history.epochs[:3]
    fit(board, net=net, epochs=1, metrics=["mae"])
    found = curves(tmp_path / "curves")
    assert list(found["cost"]) == [1, 2, 3, 4], "what came after the fourth epoch is hidden"
    assert found["cost"][4] == pytest.approx(net.history.column("cost")[-1])


def curves(folder: Path) -> dict[str, dict[int, float]]:
    """Return the curves of a folder as TensorBoard shows them: a start at a step hides what was there from it on."""
    from tensorboardX.proto.event_pb2 import Event

    found: dict[str, dict[int, float]] = {}
    for path in sorted(folder.iterdir(), key=lambda each: int(each.suffix[1:])):
        data, at = path.read_bytes(), 0
        while at < len(data):
            size = int.from_bytes(data[at : at + 8], "little")
            event = Event.FromString(data[at + 12 : at + 12 + size])
            at += size + 16
            if event.HasField("session_log"):
                found = {n: {s: v for s, v in each.items() if s < event.step} for n, each in found.items()}
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value.simple_value
    return found


def test_without_tensorboardx_the_extra_is_named_before_the_training(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    net = network()
    with pytest.raises(MissingExtra, match="needs tensorboardX") as caught:
        fit(TensorBoard(folder=str(tmp_path)), net=net)
    assert caught.value.hint == 'pip install "bpframe[tensorboard]"'
    assert net.history is None


# Time ----------------------------------------------------------------------------------------------------------------


class Clock:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("bpframe_reference.time_limit.time.perf_counter", found)
    return found


def test_a_time_limit_ends_the_training_after_the_step(clock: Clock) -> None:
    class Takes(Callback):
        def before_batch(self, step):
            clock.now += 10

    net = fit(Takes(), TimeLimit(seconds=45))
    assert (net.history.steps, net.history.stopped) == (5, "45 seconds are over")
    assert len(net.history) == 1


def test_a_resumed_training_counts_its_seconds_on(clock: Clock) -> None:
    limit, history = TimeLimit(seconds=100), History()
    told = Listening([limit], None, history)
    told.before_training()
    clock.now += 60
    told.after_batch(1, 1, 1, 0.5)
    states = told.states()
    clock.now = 5.0  # another process, later
    again = Listening([limit], None, history, states)
    again.before_training()
    clock.now += 39
    again.after_batch(1, 2, 2, 0.5)
    clock.now += 1
    with pytest.raises(StopTraining, match="100 seconds are over"):
        again.after_batch(1, 3, 3, 0.5)


def test_all_are_written_in_specs_and_read_back(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text("""
network: {input_shape: [3], layers: [{kind: dense, units: 2}], cost: {kind: quadratic}}
training:
  optimizer: {kind: gradient_descent, learning_rate: 0.1}
  epochs: 2
  callbacks:
    - {kind: stop_early, patience: 2, watch: cost, restore_best: true}
    - {kind: keep_best, watch: cost}
    - {kind: csv_log, path: log.csv}
    - {kind: json_lines_log, path: log.jsonl}
    - {kind: time_limit, seconds: 60}
""")
    spec = read_spec(tmp_path / "spec.yaml")
    net = bp.Network.from_spec(spec.network)
    net.train(spec.training, (X, Y, None))
    assert len(rows(tmp_path / "log.csv")) == len((tmp_path / "log.jsonl").read_text().splitlines()) == 2
    net.save(tmp_path / "run")
    assert bp.load(tmp_path / "run").training == spec.training
