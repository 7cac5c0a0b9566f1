"""What a category of components says about itself: its name, its methods, and what reading a class of it checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bpframe.core.component.signature import Signature
from bpframe.errors import ContractError

__all__ = ["PLAIN", "Category", "Contract", "Method", "with_article"]

#: What stands in the place of a category where none is stated.
PLAIN = "component"


@dataclass(frozen=True)
class Method:
    """A method of a category: the words that it may ask for, and whether every class declares it.

    One that `names_inputs` calls its inputs as it likes: they are its other arguments. One that `takes_inputs` may ask
    for these by name, beside its words. One that `takes_fields` may ask for the class's fields by name, of which it is
    handed the present values: numbers, where they hold schedules.
    """

    words: Collection[str] = ()
    required: bool = False
    names_inputs: bool = False
    takes_inputs: bool = False
    takes_fields: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.words, str) or not all(isinstance(word, str) for word in self.words):
            raise ContractError(
                "a Method's words are no set of names", expected='Method({"step", "epoch"})', received=repr(self.words)
            )


@dataclass(frozen=True)
class Category:
    """How the components of a category are called, and what each declares: stated by the category's base class.

        class Schedule(Component, category=Category("schedule", {"value": Method({"step"}, required=True)})):

    `methods` has the one that names the inputs first. Of the methods that are `one_of` a class declares exactly one,
    which `declare` says in words. `checks` are called with every class and its contract, and raise a `ContractError`.
    """

    name: str
    methods: Mapping[str, Method]
    #: The space of names that its components share with those of other categories; one of its own where it is empty.
    group: str = ""
    #: What messages call a component of that space: "a layer".
    noun: str = ""
    #: The word that a class's name may end with, and its kind leaves out.
    suffix: str = ""
    #: What messages give as an example of an instance, in Python and in a spec file.
    example: str = "an instance"
    written: str = "{kind: ...}"
    #: What to declare, for a class that lacks a required method.
    declare: str | None = None
    #: Where methods put what they would set as an attribute `{name}`.
    keeping: str = "keep it in a variable of the method"
    one_of: tuple[str, ...] = ()
    one_input: bool = False
    checks: tuple[Callable[[type[Any], Contract], None], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch("[a-z_][a-z0-9_]*", self.name):
            raise ContractError(
                "a category's name is not one that specs can use",
                expected="lower-case letters, digits and _, such as 'schedule'",
                received=repr(self.name),
            )
        methods = self.methods if isinstance(self.methods, Mapping) else {}
        if not all(isinstance(name, str) and isinstance(each, Method) for name, each in methods.items()) or not (
            methods or self.name == PLAIN
        ):
            raise ContractError(
                f"the methods of category '{self.name}' are no mapping from names to Method",
                expected=f'Category("{self.name}", {{"draw": Method({{"count", "rng"}}, required=True)}})',
                received=repr(self.methods),
            )
        for name in self.one_of:
            if name not in methods:
                raise ContractError(f"category '{self.name}' has no method '{name}' that could be one of several")

    @property
    def space(self) -> str:
        """The space of names that its components belong to."""
        return self.group or self.name

    @property
    def called(self) -> str:
        """What messages call a component of its space of names, with an article."""
        return self.noun or with_article(self.name)


@dataclass(frozen=True)
class Contract:
    """What a component class declares: its inputs (None for any number) and the signature of each method."""

    declared: Category
    inputs: tuple[str, ...] | None
    variadic: str | None
    methods: dict[str, Signature]

    def __contains__(self, method: str) -> bool:
        return method in self.methods

    def asks_for(self, word: str) -> bool:
        """Whether one of the methods wants this argument."""
        return any(signature.asks_for(word) for signature in self.methods.values())

    @property
    def category(self) -> str:
        """The name of the category that the class belongs to."""
        return self.declared.name

    @property
    def is_draft(self) -> bool:
        """Whether the Jacobian is to be measured, since the class declares none."""
        return "jacobian" in self.declared.methods and "jacobian" not in self.methods


def with_article(word: str) -> str:
    """Return a word behind `a` or `an`."""
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"
