"""Products with the Hessian against dense matrices, and what they ask of components."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout
from hypothesis import given, settings
from hypothesis import strategies as st

from bpframe import Network
from bpframe.derivatives.points import memory
from bpframe.errors import DataError, DerivativeError, ShapeMismatch
from bpframe.extend import Diagonal, Layer, Parameter
from tests.contract.cases import MODES, Case, mode_id
from tests.oracles import assert_close

from .dense import At
from .vectors import PARAMETERS_AND_INPUTS, columns, flat
from .zoo import ZOO, made, named


@pytest.mark.parametrize(("example", "wrt"), PARAMETERS_AND_INPUTS)
def test_all_columns_of_every_network(example, wrt) -> None:
    network = example.make()
    x, y = example.data()
    found = flat(network.hvp(x, y, columns(network, x, wrt), wrt=wrt))
    assert_close(found, At(network, x, y, wrt).hessian(), 1e-9)
    assert_close(found, found.T, 1e-12)


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_a_product_agrees_with_the_cost_alone(example) -> None:
    network = example.make()
    x, y = example.data(batch=2)
    v = np.random.default_rng(0).standard_normal(network.parameters.vector.shape)
    assert_close(network.hvp(x, y, v), At(network, x, y).hessian_times(v), 1e-9)


@pytest.mark.parametrize(("case", "training"), [each for each in MODES if each[0].bends], ids=mode_id)
def test_every_component_of_the_contract_between_layers(case, training) -> None:
    network, x = case.trainable(), case.x(4)
    y = np.random.default_rng(0).standard_normal((4, 2))
    v = np.random.default_rng(1).standard_normal((3, network.parameters.vector.size))
    at = At(network, x, y, training=training)
    assert_close(case.trainable().hvp(x, y, v, training=training), v @ at.hessian(), 1e-9)


@pytest.fixture
def network() -> Network:
    return named("gated-two-outputs").make()


@pytest.fixture
def data():
    return named("gated-two-outputs").data()


def test_vectors_come_back_in_the_kind_that_went_in(network, data) -> None:
    rng = np.random.default_rng(0)
    v = rng.standard_normal((2, 3, network.parameters.vector.size))
    found = network.hvp(*data, v)
    assert found.shape == v.shape
    by_path, start = {}, 0
    for path, array in network.parameters.items():
        by_path[path] = v[..., start : start + array.size].reshape(2, 3, *array.shape)
        start += array.size
    mapped = network.hvp(*data, by_path)
    assert list(mapped) == list(network.parameters)
    np.testing.assert_allclose(
        np.concatenate([each.reshape(2, 3, -1) for each in mapped.values()], axis=-1), found, rtol=1e-12, atol=1e-15
    )
    one = network.hvp(*data, network.parameters.like(v[1, 2].copy()))
    np.testing.assert_allclose(one.vector, found[1, 2], rtol=1e-12, atol=1e-15)
    one["left.w"] = 0.0  # the caller's own


def test_parameters_and_inputs_that_are_left_out_do_not_change(network, data) -> None:
    x, y = data
    only = {"right.w": np.ones(network.parameters["right.w"].shape)}
    whole = {path: np.zeros(array.shape) for path, array in network.parameters.items()} | only
    for path, array in network.hvp(x, y, only).items():
        np.testing.assert_allclose(array, network.hvp(x, y, whole)[path], rtol=1e-12, atol=1e-15)
    found = network.hvp(x, y, {"z": np.ones(x["z"].shape)}, wrt="inputs")
    zeros = network.hvp(x, y, {"z": np.ones(x["z"].shape), "x": np.zeros(x["x"].shape)}, wrt="inputs")
    for name in x:
        assert found[name].shape == x[name].shape
        np.testing.assert_allclose(found[name], zeros[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("example", "wrt"), PARAMETERS_AND_INPUTS)
def test_differences_of_gradients_come_near(example, wrt) -> None:
    network = example.make()
    x, y = example.data()
    v = {name: array[-2:] for name, array in columns(network, x, wrt).items()} if wrt == "inputs" else None
    v = np.random.default_rng(0).standard_normal((2, network.parameters.vector.size)) if v is None else v
    theta = network.parameters.vector.copy()
    exact, near = network.hvp(x, y, v, wrt=wrt), network.hvp(x, y, v, wrt=wrt, method="difference")
    assert_close(flat(near), flat(exact), 1e-8)
    np.testing.assert_array_equal(network.parameters.vector, theta)


class Bell(Layer):
    """a exp(−((x − m)/s)²/2), without its second order; `jumping` has a slope by a that jumps at 1."""

    start: tuple[float, float, float]
    jumping: bool = False

    def parameters(self):
        return {name: Parameter((), init=value) for name, value in zip("ams", self.start, strict=True)}

    def forward(self, x, p):
        y = p["a"] * np.exp(-(((x - p["m"]) / p["s"]) ** 2) / 2)
        return np.maximum(y, p["a"]) if self.jumping else y

    def jacobian(self, x, p):
        u = (x - p["m"]) / p["s"]
        y = p["a"] * np.exp(-u * u / 2) * (0.5 if self.jumping else 1.0)
        found = {"x": Diagonal(-y * u / p["s"]), "a": y / p["a"], "m": y * u / p["s"], "s": y * u * u / p["s"]}
        return {**found, "a": np.where(p["a"] > 1, 1.0, 0.0) + 0 * y} if self.jumping else found


@pytest.mark.parametrize(
    ("start", "x"),
    [
        ((2.0, 0.3, 0.8), np.linspace(-1, 1, 7)),
        ((2.0, 589.02e-9, 0.3e-9), np.linspace(588.5e-9, 589.5e-9, 7)),
        ((0.3, 2460000.5, 0.01), 2460000.5 + np.linspace(-0.02, 0.023, 7)),
        ((1e9, 0.0, 1e-7), np.linspace(-1e-7, 1.2e-7, 7)),
    ],
    ids=["ones", "metres", "days", "nano and giga"],
)
def test_differences_step_every_parameter_by_its_own_size(start, x) -> None:
    network = Network([Bell(start=start)], cost=QuadraticCost(), input_shape=(1,))
    y = 0.7 * network.predict(x[:, None])

    def gradient(theta):
        a, m, s = theta
        u = (x - m) / s
        value = a * np.exp(-u * u / 2)
        r = (value - y[:, 0]) / len(x)
        return np.array([np.sum(r * value / a), np.sum(r * value * u / s), np.sum(r * value * u * u / s)])

    units = np.array([start[0], start[2], start[2]])
    theta = np.array(start)
    h = 1e-20
    exact = np.stack([gradient(theta + 1j * h * unit * e).imag / h for unit, e in zip(units, np.eye(3), strict=True)])
    for v in (*np.eye(3), np.array([1.0, -0.5, 2.0])):
        found = network.hvp(x[:, None], y, v * units, method="difference")
        np.testing.assert_allclose(found * units, v @ (exact * units), atol=1e-5 * np.abs(exact * units).max())


def test_a_gradient_that_jumps_has_no_product_by_differences() -> None:
    network = Network([Bell(start=(1.0, 0.0, 1.0), jumping=True)], cost=QuadraticCost(), input_shape=(1,))
    x = np.linspace(-1, 1, 5)[:, None]
    with pytest.raises(DerivativeError, match=r"no slope along this vector") as caught:
        network.hvp(x, np.zeros((5, 1)), np.array([1.0, 0.0, 0.0]), method="difference")
    assert "exact" in caught.value.hint


def test_differences_draw_the_same_random_numbers() -> None:
    network = Case("dropout", Dropout(rate=0.4), {"x": (7,)}).trainable()
    x, y = {"x": np.random.default_rng(0).standard_normal((4, 7))}, np.ones((4, 2))
    v = np.random.default_rng(1).standard_normal(network.parameters.vector.shape)
    expected = At(network, x, y, training=True).hessian() @ v
    assert_close(network.hvp(x, y, v, training=True, method="difference"), expected, 1e-8)


@settings(max_examples=20)
@given(
    st.sampled_from([each for each in ZOO if each.name in ("attention", "residual", "recurrent", "plain-arrays")]),
    st.integers(0, 2**32 - 1),
    st.floats(-3, 3),
)
def test_products_are_symmetric_and_linear(example, seed, factor) -> None:
    network = example.make()
    x, y = example.data(batch=3, seed=seed % 1000)
    u, v = np.random.default_rng(seed).standard_normal((2, network.parameters.vector.size))
    hu, hv, mixed = network.hvp(x, y, np.stack([u, v, u + factor * v]))
    scale = np.abs(hu).sum() + np.abs(hv).sum() + 1e-300
    assert abs(v @ hu - u @ hv) < 1e-11 * scale * max(np.abs(u).max(), np.abs(v).max())
    np.testing.assert_allclose(mixed, hu + factor * hv, rtol=0, atol=1e-12 * scale * 4)


@pytest.mark.parametrize("wrt", ["parameters", "inputs"])
def test_portions_add_up(monkeypatch, network, data, wrt) -> None:
    x, y = data
    v = columns(network, x, wrt)
    whole = flat(network.hvp(x, y, v, wrt=wrt))
    for size in (1, 1000, 5000):
        monkeypatch.setattr(memory, "PORTION_BYTES", size)
        assert_close(flat(network.hvp(x, y, v, wrt=wrt)), whole, 1e-13)


def test_coupled_examples_stay_together(monkeypatch) -> None:
    network = Case("batch_norm", BatchNorm(epsilon=0.1), {"x": (3,)}).trainable()
    rng = np.random.default_rng(0)
    x, y = {"x": rng.standard_normal((6, 3))}, rng.standard_normal((6, 2))
    monkeypatch.setattr(memory, "PORTION_BYTES", 1)
    found = network.hvp(x, y, columns(network, x, "parameters"), training=True)
    assert_close(found, At(network, x, y, training=True).hessian(), 1e-9)


def test_nothing_of_the_size_of_examples_times_parameters_is_formed() -> None:
    network = Network(
        [Dense(units=150), Sigmoid(), Dense(units=150), Sigmoid(), Dense(units=1)],
        cost=QuadraticCost(), input_shape=(150,), dtype="float32", seed=0,
    )  # fmt: skip
    x, y = np.ones((300, 150), "float32"), np.ones((300, 1), "float32")
    v = np.ones(network.parameters.vector.shape, "float32")
    everything = v.nbytes * len(x)
    tracemalloc.start()
    network.hvp(x, y, v)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < everything / 10


def test_bad_words_and_vectors_are_refused() -> None:
    network, x, y = made(Dense(units=2))
    v = np.ones(8)
    with pytest.raises(DerivativeError, match="wrt"):
        network.hvp(x, y, v, wrt="weights")
    with pytest.raises(DerivativeError, match="method is unknown") as caught:
        network.hvp(x, y, v, method="differences")
    assert caught.value.hint == "did you mean 'difference'?"
    with pytest.raises(ShapeMismatch):
        network.hvp(x, y, np.ones(7))
    with pytest.raises(DataError):
        network.hvp(x, y, {"dense_1.v": np.ones((2, 3))})
    with pytest.raises(DerivativeError, match="no parameters"):
        made(Tanh(), cost=QuadraticCost())[0].hvp(x, x, np.ones(0))
