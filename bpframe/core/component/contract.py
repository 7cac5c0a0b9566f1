"""The contract of each kind of component, read once per class.

A contract holds what the core needs to call a component: which arguments each method asks for. Reading it is also
where mistakes in a class are found. What a class has to declare, its category says.
"""

from __future__ import annotations

import inspect
import re
from functools import cache

from bpframe.core.component.base import RESERVED_FIELDS, Component, category_base
from bpframe.core.component.block import Block
from bpframe.core.component.category import Category, Contract, with_article
from bpframe.core.component.signature import Signature, read_signature, unknown_word
from bpframe.errors import ContractError, closest, did_you_mean

__all__ = ["CONTRACT_VERSION", "category", "contract_of"]

#: The version of this contract. It carries sets that were written for an earlier one; a set that needs a later one is
#: refused when it is discovered.
CONTRACT_VERSION = 2


def category(cls: type[Component]) -> str:
    """Return the name of the category that a component class belongs to."""
    return _declared(cls).name


def _declared(cls: type[Component]) -> Category:
    if issubclass(cls, Component) and cls._category is not Component._category:
        return cls._category
    raise ContractError(
        f"{cls.__name__} is no component",
        expected="a subclass of Layer, Cost, Optimizer or another base class of bpframe.extend",
        received=", ".join(base.__name__ for base in cls.__mro__[1:-1]) or "a plain class",
    )


@cache
def contract_of(cls: type[Component]) -> Contract:
    """Read the contract of a component class.

    Raises
    ------
    ContractError
        A required method is missing, a method or argument is misspelt, a field takes a reserved name, or a key of
        jacobian names neither an input nor a parameter.

    """
    declared = _declared(cls)
    _check_names(cls)
    _check_spelling(cls, declared)
    for name, method in declared.methods.items():
        if method.required and not hasattr(cls, name) and not (name == "jacobian" and getattr(cls, "draft", False)):
            raise ContractError(
                f"{cls.__name__} has no {name}", expected=f"def {name}(self, ...)", hint=declared.declare
            )
    _check_one_of(cls, declared)
    inputs: tuple[str, ...] | None = cls.inputs if issubclass(cls, Block) else ()
    variadic: str | None = None
    methods: dict[str, Signature] = {}
    for name, method in declared.methods.items():  # the one that names the inputs comes first
        if not hasattr(cls, name):
            continue
        if method.names_inputs:
            methods[name] = signature = read_signature(cls, name, None)
            inputs, variadic = _inputs_of(cls, declared, name, signature)
        else:
            own = () if not method.takes_inputs else inputs if variadic is None else (variadic,)
            fields = cls.model_fields if method.takes_fields else ()
            methods[name] = read_signature(cls, name, {*method.words, *(own or ()), *fields})
    contract = Contract(declared, inputs, variadic, methods)
    for check in declared.checks:
        check(cls, contract)
    return contract


def _inputs_of(
    cls: type[Component], declared: Category, method: str, signature: Signature
) -> tuple[tuple[str, ...] | None, str | None]:
    """Split a method's arguments into inputs and words; the words come after the inputs."""
    where, words = f"{cls.__name__}.{method}", declared.methods[method].words
    if "y" in signature.words:
        raise ContractError(f"{where} asks for 'y', which is what forward computes", hint="call the input x or a")
    inputs = tuple(word for word in signature.positional if word not in words)
    if declared.one_input and (signature.variadic or len(inputs) != 1):
        meant = [f"'{word}' for '{m}'" for word in inputs if (m := closest(word, words))]
        raise ContractError(
            f"{where}: {with_article(declared.name)} has one input",
            expected=f"def {method}(self, x), and words out of {', '.join(sorted(words))}",
            received=", ".join(inputs) or (f"*{signature.variadic}" if signature.variadic else "no input"),
            hint=f"a misspelt word? {', '.join(meant)}" if meant else "make it a Layer",
        )
    for word in signature.keyword_only:
        if word not in words:
            raise unknown_word(f"{where} asks for '{word}' by keyword, which means nothing there", word, words)
    for word in filter(_MISSPELT.get, inputs):
        raise ContractError(
            f"{where} asks for '{word}', which would be an input of that name",
            hint=f"did you mean '{_MISSPELT[word]}'?",
        )
    if signature.variadic is not None and inputs:
        raise ContractError(
            f"{where} mixes named inputs with *{signature.variadic}",
            received=", ".join(inputs),
            hint=f"take all inputs as *{signature.variadic}, or name every one",
        )
    if signature.variadic is None and not inputs:
        raise ContractError(f"{where} has no input", expected=f"def {method}(self, x)")
    parameters = inspect.signature(inspect.getattr_static(cls, method)).parameters
    for word in inputs:
        if parameters[word].default is not inspect.Parameter.empty:
            raise ContractError(
                f"{where} gives a default to '{word}', which is an input and always comes from another node",
                hint=f"make '{word}' a field of the class, or leave the default out",
            )
    return inputs or None, signature.variadic


# Near misses of the words that would otherwise pass for an input's name.
_MISSPELT = {
    "params": "p", "parameters": "p", "trainig": "training", "train": "training", "is_training": "training",
    "random": "rng", "generator": "rng", "output": "out", "save": "saved", "states": "state", "cache": "saved",
}  # fmt: skip


def _check_names(cls: type[Component]) -> None:
    for field in filter(RESERVED_FIELDS.__contains__, cls.model_fields):
        raise ContractError(
            f"{cls.__name__} has a field '{field}', a name that specs use themselves",
            expected="none of " + ", ".join(sorted(RESERVED_FIELDS)),
            hint="rename the field",
        )
    if not (isinstance(cls.kind, str) and re.fullmatch("[a-z_][a-z0-9_]*", cls.kind)):
        raise ContractError(
            f"{cls.__name__}.kind is not a name that specs can use",
            expected="lower-case letters, digits and _, such as 'max_pool'",
            received=repr(cls.kind),
        )


def _check_one_of(cls: type[Component], declared: Category) -> None:
    """Hold a class to one of the methods of which it has to declare one."""
    found = [name for name in declared.one_of if hasattr(cls, name)]
    if declared.one_of and not found:
        raise ContractError(
            f"{cls.__name__} has {' and '.join(f'no {name}' for name in declared.one_of)}", expected=declared.declare
        )
    if len(found) > 1:
        raise ContractError(
            f"{cls.__name__} has both {' and '.join(found)}",
            expected=declared.declare,
            hint="take one of them out, or begin its name with _",
        )


def _check_spelling(cls: type[Component], declared: Category) -> None:
    """Find methods of the class that are one slip away from a method of the contract."""
    missing = [method for method in declared.methods if not hasattr(cls, method)]
    if any(hasattr(cls, each) for each in declared.one_of):
        missing = [method for method in missing if method not in declared.one_of]  # it has the one that it needs
    base = category_base(cls)
    for ancestor in cls.__mro__:
        if ancestor is base:
            return
        for attribute, value in ancestor.__dict__.items():
            if attribute.startswith("_") or attribute in declared.methods or not inspect.isfunction(value):
                continue
            if hint := did_you_mean(attribute, missing):
                raise ContractError(
                    f"{cls.__name__}.{attribute} is not a method of the contract",
                    hint=f"{hint} Begin the name with _ if it is a method of your own",
                )
