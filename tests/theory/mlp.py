"""An oracle for sigmoid networks: plain NumPy on real or complex numbers, and the scalar forms as loops."""

from __future__ import annotations

import cmath

import numpy as np

STEP = 1e-30


def forward(parameters, x):
    """Return z^l and a^l of every layer behind the input, for examples in rows."""
    z, a = [], [x]
    for w, b in parameters:
        z.append(np.einsum("jk,nk->nj", w, a[-1]) + b)
        a.append(1 / (1 + np.exp(-z[-1])))
    return z, a


def mean_cost(parameters, x, y):
    """Return the mean over examples of ½‖y − a^L‖², without conjugation."""
    return 0.5 * ((y - forward(parameters, x)[1][-1]) ** 2).sum() / len(x)


def complex_step(parameters, x, y):
    """Return ∂C/∂w and ∂C/∂b of every layer, one evaluation per entry."""
    moved = [(w.astype(complex), b.astype(complex)) for w, b in parameters]
    found = []
    for layer in moved:
        pair = []
        for array in layer:
            gradient = np.empty(array.shape)
            for position in np.ndindex(array.shape):
                array[position] += 1j * STEP
                gradient[position] = mean_cost(moved, x, y).imag / STEP
                array[position] = array[position].real
            pair.append(gradient)
        found.append(tuple(pair))
    return found


def sigmoid(z):
    return (1 / (1 + cmath.exp(-z))).real


def slope(z):
    return (1 / (1 + cmath.exp(-(z + 1j * STEP)))).imag / STEP


def scalar_pass(parameters, x, y):
    """One example in loops over neurons: return δ^l_j, ∂C/∂b^l_j and ∂C/∂w^l_jk of every layer.

    Indices and sums as in (BP1-2), (BP2-2), (BP3) and (BP4).
    """
    z, a = [], [list(x)]
    for w, b in parameters:
        z.append([sum(w[j][k] * a[-1][k] for k in range(len(a[-1]))) + b[j] for j in range(len(b))])
        a.append([sigmoid(each) for each in z[-1]])
    last = len(parameters) - 1
    delta = [[]] * len(parameters)
    delta[last] = [(a[-1][j] - y[j]) * slope(z[last][j]) for j in range(len(y))]  # BP1-2
    for layer in range(last - 1, -1, -1):
        following = parameters[layer + 1][0]
        delta[layer] = [
            sum(following[q][j] * delta[layer + 1][q] for q in range(len(following))) * slope(z[layer][j])  # BP2-2
            for j in range(len(z[layer]))
        ]
    biases = [list(errors) for errors in delta]  # BP3
    weights = [
        [[a[layer][k] * error for k in range(len(a[layer]))] for error in errors] for layer, errors in enumerate(delta)
    ]  # BP4
    return delta, biases, weights
