"""Components that keep arrays from call to call: buffers of their own, and references to what they were handed."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Diagonal

from .registry import Plain, behaviour

kept: dict[object, np.ndarray] = {}
seen: list[np.ndarray] = []
RNG = np.random.default_rng(5)
BUFFER = np.zeros((64, 8))


def fresh():
    global RNG
    kept.clear()
    seen.clear()
    RNG = np.random.default_rng(5)
    BUFFER[...] = 0


def buffer_for(x, name="buffer"):
    key = (name, x.shape, x.dtype)
    if key not in kept:
        kept[key] = np.zeros(x.shape, x.dtype)
    return kept[key]


@behaviour("impure")
class SameBuffer(Plain):
    """Returns one array again and again, with new numbers."""

    def forward(self, x):
        y = buffer_for(x)
        np.tanh(x, out=y)
        return y


@behaviour("impure")
class ViewOfBuffer(Plain):
    def forward(self, x):
        y = buffer_for(x, "view")
        y[...] = 0.5 * x
        return y[...]


@behaviour("impure", "flat")
class ModuleBuffer(Plain):
    def forward(self, x):
        y = BUFFER[: len(x), : x.shape[1]]
        np.sin(x, out=y, casting="unsafe")
        return y.astype(x.dtype)


@behaviour("impure")
class JacobianInBuffer(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, y):
        diagonal = buffer_for(y, "diagonal")
        np.subtract(1, y * y, out=diagonal)
        return Diagonal(diagonal)


@behaviour("impure", "flat")
class RefilledNoise(Plain):
    """A buffer of the module that is refilled in place: no array of the pass takes part."""

    def forward(self, x):
        noise = BUFFER[: len(x), : x.shape[1]].copy()
        RNG.standard_normal(out=noise)
        return x + 0.1 * noise.astype(x.dtype)


@behaviour("impure")
class AddsToBuffer(Plain):
    """An exponential mean of what it saw."""

    def forward(self, x):
        mean = buffer_for(x, "mean")
        mean *= 0.5
        mean += 0.5 * x
        return mean.copy()


@behaviour("impure", "keeps", "inner")
class KeepsInput(Plain):
    """The difference from the value before, of which it keeps a reference."""

    def forward(self, x):
        before = kept.get("x")
        kept["x"] = x
        if before is None or before.shape != x.shape or before.dtype != x.dtype:
            return 0.5 * x
        return 0.5 * x + 0.1 * before


@behaviour("impure", "keeps")
class KeepsOutput(Activation):
    """Reads its own last value."""

    def forward(self, x):
        y = np.tanh(x)
        kept["y"] = y
        return y

    def jacobian(self, x):
        return Diagonal(1 - kept["y"] ** 2)


@behaviour("impure", "keeps")
class AddsLastOutput(Plain):
    def forward(self, x):
        before = kept.get("last")
        y = np.tanh(x)
        if before is not None and before.shape == x.shape and before.dtype == x.dtype:
            y = y + 0.25 * before
        kept["last"] = y
        return y


@behaviour("impure", "keeps", "inner")
class KeepsSaved(Activation):
    """Keeps a view of what it saved, and reads it in the next forward."""

    def forward(self, x, saved):
        before = kept.get("saved")
        saved["s"] = np.sin(x)
        kept["saved"] = saved["s"][...]
        if before is not None and before.shape == x.shape and before.dtype == x.dtype:
            return saved["s"] + 0.1 * before
        return saved["s"] * 1.0

    def jacobian(self, saved):
        return Diagonal(saved["s"])


@behaviour("impure", "keeps", "inner")
class CachesById(Plain):
    """Remembers results by the identity of the array, which it keeps alive."""

    def forward(self, x):
        if id(x) not in kept:
            seen.append(x)
            kept[id(x)] = np.tanh(x)
        return kept[id(x)].copy()


@behaviour("impure")
class CachesByBytes(Plain):
    """Remembers results by the numbers: right, if it is called."""

    def forward(self, x):
        key = (x.shape, x.tobytes())
        if key not in kept:
            kept[key] = np.tanh(x)
        return kept[key]


@behaviour("impure")
class FirstSeen(Plain):
    """Scales by what came first."""

    def forward(self, x):
        if "first" not in kept:
            kept["first"] = np.abs(x).max() + 1
        return x / kept["first"].astype(x.dtype)


@behaviour("impure")
class TwoNodesOneArray(Activation):
    """Every instance returns the same array for the same shape."""

    def forward(self, x):
        y = buffer_for(x, "common")
        y[...] = x
        y += 0.5
        return y

    def jacobian(self, x):
        return Diagonal(buffer_for(x, "common"))
