"""Applying an optimizer to the parameter vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bpframe.categories import Optimizer
from bpframe.categories.holding import in_blocks
from bpframe.core.backprop.results import failed
from bpframe.core.backprop.workspace import locked
from bpframe.core.graph.randomness import stream
from bpframe.errors import ContractError
from bpframe.training.held_rule import Making, Now
from bpframe.training.rule import Rule
from bpframe.validation.plain_arrays import Array

__all__ = ["Updater", "change_bytes"]


#: How many bytes of each vector an elementwise optimizer works on at once: a few of them fit a third-level cache, and
#: what shorter blocks would leave in a nearer one is worth less than longer runs.
BLOCK_BYTES = 1 << 20


def change_bytes(optimizer: Optimizer, theta: Array) -> int:
    """Return how many bytes the change Δθ of one block takes."""
    return min(BLOCK_BYTES, theta.nbytes) if in_blocks(optimizer) else theta.nbytes


class _Block(NamedTuple):
    """Some entries of the vectors, and a call for where all words stay the same."""

    rows: slice
    theta: Array
    gradient: Array
    buffer: Array
    call: Callable[[], Any]


class Updater:
    """An optimizer with its state, bound to a parameter vector θ and the gradient beside it.

        θ ← θ + Δθ(gradient, state)                      for gradient descent, eq. (1)

    An elementwise optimizer runs block by block, so that each block of a long vector is read from memory once. `shapes`
    are those of the parameters in θ, by path and in order; the first state may be drawn from `rng`. `held` makes the
    rules that the optimizer holds. `step` and `epoch` say how far training has come, `history` returns the history of
    so many epochs, and `epoch_ends` and `examples` are what updates may be told of a batch. `moved` says that a step
    that failed has moved a part of θ, or of the state.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        theta: Array,
        gradient: Array,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
        rng: np.random.Generator | None = None,
        held: Making | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.theta = theta
        self.gradient = gradient
        self.step = 0
        self.epoch = 0
        self.history: Callable[[int], Any] | None = None
        self.epoch_ends = False
        self.examples = 1.0
        self.moved = False
        rng = stream(0, "initialise", "optimizer") if rng is None else rng
        self._rule = Rule(optimizer, theta, {"": theta.shape} if shapes is None else shapes, rng, held)
        self.state: dict[str, Array] = self._rule.state
        #: Where a rule may write its new state: arrays that take the place of the state's, or a block's.
        self._buffers: dict[str, Array] = {}
        self._kept = False
        splits = in_blocks(optimizer) and held is None
        block = max(1, BLOCK_BYTES // theta.itemsize) if splits else max(1, theta.size)
        change = np.empty(min(block, theta.size), theta.dtype)
        starts = range(0, theta.size, block)
        self._blocks = [self._block(slice(start, start + block), change) for start in starts]

    def apply(self) -> None:
        """Change θ by one step, θ ← θ + Δθ: for gradient descent, eq. (1).

        Raises
        ------
        ContractError
            When the optimizer, or a schedule in one of its fields, fails or returns something of another shape or
            dtype.

        """
        whole: dict[str, Array] = {}
        differs, moved = self._rule.differs, False
        history = None if self.history is None else partial(self.history, self.epoch)
        now = Now(self.step, self.epoch, history, self.epoch_ends, self.examples)
        try:
            for block in self._blocks:
                change = self._changed(block, now, whole) if differs else block.call()
                if not differs and change is not block.buffer:
                    self._rule.check_change(change, block.theta)
                np.add(block.theta, change, block.theta)
                moved = True
        except BaseException as error:
            self.moved = moved
            if isinstance(error, ContractError) or not isinstance(error, Exception):
                raise
            raise failed(self._rule.where, "update", error) from error
        for name, value in whole.items():
            if value is self._buffers.get(name):
                # What was put aside stays as it is; otherwise the two take turns.
                self._buffers.pop(name) if self._kept else self._buffers.update({name: self.state[name]})
        self.state.update(whole)
        self._kept = False
        self.step += 1

    def kept(self, before: Mapping[str, Array]) -> dict[str, Array]:
        """Return the present arrays of the state, as no later step changes them; `before` are no longer wanted.

        Where steps write into them, block by block, they are copied into those before; otherwise these are written into
        next.
        """
        if len(self._blocks) > 1:
            kept = {name: before[name] if name in before else array.copy() for name, array in self.state.items()}
            for name, array in self.state.items():
                np.copyto(kept[name], array)
            return kept
        self._kept = True
        for name, array in before.items():
            if array is not self.state[name]:
                self._buffers.setdefault(name, array)
        return dict(self.state)

    def go_on_from(self, arrays: Mapping[str, Array]) -> None:
        """Take copies of the arrays of a state that fits."""
        self.state = {name: np.array(arrays[name], each.dtype) for name, each in self.state.items()}

    def _block(self, rows: slice, change: Array) -> _Block:
        theta, gradient = self.theta[rows], locked(self.gradient[rows])
        buffer, signature = change[: theta.size], self._rule.signature
        words = {**self._rule.constant, "gradient": gradient, "out": buffer, "parameters": locked(theta)}
        placed = [words.get(word) for word in signature.positional]
        named = {word: words.get(word) for word in signature.keyword_only}
        return _Block(rows, theta, gradient, buffer, partial(self._rule.update, *placed, **named))

    def _changed(self, block: _Block, now: Now, whole: dict[str, Array]) -> Array:
        """Return a block's Δθ. State that is not split into blocks goes to `whole`, to count once for all of them."""
        parts = {name: self._part(value, block.rows) for name, value in self.state.items()}
        buffers = {name: self._buffer(name, part) for name, part in parts.items()} if self._rule.writes_anew else {}
        change, values = self._rule.changed(block.gradient, block.theta, block.buffer, now, parts, buffers)
        for name, value in values.items():
            part = parts[name]
            if part is self.state[name]:
                whole[name] = value
                continue
            if np.may_share_memory(change, part):
                change = np.array(change)  # the old state is the change
            part[...] = value
        return change

    def _part(self, value: Array, rows: slice) -> Array:
        """Return a block's part of the state's vectors, as a view that is written into; the rest as it is."""
        return value[rows] if len(self._blocks) > 1 and value.shape == self.theta.shape else value

    def _buffer(self, name: str, part: Array) -> Array:
        """Return an array like a part of the state, for the new one: the same one for all blocks."""
        found = self._buffers.get(name)
        if found is None:
            found = self._buffers[name] = np.empty_like(part)
        return found if found.shape == part.shape else found[: len(part)]
