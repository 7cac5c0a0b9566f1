"""Full Jacobians agree with derivatives measured from forward passes, in every order and form."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_reference import Add, Dense, Multiply, Sigmoid
from bpframe_regularisation import BatchNorm

from bpframe import Network, node
from bpframe.core.operators import IdentityMap
from bpframe.derivatives.jacobian import matrices
from bpframe.derivatives.jacobian.derivation import derivation_of
from bpframe.errors import BatchCoupledError, DerivativeError, MemoryLimitError
from tests.oracles import input_jacobian, parameter_jacobian

from .zoo import BATCH, ZOO

ORDERS = ("auto", "reverse", "forward")
BY_NAME = {example.name: example for example in ZOO}
zoo = pytest.mark.parametrize("name", BY_NAME)


def per_example(whole: np.ndarray, of: tuple[int, ...], wrt: tuple[int, ...]) -> np.ndarray:
    """Take the blocks (N, *of, *wrt) out of a batch's Jacobian (N, *of, N, *wrt)."""
    count = len(whole)
    blocks = whole.reshape(count, math.prod(of), count, math.prod(wrt))[range(count), :, range(count)]
    return blocks.reshape(count, *of, *wrt)


@cache
def measured(name: str) -> dict[tuple[str, str], np.ndarray]:
    """Return every output's Jacobian in every input and parameter, by complex steps."""
    example = BY_NAME[name]
    network, (x, _) = example.make(), example.data()
    graph = network.graph
    found = {}
    for of in graph.outputs:
        for wrt in graph.inputs:
            if wrt not in graph.integer_inputs:
                whole = input_jacobian(network, x, wrt, output=of)
                found[of, wrt] = per_example(whole, graph.shapes[of], graph.inputs[wrt])
        for path in graph.parameters:
            found[of, path] = parameter_jacobian(network, x, path, output=of)
    return found


def close(actual: np.ndarray, expected: np.ndarray, largest: float, relative: float = 1e-9) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=relative * largest)


def block_diagonal(blocks: np.ndarray, of: tuple[int, ...], wrt: tuple[int, ...]) -> np.ndarray:
    count, rows, columns = len(blocks), math.prod(of), math.prod(wrt)
    whole = np.zeros((count, rows, count, columns))
    whole[range(count), :, range(count)] = blocks.reshape(count, rows, columns)
    return whole.reshape(count * rows, count * columns)


@pytest.mark.parametrize("order", ORDERS)
@zoo
def test_dense_jacobians_of_outputs_in_inputs_and_parameters(name: str, order: str) -> None:
    example = BY_NAME[name]
    network, (x, _) = example.make(), example.data()
    expected = measured(name)
    largest = max(np.abs(each).max() for each in expected.values())
    for (of, wrt), each in expected.items():
        found = network.jacobian(x, of=of, wrt=wrt, order=order)
        assert found.flags.c_contiguous
        assert found.flags.writeable
        close(found, each, largest)


@pytest.mark.parametrize("order", ORDERS)
@zoo
def test_several_sources_at_once(name: str, order: str) -> None:
    example = BY_NAME[name]
    network, (x, _) = example.make(), example.data()
    expected = measured(name)
    largest = max(np.abs(each).max() for each in expected.values())
    for of in network.graph.outputs:
        found = network.jacobian(x, of=of, wrt="parameters", order=order)
        assert list(found) == list(network.graph.parameters)
        for path, each in found.items():
            close(each, expected[of, path], largest)


@zoo
def test_sparse_jacobians_of_the_whole_batch(name: str) -> None:
    example = BY_NAME[name]
    network, (x, _) = example.make(), example.data()
    shapes = network.graph.shapes
    expected = measured(name)
    largest = max(np.abs(each).max() for each in expected.values())
    for of in network.graph.outputs:
        wrt = [source for target, source in expected if target == of]
        for order in ORDERS:
            found = network.jacobian(x, of=of, wrt=wrt, form="sparse", order=order)
            for source, array in found.items():
                each = expected[of, source]
                whole = (
                    each.reshape(BATCH * math.prod(shapes[of]), -1)
                    if source in network.graph.parameters
                    else block_diagonal(each, shapes[of], shapes[source])
                )
                close(array.toarray(), whole, largest)


