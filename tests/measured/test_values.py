"""A measured Jacobian equals the declared one, for every component that the tests know."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Identity, Multiply, QuadraticCost, Shift, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout

from bpframe import Network, node
from bpframe.errors import BatchCoupledError, DerivativeError
from bpframe.extend import Activation, Array, Layer, Parameter
from bpframe.measured.draft import DRAFT
from tests.contract.cases import CASES, Case, scatter

from .twins import NotAnalytic, RealOnly, Rectified, draft

REFERENCE = [
    Case("add", Add(), {"a": (3,), "b": (3,)}),
    Case("add-twice", Add(), {"a": (2, 3)}),
    Case("dense", Dense(units=4), {"x": (3,)}),
    Case("dense-lead", Dense(units=2, bias=False), {"x": (5, 3)}),
    Case("identity", Identity(), {"x": (4,)}),
    Case("multiply", Multiply(), {"a": (3,), "b": (3,), "c": (3,)}),
    Case("shift", Shift(by=1.5), {"x": (4,)}),
    Case("sigmoid", Sigmoid(), {"x": (2, 3)}),
    Case("sigmoid-scalar", Sigmoid(), {"x": ()}),
]
MODES = [(case, training) for case in [*REFERENCE, *CASES] for training in case.training]


def both(case, training, dtype="float64", batch=3):
    """The traces of the component and of its draft, at one point and with one seed."""
    networks = [case.alone(dtype), replace(case, component=draft(case.component)).alone(dtype)]
    return [network.trace(case.x(batch, dtype=dtype), training=training) for network in networks]


@pytest.mark.parametrize(("case", "training"), MODES, ids=lambda value: getattr(value, "name", str(value)))
def test_every_block_equals_the_declared_one(case, training):
    declared, measured = both(case, training)
    rng = np.random.default_rng(0)
    expected, found = declared.jacobian("probe"), measured.jacobian("probe")
    assert set(found) == set(expected)
    for key, operator in expected.items():
        assert found[key].structure == DRAFT
        v = rng.standard_normal((2, 3, *operator.in_shape))
        u = rng.standard_normal((2, 3, *operator.out_shape))
        near = {"rtol": 1e-7, "atol": 1e-8}
        np.testing.assert_allclose(found[key].jvp(v), operator.jvp(v), **near)
        np.testing.assert_allclose(found[key].vjp(u), operator.vjp(u), **near)
        np.testing.assert_allclose(found[key].sum_vjp(u), operator.sum_vjp(u), **near)
        np.testing.assert_allclose(found[key].shared_jvp(v[:, 0], 3), operator.shared_jvp(v[:, 0], 3), **near)
        np.testing.assert_allclose(found[key].joint_dense(3), operator.joint_dense(3), **near)


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: case.name)
@pytest.mark.parametrize("batch", [0, 1])
def test_no_example_and_one_example(case, batch):
    declared, measured = both(case, False, batch=batch)
    for key, operator in declared.jacobian("probe").items():
        u = np.ones((batch, *operator.out_shape))
        np.testing.assert_allclose(measured.jacobian("probe")[key].sum_vjp(u), operator.sum_vjp(u), atol=1e-12)


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: case.name)
def test_float32_networks_measure_in_float64_and_stay_float32(case):
    declared, measured = both(case, False, "float32")
    for key, operator in declared.jacobian("probe").items():
        j = measured.jacobian("probe")[key].dense()
        assert j.dtype == np.float32
        # Differences of float32 numbers would be wrong in the third digit.
        np.testing.assert_allclose(
            j, np.broadcast_to(operator.dense(np.zeros(1, np.float32)), j.shape), rtol=2e-6, atol=1e-6
        )


def test_a_coupled_batch_has_one_joint_jacobian():
    case = Case("batch_norm", BatchNorm(epsilon=0.01), {"x": (3,)})
    declared, measured = both(case, True)
    expected = declared.jacobian("probe")["x"].joint_dense(3)
    np.testing.assert_allclose(measured.jacobian("probe")["x"].joint_dense(3), expected, atol=1e-9)
    with pytest.raises(BatchCoupledError):
        measured.jacobian("probe")["x"].dense()


@pytest.mark.parametrize(
    ("component", "slope"),
    [
        (NotAnalytic(), lambda x: 1 / (1 + np.abs(x)) ** 2),
        (RealOnly(), lambda x: 3 * x**2),
    ],
    ids=["not-analytic", "real-only"],
)
def test_differences_serve_where_the_complex_step_would_be_wrong(component, slope):
    x = np.random.default_rng(3).standard_normal((5, 4))
    j = Network([component], input_shape=(4,)).trace(x).jacobian(f"{component.kind}_1")["x"].dense()
    np.testing.assert_allclose(j, slope(x)[:, :, None] * np.eye(4), rtol=1e-6, atol=1e-8)


def test_a_smooth_formula_is_called_a_few_times_for_each_number_that_is_varied():
    class Decay(Layer):
        draft: ClassVar[bool] = True

        def parameters(self):
            return {"rate": Parameter((), init=1.3)}

        def forward(self, x, p):
            calls.append(p["rate"])
            return np.exp(-p["rate"] * x)

    calls = []
    x = np.linspace(0, 2, 7)[:, None]
    trace = Network([Decay()], input_shape=(1,)).trace(x)
    jacobian = trace.jacobian("decay_1")["rate"]
    calls.clear()
    np.testing.assert_allclose(jacobian.dense(x).ravel(), (-x * np.exp(-1.3 * x)).ravel(), rtol=1e-14)
    assert len(calls) <= 6


def test_beside_a_kink_the_slope_is_that_of_the_side():
    x = np.array([[1e-6, -1e-6, 0.5, -0.5]])
    j = Network([Rectified()], input_shape=(4,)).trace(x).jacobian("rectified_1")["x"].dense()
    np.testing.assert_allclose(np.diag(j[0]), [1, 0, 1, 0], atol=1e-6)


def test_the_measurement_sees_the_mask_that_forward_drew():
    network = Network([draft(Dropout(rate=0.4))], input_shape=(50,))
    x = np.random.default_rng(0).standard_normal((40, 50))
    for _ in range(2):  # the stream moves on from pass to pass
        trace = network.trace(x, training=True)
        mask = trace["dropout_1"] / x
        assert {0.0} < set(np.round(np.unique(mask), 9))
        diagonal = np.diagonal(trace.jacobian("dropout_1")["x"].dense(), axis1=1, axis2=2)
        np.testing.assert_allclose(diagonal, mask, atol=1e-9)


def test_measuring_draws_nothing_from_the_networks_streams():
    """Training with a draft of dropout draws the masks that training with dropout itself draws."""
    x = np.random.default_rng(0).standard_normal((6, 5))
    values = []
    for component in (Dropout(rate=0.4), draft(Dropout(rate=0.4))):
        network = Network([component], input_shape=(5,))
        network.trace(x, training=True).jacobian("dropout_1")["x"].vjp(np.ones((6, 5)))
        values.append(network.trace(x, training=True)["dropout_1"])
    np.testing.assert_array_equal(*values)


def test_an_operator_keeps_its_point_when_the_arrays_are_written_again():
    case = Case("sigmoid", draft(Sigmoid()), {"x": (3,)})
    network = case.alone()
    x = np.random.default_rng(0).standard_normal((4, 3))
    trace = network._engine.trace({"x": x})
    operator, y = trace.jacobian("probe")["z"], trace["probe"].copy()
    x[:] = 0
    np.testing.assert_allclose(np.diagonal(operator.dense(), axis1=1, axis2=2), y * (1 - y), rtol=1e-9)


def test_differences_in_a_float32_network_are_taken_in_float64():
    x = np.random.default_rng(3).standard_normal((5, 4)).astype(np.float32)
    j = Network([NotAnalytic()], input_shape=(4,), dtype="float32").trace(x).jacobian("not_analytic_1")["x"].dense()
    np.testing.assert_allclose(np.diagonal(j, axis1=1, axis2=2), 1 / (1 + np.abs(x)) ** 2, rtol=1e-6)


def test_one_value_read_twice_is_two_inputs():
    network = Network(inputs={"x": (3,)}, nodes={"square": node(draft(Multiply()), "x", "x")}, output="square")
    x = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(network.vjp({"x": x}, np.ones((1, 3)))["x"], 2 * x)


class Counted(Activation):
    """Counts how often forward runs."""

    draft = True
    calls: ClassVar[list[int]] = [0]

    def forward(self, x: Array) -> Array:
        self.calls[0] += 1
        return 2 * x


def test_what_nobody_asks_for_is_not_measured():
    network = Network([Counted(), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,))
    network.gradient(np.ones((2, 3)), np.ones((2, 2)))
    first = Counted.calls[0]
    network.summary()
    assert (first, Counted.calls[0]) == (1, 2)


def test_a_cost_without_gradient():
    a, y = np.random.default_rng(0).standard_normal((2, 5, 3))
    for dtype in ("float64", "float32"):
        networks = [
            Network([Dense(units=3)], cost=cost, input_shape=(3,), dtype=dtype)
            for cost in (QuadraticCost(), draft(QuadraticCost()))
        ]
        expected, found = (network.gradient(a, y).vector for network in networks)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype == "float32" else 1e-12)


def test_products_of_a_whole_network_equal_the_declared_ones():
    layers = [Dense(units=4), Sigmoid(), Dense(units=2), Sigmoid()]
    x = np.random.default_rng(0).standard_normal((5, 3))
    y = np.random.default_rng(1).random((5, 2))
    networks = [
        Network(layers, cost=QuadraticCost(), input_shape=(3,)),
        Network([draft(each) for each in layers], cost=draft(QuadraticCost()), input_shape=(3,)),
    ]
    for network in networks:
        scatter(network)
    one, other = networks
    u, v = np.random.default_rng(2).standard_normal((5, 2)), np.random.default_rng(3).standard_normal((5, 3))
    np.testing.assert_allclose(other.gradient(x, y).vector, one.gradient(x, y).vector, atol=1e-13)
    np.testing.assert_allclose(other.vjp(x, u), one.vjp(x, u), atol=1e-13)
    np.testing.assert_allclose(other.jvp(x, v), one.jvp(x, v), atol=1e-13)
    assert other.check_gradients(x, y).max_relative_error < 1e-10


def test_complex_numbers_are_refused():
    from bpframe.measured.draft import DraftGradient

    with pytest.raises(DerivativeError, match="draft"):
        DraftGradient(draft(QuadraticCost()))(np.ones((2, 3), complex), np.ones((2, 3)))
