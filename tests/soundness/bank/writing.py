"""Components that write into what they are handed: each is due an error that names it, or must change nothing."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Diagonal, Layer, Parameter, State

from .registry import Plain, behaviour


@behaviour("writes")
class HalvesInput(Plain):
    def forward(self, x):
        x *= 0.5
        return np.tanh(x)


@behaviour("writes")
class UfuncIntoInput(Plain):
    def forward(self, x):
        return np.multiply(x, 0.5, out=x)


@behaviour("writes")
class Rectifies(Plain):
    def forward(self, x):
        x[x < 0] = 0
        return x


@behaviour("writes")
class SortsInput(Plain):
    def forward(self, x):
        x.sort(axis=-1)
        return 0.5 * x


@behaviour("writes")
class ClipsInput(Plain):
    def forward(self, x):
        np.clip(x, -0.5, 0.5, out=x)
        return x + 0.1


@behaviour("writes")
class CopiesIntoInput(Plain):
    def forward(self, x):
        np.copyto(x, 0.5 * x)
        return np.sin(x)


@behaviour("writes")
class ThroughView(Plain):
    def forward(self, x):
        x.reshape(-1)[0] = 0.25
        return np.tanh(x)


@behaviour("writes")
class ThroughTranspose(Plain):
    def forward(self, x):
        x.T[...] *= 0.9
        return np.tanh(x)


@behaviour("writes")
class UnlocksInput(Plain):
    """Takes the lock off first."""

    def forward(self, x):
        x.flags.writeable = True
        x *= 0.5
        return np.tanh(x)


@behaviour("writes")
class WritesInJacobian(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, x):
        np.cos(x, out=x)
        return Diagonal(x)


@behaviour("writes")
class WritesOutput(Activation):
    """Makes the Jacobian in its own output, which others read."""

    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, y):
        y *= y
        return Diagonal(1 - y)


@behaviour("writes", "flat")
class ClampsParameter(Layer):
    def parameters(self, features):
        return {"a": Parameter((features,), init=-0.75)}

    def forward(self, x, p):
        np.abs(p["a"], out=p["a"])
        return p["a"] * x

    def jacobian(self, x, p):
        return {"x": Diagonal(np.broadcast_to(p["a"], x.shape)), "a": np.eye(x.shape[1]) * x[:, None]}


@behaviour("writes", "flat")
class ScribblesOnParameter(Layer):
    def parameters(self, features):
        return {"a": Parameter((features,), init=0.75)}

    def forward(self, x, p):
        return p["a"] * x

    def jacobian(self, x, p):
        p["a"] *= 0.5
        return {"x": Diagonal(np.broadcast_to(p["a"], x.shape)), "a": np.eye(x.shape[1]) * x[:, None]}


@behaviour("writes", inputs=2)
class AddsInto(Layer):
    """Adds one input to the other, in place."""

    def forward(self, a, b):
        a += b
        return a

    def jacobian(self, a, b):
        return {"a": Diagonal(np.ones_like(a)), "b": Diagonal(np.ones_like(b))}


@behaviour("writes")
class ReplacesEntry(Layer):
    """Puts another array in the mapping of the parameters."""

    def parameters(self):
        return {"a": Parameter((), init=0.75)}

    def forward(self, x, p):
        p["a"] = p["a"] * 0.5
        return p["a"] * x

    def jacobian(self, x, p):
        return {"x": Diagonal(np.full_like(x, p["a"])), "a": x.copy()}


@behaviour("writes", "state")
class WritesState(Activation):
    def initial_state(self):
        return {"mean": State(())}

    def forward(self, x, state):
        state["mean"][...] = 0.5 * state["mean"] + 0.5 * x.mean()
        return x - state["mean"], state

    def jacobian(self, x):
        return Diagonal(np.ones_like(x))


@behaviour()
class WritesOwnSaved(Activation):
    """Writes what it saved itself, in both methods: its own memory."""

    def forward(self, x, saved):
        saved["e"] = np.exp(-np.abs(x))
        saved["e"] *= 0.5
        return np.tanh(x)

    def jacobian(self, saved):
        saved["e"] += 0.25
        return Diagonal(saved["e"])


@behaviour("writes")
class SavesInputAndWrites(Activation):
    """What it saved is its input, which it writes in jacobian."""

    def forward(self, x, saved):
        saved["x"] = x
        return np.tanh(x)

    def jacobian(self, saved):
        saved["x"] *= 0.5
        return Diagonal(1 / (1 + saved["x"] ** 2))