@zoo
def test_factored_jacobians_multiply_as_the_dense_ones(name: str) -> None:
    example = BY_NAME[name]
    network, (x, _) = example.make(), example.data()
    rng = np.random.default_rng(5)
    for (of, wrt), each in measured(name).items():
        operator = network.jacobian(x, of=of, wrt=wrt, form="factored")
        assert operator.in_shape == each.shape[1 + len(operator.out_shape) :]
        flat = each.reshape(BATCH, math.prod(operator.out_shape), math.prod(operator.in_shape))
        v = rng.standard_normal((2, BATCH, *operator.in_shape))
        u = rng.standard_normal((2, BATCH, *operator.out_shape))
        pushed = np.einsum("nij,snj->sni", flat, v.reshape(2, BATCH, -1)).reshape(u.shape)
        pulled = np.einsum("nij,sni->snj", flat, u.reshape(2, BATCH, -1)).reshape(v.shape)
        scale = max(1.0, np.abs(each).max())
        close(operator.jvp(v), pushed, scale, 1e-8)
        close(operator.vjp(u), pulled, scale, 1e-8)
        close(operator.sum_vjp(u), pulled.sum(axis=1), scale, 1e-8)
        close(operator.shared_jvp(v[:, 0], BATCH), np.einsum("nij,sj->sni", flat, v[:, 0].reshape(2, -1))
              .reshape(u.shape), scale, 1e-8)  # fmt: skip
        assert operator.jvp(v[:0]).shape == (0, *u.shape[1:])  # an empty stack
        assert operator.vjp(u[:0]).shape == (0, *v.shape[1:])
        assert operator.cost >= 0
        assert isinstance(operator.structure, str)


@pytest.mark.parametrize("order", ORDERS)
@zoo
def test_the_chain_rule_holds_at_every_value_on_the_way(name: str, order: str) -> None:
    # With ∂of/∂v and ∂v/∂x measured apart, for a v that every path passes; elsewhere, products with random vectors.
    example = BY_NAME[name]
    network, (x, _) = example.make(), example.data()
    rng = np.random.default_rng(2)
    outputs = network.graph.outputs
    for value in [each.name for each in network.graph.nodes]:
        for of in outputs:
            dense = network.jacobian(x, of=of, wrt=value, order=order)
            operator = network.jacobian(x, of=of, wrt=value, form="factored")
            v = rng.standard_normal((BATCH, *operator.in_shape))
            flat = dense.reshape(BATCH, math.prod(operator.out_shape), -1)
            pushed = np.einsum("nij,nj->ni", flat, v.reshape(BATCH, -1)).reshape(BATCH, *operator.out_shape)
            np.testing.assert_allclose(pushed, operator.jvp(v), rtol=1e-9, atol=1e-12)


def test_a_node_in_the_midst() -> None:
    # y = W2 tanh(z): measured by moving z itself.
    network = BY_NAME["tanh-deep"].make()
    x, _ = BY_NAME["tanh-deep"].data()
    slope = 1 - np.tanh(network.trace(x)["dense_3"]) ** 2
    expected = network.parameters["dense_4.w"][None] * slope[:, None, :]
    for order in ORDERS:
        np.testing.assert_allclose(network.jacobian(x, wrt="dense_3", order=order), expected, rtol=1e-12)
    inner = network.jacobian(x, of="tanh_1", wrt="dense_1")
    np.testing.assert_allclose(inner[:, range(4), range(4)], 1 - np.tanh(network.trace(x)["dense_1"]) ** 2)


