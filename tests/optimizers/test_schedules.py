"""Schedules that follow what is measured, or hold others, go on as if a training had never been interrupted."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_metrics import Mae
from bpframe_optimizers import Accumulated, Adam, Cosine, OneCycle, Piecewise, Plateau, Polynomial, Step, WarmUp
from bpframe_reference import GradientDescent

import bpframe as bp
from bpframe.categories.present import present_value
from bpframe.errors import DataError, SpecError, TrainingError
from bpframe.extend import PositiveFloat, Schedule
from tests.network.networks import chain, samples

X, Y = samples(23)
TESTS = X[:9], Y[:9]

#: The cost falls, which is no better where larger is better: the number falls every other epoch.
PLATEAU = Plateau(start=0.5, factor=0.5, patience=1, larger=True)
RULES = [
    GradientDescent(learning_rate=PLATEAU),
    Adam(learning_rate=WarmUp(schedule=PLATEAU, over=3)),
    Accumulated(steps=2, optimizer=GradientDescent(learning_rate=PLATEAU)),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.kind)
def test_a_plateau_goes_on_from_fit_to_fit_and_from_saved_runs(rule, tmp_path) -> None:
    whole, parts = chain(), chain()
    whole.fit(X, Y, optimizer=rule, epochs=9, validation_data=TESTS)
    for number in range(9):
        parts.fit(X, Y, optimizer=rule, epochs=1, validation_data=TESTS)
        if number == 4:
            # A loaded run has random streams that begin anew; the order of the examples is that of a copy.
            parts.save(tmp_path / "run")
            assert bp.load(tmp_path / "run").history == parts.history
    assert parts.parameters.vector.tobytes() == whole.parameters.vector.tobytes()


def test_a_loaded_run_follows_the_history_that_it_was_saved_with(tmp_path) -> None:
    whole, parts = chain(), chain()
    whole.fit(X, Y, optimizer=RULES[0], epochs=9, validation_data=TESTS, shuffle=False)
    parts.fit(X, Y, optimizer=RULES[0], epochs=5, validation_data=TESTS, shuffle=False)
    parts.save(tmp_path / "run")
    loaded = bp.load(tmp_path / "run")
    loaded.fit(X, Y, optimizer=RULES[0], epochs=4, validation_data=TESTS, shuffle=False)
    assert loaded.parameters.vector.tobytes() == whole.parameters.vector.tobytes()


def test_the_history_is_that_since_the_state_began() -> None:
    net, anew = chain(), chain()
    net.fit(X, Y, optimizer=RULES[0], epochs=6, validation_data=TESTS, shuffle=False)
    anew.parameters.vector[:] = net.parameters.vector
    net.optimizer_state = None
    for each in (net, anew):
        each.fit(X, Y, optimizer=RULES[0], epochs=4, validation_data=TESTS, shuffle=False)
    assert net.parameters.vector.tobytes() == anew.parameters.vector.tobytes()


def test_each_epoch_has_the_number_that_the_history_before_it_gives() -> None:
    net, by_hand = chain(), chain()
    history = net.fit(X, Y, optimizer=RULES[0], epochs=8, batch_size=23, shuffle=False, validation_data=TESTS)
    rates = []
    for epoch in range(8):
        seen = bp.History(epochs=history.epochs[:epoch])
        rates.append(present_value(PLATEAU, 0, epoch, history=lambda seen=seen: seen))
        by_hand.parameters.vector[:] -= rates[-1] * by_hand.gradient(X, Y).vector
    np.testing.assert_allclose(net.parameters.vector, by_hand.parameters.vector, rtol=1e-12)
    assert len(set(rates)) > 2


def test_a_plateau_without_what_it_watches_is_refused_by_name() -> None:
    with pytest.raises(TrainingError, match="schedule 'plateau' follows the history of a fit"):
        chain().train_step(X, Y, optimizer=RULES[0])
    net = chain()
    for rule in RULES:  # in the rule, in another schedule, in a rule that is held
        with pytest.raises(DataError, match=r"plateau watches 'validation_cost', which .* will not have"):
            net.fit(X, Y, optimizer=rule, epochs=3)
    misspelt = GradientDescent(learning_rate=Plateau(start=0.1, watch="validation_costs"))
    with pytest.raises(DataError, match=r"(?s)plateau watches 'validation_costs'.*did you mean 'validation_cost'"):
        net.fit(X, Y, optimizer=misspelt, epochs=3, validation_data=TESTS)
    with pytest.raises(DataError, match="plateau watches 'penalty'"):
        net.fit(X, Y, optimizer=Adam(), groups={"*.b": {"learning_rate": Plateau(start=0.1, watch="penalty")}})
    assert net.history is None, "before anything changes"


def test_a_plateau_watches_whatever_a_history_will_have() -> None:
    for watch in ("cost", "seconds", "validation_cost", "validation_accuracy", "validation_mae"):
        rule = GradientDescent(learning_rate=Plateau(start=0.1, watch=watch))
        chain().fit(X, Y, optimizer=rule, epochs=1, validation_data=TESTS, metrics=["accuracy", Mae()])
    late = chain()
    late.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=1)
    with pytest.raises(DataError, match="plateau watches 'validation_cost', which 1 of 1 epochs have not"):
        late.fit(X, Y, optimizer=RULES[0], epochs=2, validation_data=TESTS)


def test_a_history_that_does_not_reach_back_is_refused() -> None:
    net = chain()
    for epoch in range(3):
        net.train_step(X, Y, optimizer=GradientDescent(learning_rate=0.1), epoch=epoch)
    with pytest.raises(TrainingError, match="does not reach back"):
        net.fit(X, Y, optimizer=GradientDescent(learning_rate=Plateau(start=0.1, watch="cost")), epochs=1)


class Tenth(Schedule):
    """A stranger's: a tenth of another."""

    of: PositiveFloat | Schedule

    def value(self, of: float) -> float:
        return 0.1 * of


def test_a_schedule_is_handed_the_present_number_of_one_that_it_holds() -> None:
    inner = Step(start=1.0, every=2)
    assert [present_value(Tenth(of=inner), 0, t) for t in range(5)] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])
    assert present_value(Tenth(of=3.0), 0, 0) == pytest.approx(0.3)


def test_a_warm_up_meets_the_schedule_and_stays_with_it() -> None:
    fall = Cosine(start=1.0, over=20)
    warm = WarmUp(schedule=fall, over=4)
    for t in range(30):
        expected = present_value(fall, 0, t) * min(1, (t + 1) / 5)
        assert present_value(warm, 7, t) == pytest.approx(expected, rel=1e-15)


def test_ends_are_kept() -> None:
    for schedule, end in (
        (OneCycle(peak=1.0, over=10), 1 / 25e4),
        (OneCycle(peak=1.0, over=1), 1 / 25e4),
        (Polynomial(start=1.0, end=0.5, over=10, power=3.0), 0.5),
        (Piecewise(boundaries=(3,), values=(1.0, 0.2), by="step"), 0.2),
    ):
        assert present_value(schedule, 10**6, 10**6) == pytest.approx(end, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Cosine(start=0.1, over=5, warm_up=5), "has to be less than over, 5"),
        (lambda: Piecewise(boundaries=(3, 3), values=(1.0, 1.0, 1.0)), "have to rise"),
        (lambda: Piecewise(boundaries=(3,), values=(1.0,)), "have to be 2, one more than boundaries"),
        (lambda: OneCycle(peak=0.1, over=9, rise=1.0), "rise"),
        (lambda: Plateau(start=0.1, factor=1.0), "factor"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(make, said) -> None:
    with pytest.raises(SpecError, match=said):
        make()
