"""Values for a component's fields, from their types: small integers, generic floats, every word of a Literal."""

from __future__ import annotations

import enum
import itertools
import math
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from bpframe.core.component import Component, Initializer, contract_of
from bpframe.errors import BpframeError
from bpframe.plugins import default_registry

__all__ = ["guess_instances"]

INTEGERS = (2, 3, 1, 4, 5, 8, 0, -1)

#: Neither 0 nor 1, at which a missing factor, power or term would not show.
FLOATS = (0.7, 1.3, 0.3, 2.5, 0.05, -0.7, 12.5)

#: A matrix and a vector for the shapes that are guessed first; of numbers, of integers, of truth values.
_MATRIX = np.array([[0.7, -0.4, 0.2, 1.1], [0.3, 1.3, -0.6, 0.5], [-1.2, 0.1, 0.9, 0.4], [0.6, -0.8, 0.05, 2.5]])
_KINDS = (_MATRIX, (10 * _MATRIX).astype(np.int64), _MATRIX > 0.2)
ARRAYS = tuple(each for m in _KINDS for each in (m, m[0], m[0, 0], m[None]))

#: How many values of one field, and how many instances with all fields together, are tried.
VALUES = 3
TRIES = 200

#: How many instances are made beside the first.
VARIANTS = 5

#: How deep components within components are guessed.
DEPTH = 3


class _Normal(Initializer):
    """Standard normal numbers: an initializer that needs no plugin set."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
        return rng.standard_normal(shape)


def guess_instances(cls: type[Component], depth: int = 0) -> list[Component]:
    """Return instances of a component class: one at its defaults, then variants.

    Required fields take the first values of their type that the class accepts. The variants have floats that are
    neither 0 nor 1, every bool the other way, and every other word of a Literal.

    Errors: BpframeError (no values are found for the required fields; it names the first that takes none).
    """
    required = {name: field for name, field in cls.model_fields.items() if field.is_required()}
    tried = {name: _accepted(name, field, cls, depth) for name, field in required.items()}
    last: Exception | None = None
    for values in itertools.islice(itertools.product(*tried.values()), TRIES):
        try:
            first = cls(**dict(zip(tried, values, strict=True)))
        except Exception as error:  # a validator of the class's own may raise anything
            last = error
            continue
        return [first, *itertools.islice(_variants(first), VARIANTS)] if depth == 0 else [first]
    raise BpframeError(f"{cls.__name__} takes no values that were tried", received=str(last))


def _accepted(name: str, field: FieldInfo, cls: type[Component], depth: int) -> list[Any]:
    """Return the first values that a field's own type and limits accept."""
    annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    found = list(itertools.islice(_valid(annotation, cls, depth), VALUES))
    if not found:
        raise BpframeError(f"{cls.__name__}.{name} takes no value that was tried", expected=str(field.annotation))
    return found


