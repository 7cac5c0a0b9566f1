"""Components that read or keep something by less plain ways than a name."""

from __future__ import annotations

import functools
import inspect
import operator
import sys
import types
import weakref
from typing import Any, ClassVar

import numpy as np
from pydantic import PrivateAttr

from bpframe.extend import Activation, Diagonal

from . import outside
from .registry import Plain, behaviour

SCALE = 0.5
HOLDER = types.SimpleNamespace(scale=0.5)
LEVELS = {"scale": 0.5}
calls = {"count": 0}
NAME = "tanh"


class Callable:
    """An object that is called, and counts."""

    def __init__(self):
        self.count = 0

    def __call__(self, x):
        self.count += 1
        return x * (1 + 0.01 * self.count)


class Describes:
    """A descriptor that counts its readings."""

    def __get__(self, instance, owner=None):
        calls["count"] += 1
        return 1 + 0.01 * calls["count"]


class Number(float):
    """A number whose products count."""

    def __mul__(self, other):
        calls["count"] += 1
        return np.multiply(other, float(self) * (1 + 0.01 * calls["count"]))

    __rmul__ = __mul__


called = Callable()
NUMBER = Number(0.5)
cell = weakref.ref(called)
first_forward: dict[type, Any] = {}


def fresh():
    global SCALE, NAME
    SCALE, NAME = 0.5, "tanh"
    HOLDER.scale = 0.5
    LEVELS.update(scale=0.5)
    calls.update(count=0)
    called.count = 0
    for cls, forward in first_forward.items():
        cls.forward = forward


def counting(method):
    @functools.wraps(method)
    def counted(self, *args, **kwargs):
        calls["count"] += 1
        return method(self, *args, **kwargs) * (1 + 0.01 * calls["count"])

    return counted


def without_source():
    """Return a method that no file holds."""
    namespace = {"calls": calls}
    exec("def forward(self, x):\n    calls['count'] += 1\n    return x * (1 + 0.01 * calls['count'])\n", namespace)
    return namespace["forward"]


@functools.singledispatch
def scaled(kind, x):
    return SCALE * x


@behaviour(changes=["bank.sneaking.SCALE = {}"])
class ByGlobals(Plain):
    def forward(self, x):
        return globals()["SCALE"] * x


@behaviour(changes=["bank.sneaking.SCALE = {}"])
class ByEval(Plain):
    def forward(self, x):
        return eval("SCALE * x")


@behaviour(changes=["bank.sneaking.SCALE = {}"])
class ByModules(Plain):
    def forward(self, x):
        return sys.modules[__name__].SCALE * x


@behaviour(changes=["bank.outside.SCALE = {}"])
class ByGetattr(Plain):
    def forward(self, x):
        return getattr(outside, "SCALE") * x  # noqa: B009


@behaviour(changes=["bank.sneaking.HOLDER.scale = {}"])
class ByAttrgetter(Plain):
    def forward(self, x):
        return operator.attrgetter("scale")(HOLDER) * x


@behaviour(changes=["bank.sneaking.LEVELS['scale'] = {}"])
class ByDefault(Plain):
    def forward(self, x):
        return self._scaled(x)

    def _scaled(self, x, levels=LEVELS):
        return levels["scale"] * x


@behaviour(changes=["bank.sneaking.NAME = 'sin'", "bank.sneaking.NAME = 'cos'"])
class ByChosenName(Plain):
    def forward(self, x):
        return getattr(np, NAME)(x)


@behaviour(changes=["bank.sneaking.SCALE = {}"])
class ByLocalImport(Plain):
    def forward(self, x):
        from . import sneaking

        return sneaking.SCALE * x


@behaviour(changes=["bank.sneaking.SCALE = {}"])
class ByDispatch(Plain):
    def forward(self, x):
        return scaled(1, x)


@behaviour(changes=["bank.sneaking.SCALE = {}"])
class ByComprehension(Plain):
    def forward(self, x):
        return np.stack([SCALE * x[..., i] for i in range(x.shape[-1])], axis=-1)


@behaviour(changes=["bank.sneaking.SCALE = {}"])
class ByProperty(Plain):
    @property
    def scale(self):
        return SCALE

    def forward(self, x):
        return self.scale * x


@behaviour(changes=["bank.sneaking.SCALE = {}"])
class ByInheritance(outside.ModuleNumber):
    """Its parent reads another module's variable of the same name."""

    def forward(self, x):
        return super().forward(x) * SCALE


@behaviour(changes=["bank.outside.SCALE = {}"])
class InheritsAll(outside.ModuleNumber):
    pass


