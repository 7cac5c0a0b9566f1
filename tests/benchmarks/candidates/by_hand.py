"""Steps written by hand for one kind of network each: the floor that a framework can approach.

Straight NumPy with preallocated buffers: forward, BP1–BP4 and the update of eq. (1), nothing else. No cost is computed.
"""

from __future__ import annotations

import numpy as np

from tests.benchmarks.candidates import Stepping, Unavailable


def prototype(case):
    """Return the step by hand of this kind of network."""
    return (RowByHand if case.sizes else BranchesByHand if len(case.input_shape) == 1 else ConvolutionsByHand)(case)


def products(case):
    """Return the matrix products of the same step alone."""
    return Products(prototype(case).products())


def sigmoid(out):
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)


def times_slope(delta, a, slope):
    """Multiply an error by σ'(z) = a (1 − a)."""
    np.subtract(1, a, out=slope)
    np.multiply(slope, a, out=slope)
    np.multiply(delta, slope, out=delta)


class ByHand(Stepping):
    """Weights and biases with their gradients, and the update."""

    def __init__(self, case) -> None:
        self.x, self.y = case.data
        self.rate = case.learning_rate / case.batch
        self.weights = [each.copy() for each in case.start[::2]]
        self.biases = [each.copy() for each in case.start[1::2]]
        self.weight_gradients = [np.empty_like(w) for w in self.weights]
        self.bias_gradients = [np.empty_like(b) for b in self.biases]

    def update(self):
        for value, gradient in zip(
            self.weights + self.biases, self.weight_gradients + self.bias_gradients, strict=True
        ):
            np.multiply(gradient, self.rate, out=gradient)
            np.subtract(value, gradient, out=value)

    def load(self, parameters):
        for mine, value in zip(self.weights, parameters[::2], strict=True):
            mine[...] = value
        for mine, value in zip(self.biases, parameters[1::2], strict=True):
            mine[...] = value

    def parameters(self):
        return [each.copy() for pair in zip(self.weights, self.biases, strict=True) for each in pair]


class RowByHand(ByHand):
    """A row of dense layers with sigmoids."""

    def __init__(self, case) -> None:
        super().__init__(case)
        shapes = [(case.batch, n) for n in case.sizes[1:]]
        self.activations = [np.empty(shape, np.float32) for shape in shapes]
        self.errors = [np.empty(shape, np.float32) for shape in shapes]
        self.slopes = [np.empty(shape, np.float32) for shape in shapes]

    def step(self):
        inputs = [self.x, *self.activations]
        for a, w, b, out in zip(inputs, self.weights, self.biases, self.activations, strict=False):
            np.matmul(a, w.T, out=out)
            np.add(out, b, out=out)
            sigmoid(out)
        last = len(self.weights) - 1
        np.subtract(self.activations[last], self.y, out=self.errors[last])
        for layer in range(last, -1, -1):
            delta = self.errors[layer]
            times_slope(delta, self.activations[layer], self.slopes[layer])
            np.matmul(delta.T, inputs[layer], out=self.weight_gradients[layer])
            np.add.reduce(delta, axis=0, out=self.bias_gradients[layer])
            if layer:
                np.matmul(delta, self.weights[layer], out=self.errors[layer - 1])
        self.update()

    def products(self):
        inputs = [self.x, *self.activations]
        found = [(a, w.T, out) for a, w, out in zip(inputs, self.weights, self.activations, strict=False)]
        for layer in range(len(self.weights) - 1, -1, -1):
            found.append((self.errors[layer].T, inputs[layer], self.weight_gradients[layer]))
            if layer:
                found.append((self.errors[layer], self.weights[layer], self.errors[layer - 1]))
        return found


