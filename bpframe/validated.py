"""The base of every model that users fill in: frozen, nothing unknown accepted, mistakes told in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from bpframe.errors import SpecError
from bpframe.mistakes import told, translated
from bpframe.strict_numbers import strict_numbers

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
                    received=", ".join(map(repr, values)),
                )
            try:
                return super().__call__(**fields)
            except ValidationError as error:
                raise translated(error, cls._place or cls.__name__) from None


class Validated(BaseModel, metaclass=_Checked):
    """A frozen model whose fields are checked when it is made.

    Where a field wants a number, truth values and texts are none, although Python and pydantic would make one of them.

    Raises
    ------
    SpecError
        For a value that a field does not accept, a missing field, or a name that is no field.

    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: What messages call the place of a value that was made from Python; the class's name where it is empty.
    _place: ClassVar[str] = ""

    #: What messages call the whole value, as in "is not a field of ..."; its place or class where it is empty.
    _title: ClassVar[str] = ""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return strict_numbers(handler(source))

    @model_validator(mode="wrap")
    @classmethod
    def _retell(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise told(error, cls.model_fields, cls._title or cls._place or cls.__name__, data) from None

    if not TYPE_CHECKING:  # type checkers know from the configuration that the model is frozen

        def __setattr__(self, name: str, value: Any) -> None:
            try:
                super().__setattr__(name, value)
            except ValidationError:
                raise SpecError(
                    f"{type(self).__name__}.{name} cannot be set: the value is frozen",
                    hint=f"make another one: {type(self).__name__}({name}=..., ...)",
                ) from None
