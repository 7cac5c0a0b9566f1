"""Feature shapes of an operator: set, or found from its arrays and its neighbours."""

from __future__ import annotations

import copy
from abc import ABC
from contextlib import suppress
from functools import cache
from types import MemberDescriptorType
from typing import Any, ClassVar, Self, TypeAlias

from bpframe.errors import OperatorError

__all__ = ["Shape", "Shaped"]

Shape: TypeAlias = tuple[int, ...]


class Shaped(ABC):
    """What has feature shapes `in_shape` and `out_shape`, which `bind` or a constructor sets.

    While one is unset, reading it asks the arrays; bound operators pay a plain slot read.

    Errors: OperatorError where a shape is read that neither the arrays nor `bind` give.
    """

    __slots__ = ("_origin", "in_shape", "out_shape")

    in_shape: Shape
    out_shape: Shape
    _origin: Shaped

    #: What tells shapes that the arrays leave open.
    _shapes_from: ClassVar[str] = "bind(in_shape, out_shape) before use"

    @property
    def structure(self) -> str:
        """The structure in a few words, for tables and messages; by default the class's name."""
        return type(self).__name__

    @property
    def _parts(self) -> tuple[Any, ...]:
        """The operators that it is made of: the factors of a chain, the terms of a sum."""
        return ()

    def bind(self, in_shape: Shape, out_shape: Shape) -> Self:
        """Set both feature shapes and return the operator itself."""
        self.in_shape = in_shape
        self.out_shape = out_shape
        return self

    def __getattr__(self, name: str) -> Any:
        # Reached only where normal look-up fails, i.e. for a shape that nobody has set.
        if name not in ("in_shape", "out_shape"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        for shapes in (self._known_shapes, self._assumed_shapes):
            shape = shapes()[name == "out_shape"]
            if shape is not None:
                return shape
        raise OperatorError(
            f"operator '{self.structure}' does not know its {name}: its arrays leave it open",
            hint=self._shapes_from,
        )

    def __copy__(self) -> Self:
        # What copy.copy would do through __getstate__, at a tenth of the time: every pass copies its operators. A copy
        # counts as the operator itself as long as nothing but shapes sets the two apart.
        copied = object.__new__(type(self))
        copied._origin = self._first()
        for slot in _copied_slots(type(self)):
            try:
                value = slot.__get__(self)
            except AttributeError:
                continue
            slot.__set__(copied, value)
        if type(self).__dictoffset__:
            copied.__dict__.update(self.__dict__)
        return copied

    def __getstate__(self) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        # Python's own would ask __getattr__ for unset shapes, so that a copy held guesses as if they were bound.
        slots = {}
        for name, slot in _slots_of(type(self)).items():
            with suppress(AttributeError):
                slots[name] = slot.__get__(self)
        return getattr(self, "__dict__", None), slots

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        """Complete the shapes from one another and from the arrays, as far as they are certain."""
        return in_shape, out_shape

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        """The shapes to use where the arrays allow several and nobody has bound any."""
        return None, None

    def _known_shapes(self) -> tuple[Shape | None, Shape | None]:
        in_shape, out_shape = _set_shape(self, "in_shape"), _set_shape(self, "out_shape")
        if in_shape is None or out_shape is None:
            return self._infer(in_shape, out_shape)
        return in_shape, out_shape

    def _is_bound(self) -> bool:
        return _set_shape(self, "in_shape") is not None and _set_shape(self, "out_shape") is not None

    def _first(self) -> Shaped:
        try:
            return _ORIGIN.__get__(self)  # type: ignore[no-any-return]
        except AttributeError:
            return self

    def _original(self) -> tuple[object, ...]:
        """Return what two operators have in common if and only if they are one object, or copies of one.

        What they hold is compared, too: somebody may have changed one of them since.
        """
        held, slots = self.__getstate__()
        values = (*(value for name, value in slots.items() if name not in Shaped.__slots__), *(held or {}).values())
        parts = (part for value in values for part in (value if isinstance(value, tuple) else (value,)))
        same = (part._original() if isinstance(part, Shaped) else id(part) for part in parts)
        return id(self._first()), *self._known_shapes(), *same

    def _with_shapes(self, in_shape: Shape | None, out_shape: Shape | None) -> Self:
        """The operator itself where it knows its shapes, else a copy bound to these as far as they are known.

        A copy, because the author may use one unbound operator in several places.
        """
        if in_shape is None and out_shape is None and not self._parts:
            return self
        known_in, known_out = self._known_shapes()
        if known_in is not None and known_out is not None:
            # Of a chain or a sum one part may tell the shapes, while the others still lack theirs.
            return copy.copy(self).bind(known_in, known_out) if self._parts and not self._is_bound() else self
        if in_shape is None and out_shape is None:
            return self
        copied = copy.copy(self)
        if in_shape is not None:
            copied.in_shape = in_shape
        if out_shape is not None:
            copied.out_shape = out_shape
        known_in, known_out = copied._known_shapes()
        if known_in is not None and known_out is not None:
            copied.bind(known_in, known_out)  # hands the shapes on to the parts of a chain or a sum
        return copied


@cache
def _slots_of(kind: type[Shaped]) -> dict[str, MemberDescriptorType]:
    """Return the descriptors of all slots of a class and its bases, which read and write without a look-up by name."""
    named = (item for base in reversed(kind.__mro__) for item in vars(base).items())
    return {name: each for name, each in named if isinstance(each, MemberDescriptorType)}


@cache
def _copied_slots(kind: type[Shaped]) -> tuple[MemberDescriptorType, ...]:
    return tuple(each for name, each in _slots_of(kind).items() if name != "_origin")


_ORIGIN = _slots_of(Shaped)["_origin"]


def _set_shape(operator: Shaped, name: str) -> Shape | None:
    try:
        # Not getattr: that would fall back on Shaped.__getattr__.
        shape: Shape = object.__getattribute__(operator, name)
    except AttributeError:
        return None
    return shape
