"""An open network survives files, pickles and copies; spec files and their schema take null for a length."""

from __future__ import annotations

import copy
import json
import pickle

import jsonschema
import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout
from typer.testing import CliRunner

import bpframe as bp
from bpframe.cli.app import app
from bpframe.documents import RunSpec, json_schema, network_document, read_spec, write_spec
from bpframe.errors import SpecFileError
from bpframe.plugins import default_registry
from tests.components.initializer import UniformInitializer
from tests.components.recurrent import Recurrent

from .networks import chain, samples, two

OPTIMIZER = GradientDescent(learning_rate=0.002)
COMPONENTS = [Recurrent, BatchNorm, Dropout, UniformInitializer]


def trained():
    net = chain()
    net.fit(*samples(3), optimizer=OPTIMIZER, epochs=2, progress=False)
    return net


def saved(net, tmp_path):
    with pytest.warns(UserWarning, match="no installed plugin set provides"):
        net.save(tmp_path / "run")
    return bp.load(tmp_path / "run", components=COMPONENTS)


WAYS = {
    "copy": lambda net, tmp_path: copy.deepcopy(net),
    "pickle": lambda net, tmp_path: pickle.loads(pickle.dumps(net)),
    "save": saved,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_network_that_was_kept_is_open_and_the_same(way, tmp_path):
    net = trained()
    kept = WAYS[way](net, tmp_path)
    assert kept.spec == net.spec
    assert kept.graph.inputs == {"x": (None, 2)}
    for length in (1, 3, 8):
        x, y = samples(length)
        assert kept.predict(x).tobytes() == net.predict(x).tobytes()
        assert kept.gradient(x, y).vector.tobytes() == net.gradient(x, y).vector.tobytes()
    kept.fit(*samples(5), optimizer=OPTIMIZER, epochs=1, progress=False)
    assert kept.parameters.vector.tobytes() != net.parameters.vector.tobytes()
    if way != "save":  # files do not hold where random streams are
        net.fit(*samples(5), optimizer=OPTIMIZER, epochs=1, progress=False)
        assert kept.parameters.vector.tobytes() == net.parameters.vector.tobytes()


@pytest.mark.parametrize("way", ["copy", "pickle"])
def test_a_closed_one_is_kept_closed_and_on_its_own(way, tmp_path):
    net = trained()
    kept = WAYS[way](net.closed((4, 2)), tmp_path)
    assert kept.graph.inputs == {"x": (4, 2)}
    kept.parameters.vector[:] = 0
    assert net.parameters.vector.any()


def layers():
    return [Dense(units=3), Sigmoid(), Dense(units=2)]


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_spec_files_hold_null_for_an_open_length(suffix, tmp_path):
    for net in (bp.Network(layers(), input_shape=(None, 2), cost=QuadraticCost()), two(b=None)):
        write_spec(RunSpec(network=net.spec), tmp_path / f"s.{suffix}")
        assert "null" in (tmp_path / f"s.{suffix}").read_text()
        assert read_spec(tmp_path / f"s.{suffix}").network == net.spec
        document = {"network": network_document(net.spec, default_registry())}
        jsonschema.Draft202012Validator(json_schema(default_registry())).validate(document)


def test_toml_has_no_null_and_says_so(tmp_path):
    net = bp.Network(layers(), input_shape=(None, 2))
    with pytest.raises(SpecFileError, match=r"network\.input_shape\[0\] is null"):
        write_spec(RunSpec(network=net.spec), tmp_path / "s.toml")


SPEC = """\
network:
  input_shape: [null, 2]
  layers:
    - {kind: dense, units: 3}
    - {kind: sigmoid}
    - {kind: dense, units: 2}
  cost: {kind: quadratic}
training: {optimizer: {kind: gradient_descent, learning_rate: 0.1}, epochs: 2, batch_size: 8, seed: 0}
data: {kind: npz, path: points.npz}
"""


def test_the_command_line_trains_and_predicts_with_an_open_length(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(SPEC)
    rng = np.random.default_rng(0)
    np.savez("points.npz", x=rng.normal(size=(20, 4, 2)), y=rng.normal(size=(20, 4, 2)))
    np.save("longer.npy", rng.normal(size=(3, 9, 2)))
    run = CliRunner()
    found = run.invoke(app, ["train", "spec.yaml", "--output", "run", "--json"])
    assert found.exit_code == 0, found.output
    assert run.invoke(app, ["evaluate", "run", "--data", "points.npz"]).exit_code == 0
    predicted = run.invoke(app, ["predict", "run", "longer.npy", "--output", "found.npy"])
    assert predicted.exit_code == 0, predicted.output
    assert np.load("found.npy").shape == (3, 9, 2)
    assert json.loads((tmp_path / "run" / "history.jsonl").read_text().splitlines()[0])["epoch"] == 1
