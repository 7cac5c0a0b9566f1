"""What a method that is understood may call and read: lists of names, and nothing else is allowed."""

from __future__ import annotations

import builtins
import datetime
import fractions
import itertools
import math
import sys
import typing
from abc import ABCMeta
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

import bpframe.core.operators as operators
import bpframe.errors as errors
import bpframe.structures as structures
from bpframe.core.component.parameter import Parameter, State
from bpframe.core.operators import Operator, PulledVectors
from bpframe.validation.model import Validated

__all__ = [
    "ARRAY_ATTRIBUTES",
    "ARRAY_METHODS",
    "ARRAY_VIEWS",
    "BUILTINS",
    "CONTAINER_METHODS",
    "CONTENTS",
    "UFUNC_METHODS",
    "WRITING_METHODS",
    "functions",
    "has_plain_metaclass",
    "is_builtin",
    "is_operator",
    "is_scalar_type",
    "is_ufunc",
    "may_be_handed_on",
    "operator_names",
    "ours",
    "out_position",
    "own_package",
    "trusted",
    "unchanging",
    "why_not",
]

#: Attributes of arrays, dtypes and `np.finfo`.
ARRAY_ATTRIBUTES = frozenset("""
    shape ndim size dtype T mT real imag itemsize nbytes
    kind char name type eps tiny smallest_normal smallest_subnormal resolution precision bits max min
""".split())  # fmt: skip

#: Methods of arrays that return a new array or a number, with the place of `out` among their arguments (None: none).
ARRAY_METHODS: dict[str, int | None] = {
    "sum": 2, "prod": 2, "mean": 2, "std": 2, "var": 2, "max": 1, "min": 1, "any": 1, "all": 1, "argmax": 1,
    "argmin": 1, "cumsum": 2, "cumprod": 2, "dot": 1, "clip": 2, "round": 1, "take": 2, "trace": 4, "repeat": None,
    "argsort": None, "nonzero": None, "searchsorted": None, "flatten": None, "item": None, "tolist": None,
}  # fmt: skip

#: Methods of arrays that may return a view, or the array itself.
ARRAY_VIEWS = frozenset("reshape ravel transpose swapaxes squeeze diagonal conj conjugate astype".split())

#: Methods of lists, dicts, tuples, sets and strings that return something new.
CONTAINER_METHODS = frozenset("""
    index count join lower upper title strip lstrip rstrip split startswith endswith replace removeprefix removesuffix
    is_integer bit_length indices isdisjoint issubset issuperset
""".split())  # fmt: skip

#: Those whose result holds what the container holds.
CONTENTS = frozenset("get items keys values copy union intersection difference".split())

#: Those that write into the container or the array.
WRITING_METHODS = frozenset("append extend insert add update setdefault pop popitem remove discard clear fill".split())

UFUNC_METHODS = {"reduce": 3, "accumulate": 3, "reduceat": 4, "outer": None}

#: Builtins, and whether what they return is new: neither an argument nor something that holds one.
BUILTINS: dict[str, bool] = {
    **dict.fromkeys("len range abs any all int float bool complex str slice divmod round pow".split(), True),
    **dict.fromkeys("enumerate zip reversed sorted min max sum tuple list dict set frozenset".split(), False),
}  # fmt: skip

_NUMPY = """
    shape ndim size result_type iscomplexobj isrealobj can_cast promote_types broadcast_shapes dtype finfo iinfo ndindex
    sum prod mean std var max amax min amin any all ptp argmax argmin cumsum cumprod clip dot einsum take concatenate
    stack trace round around nansum nanmean nanmax nanmin nanprod nanstd nanvar cumulative_sum cumulative_prod
    where repeat tile roll pad tensordot inner outer kron cross vdot diff sort argsort take_along_axis tril triu diag
    nan_to_num sinc i0 interp searchsorted hstack vstack column_stack dstack copy angle median percentile quantile flip
    fliplr flipud rot90 convolve correlate choose select compress extract imag real digitize histogram bincount
    average gradient trapezoid ediff1d unwrap logspace linspace geomspace polyval vander isclose allclose
    array_equal isreal iscomplex isposinf isneginf isin unique nonzero flatnonzero argwhere count_nonzero cov
    corrcoef append delete insert
    eye identity zeros ones empty full arange array asarray ascontiguousarray asfortranarray asanyarray
    zeros_like ones_like empty_like full_like tri tril_indices triu_indices diag_indices indices meshgrid ix_
    unravel_index ravel_multi_index diagflat diagonal block
    reshape transpose moveaxis rollaxis swapaxes expand_dims squeeze broadcast_to broadcast_arrays ravel atleast_1d
    atleast_2d atleast_3d split array_split hsplit vsplit dsplit matrix_transpose permute_dims concat
    linalg.norm linalg.inv linalg.solve linalg.det linalg.slogdet linalg.multi_dot linalg.pinv linalg.lstsq linalg.svd
    linalg.svdvals linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.qr linalg.cholesky linalg.matrix_power
    linalg.matrix_rank linalg.cond linalg.outer linalg.cross linalg.diagonal linalg.trace linalg.vector_norm
    linalg.matrix_norm linalg.matrix_transpose linalg.vecdot linalg.matmul linalg.tensordot linalg.tensorsolve
    linalg.tensorinv
    fft.fft fft.ifft fft.rfft fft.irfft fft.fft2 fft.ifft2 fft.rfft2 fft.irfft2 fft.fftn fft.ifftn fft.rfftn fft.irfftn
    fft.hfft fft.ihfft fft.fftfreq fft.rfftfreq fft.fftshift fft.ifftshift lib.stride_tricks.sliding_window_view
""".split()  # fmt: skip

