"""From a mapping with a `kind` to the component that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ModelWrapValidatorHandler, ValidationError

from bpframe.core.component import Component
from bpframe.core.component.base import Resolver, is_category
from bpframe.core.component.category import with_article
from bpframe.errors import RegistryError, SpecError
from bpframe.plugins.plugin_set import group_of
from bpframe.plugins.registry import Registry
from bpframe.validation.mistakes import refusal, shortened, translated

__all__ = ["KindResolver"]

#: With so many wrong components in one document, the rest of it is not looked at.
MOST_MISTAKES = 100

C = TypeVar("C", bound=Component)


class KindResolver(Resolver):
    """Resolves kinds by a registry, for every component in a document, however deep it stands.

    The registry is asked kind by kind, so that its own errors, with what is available and what is broken, reach the
    user, and the class that an author wrote is the one that validates its fields, once.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._mistakes: list[str] = []

    def resolve(self, wanted: type[C], data: object, handler: ModelWrapValidatorHandler[C]) -> C:
        """Return the component that a mapping describes.

        Errors: ValidationError (with the mistake in the project's words; `translated` makes the final error of it);
        SpecError (there are more mistakes than anybody reads).
        """
        try:
            return self._resolved(wanted, data, handler)
        except ValidationError as error:
            self._mistakes.append(translated(error, wanted.__name__.lower()).problem)
            if len(self._mistakes) > MOST_MISTAKES:
                rows = [("such as", each) for each in self._mistakes[:3]]
                raise SpecError(f"more than {MOST_MISTAKES} components are described wrongly", rows=rows) from None
            raise

    def _resolved(self, wanted: type[C], data: object, handler: ModelWrapValidatorHandler[C]) -> C:
        word = wanted.__name__.lower() if is_category(wanted) else wanted.kind
        one = with_article(word)
        example = wanted._category.written
        if not isinstance(data, Mapping):
            hint = f"write {{kind: {data}}}" if isinstance(data, str) else None
            what = f"cannot be {shortened(data, 40)}"
            raise refusal(what, value=data, expected=f"{one}, such as {example}", hint=hint)
        if "kind" not in data:
            if not is_category(wanted):
                return handler(data)
            raise refusal("is missing", loc=("kind",), expected=f"the name of {one}, as in {example}")
        found = self._class(data["kind"], wanted)
        if not issubclass(found, wanted):
            what = f"cannot be '{data['kind']}', which is no {word}"
            raise refusal(what, loc=("kind",), value=data["kind"], expected=f"the name of {one}")
        fields = {key: value for key, value in data.items() if key != "kind"}
        return found.model_validate(fields, context=self)

    def _class(self, kind: object, wanted: type[Component]) -> type[Component]:
        if not isinstance(kind, str):
            raise refusal(f"cannot be {shortened(kind, 40)}", loc=("kind",), value=kind, expected="a name")
        try:
            return self._registry.find(kind, group_of(wanted))
        except RegistryError as error:
            raise refusal("is unknown", loc=("kind",), value=kind, error=error) from None
