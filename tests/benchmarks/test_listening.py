"""The benchmark of callbacks computes what it says. No time is asserted; calls are counted."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from bpframe_reference import GradientDescent

from tests.benchmarks.cases import chain
from tests.benchmarks.listening import Batches, Epochs, listening


def test_every_figure_is_a_number() -> None:
    found = listening(rounds=1, examples=40)
    assert set(found["microseconds"]) == {"nobody", "epochs", "one", "many"}
    assert all(each["value"] > 0 for each in found["microseconds"].values())
    assert np.isfinite([found["each callback"], found["of epochs"]["value"], found["of batches"]["value"]]).all()


@pytest.mark.parametrize(("callback", "calls_a_step"), [(Epochs(), 0), (Batches(), 5)])
def test_who_hears_of_epochs_alone_costs_no_call_in_a_step_and_who_hears_of_batches_five(
    callback: Any, calls_a_step: int
) -> None:
    def calls(examples: int, *callbacks: Any) -> int:
        case = chain(5, 4, 3, batch=2)
        net, rng, found = case.build(), np.random.default_rng(0), 0
        x, y = rng.random((examples, 5), dtype=np.float32), rng.random((examples, 3), dtype=np.float32)
        descent = GradientDescent(learning_rate=0.1)

        def fit() -> None:
            net.fit(x, y, optimizer=descent, epochs=1, batch_size=2, progress=False, callbacks=callbacks)

        def count(frame: Any, event: str, arg: Any) -> None:
            nonlocal found
            found += event in ("call", "c_call")

        fit()
        sys.setprofile(count)
        try:
            fit()
        finally:
            sys.setprofile(None)
        return found

    steps = 100
    more, fewer = (calls(2 * count, callback) - calls(2 * count) for count in (2 * steps, steps))
    assert (more - fewer) / steps <= calls_a_step + 0.1
