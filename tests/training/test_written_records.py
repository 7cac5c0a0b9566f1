"""What callbacks write into an epoch's record is a number, or is refused before a checkpoint is written with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_reference import GradientDescent

import bpframe as bp
from bpframe.errors import ContractError
from bpframe.extend import History
from tests.network.networks import chain, samples

X, Y = samples(8)
RULE = GradientDescent(learning_rate=0.1)


def fitted(run: Path, write: Any) -> bp.Network:
    def writes(epoch: int, history: History) -> None:
        if epoch == 2:
            write(history)

    net = chain()
    net.fit(X, Y, optimizer=RULE, epochs=3, run=run, checkpoint_every="1 epoch", callbacks=[writes])
    return net


@pytest.mark.parametrize(
    "value", [np.float32(1.5), np.int64(3), True, np.nan, np.ones(3), [1.0, 2.0], [np.float32(1.0)]]
)
def test_numbers_of_any_kind_are_written_and_read_back(value: Any, tmp_path: Path) -> None:
    net = fitted(tmp_path / "run", lambda history: history.epochs[-1].metrics.update(mine=value))
    saved = bp.load(tmp_path / "run").history.epochs[1].metrics["mine"]
    assert np.array_equal(saved, value, equal_nan=True)
    assert np.array_equal(net.history.epochs[1].metrics["mine"], value, equal_nan=True)


@pytest.mark.parametrize("value", [None, "high", 1j, {"a": 1}, b"x"])
def test_what_is_no_number_is_named_and_the_checkpoint_can_be_read(value: Any, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"record of epoch 2 what is no number: metrics\.mine"):
        fitted(tmp_path / "run", lambda history: history.epochs[-1].metrics.update(mine=value))
    history = bp.load(tmp_path / "run").history
    assert (len(history), history.stopped, history.epochs[1].metrics) == (2, "failed", {})


def test_a_record_stays_in_the_history(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="has taken the record of epoch 2 out of the history"):
        fitted(tmp_path / "run", lambda history: history.epochs.pop())
    assert [each.epoch for each in bp.load(tmp_path / "run").history.epochs] == [1, 2]
