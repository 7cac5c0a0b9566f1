"""The best parameters of a training: kept in a callback's state, and put back at its end."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.extend import ContractError, History, Optimizer

__all__ = ["keep", "put_back", "refuse_averages"]

#: How a training ends that may go on where it was: its parameters stay.
UNFINISHED = ("interrupted", "failed", "not finite")


def keep(network: Any, epoch: int, state: dict[str, Any]) -> None:
    """Keep copies of the parameters, and of what components carry, as those of an epoch."""
    state["best_epoch"] = epoch
    state["parameters"] = network.parameters.vector.copy()
    state["carried"] = {
        node: {name: array.copy() for name, array in arrays.items()} for node, arrays in network.state.items()
    }


def put_back(network: Any, history: History, state: dict[str, Any]) -> None:
    """Put what was kept back into the network, and write its epoch into the last record: its figure `best_epoch`.

    Not where the training was interrupted or failed: it goes on from where it was.
    """
    if "parameters" not in state or history.stopped in UNFINISHED:
        return
    network.parameters.vector[:] = state["parameters"]
    for node, arrays in state["carried"].items():
        for name, array in arrays.items():
            np.copyto(network.state[node][name], array)
    history.epochs[-1].figures["best_epoch"] = float(state["best_epoch"])


def refuse_averages(kind: str, optimizer: Any) -> None:
    """Refuse an optimizer that keeps averages, of which the measured numbers are, and not of the parameters.

    Errors: ContractError.
    """
    if getattr(type(optimizer), "averages", ""):
        raise ContractError(
            f"{kind} would put back parameters that were never measured: {optimizer.kind} measures with averages",
            expected="an optimizer without averages",
            hint="net.averaged() has the averages, which change little from epoch to epoch",
        )
    for name in type(optimizer).model_fields if isinstance(optimizer, Optimizer) else ():
        held = getattr(optimizer, name)
        if isinstance(held, Optimizer):
            refuse_averages(kind, held)
