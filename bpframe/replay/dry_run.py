"""The program of a training step, made with arrays of zeros before any step was taken."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.core.backprop.called_pass import Wanted
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.weights import factor_key, mask_key, weight_key
from bpframe.core.graph.graph import Graph
from bpframe.errors import DataError
from bpframe.replay.program import ATTEMPTS, Program
from bpframe.replay.tape import recording_wanted
from bpframe.validation.plain_arrays import Array

__all__ = ["checked_batch_size", "dry_run"]


def dry_run(engine: Engine, size: int) -> Program:
    """Return the program of steps with `size` examples of zeros, taken by another engine of the same graph.

    Errors: ContractError (a component fails at zeros, or there is no cost); DataError (steps are not repeated:
    BPFRAME_RECORD=off, or no two records agree).
    """
    graph = engine.graph
    inputs = {
        name: np.zeros((size, *shape), np.int64 if name in graph.integer_inputs else engine.dtype)
        for name, shape in graph.inputs.items()
    }
    targets = {
        output: np.zeros((size, *graph.target_shapes[output]), np.int64 if cost.integer_targets else engine.dtype)
        for output, cost in graph.cost.items()
    }
    targets |= _counting_alike(graph, size, engine.dtype)
    trial = engine.copy()
    workspace = trial.new_workspace(size, "trial", gradient=trial.parameters.like())
    program = Program(workspace, True, Wanted.GRADIENT)
    with np.errstate(all="ignore"):
        for _ in range(2 * ATTEMPTS):
            program.run(inputs, targets, 1.0 / size)
            if program.is_bound:
                return program
    off = "BPFRAME_RECORD=off has every component called in every step"
    why = off if not recording_wanted() else program.refused or "no two records of a step agree"
    raise DataError("a step is not repeated here, so that it has no plan", received=why)


def checked_batch_size(batch_size: int) -> int:
    """Return a number of examples.

    Errors: DataError (it is none).
    """
    if not isinstance(batch_size, int | np.integer) or isinstance(batch_size, bool) or batch_size < 1:
        raise DataError(
            "this is no batch size", expected="a whole number of examples, 1 or more", received=repr(batch_size)
        )
    return int(batch_size)


def _counting_alike(graph: Graph, batch: int, dtype: Any) -> dict[str, Array]:
    """Return what stands beside the targets where nothing was given: ones for the costs that ask."""
    found: dict[str, Array] = {}
    for output, shape in graph.weight_shapes.items():
        words = graph.weight_words[output]
        if "weight" in words:
            found[weight_key(output)] = np.ones((batch, *shape), dtype)
        if "mask" in words:
            found[mask_key(output)] = np.ones((batch, *shape), bool)
        if math.prod(shape) != 1:
            found[factor_key(output)] = np.full(batch, 1.0 / max(1, math.prod(shape)), dtype)
    return found