def random_network(rng: np.random.Generator, values: int) -> Network:
    """Return a graph of layers of width 3 whose values are read again and again."""
    nodes: dict[str, Any] = {}
    names = ["x", "z"]
    unread = set(names)
    for number in range(values):
        component = [Dense(units=3), Tanh(), Sigmoid(), Add(), Multiply()][rng.integers(5)]
        several = isinstance(component, Add | Multiply)
        picked = [str(each) for each in rng.choice(names, 2 if several else 1)]
        unread -= set(picked)
        name = f"v{number}"
        nodes[name] = node(component, *picked)
        names.append(name)
        unread.add(name)
    rest = sorted(unread | {names[-1]})
    nodes["end"] = node(Add(), *rest) if len(rest) > 1 else node(Tanh(), *rest)
    return Network(inputs={"x": (3,), "z": (3,)}, nodes=nodes, output="end", seed=int(rng.integers(1000)))


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, 4 + seed)
    x = {name: 0.3 * rng.standard_normal((2, 3)) for name in ("x", "z")}
    for wrt in ("x", "z"):
        expected = per_example(input_jacobian(network, x, wrt), (3,), (3,))
        for order in ORDERS:
            close(network.jacobian(x, wrt=wrt, order=order), expected, max(1.0, np.abs(expected).max()))
    for path in network.parameters:
        expected = parameter_jacobian(network, x, path)
        close(network.jacobian(x, wrt=path), expected, max(1.0, np.abs(expected).max()))


def test_what_is_returned_by_default() -> None:
    one = BY_NAME["sigmoid-quadratic"].make()
    x, _ = BY_NAME["sigmoid-quadratic"].data()
    assert one.jacobian(x).shape == (BATCH, 2, 3)
    assert set(one.jacobian(x, wrt="inputs")) == {"x"}
    assert list(one.jacobian(x, wrt=["x", "dense_1.b", "dense_1"])) == ["x", "dense_1.b", "dense_1"]
    two = BY_NAME["gated-two-outputs"].make()
    x, _ = BY_NAME["gated-two-outputs"].data()
    found = two.jacobian(x)
    assert {of: list(each) for of, each in found.items()} == {"product": ["x", "z"], "side": ["x", "z"]}
    assert found["product"]["z"].shape == (BATCH, 4, 2)
    found, told = two.jacobian(x, wrt="z", explain=True)
    assert set(found) == set(told) == {"product", "side"}


@pytest.mark.parametrize("order", ORDERS)
def test_no_path_is_zero_and_a_value_in_itself_is_the_identity(order: str) -> None:
    network = BY_NAME["gated-two-outputs"].make()
    x, _ = BY_NAME["gated-two-outputs"].data()
    zero = network.jacobian(x, of="side", wrt="x", order=order)
    assert zero.shape == (BATCH, 2, 3)
    assert not zero.any()
    assert network.jacobian(x, of="side", wrt="x", form="sparse").nnz == 0
    assert network.jacobian(x, of="side", wrt="left.w", form="sparse").shape == (BATCH * 2, 12)
    operator = network.jacobian(x, of="side", wrt="x", form="factored")
    assert not operator.jvp(np.ones((BATCH, 3))).any()
    assert operator.vjp(np.ones((BATCH, 2))).shape == (BATCH, 3)

    np.testing.assert_array_equal(network.jacobian(x, of="gate", wrt="gate", order=order), [np.eye(4)] * BATCH)
    np.testing.assert_array_equal(network.jacobian(x, of="x", wrt="x", order=order), [np.eye(3)] * BATCH)
    same = network.jacobian(x, of="gate", wrt="gate", form="sparse")
    np.testing.assert_array_equal(same.toarray(), np.eye(4 * BATCH))
    assert isinstance(network.jacobian(x, of="gate", wrt="gate", form="factored"), IdentityMap)
    backwards = network.jacobian(x, of="right", wrt="gate", order=order)  # later than what it is to change
    assert not backwards.any()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("batch", [0, 1])
def test_batches_of_one_and_of_none(batch: int, order: str) -> None:
    network = BY_NAME["attention"].make()
    x, _ = BY_NAME["attention"].data()
    whole = network.jacobian(x, order=order)
    found = network.jacobian(x[:batch], order=order)
    np.testing.assert_allclose(found, whole[:batch], rtol=1e-12)
    assert found.shape == (batch, 2, 3, 2)
    assert network.jacobian(x[:batch], form="sparse").shape == (batch * 2, batch * 6)


def test_results_are_the_callers_own() -> None:
    network = BY_NAME["plain-arrays"].make()
    x, _ = BY_NAME["plain-arrays"].data()
    before = network.parameters.vector.copy()
    for of, wrt in (("dense_1", "x"), ("textbook_1", "tanh_1"), ("sigmoid_1", "x")):
        for order in ORDERS:
            first = network.jacobian(x, of=of, wrt=wrt, order=order)
            kept = first.copy()
            first[...] = np.nan
            np.testing.assert_array_equal(network.jacobian(x, of=of, wrt=wrt, order=order), kept)
    np.testing.assert_array_equal(network.parameters.vector, before)


