"""Which calls a method that is understood may make, and what they return."""

from __future__ import annotations

import ast
import builtins
import inspect
from types import FunctionType
from typing import Any

import numpy as np

from bpframe.replay.understanding import allowed
from bpframe.replay.understanding.allowed import own_package
from bpframe.replay.understanding.arguments import arguments, may_be_written, with_out, written_or_new
from bpframe.replay.understanding.expressions import Expressions
from bpframe.replay.understanding.values import ARGUMENT, NEW, Bound, Value, element, holding, join

__all__ = ["read_call"]


def read_call(frame: Expressions, node: ast.Call) -> Value:
    """Read a call: the function, then its arguments."""
    function = node.func
    if isinstance(function, ast.Name) and function.id == "super" and "super" not in frame.locals:
        return _super(frame, node)
    if isinstance(function, ast.Attribute):
        base = frame.eval(function.value)
        if base.role in ("", "rng", "out") and not base.functions:
            return _of_value(frame, node, function, base)
    found = frame.eval(function)
    if not found.functions or found.other:
        return frame.refuse(f"calls {ast.unparse(function)}, which is not known when the code is read", node)
    results = [_known(frame, node, each) for each in found.functions]
    result = results[0]
    for each in results[1:]:
        result = join(result, each)
    return result


def _super(frame: Expressions, node: ast.Call) -> Value:
    names = frame.function.__code__.co_freevars
    if node.args or node.keywords or "__class__" not in names or not frame.own:
        frame.refuse("calls super() with arguments, or outside a method", node)
    held = frame.env[frame.own]
    after = (frame.function.__closure__ or ())[names.index("__class__")].cell_contents
    if held.role not in ("self", "operator") or after not in held.thing.__mro__:
        frame.refuse("calls super() outside a method", node)
    return Value(2, role="super", thing=(held.thing, after), path=(held.role,), other=False)


# Known functions ------------------------------------------------------------------------------------------------------


def _known(frame: Expressions, node: ast.Call, function: Any) -> Value:
    if isinstance(function, Bound):
        if function.function is None:  # bpframe's own
            return _operator_call(frame, node)
        return _own(frame, node, function.function, function.holder, function.first)
    if function is np.random.default_rng:
        return _generator(frame, node)
    if allowed.is_ufunc(function):
        return _ufunc(frame, node, function)
    if inspect.isbuiltin(function) and allowed.is_ufunc(getattr(function, "__self__", None)):
        return _ufunc_method(frame, node, function)
    if function is np.copyto and node.args and frame.eval(node.args[0]).role == "out":
        return with_out(frame, node, 0, NEW)
    known = allowed.functions().get(id(function))
    if known is not None:
        return _numpy(frame, node, known[1], known[2])
    if isinstance(function, type):
        return _class(frame, node, function)
    if function in allowed.trusted():
        return _operator_call(frame, node)
    if isinstance(function, FunctionType):
        if (function.__module__ or "").split(".")[0] == "numpy":
            frame.refuse(allowed.why_not(function), node)
        if not _is_own(frame, function):
            frame.refuse(f"calls {function.__name__} of another package, {function.__module__}", node)
        return _own(frame, node, function, None, "")
    if allowed.is_builtin(function):
        return _builtin(frame, node, function.__name__)
    return frame.refuse(allowed.why_not(function), node)


def _is_own(frame: Expressions, function: FunctionType) -> bool:
    module = function.__globals__.get("__name__")
    same_file = function.__code__.co_filename == frame.function.__code__.co_filename
    return own_package(module, frame.world.package) or same_file


