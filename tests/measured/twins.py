"""Drafts of components that declare their Jacobian: the same class without it."""

from __future__ import annotations

import copy
import inspect
from functools import cache

from bpframe.core.component import Component, contract_of
from bpframe.extend import Activation, Array, Layer

VARIABLES = ("integer_inputs", "couples_batch", "domain", "kind", "integer_targets", "gates")


@cache
def draft_class(cls: type[Component]) -> type[Component]:
    own = inspect.get_annotations(cls)  # what it inherits, the draft inherits too
    namespace = {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        "__annotations__": dict(own),
        "draft": True,
        **{name: copy.copy(field) for name, field in cls.model_fields.items() if name in own},
        **{name: each for name, each in cls.__dict__.items() if name in VARIABLES},
        **{
            name: each
            for name, each in cls.__dict__.items()
            if inspect.isfunction(each) and name not in ("jacobian", "second_order", "second_derivative", "hessian")
        },
    }
    for name in VARIABLES:
        namespace["__annotations__"].pop(name, None)
    bases = tuple(draft_class(base) if hasattr(base, "jacobian") else base for base in cls.__bases__)
    twin = type(cls)(cls.__name__, bases, namespace)
    assert contract_of(twin).is_draft
    assert not contract_of(cls).is_draft
    return twin


def draft(component: Component) -> Component:
    """The draft of a component, with its fields."""
    cls = type(component)
    return draft_class(cls)(**{name: getattr(component, name) for name in cls.model_fields})


class NotAnalytic(Activation):
    """x / (1 + |x|): the absolute value takes complex numbers and makes something else of them."""

    draft = True

    def forward(self, x: Array) -> Array:
        return x / (1 + abs(x))


class Rectified(Activation):
    """max(x, 0), with a kink at 0."""

    draft = True

    def forward(self, x: Array) -> Array:
        return x * (x > 0)


class RealOnly(Layer):
    """Writes into an array of real numbers, which refuses complex ones."""

    draft = True

    def forward(self, x: Array) -> Array:
        value = x.real.copy()
        value[...] = x**3
        return value
