"""Components that write into what they are handed by less plain ways than an assignment."""

from __future__ import annotations

import ctypes
import operator
import random

import numpy as np
import scipy.special

from bpframe.extend import Activation, Diagonal, Layer, Parameter

from .registry import Plain, behaviour


@behaviour("writes")
class PositionalOut(Plain):
    def forward(self, x):
        return np.multiply(x, 0.5, x)


@behaviour("writes")
class InPlaceOperator(Plain):
    def forward(self, x):
        operator.imul(x, 0.5)
        return np.tanh(x)


@behaviour("writes")
class InPlaceMethod(Plain):
    def forward(self, x):
        x.__iadd__(0.25)
        return np.tanh(x)


@behaviour("writes")
class SetsItemByClass(Plain):
    def forward(self, x):
        np.ndarray.__setitem__(x, 0, 0.25)
        return np.tanh(x)


@behaviour("writes")
class AddsAt(Plain):
    def forward(self, x):
        np.add.at(x, 0, 0.25)
        return np.tanh(x)


@behaviour("writes")
class FillsNan(Plain):
    def forward(self, x):
        y = np.nan_to_num(x, copy=False)
        y *= 0.5
        return np.tanh(y)


@behaviour("writes")
class SpecialOut(Plain):
    def forward(self, x):
        return scipy.special.expit(x, out=x)


@behaviour("writes")
class SumsInto(Plain):
    def forward(self, x):
        return 0.5 * np.cumsum(x, axis=-1, out=x)


@behaviour("writes")
class EinsumOut(Plain):
    def forward(self, x):
        np.einsum("...i,...i->...i", x, 0.5 * x, out=x)
        return np.tanh(x)


@behaviour("writes")
class PutsMask(Plain):
    def forward(self, x):
        np.putmask(x, x < 0, 0.0)
        return 0.5 * x


@behaviour("writes")
class ShufflesRows(Plain):
    def forward(self, x):
        random.Random(0).shuffle(x)
        return 0.5 * x


@behaviour("writes")
class Iterates(Plain):
    def forward(self, x):
        with np.nditer(x, op_flags=["readwrite"]) as entries:
            for entry in entries:
                entry[...] = 0.5 * entry
        return np.tanh(x)


@behaviour("writes")
class ByMemoryView(Plain):
    def forward(self, x):
        view = memoryview(x)
        view[(0,) * x.ndim] = 0.25
        return np.tanh(x)


@behaviour("writes")
class ByBuffer(Plain):
    def forward(self, x):
        np.frombuffer(x.data, x.dtype)[...] *= 0.5
        return np.tanh(x)


@behaviour("writes")
class ByWindow(Plain):
    def forward(self, x):
        np.lib.stride_tricks.as_strided(x, x.shape, x.strides, writeable=True)[...] *= 0.5
        return np.tanh(x)


@behaviour("writes")
class SetsFlags(Plain):
    def forward(self, x):
        x.setflags(write=True)
        x += 0.25
        return np.tanh(x)


@behaviour("writes")
class UnlocksView(Plain):
    def forward(self, x):
        y = x.view()
        y.flags.writeable = True
        y += 0.25
        return np.tanh(x)


@behaviour("writes", "layout")
class ByBase(Plain):
    """Writes into what its input is a view of."""

    def forward(self, x):
        if x.base is not None:
            x.base[...] *= 0.5
        return np.tanh(x)


@behaviour("writes", "flat")
class Reshapes(Plain):
    """Changes the shape of the array object itself."""

    def forward(self, x):
        shape = x.shape
        x.shape = (x.size,)
        return np.tanh(x).reshape(shape)


@behaviour("writes", "flat")
class ChangesDtype(Plain):
    def forward(self, x):
        y = np.tanh(x)
        x.dtype = np.int32
        return y


@behaviour("writes")
class SwapsBytes(Plain):
    def forward(self, x):
        y = np.tanh(x)
        x.byteswap(inplace=True)
        return y


@behaviour("writes")
class Partitions(Plain):
    def forward(self, x):
        x.partition(0, axis=-1)
        return 0.5 * x


@behaviour("writes")
class ByHelper(Plain):
    @staticmethod
    def _halve(array):
        array *= 0.5

    def forward(self, x):
        self._halve(x)
        return np.tanh(x)


@behaviour("writes")
class OnlySometimes(Plain):
    """Writes where an entry is large: not in every batch."""

    def forward(self, x):
        if x.max() > 1:
            x[x > 1] = 1
        return 0.5 * x


@behaviour("writes")
class InOtherMethod(Activation):
    """Writes into its input in jacobian, where others have read it already."""

    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, x, y):
        np.subtract(1, np.square(y), out=x)
        return Diagonal(x)


@behaviour("writes", "flat")
class AliasOfParameter(Layer):
    """Its output is its parameter, which it then changes."""

    def parameters(self, features):
        return {"b": Parameter((features,), init=0.5)}

    def forward(self, x, p):
        b = np.asarray(p["b"])
        b += 0.01
        return x + b

    def jacobian(self, x):
        return {"x": Diagonal(np.ones_like(x)), "b": np.broadcast_to(np.eye(x.shape[1]), (len(x), *[x.shape[1]] * 2))}


@behaviour()
class ByPointer(Plain):
    """Reads by its address, which NumPy's protocols do not see."""

    def forward(self, x):
        y = np.ascontiguousarray(x)
        kind = ctypes.c_float if x.dtype == np.float32 else ctypes.c_double
        first = ctypes.cast(y.ctypes.data, ctypes.POINTER(kind))[0]
        return np.tanh(x) + 0.1 * first
