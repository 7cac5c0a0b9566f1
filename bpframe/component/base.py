"""What every component has: validated, frozen fields and a kind."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self, TypeVar

from pydantic import ModelWrapValidatorHandler, ValidationInfo, model_validator

from bpframe.validated import Validated

__all__ = ["RESERVED_FIELDS", "Component", "Resolver", "kind_of"]

#: Keys that a spec's node uses itself, so that no component may have a field of that name.
RESERVED_FIELDS = frozenset({"kind", "name", "inputs", "share"})


def kind_of(class_name: str, suffix: str = "") -> str:
    """Return the kind that a class name stands for, `max_pool` for `MaxPool`; a `suffix` at its end is left out."""
    name = class_name.removesuffix(suffix) or class_name
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Component(Validated):
    """A frozen, validated description of something that a network is built from.

    Its fields are its configuration: they are checked when an instance is made, written to and read from spec
    files, and documented in the JSON Schema. `kind` is the name that specs use; where a class does not state it,
    it is the class name in snake_case (`MaxPool` is `max_pool`; a cost, optimizer or initializer drops the last
    word that says so).

    Methods *ask for arguments by name*: a signature lists only what the method needs. Signatures are read once,
    when the class is first used, and a name that means nothing is a `ContractError` there.
    """

    kind: ClassVar[str] = "component"

    #: Whether a record of the methods' NumPy calls says all that they do. None: their code is read, and they are
    #: repeated from a record only where it is found to be array calls on arguments, fields, constants and `saved`.
    #: True: the author vouches for them. False: they are called in every pass.
    pure: ClassVar[bool | None] = None

    _suffix: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "kind" not in cls.__dict__:
            cls.kind = kind_of(cls.__name__, cls._suffix)

    @model_validator(mode="wrap")
    @classmethod
    def _resolve(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        # A field annotated with a component class takes an instance; while a spec is read, also a mapping with a kind.
        if isinstance(info.context, Resolver) and not isinstance(data, cls):
            return info.context.resolve(cls, data, handler)
        return handler(data)


C = TypeVar("C", bound=Component)


class Resolver(ABC):
    """The context of a validation in which components are written as mappings with a `kind`."""

    @abstractmethod
    def resolve(self, wanted: type[C], data: object, handler: ModelWrapValidatorHandler[C]) -> C:
        """Return the component of class `wanted` that `data` describes; `handler` reads the fields of `wanted`."""