#: Functions that may return a view of what they are given.
_VIEWING = frozenset("""
    diag imag real flip fliplr flipud rot90 asarray ascontiguousarray asfortranarray asanyarray array diagonal reshape
    transpose moveaxis rollaxis swapaxes expand_dims squeeze broadcast_to broadcast_arrays ravel atleast_1d atleast_2d
    atleast_3d split array_split hsplit vsplit dsplit matrix_transpose permute_dims meshgrid ix_ linalg.diagonal
    linalg.matrix_transpose linalg.multi_dot fft.fftshift fft.ifftshift lib.stride_tricks.sliding_window_view
    nan_to_num angle unwrap trapezoid
""".split())  # fmt: skip

#: Where `out` stands among the positional arguments; most others of `_NUMPY` have none, or by keyword alone.
_OUT = {
    **dict.fromkeys("sum prod mean std var nansum nanmean nanprod nanstd nanvar cumsum cumprod clip take".split(), 3),
    **dict.fromkeys("max amax min amin any all argmax argmin ptp nanmax nanmin round around".split(), 2),
    **dict.fromkeys("concatenate concat outer".split(), 2), "isposinf": 1, "isneginf": 1,
    **dict.fromkeys("dot stack median choose".split(), 2), **dict.fromkeys("percentile quantile compress".split(), 3),
    "trace": 5, **{name: 4 for name in _NUMPY if name.startswith("fft.") and name.endswith(("fft", "fftn", "fft2"))},
}  # fmt: skip

#: What is often tried, and why it is refused.
_WHY = {
    **dict.fromkeys(
        "copyto put putmask place put_along_axis fill_diagonal".split(), "which writes into an array: x[...] = ..."
    ),
    **dict.fromkeys(
        "vectorize apply_along_axis apply_over_axes piecewise fromfunction frompyfunc".split(),
        "which calls a function that is not seen",
    ),
    **dict.fromkeys("isscalar may_share_memory shares_memory iterable".split(), "which looks at what kind an array is"),
    **dict.fromkeys("geterr seterr errstate geterrcall seterrcall".split(), "which reads or sets what NumPy reports"),
    **dict.fromkeys("load loadtxt genfromtxt fromfile memmap save savetxt".split(), "which reads or writes files"),
}

_CONSTANT = (
    bool, int, float, complex, str, bytes, type(None), type(Ellipsis), range, fractions.Fraction,
    datetime.date, datetime.datetime, datetime.timedelta,
)  # fmt: skip


@cache
def functions() -> dict[int, tuple[Any, str, bool]]:
    """Return the functions of NumPy, math, itertools and typing by identity: themselves, name, whether new."""
    found: dict[int, tuple[Any, str, bool]] = {}
    for name in _NUMPY:
        function: Any = np
        for part in name.split("."):
            function = getattr(function, part, None)
        if function is not None:
            found.setdefault(id(function), (function, f"np.{name}", name not in _VIEWING))
    for module in (math, itertools):
        for name, each in vars(module).items():
            if not name.startswith("_") and callable(each) and name not in ("tee", "cycle", "starmap"):
                found[id(each)] = (each, f"{module.__name__}.{name}", module is math)
    found[id(typing.cast)] = (typing.cast, "typing.cast", False)
    return found


def is_ufunc(thing: object) -> bool:
    """Whether this is a ufunc of NumPy or SciPy; those of `np.frompyfunc` call Python."""
    if not isinstance(thing, np.ufunc):
        return False
    if vars(np).get(thing.__name__) is thing:
        return True
    special = sys.modules.get("scipy.special")
    return special is not None and any(each is thing for each in vars(special).values())


