"""Callbacks hear of epochs, batches and the whole training, keep states, may be functions, and end what they want."""

from __future__ import annotations

import contextlib
import copy
import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_regularisation import BatchNorm, Dropout

import bpframe as bp
from bpframe.errors import CheckpointError, ConcurrencyError, ContractError, NonFiniteError, SpecError, StopTraining
from bpframe.extend import Callback
from bpframe.training.history import History
from bpframe.training.listening import Listening
from tests.network.networks import chain, samples

X, Y = samples(9)
CALLS: list[Any] = []


class Hears(Callback):
    """Write down everything that is told."""

    def initial_state(self):
        return {"calls": 0}

    def before_training(self, history, state):
        CALLS.append(("before training", len(history), dict(state)))

    def before_epoch(self, epoch, step):
        CALLS.append(("before epoch", epoch, step))

    def before_batch(self, epoch, batch, step, state, network):
        state["calls"] += 1
        CALLS.append(("before", epoch, batch, step, network.parameters.vector.tobytes()))

    def after_batch(self, network, epoch, batch, *, step, cost):
        CALLS.append(("after", epoch, batch, step, cost, network.parameters.vector.tobytes()))

    def after_epoch(self, epoch, step, history):
        CALLS.append(("after epoch", epoch, step, len(history)))

    def after_training(self, history, state):
        CALLS.append(("after training", history.stopped, dict(state)))


class Raises(Callback):
    """Raise something at one hook."""

    hook: str
    error: str = "ZeroDivisionError"
    at: int = 2

    def before_epoch(self, epoch):
        self._raise("before_epoch", epoch == self.at)

    def before_batch(self, step):
        self._raise("before_batch", step == self.at)

    def after_batch(self, step):
        self._raise("after_batch", step == self.at)

    def after_epoch(self, epoch):
        self._raise("after_epoch", epoch == self.at)

    def _raise(self, hook: str, now: bool) -> None:
        if now and hook == self.hook:
            known = {"StopTraining": StopTraining, "StopIteration": StopIteration, "Interrupt": KeyboardInterrupt}
            raise known.get(self.error, ZeroDivisionError)("enough")


@pytest.fixture(autouse=True)
def _no_calls():
    CALLS.clear()


def fit(*callbacks: Any, net: bp.Network | None = None, **options: Any) -> bp.Network:
    net = chain() if net is None else net
    words = {"optimizer": GradientDescent(learning_rate=0.1), "epochs": 2, "batch_size": 4, **options}
    net.fit(X, Y, callbacks=callbacks, **words)
    return net


def test_every_hook_is_told_in_its_place_with_what_it_asks_for() -> None:
    net = chain()
    start = net.parameters.vector.tobytes()
    fit(Hears(), net=net)
    batches = [(epoch, batch, 3 * epoch + batch - 3) for epoch in (1, 2) for batch in (1, 2, 3)]
    heard = [call[:4] if call[0] in ("before", "after") else call for call in CALLS]
    expected: list[Any] = [("before training", 0, {"calls": 0})]
    for epoch in (1, 2):
        expected += [("before epoch", epoch, 3 * epoch - 3)]
        for each in batches:
            if each[0] == epoch:
                expected += [("before", *each), ("after", *each)]
        expected += [("after epoch", epoch, 3 * epoch, epoch)]
    assert heard == [*expected, ("after training", "completed", {"calls": 6})]
    seen = [call for call in CALLS if call[0] in ("before", "after")]
    assert seen[0][4] == start, "before the first step the parameters are those of the start"
    assert all(one[4] == other[5] for one, other in zip(seen[2::2], seen[1::2], strict=False))
    assert seen[-1][5] == net.parameters.vector.tobytes()
    costs = [call[4] for call in seen[1::2]]
    sizes = [4, 4, 1]
    assert net.history.column("cost") == pytest.approx(
        [sum(c * n for c, n in zip(costs[at : at + 3], sizes, strict=True)) / 9 for at in (0, 3)]
    )


def test_the_cost_of_a_batch_is_the_mean_over_its_examples() -> None:
    costs: list[float] = []

    class Costs(Callback):
        def after_batch(self, cost):
            costs.append(cost)

    net = chain()
    before = net.cost(X[8:], Y[8:])
    fit(Costs(), net=net, epochs=1, shuffle=False, optimizer=GradientDescent(learning_rate=1e-12))
    assert costs[2] == pytest.approx(before, rel=1e-9), "the last batch has one example"


