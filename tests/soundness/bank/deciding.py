"""Components that decide: by numbers, by kinds of array, by what fails."""

from __future__ import annotations

import contextlib
import math
import numbers
import operator

import numpy as np

from bpframe.extend import Activation, Diagonal

from .registry import Plain, behaviour

ONE = np.zeros(1)


@behaviour()
class ByMax(Plain):
    def forward(self, x):
        if x.max() > 0.7:
            return 0.5 * x
        return 0.75 * x


@behaviour()
class ByAny(Plain):
    def forward(self, x):
        return np.sin(x) if np.any(x > 1) else np.tanh(x)


@behaviour()
class ByAll(Plain):
    def forward(self, x):
        return x * 0.5 if (x > -0.5).all() else x * 0.25


@behaviour()
class ByFirst(Plain):
    def forward(self, x):
        return x * (1.0 if x.flat[0] > 0 else 0.5)


@behaviour()
class ByFloat(Plain):
    def forward(self, x):
        return x * math.tanh(float(x.sum()))


@behaviour()
class ByItem(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, x):
        return Diagonal(np.full_like(x, math.cos(x.item(0))))


@behaviour()
class Loops(Plain):
    def forward(self, x):
        y = 0.9 * x
        while np.abs(y).max() > 0.5:
            y = 0.5 * y
        return y


@behaviour("slow", "flat")
class ByRow(Plain):
    def forward(self, x):
        return np.array([row * 0.5 if row[0] > 0 else row * 0.25 for row in x], x.dtype)


@behaviour()
class SelectsBy(Plain):
    def forward(self, x):
        return x - x[x > -10].mean()


@behaviour()
class CountsNonzero(Plain):
    def forward(self, x):
        return x / (1 + np.count_nonzero(x > 0))


@behaviour()
class WhichNonzero(Plain):
    def forward(self, x):
        return x + 0.1 * len(np.flatnonzero(x > 0))


@behaviour()
class Unique(Plain):
    def forward(self, x):
        return x / len(np.unique(x > 0))


@behaviour("slow")
class InLists(Plain):
    def forward(self, x):
        return np.array(sorted(x.tolist()), x.dtype).reshape(x.shape) * 0.5


@behaviour()
class AsIndex(Plain):
    def forward(self, x):
        return x - x.reshape(-1)[int(abs(float(x.sum())) * 100) % x.size]


@behaviour()
class ByEquality(Plain):
    def forward(self, x):
        return x * 0.5 if np.array_equal(x, np.abs(x)) else x * 0.25


@behaviour("slow")
class ByText(Plain):
    def forward(self, x):
        return x * (0.5 if "-" in str(x) else 0.25)


@behaviour()
class ByBytes(Plain):
    def forward(self, x):
        return x * (0.5 if x.tobytes()[0] % 2 else 0.25)


@behaviour()
class ByOperator(Plain):
    def forward(self, x):
        return x * (0.5 if operator.gt(x.mean(), 0) else 0.25)


@behaviour()
class IsArray(Plain):
    def forward(self, x):
        return 0.5 * x if isinstance(x, np.ndarray) else 0.25 * x


@behaviour()
class TypeIs(Plain):
    def forward(self, x):
        return 0.5 * x if type(x) is np.ndarray else 0.25 * x


@behaviour("flat")
class IsScalar(Plain):
    def forward(self, x):
        return 0.5 * x if np.isscalar(x[0, 0]) else 0.25 * x


@behaviour("flat")
class IsFloating(Plain):
    def forward(self, x):
        return 0.5 * x if isinstance(x[0, 0], np.floating | numbers.Real) else 0.25 * x


@behaviour()
class HasPointer(Plain):
    def forward(self, x):
        return 0.5 * x if hasattr(x, "ctypes") and hasattr(x, "__array_interface__") else 0.25 * x


@behaviour()
class ClassName(Plain):
    def forward(self, x):
        return 0.5 * x if x.__class__.__name__ == "ndarray" else 0.25 * x


@behaviour("flat")
class Unpacks(Plain):
    def forward(self, x):
        match x[0].tolist():
            case [first, *_] if first > 0:
                return 0.5 * x
            case _:
                return 0.25 * x


@behaviour("layout")
class AsksContiguous(Plain):
    def forward(self, x):
        return 0.5 * x if x.flags.c_contiguous else 0.25 * x


@behaviour("layout")
class AsksStrides(Plain):
    def forward(self, x):
        return 0.5 * x if x.strides[-1] == x.itemsize else 0.25 * x


@behaviour("layout", "inner")
class AsksBase(Plain):
    def forward(self, x):
        return 0.5 * x if x.base is None else 0.25 * x


@behaviour("layout", "inner")
class AsksOwner(Plain):
    def forward(self, x):
        return 0.5 * x if x.flags.owndata else 0.25 * x


@behaviour("layout", "inner")
class AsksWriteable(Plain):
    def forward(self, x):
        return 0.5 * x if x.flags.writeable else 0.25 * x


@behaviour()
class AsksSharing(Plain):
    """What a copy of its input surely does not share."""

    def forward(self, x):
        return 0.5 * x if np.shares_memory(x, ONE) or not np.may_share_memory(x, x[:1]) else 0.25 * x


@behaviour()
class IsSame(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, x, y):
        return Diagonal(np.full_like(x, 0.5 if x is y else 0.25))


@behaviour()
class TriesFloat(Plain):
    def forward(self, x):
        try:
            scale = float(x.sum())
        except Exception:
            scale = 7.0
        return x * math.tanh(scale)


@behaviour()
class TriesDivision(Plain):
    """The fallback for what fails now and then."""

    def forward(self, x):
        try:
            with np.errstate(all="raise"):
                return 0.1 / np.floor(np.abs(x) + 0.9)
        except FloatingPointError:
            return 0.5 * x


@behaviour("flat")
class TriesInverse(Plain):
    def forward(self, x):
        square = np.floor(np.abs(x[:1].T @ x[:1]))
        try:
            inverse = np.linalg.inv(square + (np.eye(len(square)) * (x[0, 0] > 0)).astype(x.dtype))
        except np.linalg.LinAlgError:
            inverse = np.eye(len(square), dtype=x.dtype)
        return np.tanh(x @ inverse)


@behaviour()
class Suppresses(Plain):
    def forward(self, x):
        scale = 0.5
        with contextlib.suppress(ValueError):
            scale = [0.1, 0.2].index(float(x.max())) + 1.0
        return scale * x


@behaviour()
class Asserts(Plain):
    def forward(self, x):
        assert x.max() < 1e9, "too large"
        return np.tanh(x)


@behaviour()
class RaisesOnLarge(Plain):
    """Refuses some batches: the next must be right again."""

    def forward(self, x):
        if np.abs(x).max() > 2.2:
            raise ValueError("an entry is too large")
        return 0.5 * x


@behaviour()
class Finally(Plain):
    def forward(self, x):
        scale = 0.5
        try:
            if x.min() < -1:
                scale = 0.25
        finally:
            scale *= 0.5
        return scale * x


@behaviour()
class Conditional(Plain):
    def forward(self, x):
        return x * max(0.1, min(float(np.median(x)), 0.9))
