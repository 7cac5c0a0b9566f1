"""Every Jacobian of every component, and what follows from them, against the forward pass alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bpframe.core.backprop.jvp import jvp
from bpframe.derivatives.first_order.vjp import input_vjp, parameter_vjp
from tests.oracles import assert_close, cost_gradient, input_jacobian, parameter_jacobian

from .cases import CASES, MODES, mode_id

in_each_mode = pytest.mark.parametrize(("case", "training"), MODES, ids=mode_id)
in_each_mode_and_batch = pytest.mark.parametrize(
    ("case", "training", "batch"),
    [
        pytest.param(case, training, batch, id=f"{mode_id(case)}-{mode_id(training)}-{batch}")
        for case, training in MODES
        for batch in (1, 3)
        if (case.name, training, batch) != ("batch_norm", True, 1)  # one number has no variance
    ],
)
for_each_case = pytest.mark.parametrize("case", CASES, ids=mode_id)
rng = np.random.default_rng(3)


def test_differences_and_complex_step_agree():
    """The two oracles are independent of one another; they meet on an analytic network."""
    case = next(case for case in CASES if case.name == "layer_norm")
    network, x = case.trainable(), case.x(2)
    y = np.zeros((2, 2))
    assert_close(cost_gradient(network, x, y, method="differences"), cost_gradient(network, x, y), 1e-9)


@in_each_mode_and_batch
def test_local_jacobians_are_those_of_forward(case, training, batch):
    network, x = case.alone(), case.x(batch)
    jacobian = network.trace(x, training=training).jacobian("probe")
    for key in () if case.tokens else case.inputs:
        (own,) = [
            own for own, source in zip(network.graph.nodes[0].input_keys, case.inputs, strict=True) if source == key
        ]
        operator = jacobian[own]
        expected = input_jacobian(network, x, key, training=training)
        joint = operator.joint_dense(batch)
        assert_close(joint, expected.reshape(joint.shape))
        size = math.prod(case.inputs[key])
        pushed = operator.jvp(
            np.eye(size).reshape(size, 1, *operator.in_shape) * np.ones((batch, *(1,) * len(operator.in_shape)))
        )
        assert pushed.shape == (size, batch, *operator.out_shape)
    for path in network.parameters:
        operator = jacobian[path.removeprefix("probe.")]
        expected = parameter_jacobian(network, x, path, training=training)
        shape = network.parameters[path].shape
        size = math.prod(shape)
        basis = np.eye(size).reshape(size, *shape)
        assert_close(np.moveaxis(operator.shared_jvp(basis, batch), 0, -1).reshape(expected.shape), expected)
        u = rng.standard_normal((2, batch, *operator.out_shape))
        pulled = np.tensordot(u, expected, axes=u.ndim - 1)
        assert_close(operator.sum_vjp(u), pulled)
        assert_close(operator.vjp(u).sum(axis=1), pulled)


@for_each_case
def test_an_integer_input_has_no_jacobian(case):
    keys = set(case.alone().trace(case.x(2)).jacobian("probe"))
    assert ("tokens" in keys) is False
    assert len(keys) == (0 if case.tokens else len(case.inputs)) + len(case.alone().parameters)


@in_each_mode_and_batch
def test_adjoint_identity_holds_for_the_whole_network(case, training, batch):
    """⟨u, J v⟩ = ⟨Jᵀ u, v⟩ for changes of inputs and of parameters, in stacks."""
    network, x = case.trainable(), case.x(batch)
    trace = network.trace(x, training=training)
    output = network.graph.outputs[0]
    u = rng.standard_normal((2, 3, *trace[output].shape))
    dtheta = {path: rng.standard_normal((2, 3, *each.shape)) for path, each in network.parameters.items()}
    pushed = jvp(trace, {}, dtheta, (2, 3))[output]
    pulled = parameter_vjp(trace, {output: u})
    for s in np.ndindex(2, 3):
        left = np.vdot(u[s], pushed[s])
        right = sum(np.vdot(pulled[path][s], dtheta[path][s]) for path in dtheta)
        assert abs(left - right) <= 1e-12 * np.linalg.norm(u[s]) * np.linalg.norm(pushed[s])
    if case.tokens:
        return
    dx = {name: rng.standard_normal((2, 3, *each.shape)) for name, each in x.items()}
    pushed = jvp(trace, dx, {}, (2, 3))[output]
    pulled = input_vjp(trace, {output: u})
    for s in np.ndindex(2, 3):
        left = np.vdot(u[s], pushed[s])
        right = sum(np.vdot(pulled[name][s], dx[name][s]) for name in dx)
        assert abs(left - right) <= 1e-12 * np.linalg.norm(u[s]) * max(np.linalg.norm(pushed[s]), 1e-3)


@pytest.mark.parametrize("case", [case for case in CASES if not case.tokens], ids=mode_id)
def test_stacked_cotangents_equal_one_at_a_time(case):
    network, x = case.trainable(), case.x(3)
    u = rng.standard_normal((2, 3, 2))
    stacked = network.vjp(x, u)
    for s in range(2):
        single = network.vjp(x, u[s])
        for name in single:
            assert_close(stacked[name][s], single[name], 1e-13)


@in_each_mode_and_batch
def test_the_training_gradient_is_that_of_the_cost(case, training, batch):
    network, x = case.trainable(), case.x(batch)
    y = rng.standard_normal((batch, 2))
    expected = cost_gradient(network, x, y, training=training)
    found = network.gradient(x, y, training=training)
    assert_close(found.vector, expected)


@in_each_mode
def test_float32_stays_float32(case, training):
    """No step of forward, backward or forward mode makes a float64 array, and the numbers are those of float64."""
    network, x = case.trainable("float32"), case.x(3, dtype="float32")
    trace = network.trace(x, training=training)
    output = network.graph.outputs[0]
    for step in trace.plan.steps:
        assert trace[step.node.name].dtype == np.float32
        for key, operator in trace.jacobian(step.node.name).items():
            u = np.ones((3, *operator.out_shape), np.float32)
            assert operator.vjp(u).dtype == np.float32, key
            assert operator.sum_vjp(u).dtype == np.float32, key
            assert operator.jvp(np.ones((3, *operator.in_shape), np.float32)).dtype == np.float32, key
    u = {output: np.ones(trace[output].shape, np.float32)}
    assert all(array.dtype == np.float32 for array in parameter_vjp(trace, u).values())
    exact = case.trainable("float64")
    y = np.ones((3, 2))
    exact.parameters.vector[:] = network.parameters.vector
    expected = exact.gradient(
        {name: array.astype(float) if array.dtype.kind == "f" else array for name, array in x.items()},
        y,
        training=False,
    )
    assert_close(network.gradient(x, y.astype(np.float32)).vector, expected.vector.astype(np.float32), 2e-5)
