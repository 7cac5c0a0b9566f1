"""σ(z) = 1 / (1 + e^{−z}), which several activations have in them."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array

__all__ = ["logistic"]

# Between these arguments exp is a finite normal number, in float16, in float32, else as in float64.
_HALF, _SINGLE, _DOUBLE = (-9.0, 11.0), (-87.0, 88.0), (-708.0, 709.0)


def logistic(z: Array, out: Array) -> Array:
    """Write 1 / (1 + e^{−z}) into `out`, which may be z; relative accuracy holds on both tails, nothing overflows."""
    low, high = _SINGLE if out.dtype.char in "fF" else _HALF if out.dtype.char == "e" else _DOUBLE
    np.negative(z, out=out)
    np.clip(out, low, high, out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.divide(1, out, out=out)
    return out
