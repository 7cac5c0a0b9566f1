"""The contract of each kind of component, read once per class.

A contract holds what the core needs to call a component: which arguments each method asks for. Reading it is also
where mistakes in a class are found.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from bpframe.core.component.activation import Activation
from bpframe.core.component.base import RESERVED_FIELDS, Component
from bpframe.core.component.cost import Cost
from bpframe.core.component.domain import check_declared_domain
from bpframe.core.component.initializer import Initializer
from bpframe.core.component.layer import Layer
from bpframe.core.component.optimizer import Optimizer
from bpframe.core.component.signature import Signature, read_signature, unknown_word
from bpframe.errors import ContractError, closest, did_you_mean
from bpframe.validation.returned_keys import returned_keys

__all__ = ["CATEGORIES", "CONTRACT_VERSION", "Contract", "category", "contract_of"]

#: The version of this contract. A plugin set that needs another one is refused when it is discovered.
CONTRACT_VERSION = 1

#: The kinds of component, each with the name that it has in lists and files.
CATEGORIES: dict[str, type[Component]] = {
    "activation": Activation,
    "layer": Layer,
    "cost": Cost,
    "optimizer": Optimizer,
    "initializer": Initializer,
}

_SHAPE_WORDS = frozenset({"shape", "shapes", "features"})
_RUN_WORDS = frozenset({"p", "state", "saved", "training"})
_FORWARD_WORDS = _RUN_WORDS | {"rng", "out"}
_JACOBIAN_WORDS = _RUN_WORDS | {"y"}

# method -> (required, the words that it may ask for beside a layer's inputs)
_METHODS: dict[type[Component], dict[str, tuple[bool, frozenset[str]]]] = {
    Layer: {
        "forward": (True, _FORWARD_WORDS),
        "jacobian": (True, _JACOBIAN_WORDS),
        "output_shape": (False, _SHAPE_WORDS),
        "parameters": (False, _SHAPE_WORDS),
        "initial_state": (False, _SHAPE_WORDS),
        "second_order": (False, _JACOBIAN_WORDS | {"u"}),
        "input_domain": (False, frozenset()),
    },
    Activation: {
        "forward": (True, _FORWARD_WORDS - {"p"}),
        "jacobian": (True, _JACOBIAN_WORDS - {"p"} | {"out"}),
        "initial_state": (False, _SHAPE_WORDS),
        "second_derivative": (False, _JACOBIAN_WORDS - {"p"}),
        "second_order": (False, _JACOBIAN_WORDS - {"p"} | {"u"}),
        "input_domain": (False, frozenset()),
    },
    Cost: {
        "forward": (True, frozenset({"a", "y", "saved"})),
        "jacobian": (True, frozenset({"a", "y", "saved", "out"})),
        "hessian": (False, frozenset({"a", "y", "saved"})),
        "target_shape": (False, frozenset({"shape"})),
        "input_domain": (False, frozenset()),
    },
    Optimizer: {
        "update": (False, frozenset({"gradient", "parameters", "state", "step", "out"})),
        "minimize": (False, frozenset({"problem"})),
        "initial_state": (False, frozenset({"parameters"})),
    },
    Initializer: {
        "draw": (True, frozenset({"shape", "fan_in", "rng"})),
    },
}

_SHAPE_METHODS = frozenset({"output_shape", "parameters", "initial_state"})

#: How an optimizer may move the parameters: by a rule, or by driving itself.
_WAYS = ("update", "minimize")


@dataclass(frozen=True)
class Contract:
    """What a component class declares: its inputs (None for any number) and the signature of each method."""

    category: str
    inputs: tuple[str, ...] | None
    variadic: str | None
    methods: dict[str, Signature]

    def __contains__(self, method: str) -> bool:
        return method in self.methods

    @property
    def is_draft(self) -> bool:
        """Whether the Jacobian is to be measured, since the class declares none."""
        return "jacobian" in _METHODS[CATEGORIES[self.category]] and "jacobian" not in self.methods


def category(cls: type[Component]) -> str:
    """Return the category of a component class: the first of `CATEGORIES` that it descends from."""
    for name, base in CATEGORIES.items():
        if issubclass(cls, base):
            return name
    raise ContractError(
        f"{cls.__name__} is no component",
        expected="a subclass of " + ", ".join(base.__name__ for base in CATEGORIES.values()),
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
    name = category(cls)
    base = CATEGORIES[name]
    table = _METHODS[base]
    _check_names(cls)
    _check_spelling(cls, base, table)
    for method, (required, _) in table.items():
        if required and not hasattr(cls, method) and not (method == "jacobian" and cls.draft):  # type: ignore[attr-defined]
            raise ContractError(
                f"{cls.__name__} has no {method}", expected=f"def {method}(self, ...)", hint=_HINTS.get(base)
            )
    if base is Optimizer:
        _check_way(cls)
    inputs: tuple[str, ...] | None = ()
    variadic: str | None = None
    methods: dict[str, Signature] = {}
    for method, (_, words) in table.items():  # forward comes first
        if not hasattr(cls, method):
            continue
        if issubclass(base, Layer) and method == "forward":
            methods[method] = signature = read_signature(cls, method, None)
            inputs, variadic = _inputs_of(cls, signature, words)
        else:
            own = () if method in _SHAPE_METHODS else inputs if variadic is None else (variadic,)
            methods[method] = read_signature(cls, method, words.union(own or ()))
    contract = Contract(name, inputs, variadic, methods)
    if issubclass(cls, Layer | Cost):
        check_declared_domain(cls, ("a", "y") if issubclass(cls, Cost) else inputs or (str(variadic),))
    if issubclass(cls, Layer) and not contract.is_draft:
        _check_keys(cls, contract)
    return contract


_DRAFT = "declare forward ({}) and jacobian ({}); or draft = True for now"
_HINTS: dict[type[Component], str] = {
    **dict.fromkeys((Layer, Activation), _DRAFT.format("what it computes", "its local Jacobian")),
    Cost: _DRAFT.format("the cost per example", "its gradient in a"),
}


def _inputs_of(
    cls: type[Component], signature: Signature, words: Collection[str]
) -> tuple[tuple[str, ...] | None, str | None]:
    """Split forward's arguments into inputs and words; the words come after the inputs."""
    where = f"{cls.__name__}.forward"
    if "y" in signature.words:
        raise ContractError(f"{where} asks for 'y', which is what forward computes", hint="call the input x or a")
    inputs = tuple(word for word in signature.positional if word not in words)
    if issubclass(cls, Activation) and (signature.variadic or len(inputs) != 1):
        meant = [f"'{word}' for '{m}'" for word in inputs if (m := closest(word, words))]
        raise ContractError(
            f"{where}: an activation has one input",
            expected=f"def forward(self, x), and words out of {', '.join(sorted(words))}",
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
        raise ContractError(f"{where} has no input", expected="def forward(self, x)")
    parameters = inspect.signature(inspect.getattr_static(cls, "forward")).parameters
    for word in inputs:
        if parameters[word].default is not inspect.Parameter.empty:
            raise ContractError(
                f"{where} gives a default to '{word}', which is an input and always comes from another node",
                hint=f"make '{word}' a field of the class, or leave the default out",
            )
    _check_integer_inputs(cls, inputs or (str(signature.variadic),))
    return inputs or None, signature.variadic


def _check_integer_inputs(cls: type[Component], inputs: tuple[str, ...]) -> None:
    named = cls.integer_inputs if issubclass(cls, Layer) else ()
    if not isinstance(named, tuple):
        raise ContractError(
            f"{cls.__name__}.integer_inputs is not a tuple", expected=f"({inputs[0]!r},)", received=repr(named)
        )
    for word in named:
        if word not in inputs:
            raise ContractError(
                f"{cls.__name__}.integer_inputs names '{word}', which is no input",
                expected="any of " + ", ".join(inputs),
            )


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


def _check_way(cls: type[Component]) -> None:
    """Hold an optimizer to one way of moving the parameters."""
    declared = [way for way in _WAYS if hasattr(cls, way)]
    expected = "def update(self, gradient): a rule, or def minimize(self, problem): it drives itself"
    if not declared:
        raise ContractError(f"{cls.__name__} has no update and no minimize", expected=expected)
    if len(declared) == 2:
        raise ContractError(
            f"{cls.__name__} has both update and minimize",
            expected=expected,
            hint="take one of them out, or begin its name with _",
        )
    if declared == ["minimize"] and hasattr(cls, "initial_state"):
        raise ContractError(
            f"{cls.__name__} has initial_state, which belongs to update",
            hint="let minimize keep what it carries in variables of its own",
        )


def _check_spelling(cls: type[Component], base: type[Component], table: dict[str, tuple[bool, frozenset[str]]]) -> None:
    """Find methods of the class that are one slip away from a method of the contract."""
    missing = [method for method in table if not hasattr(cls, method)]
    if base is Optimizer and any(hasattr(cls, way) for way in _WAYS):
        missing = [method for method in missing if method not in _WAYS]  # it has the one that it needs
    for ancestor in cls.__mro__:
        if ancestor is base:
            return
        for attribute, value in ancestor.__dict__.items():
            if attribute.startswith("_") or attribute in table or not inspect.isfunction(value):
                continue
            if hint := did_you_mean(attribute, missing):
                raise ContractError(
                    f"{cls.__name__}.{attribute} is not a method of the contract",
                    hint=f"{hint} Begin the name with _ if it is a method of your own",
                )


def _check_keys(cls: type[Component], contract: Contract) -> None:
    """Hold jacobian's keys, as far as its source shows them, against the inputs and parameters."""
    inputs = {contract.variadic} if contract.variadic is not None else set(contract.inputs or ())
    parameters, complete = set[str](), True
    if "parameters" in contract:
        parameters, complete = returned_keys(inspect.getattr_static(cls, "parameters"))
    if not complete:
        return
    for key in sorted(returned_keys(inspect.getattr_static(cls, "jacobian"))[0]):
        if key not in inputs and key not in parameters:
            named = "parameters " + ", ".join(sorted(parameters)) if parameters else "no parameters"
            raise ContractError(
                f"{cls.__name__}.jacobian has a key '{key}', which names neither an input nor a parameter",
                expected=f"inputs {', '.join(sorted(inputs))}; {named}",
                received=key,
                hint=did_you_mean(key, [*inputs, *parameters]),
            )
