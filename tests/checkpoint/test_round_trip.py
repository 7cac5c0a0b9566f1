"""A saved network comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bpframe_optimizers import Adam
from bpframe_reference import Add, Dense, GradientDescent, Multiply, QuadraticCost, Shift, Sigmoid
from bpframe_regularisation import Dropout
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import bpframe as bp
from bpframe.checkpoint import writing
from bpframe.data import DigitsData
from bpframe.errors import CheckpointError
from bpframe.extend import Activation, Diagonal, Layer, State
from bpframe.plugins import default_registry
from bpframe.plugins.registry import PluginSet, Provider, Registry
from bpframe.runs.saved_run import open_run
from tests.components.activations import SoftSign
from tests.components.costs import Quartic


class RunningShift(Layer):
    """Subtracts a running mean, which it updates in training."""

    def initial_state(self, shape):
        return {"mean": State(shape, init=0.0)}

    def forward(self, x, state, training):
        if not training:
            return x - state["mean"], state
        mean = 0.5 * state["mean"] + 0.5 * x.mean(axis=0)
        return x - state["mean"], {"mean": mean}

    def jacobian(self, x):
        return {"x": Diagonal(np.ones_like(x))}


def trained(*middle, dtype="float64") -> tuple[bp.Network, np.ndarray]:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(31, 4)), rng.uniform(size=(31, 2))
    net = bp.Network(
        [Dense(units=5), *middle, Dense(units=2), Sigmoid()], cost=QuadraticCost(), input_shape=(4,), dtype=dtype
    )
    net.fit(x, y, optimizer=GradientDescent(learning_rate=0.5), epochs=3, validation_data=(x, y))
    return net, x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_are_the_same_to_the_last_bit(tmp_path: Path, dtype: str) -> None:
    net, x = trained(Sigmoid(), dtype=dtype)
    again = bp.load(net.save(tmp_path / "run"))
    assert again.dtype == net.dtype
    assert again.predict(x).tobytes() == net.predict(x).tobytes()
    assert again.parameters.vector.tobytes() == net.parameters.vector.tobytes()


def test_a_graph_with_shared_parameters_and_two_inputs_comes_back(tmp_path: Path) -> None:
    net = bp.Network(
        inputs={"a": (3,), "b": (3,)},
        nodes={
            "left": bp.node(Dense(units=3), "a"),
            "right": bp.node(Dense(units=3), "b", share="left"),
            "shifted": bp.node(Shift(by=0.5), "right"),
            "sum": bp.node(Add(), "left", "shifted"),
            "product": bp.node(Multiply(), "sum", "a"),
        },
        output=["product", "sum"],
        cost={"product": QuadraticCost()},
        seed=4,
    )
    x = {name: np.random.default_rng(k).normal(size=(7, 3)) for k, name in enumerate("ab")}
    before, after = net.predict(x), bp.load(net.save(tmp_path / "run")).predict(x)
    assert before.keys() == after.keys()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)


def test_history_and_training_come_back_and_training_can_go_on(tmp_path: Path) -> None:
    net, x = trained(Sigmoid())
    again = bp.load(net.save(tmp_path / "run"))
    assert again.history == net.history
    assert len(again.history) == 3
    assert again.training == net.training
    y = np.ones((31, 2))
    before = again.cost(x, y)
    again.fit(x, y, optimizer=again.training.optimizer, epochs=5)
    assert again.cost(x, y) < before


def test_a_network_that_was_never_trained_can_be_saved(tmp_path: Path) -> None:
    net = bp.Network([Dense(units=2)], input_shape=(3,))
    folder = net.save(tmp_path / "run")
    assert bp.load(folder).history is None
    assert not (folder / "history.json").exists()


@pytest.mark.filterwarnings("ignore:no installed plugin set provides")
def test_state_comes_back(tmp_path: Path) -> None:
    net, x = trained(RunningShift())
    name = next(iter(net.state))
    assert np.abs(net.state[name]["mean"]).max() > 0.01
    again = bp.load(net.save(tmp_path / "run"), components=[RunningShift])
    assert again.state[name]["mean"].tobytes() == net.state[name]["mean"].tobytes()
    assert again.predict(x).tobytes() == net.predict(x).tobytes()


class TurnedState(Layer):
    """Keeps a state whose memory lies the other way round."""

    def initial_state(self, features):
        return {"table": State((2, features))}

    def forward(self, x, state, training):
        table = np.stack([x[0], np.arange(x.shape[1])], axis=1).T if training else state["table"]
        return x + state["table"][0], {"table": table}

    def jacobian(self, x):
        return {"x": Diagonal(np.ones_like(x))}


@pytest.mark.filterwarnings("ignore:no installed plugin set provides")
def test_state_comes_back_however_its_memory_lies(tmp_path: Path) -> None:
    net, x = trained(TurnedState())
    name = next(iter(net.state))
    table = net.state[name]["table"]
    assert table[1].tolist() == [0, 1, 2, 3, 4]
    again = bp.load(net.save(tmp_path / "run"), components=[TurnedState])
    np.testing.assert_array_equal(again.state[name]["table"], table)
    assert again.predict(x).tobytes() == net.predict(x).tobytes()


def test_an_array_that_the_network_has_not_names_the_close_one(tmp_path: Path) -> None:
    folder = trained()[0].save(tmp_path / "run")
    arrays = load_file(folder / "weights.safetensors")
    save_file(arrays | {"dense_1.ww": arrays["dense_1.w"]}, folder / "weights.safetensors", _metadata(folder))
    versions = json.loads((folder / "versions.json").read_text())
    for name in ("digests", "digest"):  # as runs had none
        versions.pop(name, None)
    (folder / "versions.json").write_text(json.dumps(versions))
    with pytest.raises(CheckpointError, match=r"has a parameter 'dense_1.ww'") as refused:
        bp.load(folder)
    assert refused.value.hint == "did you mean 'dense_1.w'?"


def _metadata(folder: Path) -> dict[str, str]:
    with safe_open(folder / "weights.safetensors", "numpy") as file:
        return dict(file.metadata())


def test_saving_a_class_of_no_plugin_set_says_what_loading_needs(tmp_path: Path) -> None:
    net, x = trained(SoftSign(sharpness=2.0))
    with pytest.warns(UserWarning, match=r"components=\[SoftSign\]") as warned:
        folder = net.save(tmp_path / "run")
    assert [each.filename for each in warned] == [__file__]  # where the run is saved, not within bpframe
    assert "kind: local.soft_sign" in (folder / "spec.yaml").read_text()
    with pytest.raises(CheckpointError, match=r"components=\[SoftSign\]"):
        bp.load(folder)
    assert bp.load(folder, components=[SoftSign]).predict(x).tobytes() == net.predict(x).tobytes()


def test_a_run_says_which_plugin_set_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_digests: Callable[[Path], Path]
) -> None:
    installed = default_registry()
    theirs = PluginSet(Provider("squash", "squash-layers", "1.2"), (SoftSign,))
    monkeypatch.setattr(writing, "default_registry", lambda: Registry.build([*installed.sets, theirs]))
    net, _ = trained(SoftSign(sharpness=2.0))
    folder = net.save(tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"'squash', from the package squash-layers 1\.2") as refused:
        bp.load(folder)
    assert "if you trust it" in str(refused.value)
    versions = json.loads((without_digests(folder) / "versions.json").read_text())
    versions["plugins"]["squash"]["distribution"] = "x; rm -rf ~"
    (folder / "versions.json").write_text(json.dumps(versions))
    with pytest.raises(CheckpointError, match=r"'squash\.soft_sign' is not") as refused:
        bp.load(folder)
    assert "rm -rf" not in str(refused.value)


def test_two_classes_of_one_kind_cannot_be_named_in_a_file(tmp_path: Path) -> None:
    first = SoftSign

    def another() -> type[Activation]:
        class SoftSign(first):
            pass

        return SoftSign

    net, _ = trained(SoftSign(), another()())
    with pytest.raises(CheckpointError, match="two components of 'local' are named 'soft_sign'"):
        net.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:no installed plugin set provides")
def test_a_cost_of_no_plugin_set_is_found_too(tmp_path: Path) -> None:
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=Quartic())
    folder = net.save(tmp_path / "run")
    x, y = np.ones((2, 3)), np.zeros((2, 2))
    assert bp.load(folder, components=[Quartic]).cost(x, y) == net.cost(x, y)


def test_the_preparation_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    data = DigitsData(scaling="standard", test_count=50).load(Path(), "float32")
    net = bp.Network([Dense(units=10)], input_shape=(64,), cost=QuadraticCost(), dtype="float32")
    run = open_run(net.save(tmp_path / "run", preparation=data.preparation, data=DigitsData(scaling="standard")))
    assert run.preparation == data.preparation
    assert run.spec.data == DigitsData(scaling="standard")


def test_versions_say_what_the_run_was_made_with(tmp_path: Path) -> None:
    net, _ = trained(Sigmoid())
    versions = json.loads((net.save(tmp_path / "run") / "versions.json").read_text())
    assert versions["numpy"] == np.__version__
    assert versions["bpframe"] == bp.__version__
    assert versions["plugins"]["reference"] == {"distribution": "bpframe", "version": bp.__version__}
    assert versions["format"] == 2


def test_the_weights_are_arrays_under_the_paths_of_the_parameters(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    net, _ = trained(Sigmoid())
    arrays = load_file(net.save(tmp_path / "run") / "weights.safetensors")
    assert set(arrays) == set(net.parameters)
    assert all(np.array_equal(arrays[path], net.parameters[path]) for path in arrays)


def test_plugins_that_listen_hear_of_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    monkeypatch.setattr(writing, "listeners", lambda hook: lambda path: heard.append((hook, path)))
    net = bp.Network([Dense(units=2)], input_shape=(3,))
    folder = net.save(tmp_path / "run")
    assert heard == [("bpframe_after_checkpoint", folder)]


@pytest.mark.parametrize("layers", [[], [Dropout(rate=0.3)]], ids=["order", "dropout"])
@pytest.mark.parametrize("options", [{}, {"seed": 3}, {"shuffle": False}], ids=str)
def test_random_streams_go_on_in_a_loaded_network(layers, options, tmp_path):
    x = np.random.default_rng(0).normal(size=(23, 3))
    net = bp.Network([Dense(units=4), *layers, Dense(units=3)], cost=QuadraticCost(), input_shape=(3,))
    rule = Adam()
    net.fit(x, x**2, optimizer=rule, epochs=2)
    net.save(tmp_path / "run")
    loaded = bp.load(tmp_path / "run")
    for each in (net, loaded):
        each.fit(x, x**2, optimizer=rule, epochs=2, **options)
    assert net.parameters.vector.tobytes() == loaded.parameters.vector.tobytes()