class BranchesByHand(ByHand):
    """Blocks of two dense branches with sigmoids, added to what the block read."""

    def __init__(self, case) -> None:
        super().__init__(case)
        shape = (case.batch, *case.input_shape)
        self.branches = [np.empty(shape, np.float32) for _ in self.weights]
        self.sums = [np.empty(shape, np.float32) for _ in self.weights[::2]]
        self.errors = [np.empty(shape, np.float32) for _ in self.weights]
        self.slope, self.pulled = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self.delta = np.empty(shape, np.float32)  # of the sum of the block in hand

    def step(self):
        read = self.x
        for block, out in enumerate(self.sums):
            for k in (2 * block, 2 * block + 1):
                branch = self.branches[k]
                np.matmul(read, self.weights[k].T, out=branch)
                np.add(branch, self.biases[k], out=branch)
                sigmoid(branch)
            np.add(self.branches[2 * block], self.branches[2 * block + 1], out=out)
            np.add(out, read, out=out)
            read = out
        delta = self.delta
        np.subtract(read, self.y, out=delta)
        for block in range(len(self.sums) - 1, -1, -1):
            read = self.sums[block - 1] if block else self.x
            for k in (2 * block, 2 * block + 1):
                a, error = self.branches[k], self.errors[k]
                np.subtract(1, a, out=self.slope)
                np.multiply(self.slope, a, out=self.slope)
                np.multiply(delta, self.slope, out=error)
                np.matmul(error.T, read, out=self.weight_gradients[k])
                np.add.reduce(error, axis=0, out=self.bias_gradients[k])
            if block:
                for k in (2 * block, 2 * block + 1):
                    np.matmul(self.errors[k], self.weights[k], out=self.pulled)
                    np.add(delta, self.pulled, out=delta)
        self.update()

    def products(self):
        found = []
        for k, (w, branch) in enumerate(zip(self.weights, self.branches, strict=True)):
            found.append((self.sums[k // 2 - 1] if k > 1 else self.x, w.T, branch))
        for k in range(len(self.weights) - 1, -1, -1):
            found.append((self.errors[k].T, self.sums[k // 2 - 1] if k > 1 else self.x, self.weight_gradients[k]))
            if k > 1:
                found.append((self.errors[k], self.weights[k], self.pulled))
        return found


class ConvolutionsByHand(ByHand):
    """Convolutions over one axis with sigmoids: windows copied into rows, so that each is one matrix product."""

    def __init__(self, case) -> None:
        super().__init__(case)
        self.values, self.errors, self.slopes, self.rows, self.pulled, self.strides = [], [], [], [], [], []
        length = case.input_shape[0]
        for w in self.weights:
            units, size, channels = w.shape
            stride = 2 if self.values and size < length else 1
            length = (length - size) // stride + 1
            self.strides.append(stride)
            for kept in (self.values, self.errors, self.slopes):
                kept.append(np.empty((case.batch, length, units), np.float32))
            for kept in (self.rows, self.pulled):
                kept.append(np.empty((case.batch, length, size, channels), np.float32))

    def step(self):
        read = self.x
        for w, b, rows, value, stride in zip(
            self.weights, self.biases, self.rows, self.values, self.strides, strict=True
        ):
            apart = read.strides
            seen = np.lib.stride_tricks.as_strided(read, rows.shape, (apart[0], stride * apart[1], *apart[1:]))
            np.copyto(rows, seen)
            np.matmul(flat(rows, 2), w.reshape(len(w), -1).T, out=flat(value))
            np.add(value, b, out=value)
            sigmoid(value)
            read = value
        last = len(self.weights) - 1
        np.subtract(read, self.y, out=self.errors[last])
        for layer in range(last, -1, -1):
            w, delta, rows = self.weights[layer], self.errors[layer], self.rows[layer]
            times_slope(delta, self.values[layer], self.slopes[layer])
            np.matmul(flat(delta).T, flat(rows, 2), out=self.weight_gradients[layer].reshape(len(w), -1))
            np.add.reduce(flat(delta), axis=0, out=self.bias_gradients[layer])
            if layer:
                spread, pulled, stride = self.errors[layer - 1], self.pulled[layer], self.strides[layer]
                np.matmul(flat(delta), w.reshape(len(w), -1), out=flat(pulled, 2))
                if spread.size == pulled.size:  # one window, which saw all
                    np.copyto(spread, pulled.reshape(spread.shape))
                    continue
                spread.fill(0)
                reach = stride * (delta.shape[1] - 1) + 1
                for s in range(w.shape[1]):
                    part = spread[:, s : s + reach : stride]
                    np.add(part, pulled[:, :, s], out=part)
        self.update()

    def products(self):
        kept = zip(self.weights, self.rows, self.values, strict=True)
        found = [(flat(rows, 2), w.reshape(len(w), -1).T, flat(value)) for w, rows, value in kept]
        for layer in range(len(self.weights) - 1, -1, -1):
            w, delta = self.weights[layer], flat(self.errors[layer])
            found.append((delta.T, flat(self.rows[layer], 2), self.weight_gradients[layer].reshape(len(w), -1)))
            if layer:
                found.append((delta, w.reshape(len(w), -1), flat(self.pulled[layer], 2)))
        return found


def flat(array, last=1):
    """View an array as a matrix whose columns are its last axes."""
    return array.reshape(-1, int(np.prod(array.shape[-last:])))


class Products(Stepping):
    """The matrix products of a step on its buffers. It trains nothing: it is a floor, not a step."""

    def __init__(self, triples) -> None:
        self.triples = triples
        rng = np.random.default_rng(0)
        for array in {id(each): each for triple in triples for each in triple}.values():
            # Of size 1/√n: one product's result is another's factor, and none grows or vanishes through all of them.
            array[...] = rng.standard_normal(array.shape, dtype=np.float32) / np.sqrt(array.shape[-1])

    @property
    def multiply_adds(self):
        return sum(a.shape[0] * a.shape[1] * b.shape[1] for a, b, _ in self.triples)

    def step(self):
        for a, b, out in self.triples:
            np.matmul(a, b, out=out)

    def load(self, parameters):
        """Take none: the time of a product does not depend on the numbers."""

    def parameters(self):
        raise Unavailable("products alone train nothing")
