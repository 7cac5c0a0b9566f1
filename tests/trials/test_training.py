"""Networks with the trial components train: in Python, from a spec, as a draft, and when they are checked on use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from scipy.optimize import minimize
from scipy.special import huber as scipy_huber

import bpframe as bp
from bpframe.documents import read_spec
from bpframe.errors import ComponentCheckFailed, DraftWarning
from bpframe.plugins import default_registry
from bpframe.testing.running.loose_file import loose_file
from tests.trials.fourier_features import FourierFeatures
from tests.trials.huber import HuberCost
from tests.trials.rational import Given, Rational

SPEC = """
network:
  input_shape: [1]
  layers:
    - {kind: fourier_features, frequencies: 6}
    - {kind: dense, units: 8}
    - {kind: rational, top: 3, bottom: 2, start_top: {kind: given, values: [0, 1, 0, 0.1]}}
    - {kind: dense, units: 1}
  cost: {kind: trials.huber, delta: 0.5}
training:
  optimizer: {kind: gradient_descent, learning_rate: 0.1}
  epochs: 60
  batch_size: 10
"""


def test_coefficients_of_a_rational_function_are_found() -> None:
    x = np.random.default_rng(0).uniform(-2, 2, size=(200, 1))
    net = bp.Network([Rational(top=1, bottom=1)], cost=QuadraticCost(), input_shape=(1,))
    net.fit(x, (1 + 2 * x) / (1 + x**2), optimizer=GradientDescent(learning_rate=0.2), epochs=150)
    np.testing.assert_allclose(net.parameters["rational_1.a"], [1, 2], atol=1e-3)
    np.testing.assert_allclose(np.abs(net.parameters["rational_1.b"]), [1], atol=1e-3)  # b enters as its square


def test_fourier_features_learn_what_a_line_cannot() -> None:
    x = np.random.default_rng(1).uniform(-1, 1, size=(100, 1))
    costs = []
    for layers in ([FourierFeatures(frequencies=6), Dense(units=1)], [Dense(units=1)]):
        net = bp.Network(layers, cost=QuadraticCost(), input_shape=(1,))
        net.fit(x, np.sin(5 * x), optimizer=GradientDescent(learning_rate=0.2), epochs=150)
        costs.append(net.cost(x, np.sin(5 * x)))
    assert costs[0] < 1e-3 < 0.1 < costs[1]


def test_a_line_through_outliers_is_that_of_scipy() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, size=(100, 1))
    y = 3 * x + 1 + 0.05 * rng.normal(size=x.shape)
    y[:10] += 20
    line = minimize(lambda w: scipy_huber(0.2, w[0] * x + w[1] - y).sum(), [0.0, 0.0], tol=1e-10).x
    net = bp.Network([Dense(units=1)], cost=HuberCost(delta=0.2), input_shape=(1,))
    net.fit(x, y, optimizer=GradientDescent(learning_rate=1.0), epochs=400, batch_size=100)
    found = [net.parameters["dense_1.w"].item(), net.parameters["dense_1.b"].item()]
    np.testing.assert_allclose(found, line, atol=1e-3)
    np.testing.assert_allclose(found, [3, 1], atol=0.1)


def test_all_three_train_from_a_spec_and_are_read_back(tmp_path: Path) -> None:
    components = [Given, Rational, FourierFeatures, HuberCost]
    spec = read_spec(SPEC, default_registry().with_components("trials", components))
    net = bp.Network.from_spec(spec.network)
    assert spec.training is not None
    x = np.random.default_rng(3).uniform(-1, 1, size=(100, 1))
    y = np.abs(x)
    before = net.cost(x, y)
    net.train(spec.training, (x, y))
    assert net.cost(x, y) < 0.05 * before
    with pytest.warns(UserWarning, match="no installed plugin set provides"):
        net.save(tmp_path / "run")
    again = bp.load(tmp_path / "run", components=components)
    np.testing.assert_array_equal(again.predict(x), net.predict(x))
    assert again.cost(x, y) == net.cost(x, y)


def test_a_draft_of_a_layer_trains_like_the_layer(altered: Callable[..., Path]) -> None:
    drafted = altered(
        "rational.py",
        ("    def jacobian(", "    def _later("),
        ("    top: PositiveInt", "    draft: ClassVar[bool] = True\n    top: PositiveInt"),
        ("import numpy as np\n", "from typing import ClassVar\n\nimport numpy as np\n"),
    )
    x = np.random.default_rng(4).uniform(-2, 2, size=(20, 2))
    with loose_file(drafted) as module:
        nets = []
        for layer in (module.Rational(), Rational()):
            net = bp.Network([layer, Dense(units=1)], cost=HuberCost(), input_shape=(2,))
            if layer.draft:
                with pytest.warns(DraftWarning):
                    net.fit(x, x[:, :1] ** 2, optimizer=GradientDescent(learning_rate=0.1), epochs=3)
            else:
                net.fit(x, x[:, :1] ** 2, optimizer=GradientDescent(learning_rate=0.1), epochs=3)
            nets.append(net)
    np.testing.assert_allclose(nets[0].parameters.vector, nets[1].parameters.vector, rtol=1e-9)


def test_a_network_that_checks_on_use_takes_the_layer_and_refuses_its_false_twin(altered: Callable[..., Path]) -> None:
    bp.Network([FourierFeatures(frequencies=2), Rational()], cost=HuberCost(), input_shape=(3,), verify=True)
    with loose_file(altered("fourier_features.py", ("[cos, -sin]", "[cos, sin]"))) as module:
        layer = module.FourierFeatures(frequencies=2)
        with pytest.raises(ComponentCheckFailed, match="there it has the wrong sign"):
            bp.Network([layer], input_shape=(3,), verify=True)
