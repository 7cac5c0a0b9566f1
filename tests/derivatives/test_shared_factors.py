"""An operator with which several Jacobians of a node begin is called once in every pass, forward and back."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from bpframe_convolution import Flatten
from bpframe_reference import Dense, QuadraticCost

from bpframe import Network, node
from bpframe.core.operators import (
    BatchMatrix,
    Broadcast,
    IdentityMap,
    Matrix,
    Operator,
    Sum,
    WeightTimes,
    add,
    branches,
    compose,
    pulled_once,
)
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.errors import ContractError
from bpframe.extend import Array
from bpframe.structures import RankOne, Scan, Windows, transposed
from bpframe.testing import check_component
from tests import oracles
from tests.components.attention import Attention
from tests.components.lstm import LSTM, ThroughGates
from tests.components.recurrent import Recurrent, ThroughTime
from tests.components.two_layers import Slopes, TwoLayers
from tests.contract.cases import scatter
from tests.passes import step, training_steps

Calls = Counter[str]


@contextmanager
def calls_of(kind: type[Operator]) -> Iterator[Calls]:
    """Count the products with operators of a class."""
    counts: Calls = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("jvp", "vjp"):
            product = getattr(kind, name)

            def counted(self: Any, *args: Any, name: str = name, product: Any = product) -> Any:
                counts[name] += 1
                return product(self, *args)

            patch.setattr(kind, name, counted)
        yield counts


def made(*layers: Any, shape: tuple[int, ...], dtype: str = "float64") -> tuple[Network, Any, Any]:
    network = Network(list(layers), input_shape=shape, cost=QuadraticCost(), dtype=dtype, seed=1)
    scatter(network)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, *shape)).astype(dtype)
    return network, x, rng.standard_normal((4, *network.graph.shapes[network.graph.outputs[0]])).astype(dtype)


def lstm(layer: Any = None, dtype: str = "float64") -> tuple[Network, Any, Any]:
    return made(Dense(units=2), layer or LSTM(units=3), Dense(units=2), shape=(5, 2), dtype=dtype)


def two_layers(dtype: str = "float64") -> tuple[Network, Any, Any]:
    return made(Dense(units=3), TwoLayers(units=4), Dense(units=2), shape=(3,), dtype=dtype)


def recurrent(dtype: str = "float64") -> tuple[Network, Any, Any]:
    return made(Recurrent(units=3), Dense(units=2), shape=(5, 2), dtype=dtype)


def self_attention(dtype: str = "float64") -> tuple[Network, Any, Any]:
    """One value is read three times, by queries, keys and values that are it."""
    network = Network(
        inputs={"x": (3, 2)},
        nodes={
            "w": node(Dense(units=2), "x"),
            "mixed": node(Attention(), "w", "w", "w"),
            "flat": node(Flatten(), "mixed"),
            "end": node(Dense(units=2), "flat"),
        },
        cost=QuadraticCost(),
        dtype=dtype,
        seed=1,
    )
    scatter(network)
    rng = np.random.default_rng(0)
    return network, rng.standard_normal((4, 3, 2)).astype(dtype), rng.standard_normal((4, 2)).astype(dtype)


def least_squares(net: Network, x: Array, y: Array) -> LeastSquares:
    return LeastSquares(net._engine, {"x": x} if "x" in net.graph.inputs else {"input": x}, {net.graph.outputs[0]: y})


def change(net: Network) -> dict[str, Array]:
    rng = np.random.default_rng(7)
    return {path: rng.standard_normal(each.shape).astype(each.dtype) for path, each in net.parameters.items()}


BACK, FORWARD, BOTH = {"vjp": 1}, {"jvp": 1}, {"jvp": 1, "vjp": 1}

#: What a network is asked, and how often that calls a factor that Jacobians share.
ASKED: dict[str, tuple[Callable[[Network, Array, Array], Any], Mapping[str, int]]] = {
    "gradient": (lambda net, x, y: net.gradient(x, y).vector, BACK),
    "errors": (lambda net, x, y: net.errors(x, y), BACK),
    "vjp": (lambda net, x, y: net.vjp(x, y), BACK),
    "parameter_vjp": (lambda net, x, y: net.parameter_vjp(x, y), BACK),
    "jvp": (lambda net, x, y: net.jvp(x, x), FORWARD),
    "parameter_jvp": (lambda net, x, y: net.parameter_jvp(x, change(net)), FORWARD),
    "gradients per example": (lambda net, x, y: net.per_example.gradients(x, y).matrix, BACK),
    "norms per example": (lambda net, x, y: net.per_example.squared_norms(x, y), BACK),
    "clipped": (lambda net, x, y: net.per_example.clipped_gradient(x, y, 0.1).vector, BACK),
    "ggn": (lambda net, x, y: net.ggn_vp(x, y, change(net)), BOTH),
    "kfac": (lambda net, x, y: dict(net.curvature.kfac(x, y, weight_sharing="reduce")), BACK),
    "diagonal": (lambda net, x, y: net.curvature.gauss_newton_diagonal(x, y).vector, BACK),
    "blocks": (lambda net, x, y: net.curvature.gauss_newton_blocks(x, y), BACK),
    "jacobian of all parameters": (lambda net, x, y: net.jacobian(x, wrt="parameters", order="reverse"), BACK),
    "jacobian of the input": (lambda net, x, y: net.jacobian(x, order="forward"), FORWARD),
    "rows of least squares": (lambda net, x, y: least_squares(net, x, y).residuals()[1], BACK),
    "normal equations": (lambda net, x, y: least_squares(net, x, y).normal_equations()[1], BACK),
    "operator of residuals": (lambda net, x, y: _both(least_squares(net, x, y).residual_operator()[1]), BOTH),
    "factored": (lambda net, x, y: net.jacobian(x, form="factored").jvp(x), FORWARD),
    "spectrum": (lambda net, x, y: [each.error for each in net.spectrum(x).values], BOTH),
}


def _both(operator: Any) -> tuple[Array, Array]:
    rows, columns = operator.shape
    ones = np.ones(columns, operator.dtype), np.ones(rows, operator.dtype)
    return operator.matvec(ones[0]), operator.rmatvec(ones[1])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    ("build", "kind", "factors"),
    [(lstm, ThroughGates, 1), (recurrent, ThroughTime, 1), (two_layers, Slopes, 2), (self_attention, RankOne, 1)],
    ids=["lstm", "recurrent", "two layers", "attention"],
)
def test_a_shared_factor_is_called_once_in_every_pass(build, kind, factors, asked, dtype) -> None:
    ask, expected = ASKED[asked]
    network, x, y = build(dtype=dtype)
    for _ in range(2):  # the first pass checks what operators return, later ones do not
        with calls_of(kind) as counts:
            ask(network, x, y)
        assert counts == {name: factors * count for name, count in expected.items()}


def test_a_product_with_the_hessian_goes_through_time_once_each_way(monkeypatch) -> None:
    """The operator of the trace is the first that is made; the second order has one of its own."""
    network, x, y = recurrent()
    used: list[tuple[int, str]] = []
    for name in ("__init__", "jvp", "vjp"):
        method = getattr(ThroughTime, name)

        def noted(self: Any, *args: Any, name: str = name, method: Any = method) -> Any:
            found = method(self, *args)
            used.append((id(self.d), name))
            return found

        monkeypatch.setattr(ThroughTime, name, noted)
    operator = network.linear_operator("hessian", x, y)
    first, _ = used[0]
    for products in (1, 2, 3):
        operator.matvec(np.ones(operator.shape[1]))
        assert (used.count((first, "jvp")), used.count((first, "vjp"))) == (products, products)


def separately(network: Network) -> Network:
    """Return the network with components whose Jacobians share nothing."""
    nodes = {}
    for each in network.graph.nodes:
        component = each.component
        kind = type(component)

        class Apart(kind):  # type: ignore[valid-type, misc]
            def jacobian(self, x: Array, y: Array, p: Any, saved: Any) -> Any:
                return {key: copy.deepcopy(each) for key, each in super().jacobian(x, y, p, saved).items()}

        apart = kind in (LSTM, TwoLayers)
        nodes[each.name] = node(Apart(units=component.units) if apart else component, *each.sources)
    found = Network(inputs=network.graph.inputs, nodes=nodes, cost=QuadraticCost(), dtype=network.dtype, seed=1)
    found.parameters.vector[:] = network.parameters.vector
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("build", [lstm, two_layers])
def test_what_is_found_is_what_separate_operators_give(build, asked, dtype) -> None:
    ask, _ = ASKED[asked]
    network, x, y = build(dtype=dtype)
    other = separately(network)
    with calls_of(Slopes) as counts:
        found, expected = (list(flat(ask(each, x, y))) for each in (network, other))
    assert len(found) == len(expected)
    for one, two in zip(found, expected, strict=True):
        assert one.dtype == two.dtype == np.dtype(dtype) or asked in ("normal equations",)
        oracles.assert_close(one, two, 1e-12 if dtype == "float64" else 2e-5)
    assert build is lstm or counts.total() > 2


def flat(value: Any) -> Iterator[Array]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from flat(each)
    else:
        yield np.asarray(value)


@pytest.mark.parametrize("build", [lstm, two_layers, self_attention])
def test_derivatives_agree_with_the_complex_step(build) -> None:
    network, x, y = build()
    oracles.assert_close(network.gradient(x, y).vector, oracles.cost_gradient(network, x, y))
    name = next(iter(network.graph.inputs))
    joint = oracles.input_jacobian(network, x, name)
    for order in ("auto", "forward", "reverse"):
        found = network.jacobian(x, order=order)
        for n in range(len(x)):
            oracles.assert_close(found[n], joint[n, ..., n, *[slice(None)] * (x.ndim - 1)])
        for path, found in network.jacobian(x, wrt="parameters", order=order).items():
            oracles.assert_close(found, oracles.parameter_jacobian(network, x, path))


# What begins with what ------------------------------------------------------------------------------------------------


def operators(rng: Any, *shapes: tuple[int, int]) -> list[BatchMatrix]:
    return [BatchMatrix(rng.standard_normal((4, *shape))) for shape in shapes]


@pytest.fixture
def rng() -> Any:
    return np.random.default_rng(0)


def bound(jacobian: dict[str, Operator], inputs: int = 3, outputs: int = 3) -> dict[str, Operator]:
    return {key: each.bind((inputs,), (outputs,)) for key, each in jacobian.items()}


def test_where_nothing_is_shared_the_operators_themselves_are_asked(rng) -> None:
    u, v, a, b = operators(rng, *[(3, 3)] * 4)
    for jacobian in (
        {"x": compose(u, a), "y": compose(v, b)},
        {"x": compose(u, a)},
        {"x": u, "y": v},
        {"x": add(compose(u, a), compose(v, b)), "y": a},
        {"x": compose(u, a), "y": compose(BatchMatrix(u.j), b)},  # equal, and not the same object
    ):
        assert pulled_once(jacobian) is jacobian
        assert branches(jacobian).alone == tuple(jacobian.items())


def test_a_factor_that_is_a_key_of_its_own_is_shared_too(rng) -> None:
    u, a = operators(rng, (3, 3), (3, 3))
    products_agree({"x": u, "y": compose(u, a)}, rng, {u: 1, a: 1})


def test_sums_are_shared_term_by_term(rng) -> None:
    u, v, a, b, c = operators(rng, *[(3, 3)] * 5)
    products_agree({"x": add(compose(u, a), compose(v, b), c), "y": compose(v, c)}, rng, {u: 1, v: 1, a: 1, b: 1, c: 2})
    products_agree({"x": add(compose(u, a), compose(u, b))}, rng, {u: 1, a: 1, b: 1})
    products_agree({"x": Sum((compose(u, a), compose(u, b)))}, rng, {u: 1, a: 1, b: 1})
    whole = add(u, v)
    products_agree({"x": whole, "y": compose(whole, a)}, rng, {u: 1, v: 1, a: 1})
    products_agree({"x": compose(whole, b), "y": compose(whole, a)}, rng, {u: 1, v: 1, a: 1, b: 1})


def test_branches_branch_again(rng) -> None:
    u, v, a, b, c = operators(rng, *[(3, 3)] * 5)
    inner = compose(u, v)
    jacobian = {"p": compose(inner, a), "q": compose(inner, b), "r": compose(u, c), "s": compose(u, v)}
    products_agree(jacobian, rng, dict.fromkeys((u, v, a, b, c), 1))
    products_agree(
        {"x": compose(u, add(compose(v, a), b)), "y": compose(u, v, c)}, rng, dict.fromkeys((u, v, a, b, c), 1)
    )


def products_agree(jacobian: dict[str, Operator], rng: Any, calls: Mapping[BatchMatrix, int]) -> None:
    """Every operator is asked so often for all keys together, and what is pulled back is what each gives by itself."""
    jacobian = bound(jacobian)
    counts: Counter[int] = Counter()
    u = rng.standard_normal((2, 4, 3))
    expected = {key: (each.vjp(u), each.sum_vjp(u), each.kronecker_form(u)) for key, each in jacobian.items()}
    with pytest.MonkeyPatch.context() as patch:

        def vjp(self: Any, *args: Any, original: Any = BatchMatrix.vjp) -> Any:
            counts[id(self.j)] += 1
            return original(self, *args)

        patch.setattr(BatchMatrix, "vjp", vjp)
        found = {key: each.vjp(u) for key, each in pulled_once(jacobian).items()}
    assert counts == {id(operator.j): count for operator, count in calls.items()}
    for key, each in pulled_once(jacobian).items():
        pulled, summed, form = expected[key]
        np.testing.assert_allclose(found[key], pulled, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(each.sum_vjp(u), summed, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(each.kronecker_form(u).vectors(), form.vectors(), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(each.vjp(u + 1), jacobian[key].vjp(u + 1), rtol=1e-12, atol=1e-12)


def test_what_a_copy_was_changed_to_is_its_own(rng) -> None:
    u, a, b = operators(rng, *[(3, 3)] * 3)
    other = copy.copy(u)
    other.j = u.j + 1
    jacobian = bound({"x": compose(u, a), "y": compose(other, b)})
    assert pulled_once(jacobian) is jacobian


class Unshaped(Operator):
    """Leaves its shapes to its neighbours, of which a composition binds a copy."""

    def __init__(self, j: Array) -> None:
        self.j = j

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return np.matmul(v, self.j.T)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return np.matmul(u, self.j)


def test_an_operator_that_was_changed_between_two_compositions_is_not_the_same(rng) -> None:
    """What is bound holds a copy of what it was then."""
    u = Unshaped(rng.standard_normal((3, 3)))
    one = compose(u, Matrix(np.eye(3))).bind((3,), (3,))
    u.j = u.j + 1
    jacobian = bound({"x": one, "y": compose(u, Matrix(2 * np.eye(3)))})
    v = rng.standard_normal((4, 3))
    np.testing.assert_allclose(pulled_once(jacobian)["y"].vjp(v), 2 * v @ u.j)
    np.testing.assert_allclose(pulled_once(jacobian)["x"].vjp(v), v @ (u.j - 1))
    copied = copy.copy(one.factors[0])
    copied.j = u.j
    assert not branches(bound({"x": one, "y": compose(copied, Matrix(np.eye(3)))})).common


@pytest.mark.parametrize("copied", [lambda each: each, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies_that_were_only_bound_are_the_same_operator(rng, copied) -> None:
    u = Unshaped(rng.standard_normal((3, 3)))
    jacobian = bound({"w": compose(u, WeightTimes(rng.standard_normal((4, 2)))), "x": compose(u, Matrix(np.eye(3)))})
    jacobian["w"].bind((3, 2), (3,))
    ((factor, behind),) = branches(copied(jacobian)).common
    assert [key for key, _ in behind.alone] == ["w", "x"]
    assert factor.in_shape == factor.out_shape == (3,)


# Repeated passes, and strangers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "factor",
    [
        Scan([IdentityMap()] * 5),
        Scan([IdentityMap(), *[BatchMatrix(np.ones((1, 3, 3)))] * 4]),
        add(IdentityMap(), Matrix(np.eye(3))),
        transposed(Windows(1)),
        transposed(add(IdentityMap(), transposed(Windows(1)))),
    ],
    ids=lambda each: each.structure,
)
def test_a_factor_of_parts_that_neighbours_tell_their_shapes_is_one_factor(rng, factor) -> None:
    w, x = rng.standard_normal((3, 2)), rng.standard_normal((4, 5, 2))
    found = branches(
        {
            "x": compose(factor, Matrix(w)).bind((5, 2), (5, 3)),
            "w": compose(factor, WeightTimes(x)).bind((3, 2), (5, 3)),
            "b": compose(factor, Broadcast()).bind((3,), (5, 3)),
        }
    )
    assert not found.alone
    assert [[key for key, _ in behind.alone] for _, behind in found.common] == [["x", "w", "b"]]


def gradients_of(network: Network, x: Array, y: Array, steps: int = 30) -> list[tuple[float, bytes]]:
    found = []
    for number in range(steps):
        inputs = {next(iter(network.graph.inputs)): x * (1 + number / 8)}
        cost, gradient, _ = step(network, inputs, {network.graph.outputs[0]: y})
        found.append((cost, gradient.tobytes()))
        network.parameters.vector[:] -= gradient / 8
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("build", "kind"), [(lstm, ThroughGates), (two_layers, Slopes), (self_attention, RankOne)])
def test_a_recorded_pass_gives_the_bytes_of_a_called_one(build, kind, dtype, monkeypatch) -> None:
    network, x, y = build(dtype=dtype)
    found = gradients_of(network, x, y)
    (program,) = training_steps(network)
    assert program.is_bound
    assert not program.direct
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    called, x, y = build(dtype=dtype)
    assert gradients_of(called, x, y) == found


def test_a_record_holds_the_calls_of_a_shared_factor_once() -> None:
    """Through time once: for each step what it does, and no more."""
    lengths = []
    for layer in (LSTM(units=3), Separate(units=3)):
        network, x, y = lstm(layer)
        gradients_of(network, x, y, 4)
        (program,) = training_steps(network)
        (segment,) = (
            each for each in program.record.segments if (each.name, each.phase) == (layer.kind + "_1", "backward")
        )
        lengths.append(len(segment.ops))
    shared, apart = lengths
    assert 2 * shared < apart


class Separate(LSTM):
    """The same with an operator of its own for every key."""

    def jacobian(self, x: Array, y: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        before = np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
        return {
            "x": compose(ThroughGates(*saved["through"], p["u"]), Matrix(p["w"])),
            "w": compose(ThroughGates(*saved["through"], p["u"]), WeightTimes(x)),
            "u": compose(ThroughGates(*saved["through"], p["u"]), WeightTimes(before)),
            "b": compose(ThroughGates(*saved["through"], p["u"]), Broadcast()),
        }


KEPT: dict[str, Array] = {}


class Keeping(Slopes):
    """Returns memory that it uses again, whoever asks, and writes where nobody expects it."""

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        memory = KEPT.setdefault(str(u.shape), np.empty_like(u))
        return np.multiply(self.d, u, out=memory)


class Strange(TwoLayers):
    """The same two layers, whose products share one memory: what one returned is overwritten by the next."""

    def jacobian(self, x: Array, y: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        print(end="")  # not known to do nothing else than compute
        h = saved["h"]
        outer, middle = Keeping(1 - y * y), Keeping(1 - h * h)
        inner = compose(outer, Matrix(p["v"]), middle)
        return {
            "x": compose(inner, Matrix(p["w"])),
            "w": compose(inner, WeightTimes(x)),
            "b": compose(inner, Broadcast()),
            "v": compose(outer, WeightTimes(h)),
            "c": compose(outer, Broadcast()),
        }


@pytest.mark.parametrize("asked", ASKED)
def test_of_strangers_everything_is_copied_and_still_asked_once(asked) -> None:
    ask, expected = ASKED[asked]
    network, x, y = two_layers()
    strange, _, _ = made(Dense(units=3), Strange(units=4), Dense(units=2), shape=(3,))
    strange.parameters.vector[:] = network.parameters.vector
    for _ in range(2):
        with calls_of(Keeping) as counts:
            found = list(flat(ask(strange, x, y)))
        assert counts == {name: 2 * count for name, count in expected.items()}
        for one, other in zip(found, flat(ask(network, x, y)), strict=True):
            oracles.assert_close(one, other, 1e-12)


def test_a_stranger_trains_to_the_same_bytes() -> None:
    network, x, y = two_layers()
    strange, _, _ = made(Dense(units=3), Strange(units=4), Dense(units=2), shape=(3,))
    strange.parameters.vector[:] = network.parameters.vector
    assert gradients_of(strange, x, y) == gradients_of(network, x, y)


class Wrong(TwoLayers):
    """A product of another shape, behind a factor that is shared."""

    def jacobian(self, x: Array, y: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        found = super().jacobian(x, y, p, saved)
        return found | {"b": compose(*found["x"].factors[:-1], Short((self.units,), (self.units,)))}


class Short(Operator):
    def __init__(self, in_shape: tuple[int, ...], out_shape: tuple[int, ...]) -> None:
        self.in_shape, self.out_shape = in_shape, out_shape

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return v[..., :1]

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return u[..., :1]


def test_a_branch_of_another_shape_is_refused_by_name_both_ways() -> None:
    network, x, y = made(Dense(units=3), Wrong(units=4), Dense(units=2), shape=(3,))
    with pytest.raises(ContractError, match=r"'wrong_1' .*jacobian\['b'\].sum_vjp returned another shape"):
        network.gradient(x, y)
    with pytest.raises(ContractError, match=r"'wrong_1' .*jacobian\['b'\].* returned another shape"):
        network.parameter_jvp(x, change(network))


@pytest.mark.parametrize(("component", "shape"), [(LSTM(units=2), (4, 3)), (TwoLayers(units=3), (2,))])
def test_the_kit_passes_components_whose_jacobians_share(component, shape) -> None:
    report = check_component(component, [shape])
    assert report.ok, str(report)
