"""A training that stopped goes on as if it had never stopped: from any step, on any network, with any optimizer."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import GaussNewton, LevenbergMarquardt, NaturalGradient
from bpframe_optimizers import (
    Accumulated,
    Adagrad,
    Adam,
    Adamw,
    ClipGlobalNorm,
    ClipNorm,
    ClipValue,
    Cosine,
    Exponential,
    ExponentialAverage,
    Lion,
    Momentum,
    Nadam,
    OneCycle,
    Piecewise,
    Plateau,
    Polynomial,
    Rmsprop,
    Step,
    StochasticAverage,
    WarmUp,
)
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_regularisation import L2, BatchNorm, Dropout, GaussianNoise, MaxNorm

import bpframe as bp
from bpframe.extend import Callback, Optimizer
from bpframe.training.spec import TrainingSpec
from tests.network.networks import samples
from tests.training.everything import everything

pytestmark = pytest.mark.filterwarnings("ignore:no installed plugin set provides")

X, Y = samples(14)
VALIDATION = samples(5, seed=3)

#: Four epochs of four batches each; stops in the middle of epochs, at their ends, and before the last step.
EPOCHS, STOPS = 4, (1, 4, 6, 8, 11, 15)

SCHEDULES = {
    "step": Step(start=0.1, every=3, by="step"),
    "exponential": Exponential(start=0.1, by="step"),
    "cosine": Cosine(start=0.1, over=3, warm_up=1),
    "warm up": WarmUp(schedule=Exponential(start=0.1), over=5, by="step"),
    "one cycle": OneCycle(peak=0.1, over=12),
    "polynomial": Polynomial(start=0.1, over=10, by="step"),
    "piecewise": Piecewise(values=(0.1, 0.05, 0.01), boundaries=(1, 2)),
    "plateau": Plateau(start=0.1, patience=0, threshold=0.5, factor=0.5),
}

RULES: dict[str, Optimizer] = {
    "descent": GradientDescent(learning_rate=0.1),
    "momentum": Momentum(learning_rate=0.05),
    "nesterov": Momentum(learning_rate=0.05, nesterov=True),
    "adagrad": Adagrad(learning_rate=0.1),
    "rmsprop": Rmsprop(),
    "adam": Adam(),
    "adamw": Adamw(),
    "nadam": Nadam(),
    "lion": Lion(),
    "accumulated": Accumulated(optimizer=Adam(), steps=3),
    "clip value": ClipValue(optimizer=Momentum(learning_rate=0.1), value=0.1),
    "clip norm": ClipNorm(optimizer=Adam(), norm=0.1),
    "clip global norm": ClipGlobalNorm(optimizer=Adam(), norm=0.1),
    "exponential average": ExponentialAverage(optimizer=Adam(), decay=0.9),
    "stochastic average": StochasticAverage(optimizer=Momentum(learning_rate=0.1), start=1),
    **{name: GradientDescent(learning_rate=each) for name, each in SCHEDULES.items()},
}


class Counts(Callback):
    """Keeps numbers, and an array, of all batches and epochs."""

    def before_training(self, state: dict[str, Any]) -> None:
        state.setdefault("batches", [])

    def before_epoch(self, state: dict[str, Any], epoch: int) -> None:
        state["batches"].append([epoch])

    def after_batch(self, state: dict[str, Any], epoch: int, batch: int, step: int, cost: float) -> None:
        state["batches"].append([epoch, batch, step, cost])

    def after_epoch(self, state: dict[str, Any], history: Any) -> None:
        state[f"after {len(history)}"] = {"costs": np.array(history.column("cost")), "least": -np.inf}
        history.epochs[-1].figures["batches"] = float(len(state["batches"]))


class Keeps:
    """A keeper that keeps copies, or folders, after the steps that are due."""

    def __init__(self, network: bp.Network, stops: tuple[int, ...], folder: Path | None = None) -> None:
        self.network, self.stops, self.folder = network, stops, folder
        self.kept: dict[int, Any] = {}

    def due(self, step: int, epoch_ends: bool) -> bool:
        return step in self.stops

    def keep(self, state: Any) -> None:
        if self.folder is None:
            self.kept[state.step] = copy.deepcopy(self.network)
        else:
            self.kept[state.step] = self.network.save(self.folder / str(state.step), overwrite=True)


def network(dtype: str = "float64") -> bp.Network:
    layers = [Dense(units=4), BatchNorm(), Dropout(rate=0.3), GaussianNoise(scale=0.1), Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), dtype=dtype, penalties={"*.w": L2(rate=0.01)})


def spec(rule: Optimizer, **fields: Any) -> TrainingSpec:
    averages = isinstance(rule, ExponentialAverage | StochasticAverage)
    return TrainingSpec(
        optimizer=rule,
        epochs=EPOCHS,
        batch_size=4,
        metrics=("accuracy", "rmse"),
        constraints=None if averages else {"dense_1.w": MaxNorm(limit=0.8)},
        callbacks=(Counts(),),
        **fields,
    )


def kept(dtype: str, training: TrainingSpec, stops: tuple[int, ...], folder: Path | None) -> tuple[bp.Network, Keeps]:
    """Return a network after a whole training, and what was kept on the way."""
    net = network(dtype)
    net.fit(X, Y, optimizer=training.optimizer, epochs=1, batch_size=7, validation_data=VALIDATION)  # one before it
    keeps = Keeps(net, stops, folder)
    net.train(training, (X, Y, None), VALIDATION, watching=(Counts(),), keeper=keeps)
    return net, keeps


def check(whole: bp.Network, resumed: bp.Network) -> None:
    history = resumed.go_on((X, Y, None), VALIDATION, watching=(Counts(),))
    assert everything(resumed) == everything(whole)
    assert [each.epoch for each in history.epochs] == [1, 2, 3, 4]
    assert (history.stopped, history.steps) == ("completed", 16)
    assert (resumed.history.stopped, resumed.history.steps) == (whole.history.stopped, whole.history.steps)
    mine, others = (repr(each._training_state.callbacks) for each in (resumed, whole))
    assert mine == others
    assert not resumed.unfinished


@pytest.mark.parametrize(("place", "rule"), list(enumerate(RULES)), ids=RULES)
def test_a_training_goes_on_as_if_it_had_never_stopped(place: int, rule: str, tmp_path: Path) -> None:
    stop, dtype = STOPS[place % 6], ("float32", "float64")[place // 6 % 2]
    fields = ({}, {"seed": 3}, {"shuffle": False}, {"groups": {"*.b": {}}})[place % 4]
    whole, keeps = kept(dtype, spec(RULES[rule], **fields), (stop,), tmp_path)
    resumed = bp.load(keeps.kept[stop], components=[Counts])
    assert resumed.unfinished
    check(whole, resumed)


@pytest.mark.soak
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_a_training_goes_on_from_every_stop(rule: str, dtype: str, tmp_path: Path) -> None:
    for fields in ({}, {"seed": 3}, {"shuffle": False}, {"groups": {"*.b": {}}}):
        whole, keeps = kept(dtype, spec(RULES[rule], **fields), STOPS, tmp_path)
        for stop in STOPS:
            check(whole, bp.load(keeps.kept[stop], components=[Counts]))


METHODS: dict[str, Optimizer] = {
    "levenberg_marquardt": LevenbergMarquardt(),
    "from the start": LevenbergMarquardt(scaling="start", acceleration=0.75, damping=1.0),
    "by qr": LevenbergMarquardt(solver="qr", rule="fixed"),
    "gauss_newton": GaussNewton(),
    "natural_gradient": NaturalGradient(update_every=3, samples=1),
}


def curve(dtype: str) -> bp.Network:
    layers = [Dense(units=3), Sigmoid(), Dense(units=2)]
    return bp.Network(layers, input_shape=(3,), cost=QuadraticCost(), dtype=dtype, penalties={"*.w": L2(rate=1e-4)})


class KeepsAll(Keeps):
    """A keeper that keeps copies after every iteration."""

    def due(self, step: int, epoch_ends: bool) -> bool:
        return epoch_ends

    def keep(self, state: Any) -> None:
        self.kept[len(self.kept)] = copy.deepcopy(self.network)


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_drives_itself_goes_on_exactly(method: str, dtype: str, validated: bool, tmp_path: Path) -> None:
    whole, optimizer = curve(dtype), METHODS[method]
    batches = 5 if optimizer.batches else None
    training = TrainingSpec(optimizer=optimizer, epochs=7 if batches else 60, batch_size=batches)
    data, validation = samples(16), VALIDATION if validated else None
    keeps = KeepsAll(whole, ())
    whole.train(training, (*data, None), validation, keeper=keeps)
    assert validated == ("validation" in whole.history.stopped) or batches
    places = [place for place in keeps.kept if place != max(keeps.kept)]  # the last has an end that is not told yet
    for place in {places[0], places[len(places) // 2], places[-2], places[-1]}:
        resumed = bp.load(keeps.kept[place].save(tmp_path / str(place)))
        assert resumed.resume(*data, validation_data=validation).stopped == whole.history.stopped
        assert everything(resumed) == everything(whole)
