"""What helpers of helpers read."""

from __future__ import annotations

import numpy as np

LEVEL = 0.5
calls = [0]


def sunk(x):
    return np.tanh(x) * 0.5


def levelled(x):
    return LEVEL * x


def counted(x):
    calls[0] += 1
    return x * (1 + 0.01 * calls[0])


def fresh():
    global LEVEL
    LEVEL = 0.5
    calls[0] = 0
