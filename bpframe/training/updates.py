"""Applying an optimizer to the parameter vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bpframe.categories import Optimizer, Schedule
from bpframe.categories.present import limits_of, present_value
from bpframe.core.backprop.results import failed, fits, wrong_array
from bpframe.core.backprop.workspace import locked
from bpframe.core.component import contract_of
from bpframe.core.graph.randomness import stream
from bpframe.errors import ContractError
from bpframe.replay.understanding import understand
from bpframe.training.optimizer_state import checked_state
from bpframe.training.parts import parameter_parts
from bpframe.validation.plain_arrays import Array

__all__ = ["Updater", "change_bytes"]


#: How many bytes of each vector an elementwise optimizer works on at once: a few of them fit a third-level cache, and
#: what shorter blocks would leave in a nearer one is worth less than longer runs.
BLOCK_BYTES = 1 << 20


def change_bytes(optimizer: Optimizer, theta: Array) -> int:
    """Return how many bytes the change Δθ of one block takes."""
    return min(BLOCK_BYTES, theta.nbytes) if optimizer.elementwise else theta.nbytes


class _Block(NamedTuple):
    """Some entries of the vectors, the words that stay the same for them, and a call for where all do."""

    rows: slice
    theta: Array
    gradient: Array
    buffer: Array
    words: dict[str, Any]
    call: Callable[[], Any]


class Updater:
    """An optimizer with its state, bound to a parameter vector θ and the gradient beside it.

        θ ← θ + Δθ(gradient, state)                      for gradient descent, eq. (1)

    An elementwise optimizer runs block by block, so that each block of a long vector is read from memory once. `shapes`
    are those of the parameters in θ, by path and in order; the first state may be drawn from `rng`. `step` and `epoch`
    say how far training has come. `moved` says that a step that failed has moved a part of θ, or of the state.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        theta: Array,
        gradient: Array,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.theta = theta
        self.gradient = gradient
        self.step = 0
        self.epoch = 0
        self.moved = False
        self._where = f"optimizer '{optimizer.kind}'"
        contract = contract_of(type(optimizer))
        self._signature = contract.methods["update"]
        self._update = optimizer.update  # type: ignore[attr-defined]
        if optimizer.elementwise and self._signature.asks_for("groups"):
            raise ContractError(
                f"{self._where} is elementwise, and its update asks for `groups`",
                expected="one of the two: an elementwise rule is handed blocks of the vectors, whatever they hold",
            )
        #: What is not known to let go of what it is handed gets copies.
        methods = [each for each in ("initial_state", "update") if each in contract.methods]
        self._keeps = understand(optimizer, methods).why is not None
        self.state: dict[str, Array] = self._initial_state(stream(0, "initialise", "optimizer") if rng is None else rng)
        fields = {
            word: getattr(optimizer, word) for word in self._signature.words if word in type(optimizer).model_fields
        }
        self._scheduled = {
            word: (value, limits_of(optimizer, word)) for word, value in fields.items() if isinstance(value, Schedule)
        }
        constant: dict[str, Any] = {word: value for word, value in fields.items() if word not in self._scheduled}
        if self._signature.asks_for("groups"):
            constant["groups"] = parameter_parts({"": theta.shape} if shapes is None else shapes)
        words = (*self._scheduled, "step", "state")
        self._differs = self._keeps or any(map(self._signature.asks_for, words))
        block = max(1, BLOCK_BYTES // theta.itemsize) if optimizer.elementwise else max(1, theta.size)
        change = np.empty(min(block, theta.size), theta.dtype)
        starts = range(0, theta.size, block)
        self._blocks = [self._block(slice(start, start + block), change, constant) for start in starts]

    def apply(self) -> None:
        """Change θ by one step, θ ← θ + Δθ: for gradient descent, eq. (1).

        Raises
        ------
        ContractError
            When the optimizer, or a schedule in one of its fields, fails or returns something of another shape or
            dtype.

        """
        whole: dict[str, Array] = {}
        differs, moved = self._differs, False
        try:
            now = self._now() if differs else {}
            for block in self._blocks:
                change = self._changed(block, now, whole) if differs else block.call()
                if change is not block.buffer:
                    self._check_change(change, block)
                np.add(block.theta, change, block.theta)
                moved = True
        except BaseException as error:
            self.moved = moved
            if isinstance(error, ContractError) or not isinstance(error, Exception):
                raise
            raise failed(self._where, "update", error) from error
        self.state.update(whole)
        self.step += 1

    @property
    def writes_state(self) -> bool:
        """Whether a step writes into the arrays of the state; otherwise it puts others in their place."""
        return len(self._blocks) > 1

    def go_on_from(self, arrays: Mapping[str, Array]) -> None:
        """Take copies of the arrays of a state that fits."""
        self.state = {name: np.array(arrays[name], each.dtype) for name, each in self.state.items()}

    def _block(self, rows: slice, change: Array, constant: Mapping[str, Any]) -> _Block:
        theta, gradient = self.theta[rows], locked(self.gradient[rows])
        buffer, signature = change[: theta.size], self._signature
        words = {**constant, "gradient": gradient, "out": buffer, "parameters": locked(theta)}
        placed = [words.get(word) for word in signature.positional]
        named = {word: words.get(word) for word in signature.keyword_only}
        return _Block(rows, theta, gradient, buffer, words, partial(self._update, *placed, **named))

    def _now(self) -> dict[str, Any]:
        """Return the words that differ from step to step, and not from block to block."""
        scheduled = self._scheduled.items()
        values = {word: present_value(each, self.step, self.epoch, limits) for word, (each, limits) in scheduled}
        return {"step": self.step, **values}

    def _changed(self, block: _Block, now: dict[str, Any], whole: dict[str, Array]) -> Array:
        """Return a block's Δθ. State that is not split into blocks goes to `whole`, to count once for all of them."""
        words = block.words | now
        if self._keeps:
            copies = {word: locked(words[word].copy()) for word in ("gradient", "parameters")}
            words |= copies | {"out": np.empty_like(block.buffer)}
        if not self._signature.asks_for("state"):
            return self._signature.call(self._update, words)  # type: ignore[no-any-return]
        parts = {name: self._part(value, block.rows) for name, value in self.state.items()}
        words["state"] = {name: locked(part.copy() if self._keeps else part) for name, part in parts.items()}
        returned = self._signature.call(self._update, words)
        self._check_pair(returned)
        change, new_state = returned
        self._check_change(change, block)
        # Before any is written: a new value may be a view of another's old one, of the gradient or of `out`.
        values = {name: np.array(value) if _is_view(value) else value for name, value in new_state.items()}
        for name, value in values.items():
            if np.shape(value) != parts[name].shape or not _becomes(value, parts[name].dtype):
                raise self._other_state(name, value, parts[name])
        for name, value in values.items():
            part = parts[name]
            if part is self.state[name]:
                own = self._keeps or getattr(value, "dtype", None) != part.dtype
                whole[name] = np.array(value, part.dtype) if own else np.asarray(value)
                continue
            if np.may_share_memory(change, part):
                change = np.array(change)  # the old state is the change
            part[...] = value
        return change  # type: ignore[no-any-return]

    def _part(self, value: Array, rows: slice) -> Array:
        """Return a block's part of the state's vectors, as a view that is written into; the rest as it is."""
        return value[rows] if self.writes_state and value.shape == self.theta.shape else value

    def _initial_state(self, rng: np.random.Generator) -> dict[str, Array]:
        signature = contract_of(type(self.optimizer)).methods.get("initial_state")
        if signature is None:
            return {}
        words = {"parameters": locked(self.theta.copy()), "rng": rng}
        try:
            returned = signature.call(self.optimizer.initial_state, words)  # type: ignore[attr-defined]
        except Exception as error:
            raise failed(self._where, "initial_state", error) from error
        state = checked_state(returned, f"{self._where}: initial_state returned")
        for name, array in state.items():
            if array.dtype.kind == "f" and np.isnan(array).any():
                raise ContractError(
                    f"{self._where}: initial_state returned NaN in '{name}'",
                    expected="numbers, or infinity",
                    received=f"{np.count_nonzero(np.isnan(array))} of {array.size} entries",
                )
        return state

    def _check_change(self, change: Any, block: _Block) -> None:
        shape, dtype = block.theta.shape, block.theta.dtype
        if not fits(change, shape, dtype):
            problem = f"{self._where}: update must return Δθ, like the gradient"
            raise wrong_array(problem, change, shape, dtype, self.optimizer, "gradient")

    def _check_pair(self, returned: Any) -> None:
        pair = isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Mapping)
        if not pair or set(returned[1]) != set(self.state):
            raise ContractError(
                f"{self._where}: update asks for `state` and has to return a pair",
                expected=f"(Δθ, new_state), with new_state a mapping of {', '.join(self.state) or 'nothing'}",
                received=f"(..., a mapping of {', '.join(map(str, returned[1])) or 'nothing'})"
                if pair
                else type(returned).__name__,
            )

    def _other_state(self, name: str, value: Any, declared: Array) -> ContractError:
        return ContractError(
            f"{self._where}: update returned another state['{name}'] than initial_state declares",
            expected=f"shape {declared.shape}, {declared.dtype}",
            received=f"shape {np.shape(value)}, {getattr(value, 'dtype', type(value).__name__)}",
            hint="begin with an array of the dtype that it will have: np.zeros(()) counts in float64",
        )


def _is_view(value: Any) -> bool:
    return getattr(value, "base", None) is not None


def _becomes(value: Any, dtype: np.dtype[Any]) -> bool:
    """Whether a value's numbers are of this dtype, or may become so without another meaning: no float an integer."""
    return getattr(value, "dtype", None) == dtype or np.can_cast(np.result_type(value), dtype, "same_kind")
