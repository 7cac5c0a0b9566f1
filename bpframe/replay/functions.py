"""What NumPy's functions and ufuncs do with recorded arrays: compute, and note the call with its output's memory."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bpframe.forms.index_map import gathered, scattered
from bpframe.replay.located import Located, replaced
from bpframe.replay.tape import Tape
from bpframe.validation.plain_arrays import Array

__all__ = ["apply_function", "apply_ufunc", "assign", "copied", "item", "reshaped"]

_NUMBERS = (bool, int, float, complex, np.generic)

#: What tells of shapes and dtypes only.
_STATIC = frozenset({np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.can_cast})

#: What writes into its first argument and returns nothing.
_WRITING = frozenset({np.copyto, np.put, np.put_along_axis, np.fill_diagonal, np.putmask, np.place})

#: What returns a new array of a shape that follows from shapes, and can write it into `out`.
_WITH_OUT = frozenset({
    np.sum, np.prod, np.mean, np.std, np.var, np.max, np.amax, np.min, np.amin, np.any, np.all, np.ptp, np.argmax,
    np.argmin, np.cumsum, np.cumprod, np.clip, np.dot, np.einsum, np.take, np.concatenate, np.stack, np.trace, np.round,
    scattered,  # of operators whose index comes from the pass
})  # fmt: skip

#: The same, without `out`.
_NEW = frozenset({
    np.where, np.repeat, np.tile, np.roll, np.pad, np.tensordot, np.inner, np.outer, np.kron, np.cross, np.vdot,
    np.diff, np.sort, np.argsort, np.take_along_axis, np.tril, np.triu, np.diag, np.nan_to_num, np.sinc, np.i0,
    np.interp, np.searchsorted, np.hstack, np.vstack, np.column_stack, np.dstack, np.copy, np.angle, np.median, np.flip,
    np.linalg.norm, np.linalg.inv, np.linalg.solve, np.linalg.det, np.linalg.multi_dot, np.convolve, np.correlate,
    np.choose, np.select, np.full_like, np.imag, np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft,
    np.eye, np.identity, np.zeros, np.ones, np.full, np.arange, np.array, np.asarray,  # which take `like`
    gathered,  # as scattered
})  # fmt: skip

#: Those whose other arguments decide the shape.
_SHAPED_BY_ARGUMENTS = frozenset({np.repeat, np.tile, np.pad})

#: The ufunc behind np.clip, which spends five times as long around it as in it on small arrays.
_CLIP = getattr(getattr(getattr(np, "_core", None), "umath", None), "clip", None)


def apply_ufunc(
    tape: Tape, kind: type[Located], ufunc: np.ufunc, method: str, inputs: Sequence[Any], keywords: dict[str, Any]
) -> Any:
    """Run a ufunc on the real arrays and record it, with its outputs as last operands."""
    if tape.closed:
        given = {**keywords, "out": tuple(keywords["out"])} if "out" in keywords else keywords
        return getattr(ufunc, method)(*_unwrapped(tape, inputs), **_unwrapped(tape, given))
    keywords = dict(keywords)
    outs = [each for each in keywords.pop("out", ()) if each is not None]
    real, operands = _unwrapped(tape, inputs), _placed(inputs)
    named, places = _unwrapped(tape, keywords), _placed(keywords)
    call = ufunc if method == "__call__" else getattr(ufunc, method)
    if any(not isinstance(each, Located) for each in outs):
        raise tape.refuse("a buffer of its own")
    if outs:
        _unwrapped(tape, outs)
        named["out"] = tuple(each.array for each in outs)
        if len(outs) != ufunc.nout:
            raise tape.refuse("some outputs given and some not")
    result = call(*real, **named)
    if method == "at":
        if not isinstance(inputs[0], Located):
            raise tape.refuse("an array of its own that it writes into")
        tape.add(call, *operands, **places)
        return None
    if not outs:
        found = result if isinstance(result, tuple) else (result,)
        outs = [_made(kind, each, tape) for each in found]
    written = tuple(each.place for each in outs)
    if method == "__call__":
        if not keywords:
            operands = _arrays_for_numbers(ufunc, real, operands)
        tape.add(call, *operands, *written, **places)
    elif method == "reduce" and set(places) <= {"axis", "dtype", "keepdims"}:
        axis, dtype, keepdims = places.get("axis", 0), places.get("dtype"), places.get("keepdims", False)
        tape.add(call, *operands, axis, dtype, *written, keepdims)
    else:
        tape.add(call, *operands, **places, out=written[0])
    return outs[0] if len(outs) == 1 else tuple(outs)


def apply_function(tape: Tape, kind: type[Located], function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Run a function of NumPy on the real arrays and record it, unless it only looks at shapes or returns views."""
    if function is np.clip and _CLIP is not None and len(args) == 3 and set(kwargs) <= {"out"} and None not in args[1:]:
        return apply_ufunc(tape, kind, _CLIP, "__call__", args, {name: (out,) for name, out in kwargs.items()})
    real, named = _unwrapped(tape, args), _unwrapped(tape, kwargs)
    if function in _SHAPED_BY_ARGUMENTS and any(_recorded_in((args[1:], kwargs))):
        raise tape.refuse("a shape that the numbers in an array decide")
    result = function(*real, **named)
    if tape.closed or function in _STATIC or function is np.ones_like:  # ones are the same in every pass
        return result
    operands, keywords = _placed(args), _placed(kwargs)
    if result is None and function in _WRITING:
        if not isinstance(args[0] if args else None, Located):
            raise tape.refuse("an array of its own that it writes into")
        tape.add(function, *operands, **keywords)
        return None
    if kwargs.get("out") is not None:
        if not isinstance(kwargs["out"], Located):
            raise tape.refuse("a buffer of its own")
        tape.add(function, *operands, **keywords)
        return kwargs["out"]
    if isinstance(result, list | tuple):
        views = [_view_among(each, (args, kwargs)) for each in result]
        if any(each is None for each in views):
            raise tape.refuse(f"{function.__name__}, which returns several arrays")
        return type(result)(views)
    return _outcome(tape, kind, function, (args, kwargs), result, operands, keywords)


