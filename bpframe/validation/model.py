"""The base of every model that users fill in: frozen, nothing unknown accepted, mistakes told in our words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args, get_origin

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    PydanticSchemaGenerationError,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from bpframe.errors import ContractError, SpecError
from bpframe.validation.array_fields import constant, content, hashable, printed, replaced, with_arrays
from bpframe.validation.mistakes import shortened, told, translated
from bpframe.validation.plain_arrays import Array
from bpframe.validation.strict_numbers import strict_numbers

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

__all__ = ["Validated"]


class _Checked(ModelMetaclass):
    if not TYPE_CHECKING:  # for type checkers, a call is the model's own constructor

        def __call__(cls, *values: Any, **fields: Any) -> Any:  # noqa: N805
            # Here, and not in __init__: pydantic calls an __init__ of our own for nested values too, without its
            # context, and the path to the mistake would be lost.
            if values:
                raise SpecError(
                    f"{cls.__name__} takes its fields by name",
                    expected=", ".join(f"{name}=..." for name in cls.model_fields) or "no fields",
                    received=", ".join(map(shortened, values)),
                )
            try:
                return super().__call__(**fields)
            except ValidationError as error:
                raise translated(error, cls._place or cls.__name__) from None


class Validated(BaseModel, metaclass=_Checked):
    """A frozen model whose fields are checked when it is made.

    Where a field wants a number, truth values and texts are none, although Python and pydantic would make one of them.
    A field of type `np.ndarray` holds a copy that nobody can write, and takes nested lists too.

    Raises
    ------
    ContractError
        At the class statement, for a field of a type that cannot be checked.
    SpecError
        For a value that a field does not accept, a missing field, or a name that is no field.

    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    #: What messages call the place of a value that was made from Python; the class's name where it is empty.
    _place: ClassVar[str] = ""

    #: What messages call the whole value, as in "is not a field of ..."; its place or class where it is empty.
    _title: ClassVar[str] = ""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        for name, field in cls.model_fields.items():
            try:
                annotation = with_arrays(field.annotation, field.metadata)
            except ContractError as error:
                problem = f"{cls.__name__}.{name}: {error.problem}"
                raise ContractError(problem, expected=error.expected, received=str(field.annotation)) from None
            if annotation is not field.annotation:
                field.annotation, field.validate_default = annotation, True
        try:
            return strict_numbers(handler(source))
        except PydanticSchemaGenerationError as error:
            raise _unusable(cls, error) from None

    @model_validator(mode="wrap")
    @classmethod
    def _retell(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise told(error, cls.model_fields, cls._title or cls._place or cls.__name__, data) from None

    def __repr_args__(self) -> Any:
        return [(name, replaced(value, printed)) for name, value in super().__repr_args__()]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Validated):
            return super().__eq__(other)
        return BaseModel.__eq__(self._with_arrays(content), other._with_arrays(content))

    def __hash__(self) -> int:
        return hash((type(self), *(hashable(vars(self).get(name)) for name in type(self).model_fields)))

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        memo = {} if memo is None else memo
        self._with_arrays(lambda array: array if array.flags.writeable else memo.setdefault(id(array), array))
        return super().__deepcopy__(memo)

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        vars(self).update(vars(self._with_arrays(constant)))

    def _with_arrays(self, change: Callable[[Array], Any]) -> Self:
        """Return the value with the arrays in its fields changed, unchecked; itself where it has none."""
        fields = {name: value for name, value in vars(self).items() if name in type(self).model_fields}
        changed = {name: new for name, old in fields.items() if (new := replaced(old, change)) is not old}
        return self.model_copy(update=changed) if changed else self

    if not TYPE_CHECKING:  # type checkers know from the configuration that the model is frozen

        def __setattr__(self, name: str, value: Any) -> None:
            if self.model_config.get("frozen") and name not in type(self).__private_attributes__:
                problem = f"{type(self).__name__}.{name} cannot be set: the value is frozen"
                raise SpecError(problem, hint=self._where_to_keep(name))
            super().__setattr__(name, value)

        def __delattr__(self, name: str) -> None:
            try:
                super().__delattr__(name)
            except ValidationError:
                raise SpecError(f"{type(self).__name__}.{name} cannot be deleted: the value is frozen") from None

    def _where_to_keep(self, name: str) -> str:
        """Return what to do instead of setting an attribute."""
        return f"make another one: {type(self).__name__}({name}=..., ...)"


def _unusable(cls: type[BaseModel], error: PydanticSchemaGenerationError) -> ContractError:
    """Return the error for a field whose type says nothing about what may stand there."""
    for name, field in cls.model_fields.items():
        annotation: Any = field.annotation
        try:
            TypeAdapter(annotation)
        except PydanticSchemaGenerationError:
            shown = annotation.__name__ if isinstance(annotation, type) else str(annotation)
            return ContractError(
                f"{cls.__name__}.{name} is of type {shown}, which no field can have",
                expected="numbers, truth values, texts, Literal[...], np.ndarray, a component class, "
                "or tuple, list, dict and | None of these",
                hint=_instead(annotation),
            )
        except Exception:  # what cannot be read yet, such as a name that is defined later
            continue
    return ContractError(f"{cls.__name__} has a field of a type that none can have", received=error.message)


def _instead(annotation: Any) -> str:
    if annotation is callable:
        return "make it a method of the class, or let the field choose one by name: Literal['relu', 'tanh']"
    if isinstance(annotation, type) and issubclass(annotation, np.generic):
        return "write float, int or bool"
    if any(hasattr(each, "__array__") for each in _classes(annotation)):
        return "write np.ndarray, and hand over np.asarray(...)"
    return "let the fields be what it is made of, or make it a component"


def _classes(annotation: Any) -> Iterator[Any]:
    yield get_origin(annotation) or annotation
    for each in get_args(annotation):
        yield from _classes(each)
