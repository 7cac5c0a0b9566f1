"""Components with state or parameters, and nodes that must be called for another reason."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Activation, Broadcast, Diagonal, Layer, Parameter, State, compose

from .registry import Plain, behaviour


@behaviour("state", "flat")
class RunningMean(Activation):
    def initial_state(self, features):
        return {"mean": State((features,))}

    def forward(self, x, state, training):
        if training:
            state = {"mean": 0.5 * state["mean"] + 0.5 * x.mean(axis=0)}
        return x - state["mean"], state

    def jacobian(self, x):
        return Diagonal(np.ones_like(x))


@behaviour("state")
class CountsPasses(Activation):
    """Changes its state in every pass, in training or not."""

    def initial_state(self):
        return {"count": State(())}

    def forward(self, x, state):
        count = state["count"] + np.ones_like(state["count"])
        return x * (1 + 0.01 * count), {"count": count}

    def jacobian(self, x, state):
        return Diagonal(np.ones_like(x) + 0.1 * state["count"])


@behaviour("state", "flat")
class StateIsView(Activation):
    """Its new state is a view of its output."""

    def initial_state(self, features):
        return {"last": State((features,))}

    def forward(self, x, state):
        y = np.tanh(x) + 0.25 * state["last"]
        return y, {"last": y[0]}

    def jacobian(self, y):
        return Diagonal(1 - y * y)


@behaviour("state", "flat")
class StateIsInput(Activation):
    """Its new state is a view of its input: the user's array, at the front."""

    def initial_state(self, features):
        return {"last": State((features,))}

    def forward(self, x, state):
        return np.tanh(x) + 0.25 * state["last"], {"last": x[-1]}

    def jacobian(self, y):
        return Diagonal(1 - y * y)


@behaviour("draft")
class Draft(Activation):
    draft: ClassVar[bool] = True

    def forward(self, x):
        return np.tanh(0.5 * x)


@behaviour()
class HasEffects(Plain):
    """Pure, and called."""

    has_effects: ClassVar[bool] = True

    def forward(self, x):
        return np.tanh(x)


@behaviour()
class CalledThrough(Activation):
    """Called, and its value is its input."""

    has_effects: ClassVar[bool] = True

    def forward(self, x):
        return x

    def jacobian(self, x):
        return Diagonal(np.ones_like(x))


@behaviour("flat")
class Affine(Layer):
    def parameters(self, features):
        return {"g": Parameter((features,), init=0.75), "b": Parameter((features,), init=0.1)}

    def forward(self, x, p):
        return p["g"] * x + p["b"]

    def jacobian(self, x, p):
        return {
            "x": Diagonal(np.ones_like(x) * p["g"]),
            "g": compose(Diagonal(x), Broadcast()),
            "b": Broadcast(),
        }


@behaviour("flat", inputs=2)
class Bilinear(Layer):
    def parameters(self, shapes):
        return {"c": Parameter((), init=0.5)}

    def forward(self, a, b, p, saved):
        saved["ab"] = a * b
        return np.tanh(p["c"] * saved["ab"])

    def jacobian(self, a, b, p, y, saved):
        slope = 1 - y * y
        return {
            "a": Diagonal(p["c"] * slope * b),
            "b": Diagonal(p["c"] * slope * a),
            "c": slope * saved["ab"],
        }


@behaviour("state", "flat")
class Normalises(Activation):
    couples_batch: ClassVar[bool] = False

    def initial_state(self, features):
        return {"scale": State((features,), init=1)}

    def forward(self, x, state, training, saved):
        if training:
            state = {"scale": 0.9 * state["scale"] + 0.1 * np.abs(x).max(axis=0)}
        saved["inverse"] = 1 / (1 + state["scale"])
        return x * saved["inverse"], state

    def jacobian(self, x, saved):
        return Diagonal(np.broadcast_to(saved["inverse"], x.shape))
