"""Callbacks are called when they say, with what they ask for; one may end a training, and its mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import GradientDescent, StopEarly

import bpframe as bp
from bpframe.documents import TrainingSpec
from bpframe.errors import ContractError, DataError, SpecError, StopTraining
from bpframe.extend import Callback
from tests.network.networks import chain, samples

CALLS: list[object] = []


class Tells(Callback):
    """Tell of every call."""

    name_of: str = "it"

    def before_training(self, network, history):
        CALLS.append((self.name_of, "before", len(history), len(network.history or ())))

    def after_epoch(self, epoch, history, network):
        CALLS.append((self.name_of, epoch, len(history), len(network.history), history.epochs[-1].cost))

    def after_training(self, history, network):
        CALLS.append((self.name_of, "after", history.stopped, len(network.history)))


class Ends(Callback):
    """End the training after some epochs."""

    at: int = 2
    why: str = "good enough"

    def after_epoch(self, epoch):
        if epoch == self.at:
            raise StopIteration(self.why) if self.why else StopIteration


class Fails(Callback):
    """Make a mistake."""

    def after_epoch(self, history):
        return 1 / 0


class NoStart(Callback):
    """End the training before it begins."""

    def before_training(self):
        raise StopIteration("nothing to do")

    def after_epoch(self):
        raise AssertionError


@pytest.fixture(autouse=True)
def _no_calls():
    CALLS.clear()


def fit(*callbacks: Callback, net: bp.Network | None = None, epochs: int = 3, **options: object) -> bp.Network:
    net = net or chain()
    net.fit(*samples(9), optimizer=GradientDescent(learning_rate=0.1), epochs=epochs, callbacks=callbacks, **options)
    return net


def test_they_are_called_in_order_with_what_they_ask_for() -> None:
    net = fit(Tells(name_of="a"), Tells(name_of="b"), epochs=2)
    costs = net.history.column("cost")
    each = [("before", 0, 0), (1, 1, 1, costs[0]), (2, 2, 2, costs[1]), ("after", "completed", 2)]
    assert [(who, *call) for call in each for who in "ab"] == CALLS


def test_epochs_of_a_second_training_begin_anew_and_the_networks_history_goes_on() -> None:
    net = fit(epochs=2)
    fit(Tells(), net=net, epochs=1)
    assert [call[1:4] for call in CALLS] == [("before", 0, 2), (1, 1, 3), ("after", "completed", 3)]


def test_they_change_no_byte() -> None:
    assert fit(Tells(), Ends(at=99)).parameters.vector.tobytes() == fit().parameters.vector.tobytes()


@pytest.mark.parametrize(("why", "said"), [("good enough", "good enough"), ("", "callback 'ends' ended it")])
def test_one_may_end_the_training_and_all_are_told(why: str, said: str) -> None:
    net = fit(Ends(why=why), Tells(), epochs=9)
    assert net.history.stopped == said
    assert len(net.history) == 2
    assert [call[1] for call in CALLS] == ["before", 1, 2, "after"]
    assert net.parameters.vector.tobytes() == fit(epochs=2).parameters.vector.tobytes()


def test_a_method_that_drives_itself_ends_as_well() -> None:
    from bpframe_minimizers import LBFGS

    net = chain()
    history = net.fit(*samples(9), optimizer=LBFGS(), epochs=9, callbacks=[Ends(at=3)])
    assert (history.stopped, len(history)) == ("good enough", 3)


def test_one_may_end_it_before_it_begins() -> None:
    net = chain()
    before = net.parameters.vector.tobytes()
    fit(NoStart(), net=net)
    assert (net.history.stopped, len(net.history)) == ("nothing to do", 0)
    assert net.parameters.vector.tobytes() == before


def test_a_mistake_is_named_and_the_history_kept() -> None:
    net = chain()
    with pytest.raises(ContractError, match="callback 'fails': after_epoch failed: ZeroDivisionError"):
        fit(Fails(), net=net)
    assert (net.history.stopped, len(net.history)) == ("failed", 1)


@pytest.mark.parametrize("wrong", ["stop_early", StopEarly, 3, [None]])
def test_what_is_no_callback_is_refused_before_anything_changes(wrong: object) -> None:
    net = chain()
    with pytest.raises(SpecError, match=r"training.callbacks\[0\]|callbacks\[0\]|callbacks"):
        net.fit(*samples(9), optimizer=GradientDescent(learning_rate=0.1), callbacks=wrong)
    assert net.history is None


def test_they_are_part_of_the_specification_and_of_a_saved_run(tmp_path) -> None:
    net = fit(StopEarly(patience=2, watch="cost"))
    assert net.training == TrainingSpec(
        optimizer=GradientDescent(learning_rate=0.1), epochs=3, callbacks=[StopEarly(patience=2, watch="cost")]
    )
    net.save(tmp_path / "run")
    assert bp.load(tmp_path / "run").training == net.training


def stopped(values: list[float], **fields: object) -> int | None:
    """Return after which of the epochs with these costs a training is ended."""
    from bpframe.training.history import EpochRecord

    history, state = bp.History(), {}
    for epoch, value in enumerate(values, start=1):
        history.epochs.append(EpochRecord(epoch=epoch, cost=value, seconds=0.0, metrics={"top_k": value}))
        try:
            early = StopEarly(**{"watch": "cost", "patience": 2, **fields})
            early.after_epoch(network=None, epoch=epoch, history=history, state=state)
        except StopTraining:
            return epoch
    return None


@pytest.mark.parametrize(
    ("values", "fields", "epoch"),
    [
        ([3, 2, 1, 0.5], {}, None),
        ([3, 2, 2, 2], {}, 4),
        ([1, 2, 0.9, 1, 1], {}, 5),
        ([1, 2, 3], {"patience": 1}, 2),
        ([1, 0.95, 0.9, 0.5], {"least": 0.2}, 3),
        ([1, 2, 3, 3, 3], {"watch": "top_k", "larger": True}, 5),
        ([np.nan, np.nan], {}, 2),
    ],
)
def test_stop_early_waits_for_its_patience(values, fields, epoch) -> None:
    assert stopped(values, **fields) == epoch


def test_stop_early_names_what_it_cannot_watch() -> None:
    net = chain()
    with pytest.raises(DataError, match="stop_early watches 'validation_cost', which the history of this training"):
        fit(StopEarly(), net=net)
    assert net.history is None, "before anything changes"
    with pytest.raises(DataError, match="stop_early watches 'validation_cost', which no epoch has"):
        StopEarly().after_epoch(network=None, epoch=1, history=bp.History(), state={})
    with pytest.raises(DataError, match="stop_early watches 'acuracy'") as caught:
        fit(StopEarly(watch="acuracy"))
    assert "one of cost, epoch" in str(caught.value)
