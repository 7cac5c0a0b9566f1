"""What bpframe does is told to the standard library's loggers, and shown to nobody who does not listen."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.errors import NonFiniteError

X = np.random.default_rng(0).normal(size=(20, 3))
Y = X[:, :1]


def network() -> bp.Network:
    return bp.Network([Dense(units=1)], cost=QuadraticCost(), input_shape=(3,), seed=0)


def told(caplog, level=logging.INFO):
    return [each.getMessage() for each in caplog.records if each.name.startswith("bpframe.") and each.levelno >= level]


def test_a_training_tells_where_it_begins_and_ends_and_every_epoch_to_who_wants_it(caplog):
    caplog.set_level(logging.DEBUG, "bpframe")
    net = network()
    history = net.fit(X, Y, optimizer=Adam(), epochs=3, progress=False)
    begins, ends = told(caplog)
    assert begins == "training begins: adam, 3 epochs, 20 examples"
    assert ends.startswith("training ends after 3 epochs, ")
    assert ends.endswith(": completed")
    epochs = [line for line in told(caplog, logging.DEBUG) if line.startswith("epoch ")]
    assert len(epochs) == 3
    assert f"cost {history.epochs[-1].cost:.4g}" in epochs[-1]


def test_a_failure_is_told_with_what_it_was(caplog):
    caplog.set_level(logging.INFO, "bpframe")
    net = network()
    with pytest.raises(NonFiniteError), np.errstate(all="ignore"):
        net.fit(X, 1e200 * Y, optimizer=Adam(), epochs=3, progress=False)
    assert any(line.startswith("training failed after 0 epochs: NonFiniteError") for line in told(caplog))


def test_what_is_written_is_told(caplog, tmp_path):
    caplog.set_level(logging.INFO, "bpframe")
    network().save(tmp_path / "run")
    assert f"written: {tmp_path / 'run'}" in told(caplog)


def test_refused_plugin_sets_are_told(caplog, monkeypatch):
    from bpframe.plugins.discovery import discover

    caplog.set_level(logging.INFO, "bpframe")
    discover({"BPFRAME_PLUGINS": "reference,nowhere"})
    assert any("nowhere" in line and "missing" in line for line in told(caplog, logging.WARNING))


QUIET = """
import numpy as np
import bpframe as bp
from bpframe_optimizers import Adam
from bpframe_reference import Dense, QuadraticCost
net = bp.Network([Dense(units=1)], cost=QuadraticCost(), input_shape=(3,), seed=0)
try:
    net.fit(np.ones((4, 3)), np.full((4, 1), 1e200), optimizer=Adam(), epochs=2, progress=False)
except bp.errors.NonFiniteError:
    pass
"""


def test_nothing_is_shown_unless_a_program_listens():
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == done.stderr == ""
