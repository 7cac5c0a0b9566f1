"""What an optimizer that drives itself is handed: the parameters, the objective, and what it reports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from bpframe.derivatives.least_squares.objective import Objective
from bpframe.validation.plain_arrays import Array

__all__ = ["Problem"]


class Problem(ABC):
    """A training as an optimizer sees it that declares `minimize(self, problem)`.

    The optimizer moves the parameters with `move_to` and calls `report` after each iteration, at least once:

        while problem.report(cost, damping=damping):
            ...

    `report` records the iteration and shows it, and returns whether to go on: False after the last iteration that the
    user asked for, and on Ctrl-C. A method that finds an end of its own says why with `stop` and returns.

    A training that was interrupted goes on with a new call, at the parameters of the last report: a method that then
    takes the iterations that it would have taken has left in `kept` all that it needs beside them.

    When `minimize` returns, the present parameters are the result. Where it raises, the best that were reported stay.
    """

    #: How many iterations the user asked for at most.
    iterations: int

    #: The cost of all training examples, with training switched off: no dropout, and state as it is.
    objective: Objective

    #: The most bytes that a matrix may take; a method may set another limit.
    memory_limit: int

    #: What the method wants kept between iterations: plain data, put here before `report`. It is empty at the start,
    #: and where the training goes on what it was at the last report; a method that keeps nothing cannot go on.
    kept: dict[str, Any]

    @property
    @abstractmethod
    def parameters(self) -> Array:
        """The present θ, (P,), as a copy."""

    @abstractmethod
    def move_to(self, parameters: Array) -> None:
        """Make this the present θ.

        Errors: NonFiniteError where an entry is NaN or infinite; the present θ then stays.
        """

    @abstractmethod
    def batches(self) -> Iterator[Objective]:
        """Yield the cost of each mini-batch of one pass through the examples, in training mode, in a new order.

        One batch of all examples where the user stated no batch size. Each is valid until the next. After Ctrl-C the
        pass ends early, but never before its first batch. Only a class that says `batches: ClassVar[bool] = True` is
        given a batch size.

        Errors, of a batch's `gradient`: NonFiniteError that names the place where NaN or infinity began.
        """

    @abstractmethod
    def validation_cost(self) -> float | None:
        """Return the mean cost of the validation data at the present θ, or None where there is none."""

    @abstractmethod
    def report(self, cost: float, **figures: float) -> bool:
        """Record that an iteration is over, with the mean cost and other figures; return whether to go on.

        With all examples at once `cost` is that of the present θ, with mini-batches the mean over the pass. The first
        two figures stand in the progress bar.

        Errors: NonFiniteError for a cost of NaN or infinity; ContractError for a figure that a record holds already,
        and after `report` has returned False.
        """

    @abstractmethod
    def stop(self, reason: str) -> None:
        """Record why the method has ended by itself, in a few words: `gradient below 1e-07`."""

    @abstractmethod
    def generator(self, name: str) -> np.random.Generator:
        """Return a random stream of the training's, by name."""
