"""Trainings of 200 steps, with shuffled batches of which the last of an epoch is smaller, and what they arrive at."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable

import numpy as np
from bpframe_activations import Tanh
from bpframe_convolution import Conv1d, Flatten, MaxPool1d
from bpframe_optimizers import Momentum
from bpframe_reference import Add, Dense, GradientDescent, Multiply, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout, LayerNorm
from threadpoolctl import threadpool_limits

import bpframe as bp
from bpframe.data import DigitsData
from bpframe.machine.blas import numpy_blas
from tests.components.attention import Attention
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.components.initializer import UniformInitializer
from tests.components.optimizers import NormalisedGradient
from tests.components.recurrent import Recurrent

DTYPES = ("float32", "float64")

#: Epochs of 40 steps: 39 of ten examples, and one of seven.
EPOCHS, EXAMPLES, BATCH = 5, 397, 10


def reference(dtype):
    """64-30-10 on the digits, as in the reference's demo."""
    layers = [Dense(units=30), Sigmoid(), Dense(units=10), Sigmoid()]
    network = bp.Network(layers, cost=QuadraticCost(), input_shape=(64,), dtype=dtype, seed=0)
    data = DigitsData().load(dtype=dtype)
    train(network, data.x[:EXAMPLES], data.y[:EXAMPLES], GradientDescent(learning_rate=3.0))
    return network


def graph(dtype):
    """Two inputs through one weight matrix, a sum and a product of values with several readers, two costs."""
    network = bp.Network(
        inputs={"left": (6,), "right": (6,)},
        nodes={
            "one": bp.node(Dense(units=8), "left"),
            "two": bp.node(Dense(units=8), "right", share="one"),
            "bent": bp.node(Sigmoid(), "one"),
            "sum": bp.node(Add(), "bent", "two", "one"),
            "product": bp.node(Multiply(), "sum", "bent"),
            "head": bp.node(Dense(units=3), "product"),
        },
        output=["head", "sum"],
        cost={"head": QuadraticCost(), "sum": QuadraticCost()},
        dtype=dtype,
        seed=1,
    )
    rng = np.random.default_rng(2)
    x = {name: rng.standard_normal((EXAMPLES, 6)) for name in ("left", "right")}
    y = {"head": rng.random((EXAMPLES, 3)), "sum": rng.random((EXAMPLES, 8))}
    train(network, x, y, Momentum(learning_rate=0.001))
    return network


def normalised(dtype):
    """Layers that couple the batch, carry a state, draw random numbers and save what their Jacobians need."""
    layers = [Dense(units=12), BatchNorm(), Tanh(), Dropout(rate=0.3), Dense(units=8), LayerNorm(), Dense(units=4)]
    network = bp.Network(layers, cost=SoftmaxCrossEntropy(), input_shape=(5,), dtype=dtype, seed=3)
    rng = np.random.default_rng(4)
    x = rng.standard_normal((EXAMPLES, 5))
    train(network, x, np.argmax(x[:, :4] + x[:, 1:], axis=1), Momentum(learning_rate=0.05))
    return network


def sequences(dtype):
    """Convolution, pooling, attention and recurrence; a step of one length."""
    nodes = {
        "conv": bp.node(Conv1d(filters=4, kernel_size=3, weights=UniformInitializer()), "x"),
        "pool": bp.node(MaxPool1d(kernel_size=2), "conv"),
        "attention": bp.node(Attention(), "pool", "pool", "pool"),
        "recurrent": bp.node(Recurrent(units=3), "attention"),
        "flat": bp.node(Flatten(), "recurrent"),
        "end": bp.node(Dense(units=2), "flat"),
    }
    network = bp.Network(nodes=nodes, inputs={"x": (10, 2)}, cost=QuadraticCost(), dtype=dtype, seed=5)
    rng = np.random.default_rng(6)
    x = rng.standard_normal((EXAMPLES, 10, 2))
    train(network, x, x[:, 3:5, 0], NormalisedGradient(learning_rate=0.3))
    return network


TRAININGS: dict[str, Callable[[str], bp.Network]] = {
    each.__name__: each for each in (reference, graph, normalised, sequences)
}


def train(network, x, y, optimizer):
    history = network.fit(x, y, optimizer=optimizer, epochs=EPOCHS, batch_size=BATCH)
    assert history.steps == 200


def trained(name, dtype):
    """Return everything that a training leaves, parameters and then state, as one vector; on one BLAS thread."""
    with threadpool_limits(1, user_api="blas"):
        network = TRAININGS[name](dtype)
    state = [array.ravel() for by_name in network.state.values() for array in by_name.values()]
    return np.concatenate([network.parameters.vector, *state])


def digest(vector):
    return hashlib.sha256(vector.tobytes()).hexdigest()


def arithmetic():
    """Return what the last bits depend on: NumPy and its instruction sets, BLAS and its kernel, the C library."""
    from numpy._core import _multiarray_umath as umath

    sets = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]
    blas = numpy_blas()
    kernel = "unknown BLAS" if blas is None else f"{blas.library} {blas.version} {blas.kernel}"
    libc = " ".join(platform.libc_ver()).strip() or platform.system()
    return ", ".join([f"NumPy {np.__version__}", *sets, kernel, libc, platform.machine()])