def _own(frame: Expressions, node: ast.Call, function: FunctionType, holder: type | None, first: str) -> Value:
    """Read a call of a function of the component's package."""
    summary = frame.world.function(function, holder, first)
    given = arguments(frame, node)
    code = function.__code__
    names = code.co_varnames[1 if first else 0 : code.co_argcount]
    if any(isinstance(each, ast.Starred) for each in node.args) and {"out", "saved", "new_state", "rng"} & set(names):
        frame.refuse(f"hands *arguments to {function.__name__}, which may write into one", node)
    level = summary.level
    placed = [*zip(names, node.args, strict=False), *((each.arg, each.value) for each in node.keywords)]
    for argument, value in placed:
        if argument == "rng" and frame.eval(value).role != "rng":
            frame.refuse(f"hands {ast.unparse(value)} on as rng, which is no generator", node)
        if argument in summary.writes:
            may_be_written(frame, value, argument)
        elif argument in ("out", "saved", "new_state"):  # the function read its result as its own
            level = max(level, frame.plain(value).level)
    origins = frozenset[str]().union(*(each.origins for each in given))
    return Value(level, origins=origins)


def _class(frame: Expressions, node: ast.Call, cls: type) -> Value:
    if not allowed.has_plain_metaclass(cls):
        return frame.refuse(f"calls {cls.__name__}, whose metaclass has code of its own", node)
    if issubclass(cls, BaseException):
        if cls not in allowed.trusted() and getattr(builtins, cls.__name__, None) is not cls:
            frame.refuse(f"makes a {cls.__name__}, an error that is neither Python's nor bpframe's", node)
        arguments(frame, node)
        return NEW
    if cls in allowed.trusted():
        return _operator_call(frame, node)
    if allowed.is_operator(cls):
        frame.world.operator(frame, cls, node)
        arguments(frame, node)
        return ARGUMENT
    if allowed.is_scalar_type(cls):
        arguments(frame, node)
        return NEW
    if allowed.is_builtin(cls):
        return _builtin(frame, node, cls.__name__)
    return frame.refuse(allowed.why_not(cls), node)


def _operator_call(frame: Expressions, node: ast.Call) -> Value:
    """Read a call of bpframe's own operators and their functions."""
    given = arguments(frame, node)
    for keyword in node.keywords:
        if keyword.arg == "out":
            may_be_written(frame, keyword.value, "out")
    return ARGUMENT if any(each.level or each.fixed for each in given) else NEW


def _generator(frame: Expressions, node: ast.Call) -> Value:
    """Read np.random.default_rng(seed), which draws the same in every pass for a seed that is a field or a number."""
    seed = node.args[0] if len(node.args) == 1 and not node.keywords else None
    if isinstance(seed, ast.Constant) and type(seed.value) is int:
        return Value(0, role="rng")
    if isinstance(seed, ast.Attribute):
        value = frame.eval(seed)
        if value.path:
            frame.world.integers.setdefault(value.path, frame.place(node.lineno))
            return Value(0, role="rng")
    return frame.refuse("makes a random generator without a seed that is a field or a number", node)


def _ufunc(frame: Expressions, node: ast.Call, function: np.ufunc) -> Value:
    arguments(frame, node)
    names = {keyword.arg for keyword in node.keywords}
    if "where" in names and "out" not in names and len(node.args) <= function.nin:
        frame.refuse("calls a ufunc with where and without out, which leaves entries unset", node)
    if any(isinstance(each, ast.Starred) for each in node.args):
        frame.refuse(f"hands *arguments to np.{function.__name__}, which may write into one", node)
    for each in node.args[function.nin :]:
        may_be_written(frame, each, "out")
    return written_or_new(frame, node, node.args[function.nin :], NEW)


def _ufunc_method(frame: Expressions, node: ast.Call, function: Any) -> Value:
    if function.__name__ not in allowed.UFUNC_METHODS:
        frame.refuse(f"calls .{function.__name__} of a ufunc", node)
    return with_out(frame, node, allowed.UFUNC_METHODS[function.__name__], NEW)


