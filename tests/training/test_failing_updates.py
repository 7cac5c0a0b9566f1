"""An update that fails leaves parameters and state as they were before the step, or at the start of the epoch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from bpframe.errors import ContractError
from bpframe.extend import Optimizer, PositiveFloat
from bpframe.training import updates
from tests.network.networks import chain, samples
from tests.training.rules import Adam

X, Y = samples(12)

#: In which call of `update` a rule fails; how often it was called.
failing, calls = {"at": 0}, {"count": 0}


class Failing(Optimizer):
    """Momentum whose update fails in one call."""

    elementwise: ClassVar[bool] = True

    learning_rate: PositiveFloat = 0.1
    wrong: str = "raises"

    def initial_state(self, parameters):
        return {"a": np.zeros_like(parameters), "b": np.zeros_like(parameters)}

    def update(self, gradient, state):
        calls["count"] += 1
        change, new = -self.learning_rate * gradient, {name: each + 1 for name, each in state.items()}
        if calls["count"] != failing["at"]:
            return change, new
        if self.wrong == "raises":
            raise ValueError("no more")
        if self.wrong == "leaves":
            raise SystemExit
        if self.wrong == "change":
            return change.astype(np.float16), new
        return change, {**new, "b": new["b"][:1]}


def moved(net):
    return net.parameters.vector.tobytes(), [each.tobytes() for each in net.optimizer_state.values()]


def train(net, wrong, groups=None, at=0):
    failing["at"], calls["count"] = at, 0
    rule = Failing(wrong=wrong)
    net.fit(X, Y, optimizer=rule, groups=groups, epochs=2, batch_size=6, shuffle=False)


@pytest.mark.parametrize("wrong", ["raises", "leaves", "change", "state"])
def test_parameters_and_state_are_those_before_a_step_whose_update_fails(wrong):
    net, other = chain(), chain()
    with pytest.raises((ContractError, SystemExit)):
        train(net, wrong, at=4)
    rule = Failing()
    for rows in (slice(0, 6), slice(6, 12), slice(0, 6)):
        other.train_step(X[rows], Y[rows], optimizer=rule)
    assert moved(net) == moved(other)
    assert net.optimizer_state.step == net.history.steps == 3


@pytest.mark.parametrize("wrong", ["raises", "leaves", "change", "state"])
@pytest.mark.parametrize("several", ["blocks", "groups"])
def test_where_a_part_has_moved_all_goes_back_to_the_start_of_the_epoch(wrong, several, monkeypatch):
    net, other = chain(), chain()
    groups = {"*.b": {"learning_rate": 0.2}} if several == "groups" else None
    if several == "blocks":
        monkeypatch.setattr(updates, "BLOCK_BYTES", net.parameters.vector.nbytes // 2 + 8)
    with pytest.raises((ContractError, SystemExit)) as caught:
        train(net, wrong, groups, at=2 * 4)
    assert wrong == "leaves" or "the parameters at the start of epoch 2" in str(caught.value)
    failing["at"] = 0
    other.fit(X, Y, optimizer=Failing(), groups=groups, epochs=1, batch_size=6, shuffle=False)
    assert moved(net) == moved(other)
    assert net.optimizer_state.step == 2
    net.fit(X, Y, optimizer=Adam(), epochs=1)


def test_a_single_step_whose_update_fails_in_its_second_group_leaves_all_as_it_was():
    net, groups = chain(), {"*.b": {"learning_rate": 0.2}}
    train(net, "raises", groups)
    before = moved(net)
    failing["at"], calls["count"] = 2, 0
    with pytest.raises(ContractError):
        net.train_step(X, Y, optimizer=Failing(), groups=groups)
    assert moved(net) == before
    failing["at"] = 0
    net.train_step(X, Y, optimizer=Failing(), groups=groups)
    assert moved(net) != before
