"""A run's folder is written while its training goes on, and a training goes on from it to the last bit."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_optimizers import Adam
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.checkpoint import kept_run
from bpframe.checkpoint.locking import locked
from bpframe.checkpoint.run_reading import run_history
from bpframe.documents import read_spec
from bpframe.errors import BpframeError, CheckpointError, ContractError, NonFiniteError, SpecError
from bpframe.extend import Callback
from bpframe.machine.cache import VARIABLE
from bpframe.training.spec import TrainingSpec

X = np.random.default_rng(0).normal(size=(40, 2))
Y = X[:, :1] * X[:, 1:]
VALIDATION = X[:7], Y[:7]
STEPS = 4  # in an epoch


def network(units: int = 3) -> bp.Network:
    layers = [Dense(units=units), Sigmoid(), Dense(units=1)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), seed=1)


def fitted(run: Path | None = None, epochs: int = 4, **fields: Any) -> bp.Network:
    net = network()
    net.fit(X, Y, optimizer=Adam(), epochs=epochs, seed=2, validation_data=VALIDATION, run=run, **fields)
    return net


def checkpoints(run: Path) -> list[str]:
    return sorted(each.name for each in (run / "checkpoints").iterdir() if not each.name.startswith("."))


def same(one: bp.Network, other: bp.Network) -> bool:
    histories = [[{**each.model_dump(), "seconds": 0} for each in net.history.epochs] for net in (one, other)]
    arrays = [{name: each.tobytes() for name, each in net.optimizer_state.items()} for net in (one, other)]
    alike = one.parameters.vector.tobytes() == other.parameters.vector.tobytes()
    return alike and histories[0] == histories[1] and arrays[0] == arrays[1]


def test_a_run_has_its_files_and_changes_nothing_of_the_training(tmp_path: Path) -> None:
    run = tmp_path / "runs/a"
    net = fitted(run, checkpoint_every="5 steps", keep_last=2)
    assert same(net, fitted())
    assert sorted(each.name for each in run.iterdir()) == [
        "checkpoints", "environment.json", "history.jsonl", "log.txt", "spec.yaml",
    ]  # fmt: skip
    assert checkpoints(run) == ["00000015", "00000016"]
    lines = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert [each["cost"] for each in lines] == net.history.column("cost")
    plugins = json.loads((run / "environment.json").read_text())["plugins"]
    assert plugins["optimizers"] == {"distribution": "bpframe", "version": bp.__version__}
    assert read_spec(run / "spec.yaml").training == net.training
    assert sorted(each.name for each in run.parent.iterdir()) == ["a"]


@pytest.mark.parametrize("step", [3, 4, 6, 12, 15])
def test_a_training_goes_on_from_any_checkpoint_to_the_last_bit(tmp_path: Path, step: int) -> None:
    whole, run = fitted(tmp_path / "whole", checkpoint_every="1 step", keep_last=100), tmp_path / "part"
    shutil.copytree(tmp_path / "whole", run)
    for name in checkpoints(run):
        if int(name) > step:
            shutil.rmtree(run / "checkpoints" / name)
    net = bp.load(run)
    assert (net.unfinished, net.history.steps) == (True, step)
    assert run_history(run).stopped == "unfinished"
    net.resume(X, Y, validation_data=VALIDATION, run=run)
    assert same(net, whole)
    assert same(bp.load(run), whole)
    texts = [(each / "history.jsonl").read_text() for each in (run, tmp_path / "whole")]
    lines = [[{**json.loads(line), "seconds": 0} for line in text.splitlines()] for text in texts]
    assert lines[0] == lines[1]


def test_more_epochs_may_be_asked_for(tmp_path: Path) -> None:
    fitted(tmp_path / "a", epochs=2)
    net = bp.load(tmp_path / "a")
    net.resume(X, Y, validation_data=VALIDATION, epochs=4, run=tmp_path / "a")
    assert same(net, fitted())
    assert "epochs: 4" in (tmp_path / "a/spec.yaml").read_text()


def test_the_best_epoch_is_kept_whatever_comes_after(tmp_path: Path) -> None:
    net = network()
    net.fit(
        X, Y, optimizer=GradientDescent(learning_rate=1.0), epochs=12, run=tmp_path / "a", keep_best="cost", keep_last=1
    )
    costs = net.history.column("cost")
    assert costs[-1] > min(costs)
    best = bp.load(tmp_path / "a/checkpoints/best")
    assert best.history.column("cost") == costs[: costs.index(min(costs)) + 1]
    assert checkpoints(tmp_path / "a") == [f"{12 * STEPS:08d}", "best"]
    assert len(bp.load(tmp_path / "a").history) == 12


def test_a_run_and_each_of_its_checkpoints_are_loaded(tmp_path: Path) -> None:
    net = fitted(tmp_path / "a", checkpoint_every="1 epoch")
    assert bp.load(tmp_path / "a").predict(X).tobytes() == net.predict(X).tobytes()
    assert bp.load(tmp_path / "a/checkpoints/00000008").history.steps == 8
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert bp.load(tmp_path / "b").predict(X).tobytes() == net.predict(X).tobytes()
    weights = tmp_path / "b/checkpoints/00000016/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="the checkpoint before it is taken"):
        assert bp.load(tmp_path / "b").history.steps == 12


def failing(epoch: int) -> None:
    if epoch == 3:
        raise ValueError("no")


def failing_no_more(epoch: int) -> None:
    """Pass, in the place of the one that failed."""


failing_no_more.__name__ = failing.__name__


def test_a_callback_that_fails_loses_nothing_and_the_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        fitted(tmp_path / "a", callbacks=[failing])
    place = tmp_path / "a/checkpoints/00000012"
    assert f"the last checkpoint is in {place}" in str(caught.value)
    net = bp.load(tmp_path / "a")
    assert net.history.stopped == "failed"
    assert (tmp_path / "a/log.txt").read_text().endswith("ended, failed\n")
    net.resume(X, Y, validation_data=VALIDATION, callbacks=[failing_no_more], run=tmp_path / "a")
    assert same(net, fitted())


class Leaves(Callback):
    """Fail, or leave the process, in one of the hooks."""

    hook: str
    leaves: bool

    def after_batch(self, step: int) -> None:
        self._end("after_batch", step == 6)

    def after_training(self) -> None:
        self._end("after_training", True)

    def _end(self, hook: str, now: bool) -> None:
        if now and hook == self.hook:
            raise SystemExit(3) if self.leaves else OSError("no")


@pytest.mark.filterwarnings("ignore:no installed plugin set provides")
@pytest.mark.parametrize(
    ("hook", "leaves", "steps"), [("after_batch", True, 6), ("after_training", True, 16), ("after_training", False, 16)]
)
def test_what_ends_a_training_in_a_callback_loses_no_step(tmp_path: Path, hook: str, leaves: bool, steps: int) -> None:
    with pytest.raises(SystemExit if leaves else ContractError):
        fitted(tmp_path / "a", checkpoint_every="5 steps", callbacks=[Leaves(hook=hook, leaves=leaves)])
    net = bp.load(tmp_path / "a", components=[Leaves])
    assert net.history.steps == steps
    if net.unfinished:
        net.resume(X, Y, validation_data=VALIDATION, callbacks=[Leaves(hook="", leaves=False)])
    assert same(net, fitted())


def test_a_training_that_diverges_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    def diverge(network: bp.Network, epoch: int) -> None:
        if epoch == 3:
            network.parameters.vector[:] = 1e200

    for name, every, steps in (("kept", "1 epoch", 12), ("never", "1 hour", 12)):
        with pytest.raises(NonFiniteError) as caught:
            fitted(tmp_path / name, callbacks=[diverge], checkpoint_every=every)
        assert str(tmp_path / name / "checkpoints") in str(caught.value)
        assert bp.load(tmp_path / name).history.steps == steps
    assert "their cost may be infinite" in str(caught.value)
    assert bp.load(tmp_path / "never").history.stopped == "not finite"


def test_what_is_refused_before_the_first_step_leaves_no_folder(tmp_path: Path) -> None:
    net = network()
    with pytest.raises(BpframeError):
        net.fit(X, Y[:3], optimizer=Adam(), run=tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SpecError, match="checkpoint_every and keep_best mean nothing without a folder"):
        net.fit(X, Y, optimizer=Adam(), checkpoint_every="1 epoch", keep_best="cost")


def test_a_folder_has_one_training_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpframe.checkpoint.run_folder.WAIT", 0.1)
    fitted(tmp_path / "a", epochs=1)
    with pytest.raises(CheckpointError, match="exists"):
        fitted(tmp_path / "a")
    with locked(tmp_path / "a"), pytest.raises(CheckpointError, match="is being written by another"):
        bp.load(tmp_path / "a").resume(X, Y, validation_data=VALIDATION, epochs=2, run=tmp_path / "a")


def test_a_run_of_another_network_is_left_alone(tmp_path: Path) -> None:
    fitted(tmp_path / "a", epochs=1)
    other = network(units=4)
    other.fit(X, Y, optimizer=Adam(), epochs=1)
    before = (tmp_path / "a/history.jsonl").read_text()
    with pytest.raises(CheckpointError, match="is one of another network"):
        other.resume(X, Y, epochs=2, run=tmp_path / "a")
    assert (tmp_path / "a/history.jsonl").read_text() == before
    assert bp.load(tmp_path / "a").history.steps == STEPS


def test_a_run_without_a_checkpoint_yet_is_told(tmp_path: Path) -> None:
    fitted(tmp_path / "a", epochs=1)
    shutil.rmtree(tmp_path / "a/checkpoints")
    (tmp_path / "a/checkpoints/.00000003.draft-1").mkdir(parents=True)  # as kill -9 leaves it
    with pytest.raises(CheckpointError, match=r"has no checkpoint yet(.|\n)*begin anew: bpframe train"):
        bp.load(tmp_path / "a")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """While its entry is true, no file in a checkpoints folder can be flushed: the disk is full."""
    state, fsync = [False], os.fsync

    def refuse(number: int) -> None:
        if state[0] and "/checkpoints/" in str(Path(f"/proc/self/fd/{number}").readlink()):
            raise OSError(28, "No space left on device")
        fsync(number)

    monkeypatch.setattr(os, "fsync", refuse)
    return state


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files")
def test_a_disk_that_is_full_for_a_while_ends_no_training(tmp_path: Path, full: list[bool]) -> None:
    heard = []

    class Fills(Callback):
        def after_epoch(self, epoch: int) -> None:
            full[0] = epoch == 2

        def after_checkpoint(self, path: Path) -> None:
            heard.append(path.name)  # so that every checkpoint is waited for

    match = "the training goes on|no installed plugin set provides"
    with pytest.warns(UserWarning, match=match) as told:
        net = fitted(tmp_path / "a", callbacks=[Fills()], checkpoint_every="1 epoch")
    assert sum("the training goes on" in str(each.message) for each in told) == 1
    assert heard == ["00000004", "00000012", "00000016"]
    assert checkpoints(tmp_path / "a") == ["00000004", "00000012", "00000016"]
    assert "step 8: no checkpoint could be written: No space left" in (tmp_path / "a/log.txt").read_text()
    assert same(net, fitted())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files")
def test_a_disk_that_is_full_at_the_end_sends_the_run_elsewhere(
    tmp_path: Path, full: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    full[0] = True
    with (
        pytest.warns(UserWarning, match="no checkpoint could be written|what was to be kept"),
        kept_run(tmp_path / "a", net := network(), TrainingSpec(optimizer=Adam())) as keeper,
    ):
        net.train(TrainingSpec(optimizer=Adam(), epochs=2), (X, Y, None), keeper=keeper)
    assert tmp_path / "cache" in keeper.kept.parents
    assert bp.load(keeper.kept).predict(X).tobytes() == net.predict(X).tobytes()


def test_what_a_process_left_that_was_killed_at_its_begin_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".run.draft-0123abcd").mkdir()
    (tmp_path / ".other.bpframe-lock").write_text("")
    fitted(tmp_path / "run", epochs=1)
    assert [each.name for each in tmp_path.iterdir()] == ["run"]