@behaviour(
    changes=[
        "bank.sneaking.replace(bank.sneaking.Replaced, 'sin')",
        "bank.sneaking.replace(bank.sneaking.Replaced, 'cos')",
    ]
)
class Replaced(Plain):
    """Its method is replaced while the program runs: networks that exist hold the old one."""

    def forward(self, x):
        return np.tanh(x)


def replace(cls, name):
    function = getattr(np, name)
    first_forward.setdefault(cls, cls.forward)

    def forward(self, x):
        return function(x)

    cls.forward = forward


@behaviour("impure")
class Decorated(Plain):
    @counting
    def forward(self, x):
        return np.tanh(x)


@behaviour("impure")
class NoSource(Plain):
    forward = without_source()


@behaviour("impure")
class CallsObject(Plain):
    def forward(self, x):
        return called(x)


@behaviour("impure")
class CallsReferent(Plain):
    def forward(self, x):
        return cell()(x)


@behaviour("impure")
class ReadsDescriptor(Plain):
    _scale: ClassVar[Any] = Describes()

    def forward(self, x):
        return self._scale * x


@behaviour("impure")
class CountingNumber(Plain):
    def forward(self, x):
        return NUMBER * x


@behaviour("impure")
class WritesDict(Plain):
    """Remembers in its own dictionary, behind the back of a frozen model."""

    def forward(self, x):
        count = self.__dict__.get("_count", 0) + 1
        self.__dict__["_count"] = count
        return x * (1 + 0.01 * count)


@behaviour("impure")
class Private(Plain):
    _count: int = PrivateAttr(default=0)

    def forward(self, x):
        object.__getattribute__(self, "__pydantic_private__")["_count"] += 1
        return x * (1 + 0.01 * self._count)


@behaviour("impure")
class ClassState(Plain):
    def forward(self, x):
        calls["count"] += 1
        type(self).__doc__ = str(calls["count"])
        return x * (1 + 0.01 * int(type(self).__doc__))


@behaviour("impure")
class InComprehension(Plain):
    def forward(self, x):
        return np.stack([x[..., i] + 0.01 * self._next() for i in range(x.shape[-1])], axis=-1)

    def _next(self):
        calls["count"] += 1
        return calls["count"]


@behaviour("impure")
class InCondition(Plain):
    def forward(self, x):
        calls["count"] += 1
        return np.tanh(x) if calls["count"] & 2 else np.sin(x)


@behaviour("impure")
class Asserting(Plain):
    """The effect stands in an assertion."""

    def forward(self, x):
        assert calls.update(count=calls["count"] + 1) is None
        return x * (1 + 0.01 * calls["count"])


@behaviour("impure")
class ByFrame(Plain):
    def forward(self, x):
        inspect.currentframe().f_globals["calls"]["count"] += 1
        return x * (1 + 0.01 * calls["count"])


@behaviour("impure")
class BySetattr(Plain):
    def forward(self, x):
        setattr(HOLDER, "scale", HOLDER.scale + 0.01)  # noqa: B010
        return HOLDER.scale * x


@behaviour("impure")
class InDestructor(Plain):
    """What it leaves counts when it is let go."""

    def forward(self, x):
        class Leaves:
            def __del__(self):
                calls["count"] += 1

        Leaves()
        return x * (1 + 0.01 * calls["count"])


@behaviour("impure")
class InJacobianOnly(Activation):
    """What jacobian counts, forward reads."""

    def forward(self, x):
        return x * (1 + 0.01 * calls["count"])

    def jacobian(self, x):
        calls["count"] += 1
        return Diagonal(np.ones_like(x))


@behaviour("impure")
class SavesCounter(Activation):
    def forward(self, x, saved):
        calls["count"] += 1
        saved["count"] = calls["count"]
        return np.tanh(x)

    def jacobian(self, x, saved):
        return Diagonal(np.full_like(x, 1 / saved["count"]))


@behaviour()
class SavesNested(Activation):
    """Saves arrays in a list in a mapping."""

    def forward(self, x, saved):
        saved["parts"] = {"all": [np.sin(x), (np.cos(x),)]}
        return saved["parts"]["all"][0]

    def jacobian(self, saved):
        return Diagonal(saved["parts"]["all"][1][0])


@behaviour()
class SavesKeys(Activation):
    """What it saves depends on the numbers."""

    def forward(self, x, saved):
        if x.max() > 0.5:
            saved["large"] = x * 0.5
        return np.tanh(x)

    def jacobian(self, x, saved):
        return Diagonal(saved["large"] if "large" in saved else 1 / (1 + x * x))
