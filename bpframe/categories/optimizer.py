"""Optimizers: how a gradient becomes a change of the parameters, or how the cost is minimised."""

from __future__ import annotations

from typing import ClassVar

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Contract, Method
from bpframe.errors import ContractError

__all__ = ["Optimizer"]


def _check_state(cls: type[Component], contract: Contract) -> None:
    update = contract.methods.get("update")
    if update is not None and update.asks_for("new_state") and not update.asks_for("state"):
        raise ContractError(
            f"{cls.__name__}.update asks for new_state, where to write what follows from `state`, but not for `state`",
            hint="ask for both, and return (Δθ, new_state)",
        )
    if "minimize" in contract and "initial_state" in contract:
        raise ContractError(
            f"{cls.__name__} has initial_state, which belongs to update",
            hint="let minimize keep what it carries in variables of its own, and in problem.kept what it goes on from",
        )


#: What `update` may ask for beside fields.
_WORDS = ["gradient", "groups", "parameters", "state", "new_state", "out", "step", "epoch", "epoch_ends", "examples"]

_OPTIMIZER = Category(
    "optimizer",
    {
        "update": Method(_WORDS, takes_fields=True),
        "minimize": Method({"problem"}),
        "initial_state": Method({"parameters", "rng"}),
    },
    suffix="Optimizer",
    example="GradientDescent(learning_rate=0.1)",
    written="{kind: gradient_descent, learning_rate: 0.1}",
    declare="def update(self, gradient): a rule, or def minimize(self, problem): it drives itself",
    keeping="what lasts from step to step goes into `state`, which initial_state declares and update asks for and "
    "returns: (Δθ, new_state); minimize has variables of its own, and puts what it goes on from into problem.kept",
    one_of=("update", "minimize"),
    checks=(_check_state,),
)


class Optimizer(Component, category=_OPTIMIZER):
    """A rule that turns the gradient into a change Δθ of all parameters, or a method that drives itself.

    It declares one of the two:

    `update(self, gradient, ...)`
        Returns Δθ for the gradient of a mini-batch's mean cost, a vector like `gradient`, (P,). It may ask for
        `parameters` (θ, read only), `out` (a buffer for Δθ) and `state`; with `state` it returns `(Δθ, new_state)`,
        which may be written into the arrays of `new_state`. `step` and `epoch` count from 0; `epoch_ends` says whether
        the batch is the last of its epoch, `examples` how much its examples count together: their number, or the sum
        of their weights over the mean of these. Fields it may ask for by their names: of a field `learning_rate:
        PositiveFloat | Schedule` it is handed the number of this step, of a field `optimizer: Optimizer` the rule that
        is held there: called with a gradient, it returns its Δθ, and its state and steps go on. Groups of parameters
        are the business of the innermost rule; one that holds another sees all that is trained.
    `minimize(self, problem)`
        Moves the parameters of a `Problem` itself, iteration by iteration, and returns nothing. For methods that need
        more than a gradient: costs at trial points, residuals and their Jacobian, curvature.

    `initial_state(self, parameters)`
        Optional, with `update`. Mapping from names to arrays, before the first step.
    """

    #: Whether each entry of Δθ depends only on the same entry of the gradient, the parameters and the state's
    #: vectors. The trainer then works through long vectors in blocks that stay in the processor's cache.
    elementwise: ClassVar[bool] = False

    #: The name of the array of its state that holds averaged parameters, where there is one: what is measured during
    #: training is measured with these, and `net.averaged()` has them.
    averages: ClassVar[str] = ""

    #: Whether `minimize` goes through mini-batches, `problem.batches()`; one that does not is given no batch size.
    batches: ClassVar[bool] = False