def test_listening_changes_no_byte() -> None:
    assert fit(Hears()).parameters.vector.tobytes() == fit().parameters.vector.tobytes()


def test_a_method_that_drives_itself_tells_of_its_iterations() -> None:
    fit(Hears(), optimizer=LBFGS(), batch_size=None)
    assert [call[:2] for call in CALLS[1:-1]] == [
        ("before epoch", 1),
        ("after epoch", 1),
        ("before epoch", 2),
        ("after epoch", 2),
    ]

    class Steps(Callback):
        def after_batch(self):
            raise AssertionError

    with pytest.raises(SpecError, match="'steps' is told of batches alone, of which lbfgs takes no steps"):
        fit(Steps(), optimizer=LBFGS(), batch_size=None)


@pytest.mark.parametrize("error", ["StopTraining", "StopIteration"])
@pytest.mark.parametrize(
    ("hook", "at", "steps", "epochs"),
    [
        ("before_epoch", 1, 0, 0),
        ("before_epoch", 2, 3, 1),
        ("before_batch", 2, 1, 0),
        ("after_batch", 2, 2, 0),
        ("after_batch", 3, 3, 1),
        ("after_batch", 4, 4, 1),
        ("after_epoch", 1, 3, 1),
    ],
)
def test_an_end_comes_where_it_is_asked_for_and_all_are_told(error, hook, at, steps, epochs) -> None:
    net = fit(Raises(hook=hook, error=error, at=at), Hears(), epochs=5)
    assert (net.history.stopped, net.history.steps, len(net.history)) == ("enough", steps, epochs)
    assert CALLS[-1][:2] == ("after training", "enough")
    assert sum(call[0] == "after" for call in CALLS) == steps


@pytest.mark.parametrize("hook", ["before_epoch", "before_batch", "after_batch", "after_epoch"])
def test_an_interrupt_in_a_callback_is_ctrl_c(hook: str) -> None:
    net = fit(Raises(hook=hook, error="Interrupt", at=1), epochs=5)
    assert net.history.stopped == "interrupted"
    assert net.history.steps == {"before_epoch": 0, "before_batch": 0, "after_batch": 1, "after_epoch": 3}[hook]


@pytest.mark.parametrize("hook", ["before_epoch", "before_batch", "after_batch", "after_epoch"])
def test_one_that_fails_is_named_and_nothing_is_lost(hook: str) -> None:
    net = chain()
    with pytest.raises(ContractError, match=f"callback 'raises': {hook} failed: ZeroDivisionError: enough"):
        fit(Raises(hook=hook, at=2), Hears(), net=net)
    steps = {"before_epoch": 3, "before_batch": 1, "after_batch": 2, "after_epoch": 6}[hook]
    assert (net.history.stopped, net.history.steps) == ("failed", steps)
    same = fit(Raises(hook="before_batch", error="StopTraining", at=steps + 1), epochs=9)
    assert net.parameters.vector.tobytes() == same.parameters.vector.tobytes()
    assert net.optimizer_state == same.optimizer_state
    assert CALLS[-1][0] == "after training"
    fit(net=net)
    assert net.history.stopped == "completed"


def test_what_fails_when_a_failed_training_is_over_is_added() -> None:
    class Late(Callback):
        def after_training(self):
            raise ValueError("too late")

    with pytest.raises(ContractError, match="'raises': after_epoch failed") as caught:
        fit(Raises(hook="after_epoch"), Late())
    assert "callback 'late': after_training failed: ValueError: too late" in str(caught.value)


@pytest.mark.parametrize("error", ["ZeroDivisionError", "StopTraining", "Interrupt"])
def test_whoever_stands_behind_one_that_ends_it_is_told_all_the_same(error: str) -> None:
    """A training that goes on finds all callbacks at the same step."""
    with contextlib.suppress(ContractError):
        fit(Raises(hook="after_batch", error=error, at=2), Hears())
    assert [call[3] for call in CALLS if call[0] == "after"] == [1, 2]


@pytest.mark.parametrize("reason", ["", "completed", "interrupted", "failed"])
def test_a_reason_that_says_something_else_is_told_apart(reason: str) -> None:
    def end() -> None:
        raise StopTraining(reason)

    assert fit(end).history.stopped == f"function end ended it{': ' * bool(reason)}{reason}"