def _numpy(frame: Expressions, node: ast.Call, name: str, new: bool) -> Value:
    if name == "typing.cast" and len(node.args) == 2 and not node.keywords:
        return frame.plain(node.args[1])
    given = arguments(frame, node)
    names = {keyword.arg for keyword in node.keywords}
    if name == "np.nan_to_num" and ("copy" in names or len(node.args) > 1):
        frame.refuse("calls np.nan_to_num with copy, which may write into its argument", node)
    if "overwrite_input" in names or (name in ("np.median", "np.percentile", "np.quantile") and len(node.args) > 3):
        frame.refuse(f"calls {name} with overwrite_input, which writes into its argument", node)
    for each in given:
        if each.functions and name.startswith("np.pad"):
            frame.refuse("hands a function to np.pad", node)
    if new:
        result = NEW
    elif name.startswith("itertools."):
        result = holding(given)
    else:
        result = ARGUMENT if any(each.level or each.fixed for each in given) else NEW
    return with_out(frame, node, allowed.out_position(name), result)


def _builtin(frame: Expressions, node: ast.Call, name: str) -> Value:
    for keyword in node.keywords:
        if keyword.arg == "key" or (keyword.arg is None and name != "dict"):
            frame.refuse(f"hands {keyword.arg or '**options'} to {name}", node)
    values = [frame.plain(each) for each in (*node.args, *(keyword.value for keyword in node.keywords))]
    if allowed.BUILTINS[name]:
        return NEW
    if name in ("min", "max", "sum"):
        items = [element(values[0]), *values[1:]] if len(node.args) == 1 or name == "sum" else values
        found = items[0] if items else NEW
        for item in items[1:]:
            found = join(found, item)
        return found
    if name in ("list", "tuple", "sorted", "reversed", "set", "frozenset") and values:
        return holding([element(values[0])])
    return holding(values)


# Methods of values ----------------------------------------------------------------------------------------------------


def _of_value(frame: Expressions, node: ast.Call, function: ast.Attribute, base: Value) -> Value:
    name = function.attr
    if name.startswith("_"):
        frame.refuse(f"calls .{name}", node)
    if base.role == "rng":
        with_out(frame, node, None, NEW)
        for place, each in enumerate(node.args):
            if place >= 2 and name.startswith(("standard_", "random", "permuted")):
                may_be_written(frame, each, "out")
        if name in ("shuffle", "spawn"):
            frame.refuse(f"calls .{name}() of its generator, which writes into an argument or makes others", node)
        return NEW
    if name in allowed.WRITING_METHODS:
        given = arguments(frame, node)
        frame.writable(base, function.value)
        for value in given:
            frame.hold(value)
        kept = holding(given) if name == "setdefault" else NEW
        return element(join(base, kept)) if name in ("pop", "popitem", "setdefault") else NEW
    if base.path:
        frame.world.uses(frame, (*base.path, "()"), node)
    if name in allowed.ARRAY_METHODS:
        return with_out(frame, node, allowed.ARRAY_METHODS[name], NEW)
    if name in allowed.ARRAY_VIEWS:
        given = arguments(frame, node)
        copies = name == "astype" and len(node.args) < 5 and all(each.arg != "copy" for each in node.keywords)
        return NEW if copies else Value(base.level, fixed=base.fixed, origins=base.origins)
    if name in allowed.CONTENTS:
        given = arguments(frame, node)
        if name == "get":
            found = element(base)
            for default in given[1:]:
                found = join(found, default)
            return found
        return holding([base, *given]) if name != "copy" else holding([element(base)])
    if name in allowed.CONTAINER_METHODS:
        arguments(frame, node)
        return holding([element(base)]) if name == "split" else NEW
    if name == "type" and isinstance(function.value, ast.Attribute) and function.value.attr == "dtype":
        return with_out(frame, node, None, NEW)
    if name in allowed.operator_names() or frame.world.is_operators_name(frame, name):
        given = arguments(frame, node)
        written = [keyword.value for keyword in node.keywords if keyword.arg == "out"]
        written += node.args[1:2] if name in ("jvp", "vjp", "sum_vjp") else []
        for each in written:
            may_be_written(frame, each, "out")
        return ARGUMENT
    if isinstance(function.value, ast.Name) and function.value.id == frame.own:
        return frame.refuse(f"calls self.{name}, which is no method", node)
    return frame.refuse(f"calls .{name}(), which is not known to be a plain method of arrays or containers", node)
