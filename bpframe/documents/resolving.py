"""From a mapping with a `kind` to the component that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ModelWrapValidatorHandler

from bpframe.core.component import CATEGORIES, Component
from bpframe.core.component.base import Resolver
from bpframe.errors import RegistryError
from bpframe.plugins.plugin_set import group_of
from bpframe.plugins.registry import Registry
from bpframe.validation.mistakes import refusal, shortened

__all__ = ["KindResolver"]

C = TypeVar("C", bound=Component)

_EXAMPLES = {
    "node": "{kind: dense, units: 30}",
    "cost": "{kind: quadratic}",
    "optimizer": "{kind: gradient_descent, learning_rate: 0.1}",
    "initializer": "{kind: standard_normal}",
}
_ABSTRACT = frozenset({Component, *CATEGORIES.values()})


class KindResolver(Resolver):
    """Resolves kinds by a registry, for every component in a document, however deep it stands.

    The registry is asked kind by kind, so that its own errors, with what is available and what is broken, reach the
    user, and the class that an author wrote is the one that validates its fields, once.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def resolve(self, wanted: type[C], data: object, handler: ModelWrapValidatorHandler[C]) -> C:
        """Return the component that a mapping describes.

        Errors: ValidationError (with the mistake in the project's words; `translated` makes the final error of it).
        """
        word = wanted.__name__.lower() if wanted in _ABSTRACT else wanted.kind
        article = "an" if word[0] in "aeiou" else "a"
        example = _EXAMPLES[group_of(wanted)] if wanted is not Component else "{kind: ...}"
        if not isinstance(data, Mapping):
            hint = f"write {{kind: {data}}}" if isinstance(data, str) else None
            what = f"cannot be {shortened(data, 40)}"
            raise refusal(what, value=data, expected=f"{article} {word}, such as {example}", hint=hint)
        if "kind" not in data:
            if wanted not in _ABSTRACT:
                return handler(data)
            raise refusal("is missing", loc=("kind",), expected=f"the name of {article} {word}, as in {example}")
        found = self._class(data["kind"], wanted)
        if not issubclass(found, wanted):
            what = f"cannot be '{data['kind']}', which is no {word}"
            raise refusal(what, loc=("kind",), value=data["kind"], expected=f"the name of {article} {word}")
        fields = {key: value for key, value in data.items() if key != "kind"}
        return found.model_validate(fields, context=self)

    def _class(self, kind: object, wanted: type[Component]) -> type[Component]:
        if not isinstance(kind, str):
            raise refusal(f"cannot be {shortened(kind, 40)}", loc=("kind",), value=kind, expected="a name")
        try:
            return self._registry.find(kind, group_of(wanted))
        except RegistryError as error:
            raise refusal("is unknown", loc=("kind",), value=kind, error=error) from None
