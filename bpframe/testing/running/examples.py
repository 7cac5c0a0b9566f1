"""What a component is checked on: instances with the shapes of their inputs, stated by the author or guessed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.core.component import Component, Cost, Initializer, Layer, contract_of
from bpframe.core.component.parameter import checked_shape
from bpframe.core.graph.graph import Shape
from bpframe.errors import BpframeError, ContractError
from bpframe.testing.checks.base import Setting, without_warnings
from bpframe.testing.running.field_values import guess_instances
from bpframe.validation.array_fields import printed, replaced, same

__all__ = ["Example", "guess_examples", "guess_shapes", "read_examples"]

#: Feature shapes in the order in which they are tried.
SHAPES: tuple[Shape, ...] = (
    (4,), (3, 4), (2, 5, 4), (4, 4), (2, 6, 6), (3, 8, 8), (6,), (8,), (16,), (12, 12), (2, 1), (1,), ()
)  # fmt: skip

#: Several inputs of different shapes: these are combined.
MIXED: tuple[Shape, ...] = ((4,), (3,), (3, 4), (5, 4), (1,))

#: How many inputs a layer that takes any number is given.
NUMBERS = (2, 1, 3)


@dataclass(frozen=True)
class Example:
    """An instance, the feature shape of each of its inputs, and what was guessed."""

    component: Component
    shapes: tuple[Shape, ...] = ()
    notes: tuple[str, ...] = ()


def read_examples(stated: Iterable[Any], where: str) -> Iterator[Example]:
    """Yield what an author states: pairs of an instance and its shapes, or instances, whose shapes are guessed.

    One shape alone, such as (4,), stands for that of the only input.

    Errors: ContractError (an entry is neither; it is named by its number in `where`).
    """
    if isinstance(stated, str | bytes | Component) or not isinstance(stated, Iterable):
        raise ContractError(f"{where} is not a list", expected=FORM, received=repr(stated))
    for number, entry in enumerate(stated):
        if isinstance(entry, Component):
            yield _with_shapes(entry)
            continue
        try:
            component, shapes = entry
            if not isinstance(component, Component):
                raise TypeError
            given = tuple(shapes)
            if given and all(isinstance(each, int) for each in given):
                given = (given,)
            yield Example(component, tuple(checked_shape(each, f"{where}[{number}]") for each in given))
        except (TypeError, ValueError):
            raise ContractError(f"{where}[{number}] is no example", expected=FORM, received=repr(entry)) from None


FORM = "pairs of an instance and its inputs' feature shapes, such as [(SoftSign(), [(4,)])]"


def guess_examples(cls: type[Component]) -> list[Example]:
    """Return examples of a class that states none: fields and shapes guessed, and said so in their notes.

    Errors: BpframeError (no instance can be made).
    """
    found: list[Example] = []
    for number, instance in enumerate(guess_instances(cls)):
        example = _with_shapes(instance)
        if number and example.shapes and not _takes(instance, example.shapes):
            continue  # a variant that fits nowhere says nothing about the class
        required = [name for name, field in cls.model_fields.items() if field.is_required()]
        fields = required if number == 0 else [*required, *_changed(found[0].component, instance)]
        values = ", ".join(f"{name}={replaced(getattr(instance, name), printed)!r}" for name in dict.fromkeys(fields))
        guessed = " and ".join(filter(None, [values, _shown(example.shapes)]))
        found.append(Example(instance, example.shapes, (f"no example is stated: {guessed or 'its fields'} guessed",)))
    return found


def _changed(first: Component, other: Component) -> list[str]:
    return [name for name in type(first).model_fields if not same(getattr(first, name), getattr(other, name))]


def _shown(shapes: tuple[Shape, ...]) -> str:
    return "" if not shapes else f"shape{'s' * (len(shapes) > 1)} {', '.join(map(str, shapes))}"


def _with_shapes(component: Component) -> Example:
    shapes = guess_shapes(component)
    return Example(component, shapes, (f"{_shown(shapes)} guessed",) if shapes else ())


def guess_shapes(component: Component) -> tuple[Shape, ...]:
    """Return the first shapes that an instance takes; where it takes none, those at which it gets furthest."""
    contract_of(type(component))
    constructed: tuple[Shape, ...] | None = None
    first: tuple[Shape, ...] | None = None
    for shapes in _shapes(component):
        first = shapes if first is None else first
        taken = _takes(component, shapes)
        if taken:
            return shapes
        if taken is not None and constructed is None:
            constructed = shapes
    return constructed if constructed is not None else first or ()


def _shapes(component: Component) -> Iterator[tuple[Shape, ...]]:
    if isinstance(component, Initializer):
        yield ((4, 3),)
    elif isinstance(component, Cost):
        yield from ((shape,) for shape in SHAPES)
    elif isinstance(component, Layer):
        inputs = contract_of(type(component)).inputs
        for number in NUMBERS if inputs is None else (len(inputs),):
            yield from ((shape,) * number for shape in (*_lengths(component), *SHAPES))
            if 1 < number <= 3:
                yield from itertools.product(MIXED, repeat=number)
    else:
        yield ()


def _lengths(component: Component) -> Iterator[Shape]:
    """Yield shapes that arrays in the component's fields may be made for."""
    for name in type(component).model_fields:
        value = getattr(component, name)
        if isinstance(value, np.ndarray):
            yield from ((length,) for length in value.shape)


def _takes(component: Component, shapes: tuple[Shape, ...]) -> bool | None:
    """Whether forward gives entries of the shape that was announced; None where not even a graph can be built."""
    try:
        setting = Setting(component, shapes, 0)
    except KeyboardInterrupt:
        raise
    except BaseException:  # somebody else's code: a SystemExit too says only that it does not go on
        return None
    if setting.probe is None:
        return True
    try:
        with without_warnings():
            value = setting.probe.value(setting.point("shapes"))
        return value.size > 0 and value.shape == (3, *setting.probe.output_shape)
    except BpframeError:
        return None  # it says itself that this is not for it
    except KeyboardInterrupt:
        raise
    except BaseException:
        return False
