"""What an optimizer carries is saved with a run, and the training of the loaded network goes on from it."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.checkpoint.content import OPTIMIZER
from bpframe.errors import CheckpointError
from bpframe.training.optimizer_state import OptimizerState
from tests.network.networks import samples
from tests.training.rules import Adam, Drawing

pytestmark = pytest.mark.filterwarnings("ignore:no installed plugin set")
X, Y = samples(12)
RULES = {"adam": Adam(), "drawing": Drawing()}


def network(dtype="float64"):
    return bp.Network([Dense(units=4), Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_a_loaded_network_trains_on_as_the_saved_one(tmp_path, rule, dtype):
    net, options = network(dtype), {"optimizer": RULES[rule], "batch_size": 4, "shuffle": False}
    net.fit(X, Y, epochs=2, **options)
    net.save(tmp_path / "run")
    again = bp.load(tmp_path / "run", components=[type(RULES[rule])])
    assert again.optimizer_state == net.optimizer_state
    for each in (net, again):
        each.fit(X, Y, epochs=3, **options)
    assert again.optimizer_state == net.optimizer_state
    assert again.parameters.vector.tobytes() == net.parameters.vector.tobytes()


def test_before_a_training_there_is_no_such_file(tmp_path):
    folder = network().save(tmp_path / "run")
    assert not (folder / OPTIMIZER).exists()
    assert bp.load(folder).optimizer_state is None


def test_a_run_without_the_file_starts_anew(tmp_path):
    """As runs are that were written before there was one."""
    net = network()
    net.fit(X, Y, optimizer=Adam(), epochs=1)
    net.optimizer_state = None
    again = bp.load(net.save(tmp_path / "run"), components=[Adam])
    assert again.optimizer_state is None
    again.fit(X, Y, optimizer=Adam(), epochs=1)


def saved(tmp_path):
    net = network()
    net.fit(X, Y, optimizer=Adam(), epochs=1)
    return net.save(tmp_path / "run")


def test_a_missing_or_changed_file_is_named(tmp_path):
    folder = saved(tmp_path)
    whole = (folder / OPTIMIZER).read_bytes()
    (folder / OPTIMIZER).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CheckpointError, match=OPTIMIZER):
        bp.load(folder, components=[Adam])
    (folder / OPTIMIZER).unlink()
    with pytest.raises(CheckpointError, match=f"{OPTIMIZER} is missing"):
        bp.load(folder, components=[Adam])


@pytest.mark.parametrize(
    "told",
    [{}, {"optimizer": "adam"}, {"optimizer": "adam", "step": "-1", "epoch": "0"},
     {"optimizer": "adam", "step": "1.5", "epoch": "0"}, {"optimizer": "", "step": "1", "epoch": "0"},
     {"optimizer": "adam", "step": "9" * 400, "epoch": "0"}, {"optimizer": "adam", "step": "1", "epoch": "9" * 5000}],
    ids=lambda told: f"{told}"[:60],
)  # fmt: skip
def test_a_file_that_says_nothing_usable_is_named(tmp_path, monkeypatch, told):
    monkeypatch.setattr("bpframe.checkpoint.writing._counts", lambda state: told)
    with pytest.raises(CheckpointError, match=f"{OPTIMIZER} is damaged"):
        bp.load(saved(tmp_path), components=[Adam])


def test_what_is_no_safetensors_file_is_named(tmp_path, monkeypatch):
    from bpframe.checkpoint import writing

    write = writing._write_arrays

    def broken(arrays, path, **told):
        write(arrays, path, **told)
        if path.name == OPTIMIZER:
            path.write_bytes(b"nothing of the kind")

    monkeypatch.setattr(writing, "_write_arrays", broken)
    with pytest.raises(CheckpointError, match=f"{OPTIMIZER} is damaged"):
        bp.load(saved(tmp_path), components=[Adam])


def test_infinity_and_integers_come_back(tmp_path):
    net = network()
    arrays = {"m": np.array([np.inf, np.nan]), "n": np.array(3), "flag": np.array([True]), "*.b/m": np.zeros((0, 2))}
    net.optimizer_state = state = OptimizerState("rule", arrays, 7, 2)
    again = bp.load(net.save(tmp_path / "run")).optimizer_state
    assert (again.optimizer, again.step, again.epoch, set(again)) == ("rule", 7, 2, set(arrays))
    for name, array in state.items():
        assert (again[name].dtype, again[name].shape, again[name].tobytes()) == (
            array.dtype,
            array.shape,
            array.tobytes(),
        )
