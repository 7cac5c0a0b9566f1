"""Gradients per example, and what is computed of them without writing them out, against one example at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import Dropout

from bpframe import Network, node
from bpframe.derivatives.per_example import gradients as per_example
from bpframe.derivatives.per_example.parameter_matrix import ParameterMatrix
from bpframe.derivatives.points import memory
from bpframe.derivatives.points.portions import Portions
from bpframe.errors import DataError, DerivativeError, MemoryLimitError, ShapeMismatch
from bpframe.machine import workers
from tests.oracles import assert_close, cost_gradient

from .zoo import ZOO, Example, named


def one(arrays: Any, n: int) -> Any:
    return {k: v[n : n + 1] for k, v in arrays.items()} if isinstance(arrays, dict) else arrays[n : n + 1]


def measured(network: Network, x: Any, y: Any, count: int) -> np.ndarray:
    """g_n of every example from forward passes on it alone: (N, P)."""
    return np.stack([cost_gradient(network, one(x, n), one(y, n)) for n in range(count)])


@pytest.fixture(params=[None, 2], ids=["at once", "in portions"])
def portion(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """Take all examples at once, or two at a time."""
    if request.param is not None:
        monkeypatch.setattr(memory, "portion", lambda count, _: min(count, request.param))
    return request.param


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_every_quantity_of_every_network(example: Example, portion: int | None) -> None:
    network, batch = example.make(), 5
    x, y = example.data(batch)
    g = measured(network, x, y, batch)
    norms = (g**2).sum(axis=1)
    quantities = network.per_example

    found = quantities.gradients(x, y)
    assert_close(found.matrix, g)
    assert_close(quantities.squared_norms(x, y), norms)
    assert_close(quantities.gram(x, y), g @ g.T)
    assert_close(quantities.variance(x, y).vector, g.var(axis=0))
    assert_close(quantities.variance(x, y, ddof=1).vector, g.var(axis=0, ddof=1))
    by_parameter = quantities.squared_norms(x, y, by="parameter")
    assert list(by_parameter) == list(network.parameters) == list(found)
    for path, view in found.items():
        assert view.shape == (batch, *network.parameters[path].shape)
        flat = np.stack([network.parameters.like(each)[path].reshape(-1) for each in g])
        np.testing.assert_allclose(by_parameter[path], (flat**2).sum(axis=1), rtol=1e-10, atol=1e-24 * norms.max())

    bound = float(np.median(np.sqrt(norms)))
    clipped = (g * np.minimum(1, bound / np.sqrt(norms))[:, None]).mean(axis=0)
    assert_close(quantities.clipped_gradient(x, y, bound).vector, clipped)
    assert_close(quantities.clipped_gradient(x, y, 1e9).vector, g.mean(axis=0))


def test_gradients_are_arrays_of_ones_own_with_views() -> None:
    example = named("softmax-cross-entropy")
    network = example.make()
    x, y = example.data()
    found = network.per_example.gradients(x, y)
    before = found.matrix.copy()
    network.per_example.gradients(x[::-1], y[::-1])
    network.gradient(x[::-1], y[::-1])
    np.testing.assert_array_equal(found.matrix, before)
    found["dense_1.b"][2] = 7
    row = found.example(2)
    assert (row["dense_1.b"] == 7).all()
    assert np.shares_memory(row.vector, found.matrix)
    assert repr(found).startswith(
        f"ParameterMatrix((4, {network.parameters.vector.size}) float64 in {{dense_1.w: (5, 4)"
    )
    assert len(found) == 4
    with pytest.raises(KeyError, match=r"did you mean 'dense_1"):
        found["dense_1.c"]
    with pytest.raises(ShapeMismatch, match="does not hold"):
        ParameterMatrix(found.matrix[:, :-1], network.parameters.shapes)


def test_a_repeated_call_sees_parameters_and_examples_as_they_are_now() -> None:
    example = named("softmax-cross-entropy")
    network = example.make()
    for seed, count in enumerate((5, 5, 3, 5)):
        x, y = (array[:count] for array in example.data(5))
        x = x + seed
        network.parameters.vector[...] += 0.1 * seed
        g = measured(network, x, y, count)
        assert_close(network.per_example.gradients(x, y).matrix, g)
        assert_close(network.per_example.squared_norms(x, y), (g**2).sum(axis=1))


def test_gradients_written_in_parts_are_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network([Dense(units=9), Sigmoid(), Dense(units=3)], cost=QuadraticCost(), input_shape=(7,), seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 7)), rng.standard_normal((50, 3))
    whole = network.per_example.gradients(x, y).matrix
    monkeypatch.setenv("BPFRAME_THREADS", "2")
    monkeypatch.setattr(workers, "_cores", lambda: 2)
    monkeypatch.setattr(workers, "_pool", workers._Pool())
    monkeypatch.setattr(workers, "LEAST_BYTES", 1)
    parts = network.per_example.gradients(x, y).matrix
    assert workers._pool.threads == 2
    assert whole.tobytes() == parts.tobytes()


@pytest.mark.parametrize("name", ["softmax-cross-entropy", "embedding", "convolution", "recurrent"])
def test_float32_stays_float32(name: str) -> None:
    example = named(name)
    network = example.make("float32")
    x, y = example.data(dtype="float32")
    quantities = network.per_example
    found = [
        quantities.gradients(x, y).matrix,
        quantities.squared_norms(x, y),
        quantities.gram(x, y),
        quantities.variance(x, y).vector,
        quantities.clipped_gradient(x, y, 0.1, 1.0, seed=0).vector,
    ]
    exact = example.make("float64").per_example.gradients(*example.data()).matrix
    assert [array.dtype for array in found] == [np.float32] * 5
    assert_close(found[0], exact, 2e-5)
    assert_close(found[2], exact @ exact.T, 2e-5)


def test_what_a_parameter_does_not_reach_is_zero(portion: int | None) -> None:
    """A parameter whose node feeds no output with a cost has no form at all."""
    network = Network(
        inputs={"x": (3,)},
        nodes={"used": node(Dense(units=2), "x"), "unused": node(Dense(units=2), "x")},
        output=["used", "unused"],
        cost={"used": QuadraticCost()},
        seed=1,
    )
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    quantities = network.per_example
    norms = quantities.squared_norms(x, y, by="parameter")
    assert (quantities.gradients(x, y)["unused.w"] == 0).all()
    assert (norms["unused.w"] == 0).all()
    assert (norms["used.w"] > 0).all()
    assert (quantities.variance(x, y)["unused.w"] == 0).all()
    assert (quantities.clipped_gradient(x, y, 1.0)["unused.b"] == 0).all()


def test_gram_computes_portions_again_where_they_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    example = named("tanh-deep")
    network = example.make()
    x, y = example.data(7)
    whole = network.per_example.gram(x, y)
    monkeypatch.setattr(memory, "portion", lambda count, _: 2)
    monkeypatch.setattr(per_example, "KEPT_BYTES", 0)
    assert_close(network.per_example.gram(x, y), whole, 1e-13)


def test_noise_has_the_stated_deviation_and_follows_its_seed() -> None:
    network = Network([Dense(units=40), Sigmoid(), Dense(units=40)], cost=QuadraticCost(), input_shape=(60,), seed=0)
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((8, 60)), rng.standard_normal((8, 40))
    quantities = network.per_example
    plain = quantities.clipped_gradient(x, y, 0.5).vector

    def noise(seed: Any) -> np.ndarray:
        return quantities.clipped_gradient(x, y, 0.5, 2.0, seed).vector - plain

    drawn = noise(3)
    sigma = 2.0 * 0.5 / 8
    assert abs(drawn.std() / sigma - 1) < 5 / np.sqrt(2 * drawn.size)
    assert abs(drawn.mean()) < 5 * sigma / np.sqrt(drawn.size)
    np.testing.assert_array_equal(noise(3), drawn)
    assert not np.allclose(noise(4), drawn)
    going_on = np.random.default_rng(0)
    assert not np.allclose(noise(going_on), noise(going_on))


def test_a_gradient_of_zero_is_not_divided_by_its_norm() -> None:
    network = Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=0)
    x = np.random.default_rng(0).standard_normal((4, 3))
    y = network.predict(x)
    with np.errstate(all="raise"):
        assert (network.per_example.clipped_gradient(x, y, 1.0).vector == 0).all()


def test_a_gradient_that_is_no_number_shows() -> None:
    network = Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=0)
    x, y = np.ones((4, 3)), np.zeros((4, 2))
    network.parameters["dense_1.b"][0] = np.nan
    assert np.isnan(network.per_example.clipped_gradient(x, y, 1.0).vector).any()


def test_training_as_in_the_gradient(portion: int | None) -> None:
    """All examples in one pass, with one draw of dropout's mask: the diagonal of a Gram matrix is no other draw's."""
    network = Network(
        [Dense(units=64), Dropout(rate=0.5), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=0
    )
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    dropped = network.per_example.gradients(x, y, training=True)["dense_2.w"]
    kept = network.per_example.gradients(x, y)["dense_2.w"]
    assert 0.3 < (dropped == 0).mean() < 0.7
    assert (kept != 0).all()
    examples = Portions(network._engine, *network._samples(x, y), training=True)
    assert examples.slices() == [slice(0, 6)]


def test_bad_arguments_are_refused() -> None:
    example = named("linear")
    network = example.make()
    x, y = example.data()
    quantities = network.per_example
    with pytest.raises(MemoryLimitError, match="squared_norms, gram, variance or clipped_gradient"):
        quantities.gradients(x, y, memory_limit=100)
    with pytest.raises(MemoryLimitError, match="squared_norms"):
        quantities.gram(x, y, memory_limit=100)
    with pytest.raises(DerivativeError, match="did you mean 'parameter'"):
        quantities.squared_norms(x, y, by="parameters")  # type: ignore[call-overload]
    for bound in (0, -1.0, np.nan, np.inf, "1", True):
        with pytest.raises(DerivativeError, match="max_norm"):
            quantities.clipped_gradient(x, y, bound)
    with pytest.raises(DerivativeError, match="noise_multiplier"):
        quantities.clipped_gradient(x, y, 1.0, -1.0, 0)
    for seed in (None, -1, 0.5, True):
        with pytest.raises(DerivativeError, match="seed"):
            quantities.clipped_gradient(x, y, 1.0, 1.0, seed)
    for ddof in (4, -1, 0.5, True):
        with pytest.raises(DerivativeError, match="ddof from 0 to 3, for 4 examples"):
            quantities.variance(x, y, ddof)
    with pytest.raises(DataError, match="no examples"):
        quantities.squared_norms(x[:0], y[:0])