def test_a_factored_jacobian_stays_what_it_was() -> None:
    network = BY_NAME["residual"].make()
    x, _ = BY_NAME["residual"].data()
    operator = network.jacobian(x, form="factored")
    v = np.ones((BATCH, 3))
    before = operator.jvp(v).copy()
    network.parameters.vector[...] += 1
    x[...] = 0
    np.testing.assert_array_equal(operator.jvp(v), before)


@pytest.mark.parametrize("name", ["sigmoid-quadratic", "convolution", "residual", "softmax-output", "embedding"])
def test_float32_stays_float32(name: str) -> None:
    example = BY_NAME[name]
    network = example.make("float32")
    x, _ = example.data(dtype="float32")
    wrt = "parameters" if network.graph.integer_inputs else ["inputs", "parameters"]
    for order in ORDERS:
        assert {each.dtype for each in network.jacobian(x, wrt=wrt, order=order).values()} == {np.dtype("float32")}
    assert {a.dtype for a in network.jacobian(x, wrt=wrt, form="sparse").values()} == {np.dtype("float32")}


def test_examples_are_taken_in_portions_where_what_comes_up_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    example = BY_NAME["bottleneck"]
    network, (x, _) = example.make(), example.data(batch=7)
    expected = {order: network.jacobian(x, wrt=["x", "dense_1.w"], order=order) for order in ORDERS}
    passes: list[int] = []
    trace = network._engine.trace
    monkeypatch.setattr(network._engine, "trace", lambda *given: passes.append(len(given[0]["x"])) or trace(*given))
    monkeypatch.setattr("bpframe.derivatives.points.memory.PORTION_BYTES", 2000)
    for order in ORDERS:
        passes.clear()
        found = network.jacobian(x, wrt=["x", "dense_1.w"], order=order)
        assert sum(passes[1:]) == 7
        assert len(passes) > 2
        for wrt, each in found.items():
            np.testing.assert_allclose(each, expected[order][wrt], rtol=1e-12)


@pytest.mark.parametrize("counts", [(1, 4), (4, 1), (4, 4), (1, 1)])
@pytest.mark.parametrize("one_thread", [8, 40, 10**6])
@pytest.mark.parametrize("inner", [1, 3])
def test_jacobians_are_multiplied_in_blocks_of_any_size(counts, one_thread, inner, monkeypatch) -> None:
    monkeypatch.setattr(matrices, "ONE_THREAD", one_thread)
    rng = np.random.default_rng(0)
    later, earlier = rng.standard_normal((counts[0], 6, inner)), rng.standard_normal((counts[1], inner, 2))
    expected = np.sum(later[..., None] * earlier[:, None], axis=2)
    for out in (None, np.empty((max(counts), 6, 2)), np.empty((5, 6, 2))):
        found = matrices.multiplied(matrices.Matrices(later, False), matrices.Matrices(earlier, False), out)
        np.testing.assert_allclose(found.j, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("sizes", "order", "largest"),
    [
        ([4, 9, 2, 1], "auto", 9),  # one row, pulled back through nine; the result, 1 × 4, is held anyway
        ([1, 2, 9, 4], "auto", 9),  # one column, pushed through nine
        ([1, 2, 30], "auto", 2),
        ([30, 2, 1], "auto", 2),
        ([3, 4, 5, 6], "auto", 15),  # three columns through five
        ([6, 2, 5], "auto", 10),  # five rows through two
        ([5, 9, 1, 9, 5], "auto", 9),  # a column times a row
        ([3, 4, 5, 6], "forward", 18),
        ([3, 4, 5, 6], "reverse", 36),
    ],
)
def test_the_largest_matrix_that_comes_up_is_known_before(sizes: list[int], order: Any, largest: int) -> None:
    layers = [layer for size in sizes[1:] for layer in (Dense(units=size), Tanh())][:-1]
    network = Network(layers, input_shape=(sizes[0],), seed=0)
    (output,) = network.graph.outputs
    derivation = derivation_of(network.trace(np.ones((2, sizes[0]))), output, ["x"], order)
    assert derivation.largest_part() == largest


