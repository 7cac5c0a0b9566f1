"""Is this network right?

Check on use: a network that is built with `verify` refuses components that fail the conformance kit. Each is checked
once, with its fields and shapes, and the verdict is remembered for as long as its source, its versions, its fields and
its shapes stay the same. In goes a graph; out comes nothing, or an error with the diagnosis. Start with `requiring.py`;
`blame.py` finds which component of a network is at fault.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from bpframe.categories import Constraint, Optimizer
from bpframe.core.component import Initializer, Parameter, State, contract_of
from bpframe.core.graph.graph import Graph
from bpframe.errors import SpecError
from bpframe.validation.strict_numbers import checked_truth

__all__ = ["VARIABLE", "verify_constraints", "verify_graph", "verify_optimizer", "wanted", "warn_of_drafts"]

#: The environment variable that has every network verified whose `verify` is left out.
VARIABLE = "BPFRAME_VERIFY"

_WORDS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off", ""), False)


def wanted(verify: bool | None) -> bool:
    """Return whether to verify: what the caller says, else what BPFRAME_VERIFY says, else not.

    Errors: SpecError (`verify` is no truth value, or BPFRAME_VERIFY holds another word than 1, true, yes, on, 0, false,
    no, off).
    """
    if verify is not None:
        return checked_truth("verify", verify)
    word = os.environ.get(VARIABLE, "").strip().lower()
    if word not in _WORDS:
        raise SpecError(
            f"the environment variable {VARIABLE} says neither yes nor no",
            expected="1, true, yes or on; 0, false, no or off",
            received=repr(word),
        )
    return _WORDS[word]


def warn_of_drafts(graph: Graph) -> None:
    """Warn, once for a class, of the components of a graph whose Jacobian is measured in each step of a training."""
    for component in [*(node.component for node in graph.nodes), *graph.cost.values()]:
        if contract_of(type(component)).is_draft:
            from bpframe.measured.draft import warn_of_draft  # only here: few networks hold a draft

            warn_of_draft(type(component))


def verify_graph(graph: Graph) -> None:
    """Check every layer, activation, cost, penalty and initializer of a graph that is not known to be right.

    Errors: ComponentCheckFailed (the first that fails, with the diagnosis).
    """
    from bpframe.verification.requiring import Place, require  # only here: the kit takes time to import

    for node in graph.nodes:
        require(Place(node.place, node.component, node.input_shapes))
        declared: list[tuple[str, Parameter | State]] = [*node.parameters.items(), *node.state.items()]
        for name, each in declared:
            if isinstance(each.init, Initializer):
                require(Place(f"the start of {node.place}'s {name}", each.init, (each.shape,)))
    for output, cost in graph.cost.items():
        require(Place(f"the cost of '{output}'", cost, (graph.shapes[output],)))
    for path, penalty in graph.penalties:
        few = tuple(min(size, 4) for size in graph.parameters[path].shape)  # every entry is looked at
        require(Place(f"the penalty of '{path}'", penalty, (few,)))


def verify_optimizer(optimizer: Optimizer) -> None:
    """Check an optimizer that is not known to be right.

    Errors: ComponentCheckFailed.
    """
    from bpframe.verification.requiring import Place, require

    require(Place("the optimizer", optimizer, ()))


def verify_constraints(constraints: Mapping[str, Constraint] | None) -> None:
    """Check constraints of a training that are not known to be right.

    Errors: ComponentCheckFailed.
    """
    from bpframe.verification.requiring import Place, require

    for pattern, constraint in (constraints or {}).items():
        require(Place(f"the constraint of '{pattern}'", constraint, ()))
