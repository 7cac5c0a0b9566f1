"""What a GRU with the reset gate before the recurrent matrix computes, and how it moves with that matrix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.extend import Array, BatchMatMul, DiagonalBlocks, Operator, add, compose
from bpframe_sequence.by_step import WeightTimesByStep, by_time

__all__ = ["errors_with_u", "hidden_and_gates", "with_u"]


def hidden_and_gates(rows: Array, p: Mapping[str, Array], keeps: Array | None) -> tuple[Array, Array]:
    """Run all steps over x in their order, (T, N, features): h_0, ..., h_T, and r, z, 1 − z, n (T, 4, N, units)."""
    # σ(z) = ½ + ½ tanh(z/2): the rows of r and z are halved before and after tanh.
    n, (times, batch, features) = p["u"].shape[1], rows.shape
    w, u, b = p["w"].copy(), p["u"].copy(), p["b"].copy()
    for each in (w, u, b):
        each[: 2 * n] *= 0.5
    to_gates, to_new = np.ascontiguousarray(u[: 2 * n].T), np.ascontiguousarray(u[2 * n :].T)
    z = np.matmul(rows.reshape(times * batch, features), w.T).reshape(times, batch, 3 * n)
    z += b
    kept = np.empty_like(z, shape=(times, 4, batch, n))
    hidden = np.zeros_like(z, shape=(times + 1, batch, n))
    for t, now in enumerate(z):
        gates, h, shown, (r, update, other, candidate) = now[:, : 2 * n], hidden[t], hidden[t + 1], kept[t]
        gates += np.matmul(h, to_gates)
        np.tanh(gates, out=gates)
        gates *= 0.5
        np.add(gates[:, :n], 0.5, out=r)
        np.add(gates[:, n:], 0.5, out=update)
        np.subtract(0.5, gates[:, n:], out=other)
        np.matmul(r * h, to_new, out=candidate)
        candidate += now[:, 2 * n :]
        np.tanh(candidate, out=candidate)
        np.multiply(other, candidate, out=shown)
        shown += update * h
        if keeps is not None:
            np.copyto(shown, h, where=keeps[t] == 1)
    return hidden, kept


def with_u(hidden: Array, r: Array, backward: bool) -> Operator:
    """Return how what the gates are computed from moves with u: rows of r and z times h_{t−1}, of n times r ⊙ h_{t−1}.

    Shapes: h_0, ..., h_T (T + 1, N, units) and r (T, N, units) in the order of the steps.
    """
    one, past = np.ones_like(r, shape=(1, 1, r.shape[-1])), hidden[:-1]
    gates = DiagonalBlocks([[one, None, None], [None, one, None], [None, None, None]])
    new = DiagonalBlocks([[None, None, None], [None, None, None], [None, None, one]])
    return add(
        compose(gates, WeightTimesByStep(by_time(past, backward))),
        compose(new, WeightTimesByStep(by_time(r * past, backward))),
    )


def errors_with_u(error: Array) -> Operator:
    """Return how the errors of h_{t−1} and r ⊙ h_{t−1} move with u, for errors of the gates (N, T, 3·units)."""
    n = error.shape[-1] // 3
    one = np.ones_like(error, shape=(1, 1, n))
    of_gates, of_new = error.copy(), error.copy()
    of_gates[..., 2 * n :], of_new[..., : 2 * n] = 0, 0
    return add(
        compose(DiagonalBlocks([[one], [None]]), BatchMatMul(of_gates, "left")),
        compose(DiagonalBlocks([[None], [one]]), BatchMatMul(of_new, "left")),
    )
