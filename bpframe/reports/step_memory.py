"""The memory that training takes with batches of some size, before any step was taken."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.categories.holding import depth_of, held_by
from bpframe.core.backprop.engine import Engine
from bpframe.core.component import contract_of
from bpframe.core.component.base import no_instance
from bpframe.derivatives.points.memory import in_words
from bpframe.replay.buffers import Lifetime, fit
from bpframe.replay.dry_run import checked_batch_size, dry_run
from bpframe.reports.tables import labelled
from bpframe.training.updates import Updater, change_bytes

__all__ = ["Memory", "step_memory"]

#: Up to this batch size a step is tried as it is; beyond it, two smaller ones tell how pieces grow with the batch.
LARGEST_TRIAL = 256
SMALLER_TRIAL = 128

#: For vectors of these sizes a first state is made: it tells how one grows with the parameters.
SMALL_VECTORS = 16, 32


@dataclass(frozen=True)
class Memory:
    """The bytes that training takes with batches of one size, beside the examples and Python itself.

    `parameters` counts them three times: training keeps those of an epoch's start, and those of the last step at which
    the record was held against the components; frozen ones once. `buffers` is the one block in which the
    values, errors and intermediate arrays of a step share memory; `first_steps` is what a step holds that is recorded,
    or compared with the record: the first ones, and a few later.

    Temporary arrays of components that are called directly are not counted, nor what NumPy and BLAS take for
    themselves.
    """

    batch_size: int
    parameters: int
    gradient: int
    optimizer: int
    batch: int
    buffers: int
    first_steps: int

    @property
    def step(self) -> int:
        """Bytes of a repeated step."""
        return self.parameters + self.gradient + self.optimizer + self.batch + self.buffers

    @property
    def peak(self) -> int:
        """The most bytes at any time."""
        return self.step - self.buffers + max(self.buffers, self.first_steps)

    def __str__(self) -> str:
        rows = [
            ("parameters", self.parameters), ("gradient", self.gradient), ("optimizer", self.optimizer),
            ("a batch", self.batch), ("buffers of a step", self.buffers), ("a step", self.step),
            ("a recorded step", self.peak),
        ]  # fmt: skip
        return f"training with batches of {self.batch_size}\n" + labelled((what, in_words(size)) for what, size in rows)


def step_memory(engine: Engine, batch_size: int, optimizer: Optimizer | None = None) -> Memory:
    """Return the memory of training with batches of this size; nothing of a large batch's size is allocated for it.

    Errors: DataError, ContractError (as `step_plan`).
    """
    if not isinstance(optimizer, Optimizer | None):
        raise no_instance(Optimizer, optimizer, "optimizer=")
    vector, graph, plan = engine.parameters.vector, engine.graph, engine.plan
    size = checked_batch_size(batch_size)
    buffers = _buffer_bytes(engine, size)
    entry = engine.dtype.itemsize
    values = [math.prod(step.output_shape) for step in plan.steps]
    scratch = [math.prod(step.output_shape) for step in plan.steps if step.scratch_buffer is not None]
    front = 2 * max(values, default=0) * size * entry
    held = (sum(values) + max(scratch, default=0)) * size * entry + front + buffers
    given = [
        *graph.inputs.values(),
        *(graph.target_shapes[output] for output in graph.cost),
        *graph.weight_shapes.values(),
    ]
    return Memory(
        batch_size=size,
        parameters=3 * vector.nbytes + engine.frozen.vector.nbytes,
        gradient=vector.nbytes,
        optimizer=0 if optimizer is None else _optimizer_bytes(optimizer, vector),
        batch=sum(map(math.prod, given)) * size * entry,
        buffers=buffers,
        first_steps=held + vector.nbytes,
    )


def _buffer_bytes(engine: Engine, size: int) -> int:
    if size <= LARGEST_TRIAL:
        return dry_run(engine, size).buffers.size
    small, large = (dry_run(engine, each).buffers for each in (SMALLER_TRIAL, LARGEST_TRIAL))
    pairs = list(zip(small.lifetimes, large.lifetimes, strict=False))
    same = all((one.made_by, one.first, one.last) == (other.made_by, other.first, other.last) for one, other in pairs)
    if not same or len(small.lifetimes) != len(large.lifetimes):
        return large.size * size // LARGEST_TRIAL
    grown = [
        Lifetime(
            other.made_by,
            other.nbytes + (other.nbytes - one.nbytes) * (size - LARGEST_TRIAL) // (LARGEST_TRIAL - SMALLER_TRIAL),
            other.first,
            other.last,
        )
        for one, other in pairs
    ]
    return fit(grown)


def _optimizer_bytes(optimizer: Optimizer, vector: Any) -> int:
    """Return the bytes of the change, one for each rule that is held, and, where they carry a state, of that."""
    change = change_bytes(optimizer, vector) * (1 + depth_of(optimizer))
    if not held_by(optimizer) and "initial_state" not in contract_of(type(optimizer)).methods:
        return change
    few, more = (min(vector.size, size) for size in SMALL_VECTORS)
    small, large = (_state_bytes(optimizer, np.zeros(size, vector.dtype)) for size in (few, more))
    whole = small + (large - small) * (vector.size - few) // max(1, more - few)
    return change + 2 * int(whole)  # training keeps a copy to go back to


def _state_bytes(optimizer: Optimizer, vector: Any) -> int:
    return sum(int(each.nbytes) for each in Updater(optimizer, vector, vector.copy()).state.values())
