"""Components that draw numbers, or read the clock, behind NumPy's back. `fresh` makes them repeatable call by call."""

from __future__ import annotations

# ruff: noqa: NPY002 (what people write)
import os
import random
import time

import numpy as np

from bpframe.extend import Activation, Diagonal

from .registry import Plain, behaviour

RNG = np.random.default_rng(3)
ticks = [0]
SEED = 3


class Clock:
    """Stands for sources that no seed reaches: what it gives depends on the number of calls alone."""

    def bytes(self, count):
        ticks[0] += 1
        return bytes((37 * ticks[0] + 11 * i) % 256 for i in range(count))

    def nanoseconds(self):
        ticks[0] += 1
        return 1_000 * ticks[0]

    def generator(self, seed=None):
        ticks[0] += seed is None
        return made(ticks[0] if seed is None else seed)


made = np.random.default_rng
sources = {"urandom": (os, "urandom"), "time_ns": (time, "time_ns"), "default_rng": (np.random, "default_rng")}
clock = Clock()
stands = {"urandom": clock.bytes, "time_ns": clock.nanoseconds, "default_rng": clock.generator}


def fresh():
    global RNG
    ticks[0] = 0
    random.seed(3)
    np.random.seed(3)
    RNG = made(3)


@behaviour("impure", "chance")
class PythonRandom(Plain):
    def forward(self, x):
        return x * (0.5 + random.random())


@behaviour("impure", "chance")
class PythonChoice(Plain):
    def forward(self, x):
        return random.choice((np.tanh, np.sin))(x)


@behaviour("impure", "chance")
class NumpyRandom(Plain):
    def forward(self, x):
        return x + 0.1 * np.random.standard_normal(x.shape).astype(x.dtype)


@behaviour("impure", "chance")
class NumpyBranch(Plain):
    """Tossed once a call: which way to compute."""

    def forward(self, x):
        return np.tanh(x) if np.random.random() < 0.5 else np.sin(x)


@behaviour("impure", "chance")
class RareBranch(Plain):
    """Two records rarely meet the other way."""

    def forward(self, x):
        return np.tanh(x) if np.random.random() < 0.9 else np.sin(x)


@behaviour("impure", "chance")
class ModuleGenerator(Plain):
    def forward(self, x):
        return x + 0.1 * RNG.standard_normal(x.shape).astype(x.dtype)


@behaviour("impure", "chance")
class NoisyJacobian(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, x):
        return Diagonal(RNG.standard_normal(x.shape).astype(x.dtype))


@behaviour("impure", "chance")
class FreshGenerator(Plain):
    def forward(self, x):
        return x + 0.1 * np.random.default_rng().standard_normal(x.shape).astype(x.dtype)


@behaviour("chance")
class SeededGenerator(Plain):
    """The same numbers in every call."""

    def forward(self, x):
        return x + 0.1 * np.random.default_rng(SEED).standard_normal(x.shape).astype(x.dtype)


@behaviour("impure", "chance")
class SystemBytes(Plain):
    def forward(self, x):
        return x * (1 + os.urandom(1)[0] / 256)


@behaviour("impure", "chance")
class ReadsClock(Plain):
    def forward(self, x):
        return x * (1 + time.time_ns() % 1_000_003 / 1e7)


@behaviour("impure", "chance")
class Shuffles(Plain):
    def forward(self, x):
        order = np.arange(x.shape[-1])
        RNG.shuffle(order)
        return x[..., order]


@behaviour("impure", "chance")
class Permutes(Plain):
    def forward(self, x):
        return 0.5 * np.random.permutation(x)


@behaviour("chance")
class AsksRng(Activation):
    """Draws from the stream that it is handed, in every pass."""

    def forward(self, x, rng, saved):
        saved["noise"] = rng.standard_normal(x.shape).astype(x.dtype)
        return x + 0.1 * saved["noise"]

    def jacobian(self, saved):
        return Diagonal(1 + 0.1 * saved["noise"])


@behaviour("chance")
class Dropout(Activation):
    def forward(self, x, rng, training, saved):
        if not training:
            return x
        saved["mask"] = (rng.random(x.shape) >= 0.5).astype(x.dtype) / 0.5
        return x * saved["mask"]

    def jacobian(self, x, training, saved):
        return Diagonal(saved["mask"] if training else np.ones_like(x))


@behaviour("chance")
class KeepsMask(Activation):
    """Draws when there is nothing saved: `saved` is empty at the start of every pass."""

    def forward(self, x, rng, saved):
        if "mask" not in saved:
            saved["mask"] = rng.random(x.shape).astype(x.dtype)
        return x * saved["mask"]

    def jacobian(self, saved):
        return Diagonal(saved["mask"])