def test_a_training_inside_of_a_callback_is_refused_and_writing_in_place_counts_from_the_next_step() -> None:
    def again(network: bp.Network) -> None:
        network.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=1)

    def put(network: bp.Network) -> None:
        network.load_parameters(chain())

    for each in (again, put):
        net = chain()
        with pytest.raises(ConcurrencyError, match=f"function {each.__name__}: after_epoch failed: the network is"):
            fit(each, net=net)
        assert (len(net.history), net.history.stopped) == (1, "failed")

    def zero(network: bp.Network) -> None:
        network.parameters.vector[:] = 0.0

    net = chain()
    net.parameters.vector[:] = 0.0
    fit(net=net, epochs=1, seed=3)
    other = fit(zero, epochs=1, seed=5)
    assert not other.parameters.vector.any()
    fit(net=other, epochs=1, seed=3)
    assert net.parameters.vector.tobytes() == other.parameters.vector.tobytes()


@pytest.mark.parametrize("hook", ["before_training", "before_epoch", "after_epoch", "after_training"])
def test_one_that_writes_what_is_not_finite_is_named_and_the_parameters_stay(hook: str) -> None:
    def spoil(self: Callback, network: bp.Network) -> None:
        network.parameters.vector[3] = np.nan

    spoiling = type("Spoils", (Callback,), {"__module__": __name__, hook: spoil})()
    net = chain()
    with pytest.raises(NonFiniteError, match=f"callback 'spoils': {hook} wrote numbers into the parameters"):
        fit(spoiling, net=net, epochs=1)
    assert np.isfinite(net.parameters.vector).all()


@pytest.mark.parametrize("hook", ["before_batch", "after_batch"])
def test_what_is_not_finite_after_a_batch_is_noticed_in_the_next_step_or_at_the_epochs_end(hook: str) -> None:
    def spoil(self: Callback, network: bp.Network, batch: int) -> None:
        if batch == 3:
            network.parameters.vector[3] = np.nan

    net = chain()
    with pytest.raises(NonFiniteError, match="its parameter w is not finite, in epoch 1, batch 3"):
        fit(type("Spoils", (Callback,), {"__module__": __name__, hook: spoil})(), net=net)
    assert np.isfinite(net.parameters.vector).all()


@pytest.mark.parametrize("ending", [StopTraining, KeyboardInterrupt])
def test_an_end_right_after_a_step_whose_parameters_are_not_finite_is_no_clean_one(ending: type[BaseException]) -> None:
    class Ends(Callback):
        def after_batch(self, network, batch):
            if batch == 2:
                network.parameters.vector[3] = np.inf
                raise ending("enough")

    net = chain()
    with pytest.raises(NonFiniteError, match="in epoch 1, batch 2"):
        fit(Ends(), net=net)
    assert np.isfinite(net.parameters.vector).all()


def test_asking_the_network_between_steps_changes_no_byte() -> None:
    class Asks(Callback):
        def before_batch(self, network):
            network.predict(X)
            network.gradient(X, Y, training=True)

        def after_batch(self, network):
            network.cost(X, Y)
            copied = copy.deepcopy(network)
            copied.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=1, batch_size=9)

    layers = [Dense(units=4), Dropout(rate=0.3), BatchNorm(), Dense(units=Y.shape[1])]
    nets = [bp.Network(layers, input_shape=X.shape[1:], cost=QuadraticCost(), seed=1) for _ in range(2)]
    fit(net=nets[0], batch_size=3)
    fit(Asks(), net=nets[1], batch_size=3)
    assert nets[0].parameters.vector.tobytes() == nets[1].parameters.vector.tobytes()


# Functions --------------------------------------------------------------------------------------------------------


