"""Functions that components call: pure ones, and some that are not."""

from __future__ import annotations

import math

import numpy as np

from . import deeper

FACTOR = 0.5
seen: list[int] = []


def squashed(x):
    return x / (1 + np.abs(x))


def slope(x):
    return 1 / (1 + np.abs(x)) ** 2


def squashed_twice(x):
    return deeper.sunk(squashed(x))


def number_squashed(number):
    return math.tanh(number)


def factored(x):
    return FACTOR * x


def levelled(x):
    return deeper.levelled(x)


def counted(x):
    return deeper.counted(x)


def remembered(x, seen=seen):
    seen.append(1)
    return x * (1 + 0.01 * len(seen))


def fresh():
    global FACTOR
    FACTOR = 0.5
    seen.clear()
    deeper.fresh()
