"""Schedules, metrics, penalties, callbacks: each declares its methods, and a mistake in one is found and named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bpframe.categories import CATEGORIES
from bpframe.categories.calling import call_method
from bpframe.categories.present import present_value
from bpframe.core.component import Component, category, contract_of
from bpframe.core.component.category import Category, Method
from bpframe.errors import ContractError
from bpframe.extend import Callback, Metric, Optimizer, Penalty, PositiveFloat, Schedule


class Halving(Schedule):
    start: PositiveFloat = 1.0

    def value(self, epoch):
        return self.start / 2**epoch


class TinyPenalty(Penalty):
    def forward(self, p):
        return float(np.abs(p).sum())

    def gradient(self, p):
        return np.sign(p)


class Nothing(Callback):
    def after_epoch(self, network, history, epoch):
        pass


class LargestMetric(Metric):
    def measure(self, prediction):
        return prediction.max()


@pytest.mark.parametrize(
    ("cls", "name", "kind", "method", "words"),
    [
        (Halving, "schedule", "halving", "value", ("epoch",)),
        (TinyPenalty, "penalty", "tiny", "gradient", ("p",)),
        (Nothing, "callback", "nothing", "after_epoch", ("network", "history", "epoch")),
        (LargestMetric, "metric", "largest", "measure", ("prediction",)),
    ],
)
def test_a_class_belongs_to_its_category_and_drops_its_word_from_the_kind(cls, name, kind, method, words) -> None:
    contract = contract_of(cls)
    assert (contract.category, category(cls), cls.kind) == (name, name, kind)
    assert contract.methods[method].words == words
    assert not contract.is_draft


@pytest.mark.parametrize("base", [base for base in CATEGORIES.values() if base.__name__ != "Optimizer"])
def test_a_class_without_the_methods_of_its_category_is_refused(base: type[Component]) -> None:
    methods = base._category.methods
    required = next((name for name, method in methods.items() if method.required), next(iter(methods)))
    with pytest.raises(ContractError, match=f"Empty has no {required}"):
        contract_of(type("Empty", (base,), {"__module__": __name__}))


@pytest.mark.parametrize(
    ("base", "method", "wrong", "meant"),
    [
        (Schedule, "value", "stap", "step"),
        (Metric, "measure", "predictions", "prediction"),
        (Callback, "after_epoch", "networks", "network"),
        (Penalty, "forward", "q", None),
    ],
)
def test_a_word_that_means_nothing_is_refused(base, method, wrong, meant) -> None:
    namespace: dict[str, object] = {"__module__": __name__}
    exec(f"def {method}(self, {wrong}): pass\ndef gradient(self, p): pass", namespace)
    with pytest.raises(ContractError, match=f"Wrong.{method} asks for '{wrong}'") as caught:
        contract_of(type("Wrong", (base,), namespace))
    assert caught.value.hint == (f"did you mean '{meant}'?" if meant else None)


def test_a_misspelt_method_is_found() -> None:
    class Late(Callback):
        def after_epoch(self):
            pass

        def before_trainig(self):
            pass

    with pytest.raises(ContractError, match="before_trainig is not a method") as caught:
        contract_of(Late)
    assert "'before_training'" in str(caught.value.hint)


def test_an_optimizers_update_may_ask_for_its_fields() -> None:
    class Rule(Optimizer):
        learning_rate: PositiveFloat | Schedule

        def update(self, gradient, learning_rate):
            return -learning_rate * gradient

    assert contract_of(Rule).methods["update"].words == ("gradient", "learning_rate")
    assert Rule(learning_rate=Halving()).learning_rate == Halving(start=1.0)
    assert Rule(learning_rate=0.5).learning_rate == 0.5

    class Misspelt(Rule):
        def update(self, gradient, learning_rat):
            return gradient

    with pytest.raises(ContractError, match="learning_rat") as caught:
        contract_of(Misspelt)
    assert caught.value.hint == "did you mean 'learning_rate'?"


def test_no_other_method_may_ask_for_fields() -> None:
    class Start(Optimizer):
        rate: PositiveFloat

        def update(self, gradient):
            return gradient

        def initial_state(self, rate):
            return {}

    with pytest.raises(ContractError, match="initial_state asks for 'rate'"):
        contract_of(Start)


def test_a_schedule_is_asked_by_name() -> None:
    assert [present_value(Halving(start=4.0), 17, epoch) for epoch in range(4)] == [4.0, 2.0, 1.0, 0.5]


@pytest.mark.parametrize("returned", [math.nan, math.inf, None, "0.1", True, np.zeros(2), 1j])
def test_a_schedule_returns_a_finite_number(returned: object) -> None:
    class Wrong(Schedule):
        def value(self, step):
            return returned

    with pytest.raises(ContractError, match="schedule 'wrong': value must return a finite number") as caught:
        present_value(Wrong(), 3, 1)
    assert "step 3, epoch 1" in str(caught.value.received)


def test_a_schedule_that_fails_says_so() -> None:
    class Fails(Schedule):
        def value(self, step):
            return 1 / step

    with pytest.raises(ContractError, match="schedule 'fails': value failed at step 0, epoch 0") as caught:
        present_value(Fails(), 0, 0)
    assert "ZeroDivisionError" in str(caught.value.received)


@pytest.mark.parametrize("value", [3, np.float32(0.5), np.int64(2)])
def test_numbers_of_numpy_are_numbers(value: object) -> None:
    class Fixed(Schedule):
        def value(self):
            return value

    found = present_value(Fixed(), 0, 0)
    assert type(found) is float
    assert found == value


def test_a_category_of_ones_own_is_stated_in_a_class_statement() -> None:
    class Sampler(Component, category=Category("sampler", {"draw": Method({"count", "rng"}, required=True)})):
        """Which examples come next."""

    class EverySampler(Sampler):
        def draw(self, count):
            return np.arange(count)

    class Wrong(Sampler):
        def draw(self, counts):
            return []

    assert category(EverySampler) == "sampler"
    assert call_method(EverySampler(), "draw", count=3, rng=None).tolist() == [0, 1, 2]
    with pytest.raises(ContractError, match="EverySampler declares no weights"):
        call_method(EverySampler(), "weights", count=3)
    assert contract_of(EverySampler).methods["draw"].words == ("count",)
    with pytest.raises(ContractError, match="asks for 'counts'"):
        contract_of(Wrong)
