"""A sigmoid network with quadratic cost, written by hand for this one purpose: the floor that a framework can approach.

Straight NumPy with preallocated buffers: forward, BP1–BP4 and the update of eq. (1), nothing else. No cost is computed.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np


class Prototype:
    """One training step of an MLP with sizes such as (784, 30, 10)."""

    def __init__(self, sizes, batch, dtype=np.float32, learning_rate=3.0):
        rng = np.random.default_rng(0)
        self.rate = learning_rate / batch
        pairs = list(pairwise(sizes))
        self.weights = [(rng.standard_normal((n, m)) / np.sqrt(m)).astype(dtype) for m, n in pairs]
        self.biases = [rng.standard_normal(n).astype(dtype) for _, n in pairs]
        self.activations = [np.empty((batch, n), dtype) for n in sizes[1:]]
        self.errors = [np.empty((batch, n), dtype) for n in sizes[1:]]
        self.slopes = [np.empty((batch, n), dtype) for n in sizes[1:]]
        self.weight_gradients = [np.empty_like(w) for w in self.weights]
        self.bias_gradients = [np.empty_like(b) for b in self.biases]

    def step(self, x, y):
        inputs = [x, *self.activations]
        for a, w, b, out in zip(inputs, self.weights, self.biases, self.activations, strict=False):
            np.matmul(a, w.T, out=out)
            np.add(out, b, out=out)
            np.negative(out, out=out)
            np.exp(out, out=out)
            np.add(out, 1, out=out)
            np.reciprocal(out, out=out)
        last = len(self.weights) - 1
        np.subtract(self.activations[last], y, out=self.errors[last])
        for layer in range(last, -1, -1):
            a, delta, slope = self.activations[layer], self.errors[layer], self.slopes[layer]
            np.subtract(1, a, out=slope)
            np.multiply(slope, a, out=slope)
            np.multiply(delta, slope, out=delta)
            np.matmul(delta.T, inputs[layer], out=self.weight_gradients[layer])
            np.add.reduce(delta, axis=0, out=self.bias_gradients[layer])
            if layer:
                np.matmul(delta, self.weights[layer], out=self.errors[layer - 1])
        for value, gradient in zip(
            self.weights + self.biases, self.weight_gradients + self.bias_gradients, strict=True
        ):
            np.multiply(gradient, self.rate, out=gradient)
            np.subtract(value, gradient, out=value)


class MatrixProducts:
    """The matrix products of the same step alone."""

    def __init__(self, sizes, batch, dtype=np.float32):
        self.inner = Prototype(sizes, batch, dtype)
        rng = np.random.default_rng(1)
        for array in (*self.inner.activations, *self.inner.errors):
            array[...] = rng.random(array.shape)

    def step(self, x, y):
        inner = self.inner
        inputs = [x, *inner.activations]
        for a, w, out in zip(inputs, inner.weights, inner.activations, strict=False):
            np.matmul(a, w.T, out=out)
        for layer in range(len(inner.weights) - 1, -1, -1):
            np.matmul(inner.errors[layer].T, inputs[layer], out=inner.weight_gradients[layer])
            if layer:
                np.matmul(inner.errors[layer], inner.weights[layer], out=inner.errors[layer - 1])
