"""What every component has: validated, frozen fields and a kind."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar, Unpack

from pydantic import ConfigDict, ModelWrapValidatorHandler, ValidationInfo, model_validator

from bpframe.core.component.category import PLAIN, Category, with_article
from bpframe.core.operators import Operator
from bpframe.errors import ContractError, SpecError
from bpframe.validation.mistakes import refusal, shortened
from bpframe.validation.model import Validated

__all__ = ["RESERVED_FIELDS", "Component", "Resolver", "category_base", "is_category", "kind_of", "no_instance"]

#: Keys that a spec's node uses itself, so that no component may have a field of that name.
RESERVED_FIELDS = frozenset({"kind", "name", "inputs", "share", "trainable"})


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

    #: What the category says of itself, as its base class states it: `class Layer(Component, category=...)`.
    _category: ClassVar[Category] = Category(PLAIN, {}, example="Dense(units=30)")

    def __init_subclass__(cls, category: Category | None = None, **settings: Unpack[ConfigDict]) -> None:
        super().__init_subclass__(**settings)
        if isinstance(category, Category):
            cls._category = category
        elif category is not None:
            raise ContractError(
                f"{cls.__name__} states no category",
                expected=f"class {cls.__name__}(Component, category=Category(...))",
                received=shortened(category),
            )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "kind" not in cls.__dict__:
            cls.kind = kind_of(cls.__name__, cls._category.suffix)

    @model_validator(mode="wrap")
    @classmethod
    def _resolve(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        # A field annotated with a component class takes an instance; while a spec is read, also a mapping with a kind.
        if isinstance(info.context, Resolver) and not isinstance(data, cls):
            return info.context.resolve(cls, data, handler)
        if not isinstance(data, cls) and (not isinstance(data, Mapping) or (is_category(cls) and "kind" in data)):
            error = no_instance(cls, data, "this field")
            what = f"cannot be {_called(data)}"
            raise refusal(what, value=data, expected=error.expected, hint=error.hint)
        return handler(data)

    def _where_to_keep(self, name: str) -> str:
        again = f"{super()._where_to_keep(name)}; " if name in type(self).model_fields else ""
        return (
            f"{again}{self._category.keeping.format(name=name)}; what is made of the fields once is a @cached_property"
        )


def no_instance(wanted: type[Component], value: object, place: str) -> SpecError:
    """Return the error for a value that is no component of class `wanted`: its class, a name, an operator."""
    word = wanted.__name__.lower()
    hint = None
    if isinstance(value, type) and issubclass(value, wanted) and not is_category(value):
        fields = ", ".join(f"{name}=..." for name, field in value.model_fields.items() if field.is_required())
        hint = f"make an instance of it: {value.__name__}({fields})"
    elif isinstance(value, str) or (isinstance(value, Mapping) and "kind" in value):
        hint = f"names are for spec files; in Python, import the class and make an instance: {wanted._category.example}"
    elif isinstance(value, Operator) or (isinstance(value, type) and issubclass(value, Operator)):
        hint = f"bpframe.extend.{_class_of(value).__name__} is the operator, which jacobian returns"
    return SpecError(
        f"{place} wants {with_article(word)}, not {_called(value)}",
        expected=f"an instance, such as {wanted._category.example}",
        received=shortened(value),
        hint=hint,
    )


def category_base(cls: type[Component]) -> type[Component]:
    """Return the class that states the category of a component class."""
    return next(each for each in cls.__mro__ if "_category" in vars(each))


def is_category(cls: type[Component]) -> bool:
    """Whether a class stands for all components of a category, or for all there are."""
    return category_base(cls) is cls


def _class_of(value: object) -> type:
    return value if isinstance(value, type) else type(value)


def _called(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return shortened(value, 40)


C = TypeVar("C", bound=Component)


class Resolver(ABC):
    """The context of a validation in which components are written as mappings with a `kind`."""

    @abstractmethod
    def resolve(self, wanted: type[C], data: object, handler: ModelWrapValidatorHandler[C]) -> C:
        """Return the component of class `wanted` that `data` describes; `handler` reads the fields of `wanted`."""
