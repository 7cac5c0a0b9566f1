"""All that a training moves, to be compared to the last bit."""

from __future__ import annotations


def everything(net):
    """Return all that a training moves, in bytes, and the history without times."""
    state = net.optimizer_state
    snapshot = net._engine.held.snapshot()
    return {
        "parameters": snapshot["parameters"].tobytes(),
        "state": {node: {name: each.tobytes() for name, each in named.items()} for node, named in net.state.items()},
        "streams": {key: each.bit_generator.state for key, each in snapshot["generators"].items()},
        "optimizer": {name: (each.dtype, each.tobytes()) for name, each in (state or {}).items()},
        "counts": None if state is None else (state.optimizer, state.step, state.epoch),
        "history": None
        if net.history is None
        else [net.history.steps, *(each.model_copy(update={"seconds": 0.0}) for each in net.history.epochs)],
    }
