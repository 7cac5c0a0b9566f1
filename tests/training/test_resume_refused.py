"""When a training stops, what is kept of it, and what could only go on in another way and is refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import LBFGS, LevenbergMarquardt, NaturalGradient
from bpframe_optimizers import Piecewise
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_regularisation import Dropout

import bpframe as bp
from bpframe.data import DigitsData
from bpframe.errors import (
    BpframeError,
    CheckpointError,
    ContractError,
    DataError,
    NonFiniteError,
    StopTraining,
    TrainingError,
)
from bpframe.training.fingerprint import checksum
from bpframe.training.spec import TrainingSpec
from bpframe.training.trainer import Trainer
from tests.network.networks import samples
from tests.training.everything import everything
from tests.training.rules import Adam

pytestmark = pytest.mark.filterwarnings("ignore:no installed plugin set provides")

X, Y = samples(14)
OPTIONS: dict[str, Any] = {"optimizer": Adam(), "epochs": 4, "batch_size": 4}
SPEC = TrainingSpec(**OPTIONS)


def network() -> bp.Network:
    return bp.Network([Dense(units=4), Dropout(rate=0.3), Dense(units=2)], input_shape=(3,), cost=QuadraticCost())


class Watching:
    """A keeper that notes when it was asked and told, and may raise where it was due."""

    def __init__(self, due: Callable[[int, bool], bool] = lambda step, ends: False, error: BaseException | None = None):
        self.asked: list[tuple[int, bool]] = []
        self.told: list[tuple[int, int, bool]] = []
        self._due, self._error, self._asked_for = due, error, False

    def due(self, step: int, epoch_ends: bool) -> bool:
        self.asked.append((step, epoch_ends))
        self._asked_for = self._due(step, epoch_ends)
        return self._asked_for

    def keep(self, state: Any) -> None:
        self.told.append((state.step, state.batch, state.ended))
        asked_for, self._asked_for = self._asked_for, False
        if self._error is not None and asked_for:
            raise self._error


def stopped(step: int) -> bp.Network:
    """Return a network whose training was interrupted after so many steps."""
    net = network()
    net.train(SPEC, (X, Y, None), keeper=Watching(lambda now, ends: now == step, KeyboardInterrupt()))
    assert net.history is not None
    assert net.history.stopped == "interrupted"
    return net


def whole() -> bp.Network:
    net = network()
    net.fit(X, Y, **OPTIONS)
    return net


# Stopping ------------------------------------------------------------------------------------------------------------


def test_a_keeper_is_asked_after_each_step_and_told_at_the_end() -> None:
    keeper, net = Watching(), network()
    net.train(SPEC, (X, Y, None), keeper=keeper)
    ends = [(4 * epoch, True) for epoch in (1, 2, 3)]
    steps = [(step, False) for step in range(1, 17) if step % 4]
    assert sorted(keeper.asked) == sorted([*steps, *ends])
    assert keeper.told == [(16, 0, True)]


@pytest.mark.parametrize("step", [1, 4, 7])
def test_what_is_interrupted_is_kept_and_goes_on_in_memory_in_copies_and_pickles(step: int) -> None:
    keeper = Watching(lambda now, ends: now == step, KeyboardInterrupt())
    net = network()
    net.train(SPEC, (X, Y, None), keeper=keeper)
    assert keeper.told[-1] == (step, step % 4, False)
    copies = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    for each in (net, *copies):
        assert each.unfinished
        assert len(each.resume(X, Y)) == 4
        assert everything(each) == everything(whole())


def test_fifty_resumes_of_one_step_are_one_training(tmp_path: Path) -> None:
    options: dict[str, Any] = {**OPTIONS, "epochs": 13, "callbacks": ()}
    once, parts = network(), network()
    once.fit(X, Y, **options)
    keeper = Watching(lambda step, ends: True, KeyboardInterrupt())
    parts.train(TrainingSpec(**options), (X, Y, None), keeper=keeper)
    resumes = 0
    while parts.unfinished:
        if resumes % 10 == 5:
            parts = bp.load(parts.save(tmp_path / str(resumes)), components=[Adam])
        parts.go_on((X, Y, None), keeper=keeper)
        resumes += 1
    assert resumes >= 50
    assert everything(parts) == everything(once)


def test_a_callback_that_fails_is_mended_and_the_training_goes_on() -> None:
    def failing(epoch: int) -> None:
        if epoch == 2 and broken:
            raise ValueError("no")

    broken, keeper, net = True, Watching(), network()
    with pytest.raises(ContractError, match="failing"):
        net._train(SPEC, (X, Y, None), None, False, (failing,), keeper)
    assert keeper.told == [(8, 0, False)]
    broken = False
    assert len(net.resume(X, Y, callbacks=[failing])) == 4
    assert everything(net) == everything(whole())


def test_a_metric_that_fails_is_mended_and_its_epoch_is_measured() -> None:
    class Failing(bp.extend.Metric):
        def measure(self) -> float:
            if broken:
                raise ValueError("no")
            return 1.0

    broken, net, once = False, network(), network()
    step = Piecewise(values=(0.1, 0.05, 0.01), boundaries=(1, 2))
    options = {**OPTIONS, "optimizer": GradientDescent(learning_rate=step), "metrics": [Failing()]}
    once.fit(X, Y, **options)

    def breaking(epoch: int) -> None:
        nonlocal broken
        broken = epoch == 1

    with pytest.raises(ContractError, match="failing"):
        net.fit(X, Y, **options, callbacks=[breaking])
    assert (len(net.history), net._training_state.batch) == (1, 4)
    broken = False
    net.resume(X, Y, callbacks=[breaking])
    assert everything(net) == everything(once)


def test_an_error_of_a_keeper_ends_the_training_once_and_it_goes_on() -> None:
    keeper, net = Watching(lambda step, ends: step == 6, CheckpointError("the disk is full")), network()
    with pytest.raises(CheckpointError, match="the disk is full"):
        net.train(SPEC, (X, Y, None), keeper=keeper)
    assert keeper.told == [(6, 2, False)]
    net.resume(X, Y)
    assert everything(net) == everything(whole())


def test_who_is_told_of_a_checkpoint_may_end_the_training() -> None:
    net = network()
    net.train(SPEC, (X, Y, None), keeper=Watching(lambda step, ends: step == 6, StopTraining("enough")))
    assert (net.history.stopped, net.history.steps, net.unfinished) == ("enough", 6, False)
    net.resume(X, Y, epochs=4)
    assert everything(net) == everything(whole())


def test_numbers_that_are_not_finite_are_not_kept() -> None:
    net, keeper = network(), Watching(lambda step, ends: True)
    wild = SPEC.model_copy(update={"optimizer": GradientDescent(learning_rate=1e200)})
    with pytest.raises(NonFiniteError):
        net.train(wild, (X, Y, None), keeper=keeper)
    assert np.isfinite(net.parameters.vector).all()
    told = len(keeper.told)
    with pytest.raises(TrainingError, match="as if it had never stopped") as caught:
        net.resume(X, Y)
    assert "not finite" in str(caught.value.received)
    assert len(keeper.told) == told


def test_more_epochs_than_were_asked_for_at_first() -> None:
    net, longer = whole(), network()
    longer.fit(X, Y, **{**OPTIONS, "epochs": 7})
    history = net.resume(X, Y, epochs=7)
    assert net.training.epochs == 7
    assert everything(net) == everything(longer)
    assert history.column("cost") == longer.history.column("cost")


def test_a_training_that_a_callback_ended_goes_on_with_more_epochs() -> None:
    def enough(epoch: int) -> None:
        if epoch == 2:
            raise StopTraining("enough")

    net = network()
    net.fit(X, Y, **OPTIONS, callbacks=[enough])
    assert not net.unfinished
    with pytest.raises(TrainingError, match=r"is over.*") as caught:
        net.resume(X, Y, callbacks=[enough])
    assert "enough" in str(caught.value.received)
    net.resume(X, Y, epochs=4, callbacks=[enough])
    assert everything(net) == everything(whole())


def test_a_fit_after_another_is_resumed_alone_and_the_history_is_of_both() -> None:
    both, parts = network(), network()
    for net in (both, parts):
        net.fit(X, Y, **{**OPTIONS, "epochs": 2})
    both.fit(X, Y, **OPTIONS)
    parts.train(SPEC, (X, Y, None), keeper=Watching(lambda step, ends: step == 6, KeyboardInterrupt()))
    returned = parts.resume(X, Y)
    assert [each.epoch for each in returned.epochs] == [1, 2, 3, 4]
    assert [each.epoch for each in parts.history.epochs] == [1, 2, 3, 4, 5, 6]
    assert everything(parts) == everything(both)


def test_weights_masks_and_open_axes_go_on_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y, weight = rng.normal(size=(9, 5, 3)), rng.normal(size=(9, 5, 2)), rng.random(9)
    once, parts = (
        bp.Network([Dense(units=2), Dropout(rate=0.2)], input_shape=(None, 3), cost=QuadraticCost()) for _ in range(2)
    )
    once.fit(x, y, **OPTIONS, sample_weight=weight, validation_data=(x, y, weight))
    keeper = Watching(lambda step, ends: step == 4, KeyboardInterrupt())
    parts.train(SPEC, (x, y, weight), (x, y, weight), keeper=keeper)
    again = bp.load(parts.save(tmp_path / "run"), components=[Adam])
    again.resume(x, y, sample_weight=weight, validation_data=(x, y, weight))
    assert everything(again) == everything(once)
    with pytest.raises(DataError, match="is not the one that the training began with"):
        parts.resume(x, y, validation_data=(x, y, weight))


def test_a_data_set_is_gone_on_with_as_it_was_prepared(tmp_path: Path) -> None:
    data = DigitsData(scaling="standard", test_count=100).load(Path(), "float32")
    once, parts = (
        bp.Network([Dense(units=10), Dropout(rate=0.1)], input_shape=(64,), cost=QuadraticCost(), dtype="float32")
        for _ in range(2)
    )
    options: dict[str, Any] = {"optimizer": "adam", "epochs": 3, "batch_size": 300, "metrics": ["accuracy"]}

    def leave(epoch: int) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    once.fit(data, **options)
    parts.fit(data, **options, callbacks=[leave])
    loaded = bp.load(parts.save(tmp_path / "run"))
    for each in (parts, loaded):
        each.resume(data, callbacks=[leave])
        assert everything(each) == everything(once)
        assert each.preparation == once.preparation
    with pytest.raises(DataError, match="holds its targets"):
        loaded.resume(data, data.y, epochs=4, callbacks=[leave])


# What is refused -----------------------------------------------------------------------------------------------------


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "another number": ({"x": np.where(np.arange(42).reshape(14, 3) == 41, 1.0, X)}, "the input x is not the one"),
    "another order": ({"x": X[::-1]}, "the input x is not the one"),
    "fewer": ({"x": X[:13], "y": Y[:13]}, "the input x is not the one"),
    "other targets": ({"y": Y + 1}, "the target dense_2 is not the one"),
    "weights": ({"sample_weight": np.arange(1.0, 15.0)}, "is not the one that the training began with"),
    "validation": ({"validation_data": (X, Y)}, "had no validation data"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_examples_are_refused_and_change_nothing(other: str) -> None:
    net, (fields, words) = stopped(6), OTHERS[other]
    before = everything(net)
    with pytest.raises(DataError, match=words):
        net.resume(**{"x": X, "y": Y, **fields})
    assert everything(net) == before
    net.resume(np.asfortranarray(X), Y.copy())  # the same numbers
    assert everything(net) == everything(whole())


def test_validation_data_that_were_there_have_to_be_there() -> None:
    net = network()
    net.train(SPEC, (X, Y, None), (X, Y), keeper=Watching(lambda step, ends: step == 6, KeyboardInterrupt()))
    with pytest.raises(DataError, match="had validation data"):
        net.resume(X, Y)
    with pytest.raises(DataError, match="validation input x"):
        net.resume(X, Y, validation_data=(X[:5], Y[:5]))
    net.resume(X, Y, validation_data=(X, Y))


def _stepped(net: bp.Network) -> None:
    net.train_step(X, Y, optimizer=Adam())


def _without_state(net: bp.Network) -> None:
    net.optimizer_state = None


def _moved(net: bp.Network) -> None:
    net.parameters["dense_1.w"][0, 0] += 1e-12


CHANGES: dict[str, tuple[Callable[[bp.Network], object], str]] = {
    "a step": (_stepped, "others than those that the training has stopped with"),
    "a parameter": (_moved, "others than those that the training has stopped with"),
    "no state of the optimizer": (_without_state, "the optimizer's state is another"),
}


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_since_is_refused(change: str, saved: bool, tmp_path: Path) -> None:
    net, (changed, words) = stopped(6), CHANGES[change]
    changed(net)
    if saved:
        net = bp.load(net.save(tmp_path / "run"), components=[Adam])
    with pytest.raises(TrainingError, match=words):
        net.resume(X, Y)


def test_a_network_without_a_training_that_could_go_on_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no training to go on with"):
        network().resume(X, Y)
    with pytest.raises(TrainingError, match=r"is over: nothing is left") as caught:
        whole().resume(X, Y)
    assert "epochs=8" in caught.value.hint
    with pytest.raises(DataError, match="has had more epochs"):
        whole().resume(X, Y, epochs=3)
    with pytest.raises(BpframeError, match="epochs"):
        whole().resume(X, Y, epochs=-1)


def test_a_step_that_is_cut_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    net, count = network(), 0
    step = bp.training.stepping.Stepper.step

    def cut(self: Any, *words: Any) -> float:
        nonlocal count
        cost = step(self, *words)
        count += 1
        if count == 6:
            raise KeyboardInterrupt
        return cost

    monkeypatch.setattr("bpframe.training.stepping.Stepper.step", cut)
    keeper = Watching()
    with pytest.raises(KeyboardInterrupt):
        net.train(SPEC, (X, Y, None), keeper=keeper)
    assert not keeper.told
    assert not net.unfinished
    with pytest.raises(TrainingError, match="as if it had never stopped") as caught:
        net.resume(X, Y)
    assert "within a step" in caught.value.received


def test_other_callbacks_are_refused_and_leave_the_training_as_it_was() -> None:
    def first(state: dict[str, Any]) -> None:
        state["calls"] = state.get("calls", 0) + 1

    def other() -> None:
        raise AssertionError

    net = network()
    keeper = Watching(lambda step, ends: step == 6, KeyboardInterrupt())
    net._train(SPEC, (X, Y, None), None, False, (first,), keeper)
    for callbacks in ([], [other], [first, first]):
        with pytest.raises(CheckpointError, match="other callbacks"):
            net.resume(X, Y, callbacks=callbacks)
    net.resume(X, Y, callbacks=[first])
    assert net._training_state.callbacks == [{"kind": "function first", "state": {"calls": 4}}]
    assert everything(net) == everything(whole())


def test_a_method_that_keeps_nothing_is_refused_with_what_to_do() -> None:
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    spec = TrainingSpec(optimizer=LBFGS(), epochs=9)
    net.train(spec, (X, Y, None), keeper=Watching(lambda step, ends: True, KeyboardInterrupt()))
    assert net.history.stopped == "interrupted"
    with pytest.raises(TrainingError, match="lbfgs keeps nothing") as caught:
        net.resume(X, Y)
    assert "net.fit" in caught.value.hint


def test_a_pass_that_was_cut_short_is_refused_and_not_kept() -> None:
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    keeper = Watching()

    class Cut(NaturalGradient):
        kind = "cut"

        def _rate(self, gradient: Any, direction: Any) -> float:
            if len(net.history) == 1:
                import signal

                signal.raise_signal(signal.SIGINT)
            return super()._rate(gradient, direction)

    net.train(TrainingSpec(optimizer=Cut(), epochs=4, batch_size=4), (X, Y, None), keeper=keeper)
    assert (net.history.stopped, keeper.told) == ("interrupted", [])
    with pytest.raises(TrainingError, match="as if it had never stopped"):
        net.resume(X, Y)


def test_a_method_that_is_interrupted_goes_on_and_with_more_iterations_too() -> None:
    once, parts = (bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost()) for _ in range(2))
    method = LevenbergMarquardt(damping=10.0, min_gradient=0.0, decrease=0.9)
    once.fit(X, Y, optimizer=method, epochs=6)
    spec = TrainingSpec(optimizer=method, epochs=3)
    parts.train(spec, (X, Y, None), keeper=Watching(lambda step, ends: step == 2, KeyboardInterrupt()))
    assert len(parts.history) == 2
    parts.resume(X, Y)
    assert (len(parts.history), parts.history.stopped) == (3, "completed")
    parts.resume(X, Y, epochs=6)
    assert everything(parts) == everything(once)


# Checksums -----------------------------------------------------------------------------------------------------------


def test_a_checksum_is_of_the_numbers_however_they_lie(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(700, 31, 17)).astype(np.float32)
    assert checksum(array) == checksum(np.asfortranarray(array)) == checksum(array[::-1][::-1])
    assert checksum(array) != checksum(array[::-1])
    assert checksum(np.zeros((0, 3))) == checksum(np.zeros((3, 0))) == 0
    np.save(tmp_path / "x.npy", array)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert checksum(mapped) == checksum(mapped[:]) != checksum(mapped[:-1])


def test_a_trainer_alone_needs_no_state() -> None:
    net = network()
    engine = net._engine
    data = {"x": X}, {"dense_2": Y}
    with engine.training():
        history = Trainer(engine, SPEC).run(data, show=False)
    assert (len(history), history.steps) == (4, 16)
