"""The running means of the gradient and of its square, which Adam and its kin share."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array

__all__ = ["moments"]


def moments(
    gradient: Array, state: dict[str, Array], new_state: dict[str, Array], beta_1: float, beta_2: float, out: Array
) -> tuple[Array, Array]:
    """Return m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², written into `new_state`; `out` is written over.

    Source: Kingma and Ba, *Adam* (2015), algorithm 1.
    """
    m = np.multiply(state["m"], beta_1, out=new_state["m"])
    np.multiply(gradient, 1 - beta_1, out=out)
    np.add(m, out, out=m)
    v = np.multiply(state["v"], beta_2, out=new_state["v"])
    np.multiply(gradient, gradient, out=out)
    np.multiply(out, 1 - beta_2, out=out)
    np.add(v, out, out=v)
    return m, v
