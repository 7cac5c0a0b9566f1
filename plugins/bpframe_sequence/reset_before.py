"""What a GRU with the reset gate before the recurrent matrix computes, and how it moves with that matrix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.extend import Array, BatchMatMul, DiagonalBlocks, Operator, add, compose
from bpframe_sequence.by_step import WeightTimesByStep, by_time
from bpframe_sequence.gates import largest_power, open_gates

__all__ = ["errors_with_u", "hidden_and_gates", "with_u"]


def hidden_and_gates(rows: Array, p: Mapping[str, Array], keeps: Array | None) -> tuple[Array, Array]:
    """Run all steps over x in their order, (T, N, features).

    Return h_0, ..., h_T, and r, z, 1 − r, 1 − z and n, (T, 5, N, units).
    """
    # The rows of r and z have the other sign, as `open_gates` takes them.
    n, (times, batch, features) = p["u"].shape[1], rows.shape
    w, u, b = p["w"].copy(), p["u"].copy(), p["b"].copy()
    for each in (w, u, b):
        np.negative(each[: 2 * n], out=each[: 2 * n])
    to_gates, to_new = np.ascontiguousarray(u[: 2 * n].T), np.ascontiguousarray(u[2 * n :].T)
    z = np.matmul(rows.reshape(times * batch, features), w.T).reshape(times, batch, 3 * n)
    z += b
    kept, largest = np.empty_like(z, shape=(times, 5, batch, n)), largest_power(z)
    hidden = np.zeros_like(z, shape=(times + 1, batch, n))
    gates = z.reshape(times, batch, 3, n)[:, :, :2].swapaxes(1, 2)
    for t, now in enumerate(z):
        h, shown, (r, update, _, other, candidate) = hidden[t], hidden[t + 1], kept[t]
        now[:, : 2 * n] += np.matmul(h, to_gates)
        open_gates(gates[t], largest, kept[t, :2], kept[t, 2:4])
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