def out_position(name: str) -> int | None:
    """Return where `out` stands among a NumPy function's positional arguments."""
    return _OUT.get(name.removeprefix("np."))


def why_not(function: Any) -> str:
    """Return why a function is not allowed, as the end of a sentence."""
    name = getattr(function, "__name__", type(function).__name__)
    module = (getattr(function, "__module__", None) or "").split(".")[0]
    if module == "numpy" and name in _WHY and getattr(np, name, None) is function:
        return f"calls np.{name}, {_WHY[name]}"
    if getattr(builtins, str(name), None) is function:
        return f"calls {name}(), which does more than compute, or tells arrays apart by what they are"
    shown = f"{module}.{name}" if module else str(name)
    return f"calls {shown}, which is not known to compute from its arguments alone"


def own_package(module: str | None, own: str) -> bool:
    """Whether a module belongs to the package of a class, to bpframe or to one of bpframe's sets."""
    top = (module or "").split(".")[0]
    return top == own or top == "bpframe" or top.startswith("bpframe_")


def ours(cls: type) -> bool:
    """Whether a class is one of bpframe's own or of what it stands on, which are trusted."""
    module = cls.__module__
    if module != "abc" and not module.startswith(("bpframe.", "pydantic.")):
        return False
    return getattr(sys.modules.get(module), cls.__qualname__, None) is cls


@cache
def trusted() -> frozenset[Any]:
    """Return bpframe's own functions and classes that components call."""
    found: set[Any] = {operators.add, operators.compose, operators.dense_operator, Parameter, State}
    found.update(getattr(room, name) for room in (operators, structures) for name in room.__all__)
    found.discard(structures.Recomputed)  # it calls what it is handed
    found.update(each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception))
    return frozenset(found)


def is_builtin(thing: Any) -> bool:
    """Whether this is a builtin that is allowed."""
    name = getattr(thing, "__name__", "")
    return name in BUILTINS and getattr(builtins, name) is thing


def may_be_handed_on(thing: Any) -> bool:
    """Whether a function may be used as a value: where it is called, nothing is unseen."""
    if is_ufunc(thing) or id(thing) in functions():
        return True
    if isinstance(thing, type):
        return is_scalar_type(thing) or thing in (bool, int, float, complex, str, tuple, list)
    return is_builtin(thing)


def is_operator(thing: object) -> bool:
    """Whether this is a class of operators or of what they return."""
    return isinstance(thing, type) and issubclass(thing, Operator | PulledVectors)


@cache
def operator_names() -> frozenset[str]:
    """Return the public names that bpframe's operators offer."""
    classes = [each for each in trusted() if is_operator(each)]
    return frozenset(name for each in classes for name in dir(each) if not name.startswith("_"))


def unchanging(value: object) -> str | None:
    """Return None for a value that cannot change, else what it is."""
    kind = type(value)
    if kind in _CONSTANT or isinstance(value, np.dtype):
        return None
    if kind is tuple or kind is frozenset:
        return next((why for each in value if (why := unchanging(each))), None)  # type: ignore[attr-defined]
    if isinstance(value, slice):
        return unchanging((value.start, value.stop, value.step))
    if is_scalar_type(kind) and kind is not np.void:
        return None
    if kind is np.ndarray:
        return _unwritable(value)
    if is_scalar_type(value) or any(value is each for each in (bool, int, float, complex)):  # `==` may be the value's
        return None
    if isinstance(value, list | dict | set | bytearray):
        return f"a {kind.__name__}, which can change"
    return f"a {kind.__name__}" if not isinstance(value, ModuleType) else f"the module {value.__name__}"


def is_scalar_type(thing: object) -> bool:
    """Whether this is one of NumPy's own scalar types; not of times, one of which is `np.datetime64("now")`."""
    if thing is np.datetime64 or thing is np.timedelta64:
        return False
    return isinstance(thing, type) and issubclass(thing, np.generic) and getattr(np, thing.__name__, None) is thing


def has_plain_metaclass(cls: type) -> bool:
    """Whether no code of a metaclass runs where a class is called or asked for an attribute."""
    return type(cls) in (type, ABCMeta, type(Operator), type(Validated))


def _unwritable(array: Any) -> str | None:
    if array.dtype.hasobject:
        return "an array of Python objects"
    each = array
    while isinstance(each, np.ndarray):
        if each.flags.writeable:
            return "an array that can be written (setflags(write=False) makes it a constant)"
        each = each.base
    return None if each is None or isinstance(each, bytes) else "an array in memory that others hold"
