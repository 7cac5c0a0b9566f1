"""Nodes whose value lies in memory that is not theirs: their input's, a parameter's."""

from __future__ import annotations

import math

import numpy as np
from bpframe_reference import Identity

from bpframe.extend import Activation, Broadcast, Diagonal, Gather, IdentityMap, Layer, Parameter, Reshape, compose

from .registry import Plain, behaviour


class Through(Activation):
    def jacobian(self):
        return IdentityMap()


@behaviour()
class Same(Identity):
    pass


@behaviour()
class AllOfIt(Through):
    def forward(self, x):
        return x[...]


@behaviour()
class AsArray(Through):
    def forward(self, x):
        return np.asarray(x)


@behaviour()
class Contiguous(Through):
    def forward(self, x):
        return np.ascontiguousarray(x)


@behaviour()
class NotCopied(Through):
    def forward(self, x):
        return x.astype(x.dtype, copy=False)


@behaviour()
class Viewed(Through):
    def forward(self, x):
        return x.view()


@behaviour()
class RealPart(Through):
    def forward(self, x):
        return x.real


@behaviour()
class Raveled(Through):
    def forward(self, x):
        return np.ravel(x).reshape(x.shape)


@behaviour()
class TwiceTransposed(Through):
    def forward(self, x):
        return x.T.T


@behaviour()
class BackAndForth(Activation):
    """A view with negative strides."""

    def forward(self, x):
        return x[..., ::-1]

    def jacobian(self, x):
        shape = x.shape[1:]
        return Gather(np.arange(math.prod(shape)).reshape(1, *shape)[..., ::-1].copy(), shape)


@behaviour()
class Rows(Plain):
    """Examples in reverse: couples nothing, but reads others' rows."""

    def forward(self, x):
        return x[::-1]


@behaviour("flat", shape=lambda s: (2, s[0] // 2) if s[0] % 2 == 0 else None)
class Folded(Layer):
    def output_shape(self, features):
        return (2, features // 2)

    def forward(self, x):
        return x.reshape(len(x), 2, -1)

    def jacobian(self):
        return Reshape()

    def second_order(self):
        return {}


@behaviour(shape=lambda s: (math.prod(s),) if len(s) > 1 else None)
class Flat(Layer):
    def output_shape(self, shape):
        return (math.prod(shape),)

    def forward(self, x):
        return x.reshape(len(x), -1)

    def jacobian(self):
        return Reshape()

    def second_order(self):
        return {}


@behaviour(shape=lambda s: s[::-1] if len(s) == 2 else None)
class Swapped(Layer):
    def output_shape(self, shape):
        return shape[::-1]

    def forward(self, x):
        return x.swapaxes(1, 2)

    def jacobian(self, x):
        rows, columns = x.shape[1:]
        return Gather(np.arange(rows * columns).reshape(1, rows, columns).swapaxes(1, 2).copy(), (rows, columns))


@behaviour("flat", shape=lambda s: (s[0] - 1,) if s[0] > 2 else None)
class Shorter(Layer):
    def output_shape(self, features):
        return (features - 1,)

    def forward(self, x):
        return x[:, 1:]

    def jacobian(self, x):
        return Gather(np.arange(1, x.shape[1])[None], (x.shape[1],))


@behaviour("flat")
class FirstColumn(Plain):
    """A view with stride 0."""

    def forward(self, x):
        return np.broadcast_to(x[:, :1], x.shape)


@behaviour("flat")
class ReadsWindow(Plain):
    def forward(self, x):
        return np.lib.stride_tricks.as_strided(x, x.shape, x.strides, writeable=False)


@behaviour("flat")
class OfParameter(Layer):
    """y = b for every example: the value is a view of a parameter."""

    def parameters(self, features):
        return {"b": Parameter((features,), init=0.5)}

    def forward(self, x, p):
        return np.broadcast_to(p["b"], x.shape)

    def jacobian(self, x):
        return {"x": Diagonal(np.zeros_like(x)), "b": Broadcast()}


@behaviour("flat")
class WhereNeeded(Through):
    """A view, or a new array, as training says."""

    def forward(self, x, training):
        return x * 1.0 if training else x


@behaviour("flat")
class ScaledByTable(Layer):
    """y = x s, where the Jacobian is a view of the parameter."""

    def parameters(self, features):
        return {"s": Parameter((features,), init=0.75)}

    def forward(self, x, p):
        return x * p["s"]

    def jacobian(self, x, p):
        return {"x": Diagonal(np.broadcast_to(p["s"], x.shape)), "s": compose(Diagonal(x), Broadcast())}

    def second_order(self, u):
        return {("x", "s"): compose(Diagonal(u), Broadcast())}