def _outcome(
    tape: Tape, kind: type[Located], function: Callable[..., Any], given: Any, result: Any, operands: Any, keywords: Any
) -> Any:
    """Wrap one result: a view of an argument, or a new array with the call that fills it."""
    if not isinstance(result, np.ndarray | np.generic):
        raise tape.refuse(f"{function.__name__}, which returns no array")
    if isinstance(result, np.ndarray):
        view = _view_among(result, given)
        if view is not None:
            return view
    made = _made(kind, result, tape)
    if function is np.empty_like:
        return made
    if function is np.zeros_like:
        tape.add(np.copyto, made.place, np.array(0, made.array.dtype))
    elif function in _WITH_OUT:
        tape.add(function, *operands, **{**keywords, "out": made.place})
    elif function in _NEW:
        tape.add(_filled, function, made.place, operands, tuple(keywords), tuple(keywords.values()))
    else:
        raise tape.refuse(getattr(function, "__name__", str(function)))
    return made


def _made(kind: type[Located], result: Any, tape: Tape) -> Located:
    """Wrap what NumPy made: an array, or a number."""
    return (kind.number if isinstance(result, np.generic) else kind).of(np.asarray(result), tape)


def _filled(function: Callable[..., Any], out: Array, args: Any, names: Any, values: Any) -> None:
    out[...] = function(*args, **dict(zip(names, values, strict=True)))


def item(array: Located, key: Any) -> Any:
    """Return x[key]: a view where NumPy gives one, a number, or a new array."""
    tape, kind = array.tape, type(array)
    for each in key if isinstance(key, tuple) else (key,):
        if isinstance(each, Located) and each.array.dtype.kind == "b" and not tape.closed:
            raise tape.refuse("a selection by the numbers in an array, whose length they decide")
    real = _unwrapped(tape, key)
    if tape.closed:
        return array.array[real]
    found = array.array[real]
    if array.sees(np.asarray(found)):
        return array.seen_as(found)
    made = _made(kind, found, tape)
    tape.add(_selected, made.place, array.place, _placed(key))
    return made