def test_functions_hear_of_every_epoch_with_what_they_ask_for_and_are_in_no_specification(tmp_path) -> None:
    heard: list[Any] = []

    def tells(epoch: int, history: History, state: dict[str, Any], *, step: int) -> None:
        state["sum"] = state.get("sum", 0) + epoch
        heard.append((epoch, len(history), state["sum"], step))

    def with_more(epoch: int, words: list[int]) -> None:
        words.append(epoch)

    words: list[int] = []
    kept = lambda epoch, to=words: to.append(-epoch)  # noqa: E731
    net = fit(tells, Hears(), partial(with_more, words=words), kept)
    assert heard == [(1, 1, 1, 3), (2, 2, 3, 6)]
    assert words == [1, -1, 2, -2]
    assert net.training.callbacks == (Hears(),)
    with pytest.warns(UserWarning, match="provides Hears"):
        net.save(tmp_path / "run")
    assert "tells" not in (tmp_path / "run" / "spec.yaml").read_text()
    fit(tells, net=net)
    assert heard[-1] == (2, 2, 3, 6), "a state is of one training"


def wrong_word(epochs):
    pass


def wrong_default(histroy=None):
    pass


def all_words(**words):
    pass


async def never_awaited(epoch):
    pass


def never_iterated(epoch):
    yield epoch


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (wrong_word, "wrong_word among callbacks asks for 'epochs'.*\n.*\n.*\n.*did you mean 'epoch'"),
        (wrong_default, "asks for 'histroy'"),
        (all_words, r"takes \*words"),
        (print, r"takes \*"),
        (never_awaited, "would never run"),
        (never_iterated, "would never run"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused_before_the_training(function: Any, said: str) -> None:
    net = chain()
    with pytest.raises(ContractError, match=said):
        fit(function, net=net)
    assert net.history is None


def test_a_callback_that_hears_nothing_or_never_runs_is_refused() -> None:
    class Keras(Callback):
        def on_epoch_end(self):
            pass

    with pytest.raises(ContractError, match="Keras has no after_epoch, nor another") as caught:
        fit(Keras())
    assert caught.value.received == "on_epoch_end"

    class Yields(Callback):
        def after_batch(self):
            yield

    with pytest.raises(ContractError, match=r"Yields\.after_batch would never run"):
        fit(Yields())


# States -----------------------------------------------------------------------------------------------------------


def listening(*callbacks: Any, **words: Any) -> Listening:
    return Listening(callbacks, None, History(), **words)


def test_states_are_in_the_order_of_the_callbacks_and_come_back_as_copies() -> None:
    def keeps(state: dict[str, Any]) -> None:
        state["x"] = np.arange(3)
        state["deep"] = [1, {"a": None, "b": [True, "text", math.inf]}]

    told = listening(Hears(), keeps)
    told.after_epoch(1, 3)
    states = told.states()
    assert [each["kind"] for each in states] == ["hears", "function keeps"]
    assert states[0]["state"] == {"calls": 0}
    again = listening(Hears(), keeps, states=states)
    states[1]["state"]["x"][:] = 7
    assert told.states()[1]["state"]["x"].tolist() == [7, 7, 7]
    assert again.states()[1]["state"]["x"].tolist() == [0, 1, 2]
    assert again.states()[1]["state"]["deep"] == [1, {"a": None, "b": [True, "text", math.inf]}]
    for others in ((keeps, Hears()), (Hears(),)):
        with pytest.raises(CheckpointError, match="had other callbacks"):
            listening(*others, states=states)


@pytest.mark.parametrize(
    "value",
    [(1, 2), {1, 2}, object(), np.float32(1), np.array([None]), {1: 2}, b"x", np.ma.masked_array([1]), 1j, History()],
    ids=lambda value: type(value).__name__,
)
def test_what_no_checkpoint_could_hold_is_named_after_the_first_epoch(value: Any) -> None:
    def keeps(state: dict[str, Any]) -> None:
        state["a"] = [value]

    with pytest.raises(ContractError, match=r"function keeps: its state\['a'\]\[0\]"):
        fit(keeps)


def test_a_state_that_holds_itself_is_refused() -> None:
    def keeps(state: dict[str, Any]) -> None:
        state["a"] = state

    with pytest.raises(ContractError, match="stands too deep"):
        fit(keeps)


@pytest.mark.parametrize(("first", "said"), [(3, "must return a dict"), ({"a": (1,)}, r"its state\['a'\]")])
def test_a_first_state_is_checked_before_the_training(first: Any, said: str) -> None:
    class Begins(Callback):
        def initial_state(self):
            return first

        def after_epoch(self):
            pass

    net = chain()
    with pytest.raises(ContractError, match=f"callback 'begins'.*{said}"):
        fit(Begins(), net=net)
    assert net.history is None