class TestRefusals:
    network = BY_NAME["gated-two-outputs"].make()
    x, _ = BY_NAME["gated-two-outputs"].data()

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"of": "prodct"}, "did you mean|try +did"),
            ({"wrt": "zz"}, "names nothing"),
            ({"wrt": "lef.w"}, "left.w"),
            ({"wrt": ["x", "gat"]}, "gate"),
            ({"wrt": []}, "empty list"),
            ({"wrt": 7}, "names nothing"),
            ({"wrt": [7]}, "names nothing"),
            ({"order": "backward"}, "order is unknown"),
            ({"form": "spars"}, "sparse"),
        ],
    )
    def test_names_that_are_none(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(DerivativeError) as caught:
            self.network.jacobian(self.x, **given)
        assert re.search(message, str(caught.value))

    @pytest.mark.parametrize("given", [{"of": "prodct"}, {"wrt": "zz"}])
    def test_names_that_are_none_are_told_with_those_that_are_some(self, given: dict[str, Any]) -> None:
        with pytest.raises(DerivativeError) as caught:
            self.network.jacobian(self.x, **given)
        names = caught.value.expected.split(", ")
        assert {"left", "gate", "product", "side"} <= set(names)
        assert ("left.w" in names) == ("wrt" in given)

    def test_inputs_of_integers(self) -> None:
        network = BY_NAME["embedding"].make()
        x, _ = BY_NAME["embedding"].data()
        for wrt in (None, "x", "inputs", ["x"]):
            with pytest.raises(DerivativeError, match="input 'x' holds integers"):
                network.jacobian(x, wrt=wrt)
        assert network.jacobian(x, wrt="embedding_1").shape == (BATCH, 3, 2, 3)

    def test_a_network_without_parameters(self) -> None:
        with pytest.raises(DerivativeError, match="no parameters"):
            Network([Tanh()], input_shape=(3,)).jacobian(np.ones((2, 3)), wrt="parameters")

    def test_components_that_couple_the_batch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        network = Network([Dense(units=3), BatchNorm(), Dense(units=2)], input_shape=(2,), seed=1)
        x = np.random.default_rng(0).standard_normal((4, 2))
        for form in ("dense", "sparse"):
            with pytest.raises(BatchCoupledError, match=r"layers\[1\] 'batch_norm_1' .*couples"):
                network.jacobian(x, form=form, training=True)
        assert network.jacobian(x).shape == (4, 2, 2)  # running statistics couple nothing
        assert network.jacobian(x, wrt="batch_norm_1", training=True).shape == (4, 2, 3)  # nor does what lies behind
        # In training the batch stays together.
        monkeypatch.setattr("bpframe.derivatives.points.memory.PORTION_BYTES", 1)
        scaled = network.jacobian(x, of="batch_norm_1", wrt="batch_norm_1.g", training=True)
        measured = parameter_jacobian(network, x, "batch_norm_1.g", training=True, output="batch_norm_1")
        np.testing.assert_allclose(scaled, measured, rtol=0, atol=1e-12)
        operator, told = network.jacobian(x, form="factored", training=True, explain=True)
        expected = input_jacobian(network, x, "x", training=True).reshape(8, 8)
        np.testing.assert_allclose(operator.joint_dense(4), expected, rtol=0, atol=1e-9)
        assert "never multiplied out" in str(told)

    def test_results_above_the_limit(self) -> None:
        network = BY_NAME["linear"].make()
        x, _ = BY_NAME["linear"].data()
        size = BATCH * 2 * 4 * 8
        assert network.jacobian(x, memory_limit=size).nbytes == size
        with pytest.raises(MemoryLimitError, match=r"(?s)∂dense_3/∂x.*factored"):
            network.jacobian(x, memory_limit=size - 1)
        with pytest.raises(MemoryLimitError, match=r"(?s)factored"):
            network.jacobian(x, form="sparse", memory_limit=size - 1)
        assert network.jacobian(x, form="factored", memory_limit=1).cost > 0