def _selected(out: Array, array: Array, key: Any) -> None:
    out[...] = array[key]


def power(base: Any, exponent: Any) -> Any:
    """Return a power that a number takes part in: NumPy raises numbers otherwise than arrays, in the last bit."""
    number = base if isinstance(base, Located) else exponent
    tape = number.tape
    if tape.closed:
        return operator.pow(*_unwrapped(tape, (_number(base), _number(exponent))))
    found = _number(_unwrapped(tape, base)) ** _number(_unwrapped(tape, exponent))
    made = _made(type(number), found, tape)
    tape.add(_powered, made.place, *_placed((base, exponent)))
    return made


def _powered(out: Array, base: Any, exponent: Any) -> None:
    out[...] = _number(base) ** _number(exponent)


def _number(value: Any) -> Any:
    """Return an array without axes as a number."""
    return value[()] if isinstance(value, np.ndarray) else value


def assign(array: Located, key: Any, value: Any) -> None:
    """x[key] = value."""
    tape = array.tape
    array.array[_unwrapped(tape, key)] = _unwrapped(tape, value)
    if not tape.closed:
        tape.add(operator.setitem, array.place, _placed(key), _placed(value))


def reshaped(array: Located, found: Array, order: str) -> Any:
    """Return an array in another shape, copied where that takes a copy."""
    if array.sees(found):
        return array.seen_as(found)
    if array.tape.closed:
        return found
    if order != "C":
        raise array.tape.refuse(f"a copy in order {order}")
    made = type(array).of(found, array.tape)
    array.tape.add(np.copyto, made.seen_as(found.reshape(array.array.shape)).place, array.place)
    return made


def copied(array: Located, found: Array) -> Any:
    """Return a copy, maybe in another dtype."""
    if array.tape.closed:
        return found
    made = type(array).of(found, array.tape)
    array.tape.add(np.copyto, made.place, array.place, casting="unsafe")
    return made


def _view_among(found: Any, given: Any) -> Any:
    if isinstance(found, np.ndarray):
        for each in _recorded_in(given):
            if each.sees(found):
                return each.seen_as(found)
    return None


def _recorded_in(value: Any) -> Iterator[Located]:
    if isinstance(value, Located):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _recorded_in(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _recorded_in(each)


def _unwrapped(tape: Tape, value: Any) -> Any:
    """Put the real arrays in place of recorded ones; refuse those of another pass."""

    def real(each: Located) -> Array:
        if each.tape is not tape and not tape.closed:
            raise tape.refuse("an array of another pass")
        return each.array

    return replaced(value, real) if tape.closed else replaced(value, real, _unchanged)


def _unchanged(value: Any) -> Any:
    """Return a plain array as one that NumPy cannot write: what it wrote there would be the same in every pass."""
    if isinstance(value, np.ndarray) and value.flags.writeable:
        value = value.view()
        value.flags.writeable = False
    return value


def _placed(value: Any) -> Any:
    return replaced(value, lambda each: each.place)


def _arrays_for_numbers(ufunc: np.ufunc, real: Sequence[Any], operands: Sequence[Any]) -> tuple[Any, ...]:
    """Put arrays without axes in place of numbers, which NumPy would convert in every call, to the same."""
    if not any(isinstance(each, _NUMBERS) for each in real):
        return tuple(operands)
    asked = tuple(type(each) if type(each) in (int, float, complex) else np.asarray(each).dtype for each in real)
    try:
        resolved = ufunc.resolve_dtypes((*asked, *(None,) * ufunc.nout))
    except TypeError:
        return tuple(operands)
    return tuple(
        np.array(value, dtype) if isinstance(value, _NUMBERS) else operand
        for value, operand, dtype in zip(real, operands, resolved, strict=False)
    )