def _valid(annotation: Any, cls: type[Component], depth: int) -> Iterator[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    for value in _candidates(annotation, cls, depth):
        try:
            yield adapter.validate_python(value)
        except Exception:  # this value is not of that type: the next may be
            continue


def _candidates(annotation: Any, cls: type[Component], depth: int, limits: Mapping[str, float] | None = None) -> Any:
    """Yield values that may be of this type, the most telling first."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _candidates(args[0], cls, depth, _limits(args[1:]))
    if origin is Literal:
        return args
    if origin in (Union, types.UnionType):
        return itertools.chain.from_iterable(
            _candidates(each, cls, depth, limits) for each in sorted(args, key=lambda each: each is type(None))
        )
    if origin is tuple or origin in (list, set, frozenset):
        return _collections(args, cls, depth, limits or {})
    if annotation is np.ndarray:
        return ARRAYS
    if annotation is bool:
        return (True, False)
    if annotation is int:
        return (*_near(limits, integer=True), *INTEGERS)
    if annotation is float:
        return (*FLOATS[:1], *_near(limits, integer=False), *FLOATS)
    if annotation is str:
        return ("x", "name", "")
    if annotation is type(None):
        return (None,)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return tuple(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return _components(annotation, cls, depth)
    return (*FLOATS, *INTEGERS, "x", (), {})


def _limits(metadata: tuple[Any, ...]) -> dict[str, float]:
    names = ("gt", "ge", "lt", "le", "multiple_of", "min_length")
    return {
        name: value
        for each in metadata
        for name in names
        if isinstance(value := getattr(each, name, None), int | float) and math.isfinite(value)
    }


def _near(limits: Mapping[str, float] | None, integer: bool) -> Iterator[float]:
    """Yield values within the limits that a field states, where the usual ones may be none."""
    given = dict(limits or {})
    low, high = given.get("gt", given.get("ge")), given.get("lt", given.get("le"))
    if integer:
        step = max(int(given.get("multiple_of", 1)), 1)
        if low is not None:
            yield from (step * (int(low) // step + more) for more in (2, 1, 0) if low > 1 or step > 1)
        elif high is not None and high < 2:
            yield from (step * (int(high) // step - fewer) for fewer in (1, 0))
        elif step > 1:
            yield step
        return
    if low is not None and high is not None:
        yield low + 0.37 * (high - low)
    if low is not None:
        yield from (low + 0.7, low)
    if high is not None:
        yield from (high - 0.7, high)


def _collections(args: tuple[Any, ...], cls: type[Component], depth: int, limits: Mapping[str, float]) -> Any:
    items = [each for each in args if each is not Ellipsis]
    if not items:
        return ((),)
    options = [list(itertools.islice(_valid(each, cls, depth), VALUES)) for each in items]
    if not all(options):
        return ((),)
    if len(items) > 1:
        return itertools.product(*options)
    least = int(limits.get("min_length", 0))
    lengths = (max(least, 2), max(least, 1), 1, 3, 4, 0)
    return ([options[0][i % len(options[0])] for i in range(length)] for length in lengths)


def _components(annotation: type[Component], cls: type[Component], depth: int) -> Iterator[Component]:
    """Yield instances of component classes: of the author's module, a plain initializer, of the installed sets."""
    if depth >= DEPTH:
        return
    module = vars(sys.modules.get(cls.__module__, types.ModuleType("none"))).values()
    found = [each for each in module if isinstance(each, type) and issubclass(each, annotation) and each is not cls]
    if issubclass(_Normal, annotation):
        found.append(_Normal)
    near = [made for each in found for made in _one(each, depth)]
    # The plugin sets are loaded only where nothing nearer serves.
    yield from near or (made for each in _installed(annotation) for made in _one(each, depth))


def _one(cls: type[Component], depth: int) -> Iterator[Component]:
    try:
        contract_of(cls)
        yield guess_instances(cls, depth + 1)[0]
    except BpframeError:
        return


def _installed(annotation: type[Component]) -> Iterator[type[Component]]:
    registry = default_registry()
    for group in registry.spaces:
        yield from (each for each in registry.components(group).values() if issubclass(each, annotation))


def _variants(first: Component) -> Iterator[Component]:
    """Yield the instance with other values in its fields that have a default."""
    cls = type(first)
    given = {name: getattr(first, name) for name in cls.model_fields}
    generic = {name: value for name, field in cls.model_fields.items() for value in _generic(field, given[name])}
    yield from _made(cls, {**given, **generic}, given)
    for name, field in cls.model_fields.items():
        for value in _others(field.annotation, given[name]):
            yield from _made(cls, {**given, name: value}, given)


def _generic(field: FieldInfo, value: object) -> Iterator[float]:
    if isinstance(value, float) and value in (0.0, 1.0, -1.0):
        annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        yield from itertools.islice((each for each in _valid(annotation, Component, 0) if each != value), 1)


def _others(annotation: Any, value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif get_origin(annotation) is Literal:
        yield from (each for each in get_args(annotation) if each != value)
    elif isinstance(value, enum.Enum):
        yield from (each for each in type(value) if each is not value)


def _made(cls: type[Component], fields: dict[str, Any], before: dict[str, Any]) -> Iterator[Component]:
    if fields == before:
        return
    try:
        yield cls(**fields)
    except Exception:  # the class refuses this combination, so that nobody will meet it
        return
