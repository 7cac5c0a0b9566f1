"""What a class says of its inputs and outputs beside its signatures: domains, integers, names, jacobian's keys."""

from __future__ import annotations

import inspect
from typing import Any

from bpframe.core.component.category import Contract
from bpframe.core.component.domain import check_declared_domain
from bpframe.errors import ContractError, did_you_mean
from bpframe.validation.returned_keys import returned_keys

__all__ = ["check_domain", "check_integer_inputs", "check_jacobian_keys", "check_outputs", "check_target_domain"]


def check_domain(cls: type[Any], contract: Contract) -> None:
    """Hold a layer's class variable `domain` against its inputs."""
    check_declared_domain(cls, contract.inputs or (str(contract.variadic),))


def check_target_domain(cls: type[Any], contract: Contract) -> None:
    """Hold a cost's class variable `domain` against the output and the target."""
    check_declared_domain(cls, ("a", "y"))


def check_integer_inputs(cls: type[Any], contract: Contract) -> None:
    """Hold `integer_inputs` against the inputs."""
    inputs = contract.inputs or (str(contract.variadic),)
    named: Any = getattr(cls, "integer_inputs", ())
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


def check_outputs(cls: type[Any], contract: Contract) -> None:
    """Hold the names of several outputs to names that a node's parts can have, and the class to what they need."""
    names: Any = getattr(cls, "outputs", ())
    valid = isinstance(names, tuple) and all(isinstance(each, str) and each.isidentifier() for each in names)
    wrong = {
        "outputs is no tuple of two names or more, each once": not valid or len(names) == 1,
        "outputs names one twice": valid and len(set(names)) < len(names),
        "has several outputs, but no output_shape": "output_shape" not in contract,
        "has several outputs, but no jacobian": contract.is_draft,
        "has several outputs, but forward asks for 'out'": contract.methods["forward"].asks_for("out"),
    }
    for problem in () if names == () else filter(wrong.__getitem__, wrong):
        expected = 'outputs = ("h", "c"), in a Layer whose output_shape and forward return a tuple with each'
        raise ContractError(f"{cls.__name__}: {problem}", expected=expected, received=repr(names))


def check_jacobian_keys(cls: type[Any], contract: Contract) -> None:
    """Hold jacobian's keys, as far as its source shows them, against the inputs and parameters."""
    if contract.is_draft:
        return
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
