"""The stranger's activation is right by value: forward, Jacobian, second derivative, and its own examples."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bpframe import Network
from bpframe.core.component import contract_of
from tests.oracles import along, assert_close, input_jacobian

FILE = Path(__file__).parents[2] / "docs" / "examples" / "softsign_plugin" / "softsign_plugin.py"


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("softsign_plugin", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # where pydantic looks its annotations up
    spec.loader.exec_module(module)
    return module


def away_from_zero(shape: tuple[int, ...]) -> np.ndarray:
    """Differences do not reach over 0, where the second derivative jumps."""
    rng = np.random.default_rng(0)
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.2, 2, shape)


def test_value(plugin: ModuleType):
    y = plugin.SoftSign(sharpness=2.0).forward(np.array([[-1.0, 0.0, 0.5]]))
    np.testing.assert_allclose(y, [[-2 / 3, 0, 1 / 2]], rtol=1e-15)


def test_derivatives_of_every_example(plugin: ModuleType):
    for component, (shape,) in plugin.bpframe_examples():
        x = away_from_zero((3, *shape))
        network = Network([component], input_shape=shape)
        operator = network.trace(x).jacobian("soft_sign_1")["x"]
        measured = input_jacobian(network, x, "x", method="differences")
        joint = operator.joint_dense(3)
        assert_close(joint, measured.reshape(joint.shape), 1e-8)
        slope = along(lambda x, c=component: c.jacobian(c.forward(x)).d, x, np.ones_like(x), "differences")
        assert_close(component.second_derivative(component.forward(x)), slope, 1e-8)
        assert network.trace(x).jacobian("soft_sign_1")["x"].structure == "diagonal"


def test_the_set_lists_classes_that_keep_the_contract(plugin: ModuleType):
    (cls,) = plugin.bpframe_components()
    assert contract_of(cls).category == "activation"
    assert {type(component) for component, _ in plugin.bpframe_examples()} == {cls}
