"""What the components compute, against formulas written as loops or taken from SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import scipy.special

from .cases import CASES

rng = np.random.default_rng(5)


def outputs(name, batch=3):
    """A case's network, inputs, parameters and output."""
    case = next(case for case in CASES if case.name == name)
    network, x = case.alone(), case.x(batch)
    p = {path.removeprefix("probe."): network.parameters[path] for path in network.parameters}
    return case.component, x, p, network.predict(x)


@pytest.mark.parametrize("name", ["softmax", "softmax-lead"])
def test_softmax(name):
    _, x, _, y = outputs(name)
    np.testing.assert_allclose(y, scipy.special.softmax(x["x"], axis=-1), rtol=1e-14)


@pytest.mark.parametrize("name", ["layer_norm", "layer_norm-lead"])
def test_layer_norm(name):
    layer, x, p, y = outputs(name)
    for place in np.ndindex(x["x"].shape[:-1]):
        row = x["x"][place]
        expected = p["g"] * (row - row.mean()) / np.sqrt(row.var() + layer.epsilon) + p["b"]
        np.testing.assert_allclose(y[place], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("size", [(2,), (2, 3)], ids=["1d", "2d"])
def test_max_pool(size):
    _, x, _, y = outputs("max_pool" if len(size) == 1 else "max_pool-2d")
    for place in np.ndindex(y.shape):
        n, *at, c = place
        block = x["x"][(n, *(slice(i * s, i * s + s) for i, s in zip(at, size, strict=True)), c)]
        assert y[place] == block.max()


@pytest.mark.parametrize("name", ["conv1d", "conv1d-stride"])
def test_conv1d(name):
    layer, x, p, y = outputs(name)
    for n, k in np.ndindex(len(y), layer.filters):
        channels = [
            scipy.signal.correlate(x["x"][n, :, c], p["w"][k, :, c], mode="valid") for c in range(x["x"].shape[2])
        ]
        np.testing.assert_allclose(y[n, :, k], np.sum(channels, axis=0)[:: layer.stride] + p["b"][k], atol=1e-13)


def test_recurrent():
    layer, x, p, y = outputs("recurrent")
    for n in range(3):
        h = [0.0] * layer.units
        for t, seen in enumerate(x["x"][n]):
            h = [
                np.tanh(
                    sum(p["w"][j, i] * seen[i] for i in range(len(seen)))
                    + sum(p["u"][j, i] * h[i] for i in range(layer.units))
                    + p["b"][j]
                )
                for j in range(layer.units)
            ]
            np.testing.assert_allclose(y[n, t], h, rtol=1e-13)


def test_attention():
    _, x, _, y = outputs("attention")
    q, k, v = x["q"], x["k"], x["v"]
    for n, t in np.ndindex(y.shape[:2]):
        weights = [np.exp(np.dot(q[n, t], key) / np.sqrt(q.shape[2])) for key in k[n]]
        expected = sum(weight * value for weight, value in zip(weights, v[n], strict=True)) / sum(weights)
        np.testing.assert_allclose(y[n, t], expected, rtol=1e-13)


def test_concatenate():
    _, x, _, y = outputs("concatenate")
    np.testing.assert_array_equal(y[..., :3], x["a"])
    np.testing.assert_array_equal(y[..., 3:4], x["b"])
    np.testing.assert_array_equal(y[..., 4:], x["c"])


def test_embedding():
    _, x, p, y = outputs("embedding")
    for place in np.ndindex(x["x"].shape):
        np.testing.assert_array_equal(y[place], p["w"][x["x"][place]])


def test_textbook():
    _, x, p, y = outputs("textbook")
    for n, i in np.ndindex(y.shape):
        row = x["x"][n]
        np.testing.assert_allclose(y[n, i], row @ p["w"][i] @ row + p["c"][i] @ row, rtol=1e-13)
