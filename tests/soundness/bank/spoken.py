"""Functions of their arguments, in the many ways of the language."""

from __future__ import annotations

import functools
import math

import numpy as np

from bpframe.extend import Activation, Diagonal

from . import helpers
from .plain import Tanh
from .registry import Plain, behaviour

OFFSET = 0.25
TABLE = {"tanh": np.tanh, "sin": np.sin}
half = functools.partial(np.multiply, 0.5)
softened = lambda x: x / (1 + np.abs(x))  # noqa: E731


@behaviour()
class Helped(Activation):
    def forward(self, x):
        return helpers.squashed(x)

    def jacobian(self, x):
        return Diagonal(helpers.slope(x))


@behaviour()
class HelpedTwice(Plain):
    def forward(self, x):
        return helpers.squashed_twice(x)


@behaviour()
class CallsLambda(Plain):
    def forward(self, x):
        twice = lambda v: v * 0.5  # noqa: E731
        return softened(twice(x))


@behaviour("flat")
class Generated(Plain):
    def forward(self, x):
        total = sum(x[:, i] for i in range(x.shape[1]))
        return x - 0.1 * total[:, None]


@behaviour("flat")
class Listed(Plain):
    def forward(self, x):
        return np.stack([np.tanh(x[:, i]) * (i + 1) for i in range(x.shape[1])], axis=1) * 0.5


@behaviour(arguments="slope=0.5")
class HasProperty(Plain):
    slope: float = 1.0

    @property
    def steep(self):
        return 2 * self.slope

    def forward(self, x):
        return np.tanh(self.steep * x)


@behaviour()
class HasMethods(Plain):
    @staticmethod
    def _squashed(x):
        return np.tanh(x)

    @classmethod
    def _halved(cls, x):
        return 0.5 * x

    def _both(self, x):
        return self._squashed(self._halved(x))

    def forward(self, x):
        return self._both(x) + self._halved(x)


@behaviour()
class Inherits(Tanh):
    def forward(self, x):
        return 0.5 * super().forward(x) + OFFSET


@behaviour()
class Partial(Plain):
    def forward(self, x):
        return half(np.tanh(x))


@behaviour()
class ByName(Plain):
    name_of: str = "tanh"

    def forward(self, x):
        return getattr(np, self.name_of)(x)


@behaviour()
class FromTable(Plain):
    def forward(self, x):
        return TABLE["sin"](x)


@behaviour()
class AsksDtype(Plain):
    def forward(self, x):
        eps = 1e-3 if x.dtype == np.float32 else 1e-6
        return x / np.sqrt(x * x + 1 + eps)


@behaviour()
class AsksShape(Plain):
    def forward(self, x):
        if x.shape[0] == 1:
            return 0.5 * x
        if len(x) > 4:
            return 0.25 * x
        return x - x.mean(axis=0, keepdims=True) * 0.1


@behaviour()
class AsksTraining(Activation):
    def forward(self, x, training):
        return 0.5 * x if training else 0.75 * x

    def jacobian(self, x, training):
        return Diagonal(np.full_like(x, 0.5 if training else 0.75))


@behaviour()
class Quiet(Plain):
    def forward(self, x):
        with np.errstate(divide="ignore", invalid="ignore"):
            y = 1 / (x - x)
        return np.where(np.isfinite(y), y, np.tanh(x))


@behaviour("warns")
class Loud(Plain):
    def forward(self, x):
        y = np.sqrt(-1 - x * x)
        return np.where(np.isnan(y), 0.5 * x, y)


@behaviour()
class Nested(Plain):
    def forward(self, x):
        scale = 0.5

        def scaled(v):
            return scale * v

        return scaled(np.sin(x))


@behaviour()
class Matches(Plain):
    mode: str = "b"

    def forward(self, x):
        match self.mode:
            case "a":
                return x + 1
            case _:
                return np.cos(x)


@behaviour()
class Computes(Plain):
    width: float = 2.0

    def forward(self, x):
        norm = math.sqrt(self.width) * math.pi
        return np.sin(norm * x) / norm


@behaviour("slow")
class Vectorised(Plain):
    def forward(self, x):
        return np.vectorize(helpers.number_squashed, otypes=[x.dtype])(x)


@behaviour("slow")
class AlongAxis(Plain):
    def forward(self, x):
        return np.apply_along_axis(helpers.squashed, -1, x)
