"""Applying an optimizer to the parameter vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.core.backprop.results import failed, fits, wrong_array
from bpframe.core.backprop.workspace import locked
from bpframe.core.component import Optimizer, contract_of
from bpframe.errors import ContractError
from bpframe.replay.understanding import understand
from bpframe.validation.plain_arrays import Array

__all__ = ["Updater", "change_bytes"]


#: How many bytes of each vector an elementwise optimizer works on at once: a few of them fit a third-level cache, and
#: what shorter blocks would leave in a nearer one is worth less than longer runs.
BLOCK_BYTES = 1 << 20


def change_bytes(optimizer: Optimizer, theta: Array) -> int:
    """Return how many bytes the change Δθ of one block takes."""
    return min(BLOCK_BYTES, theta.nbytes) if optimizer.elementwise else theta.nbytes


class Updater:
    """An optimizer with its state, bound to a parameter vector θ and the gradient beside it.

        θ ← θ + Δθ(gradient, state)                      for gradient descent, eq. (1)

    An elementwise optimizer runs block by block, so that each block of a long vector is read from memory once.
    """

    def __init__(self, optimizer: Optimizer, theta: Array, gradient: Array) -> None:
        self.optimizer = optimizer
        self.theta = theta
        self.gradient = gradient
        self.step = 0
        self._where = f"optimizer '{optimizer.kind}'"
        self._signature = contract_of(type(optimizer)).methods["update"]
        self._update = optimizer.update  # type: ignore[attr-defined]
        self.state: dict[str, Array] = self._initial_state()
        block = max(1, BLOCK_BYTES // theta.itemsize) if optimizer.elementwise else max(1, theta.size)
        change = np.empty(min(block, theta.size), theta.dtype)
        methods = [each for each in ("initial_state", "update") if each in contract_of(type(optimizer)).methods]
        #: What is not known to let go of what it is handed gets copies.
        self._keeps = understand(optimizer, methods).why is not None
        self._blocks = [
            (rows, theta[rows], locked(gradient[rows]), change[: theta[rows].size])
            for start in range(0, theta.size, block)
            for rows in (slice(start, start + block),)
        ]
        self._plain = self._signature.words == ("gradient", "out") and not self._keeps

    def apply(self) -> None:
        """Change θ by one step, θ ← θ + Δθ: for gradient descent, eq. (1).

        Raises
        ------
        ContractError
            When the optimizer fails or returns something of another shape or dtype.

        """
        whole: dict[str, Array] = {}
        try:
            for rows, theta, gradient, buffer in self._blocks:
                if self._plain:
                    change = self._update(gradient, buffer)
                else:
                    change = self._changed(rows, theta, gradient, buffer, whole)
                if change is not buffer and not fits(change, theta.shape, theta.dtype):
                    problem = f"{self._where}: update must return Δθ, like the gradient"
                    raise wrong_array(problem, change, theta.shape, theta.dtype, self.optimizer, "gradient")
                np.add(theta, change, theta)
        except ContractError:
            raise
        except Exception as error:
            raise failed(self._where, "update", error) from error
        self.state.update(whole)
        self.step += 1

    def _changed(self, block: slice, theta: Array, gradient: Array, buffer: Array, whole: dict[str, Array]) -> Array:
        """Return a block's Δθ. State that is not split into blocks goes to `whole`, to count once for all of them."""
        words: dict[str, Any] = {
            "gradient": self._handed(gradient), "out": np.empty_like(buffer) if self._keeps else buffer,
            "step": self.step, "parameters": self._handed(theta),
        }  # fmt: skip
        if not self._signature.asks_for("state"):
            return self._signature.call(self._update, words)  # type: ignore[no-any-return]
        words["state"] = {name: self._handed(self._part(value, block)) for name, value in self.state.items()}
        returned = self._signature.call(self._update, words)
        self._check_pair(returned)
        change, new_state = returned
        for name, value in new_state.items():
            if self.optimizer.elementwise and np.shape(value) == gradient.shape:
                self.state[name][block] = value
            else:
                whole[name] = np.array(value)  # its own: the optimizer may return the gradient, or `out`
        return change  # type: ignore[no-any-return]

    def _handed(self, array: Array) -> Array:
        return locked(array.copy() if self._keeps else array)

    def _part(self, value: Array, block: slice) -> Array:
        return value[block] if np.shape(value) == self.theta.shape else value

    def _initial_state(self) -> dict[str, Array]:
        if "initial_state" not in contract_of(type(self.optimizer)).methods:
            return {}
        try:
            state = self.optimizer.initial_state(locked(self.theta.copy()))  # type: ignore[attr-defined]
        except Exception as error:
            raise failed(self._where, "initial_state", error) from error
        if not isinstance(state, Mapping):
            raise ContractError(
                f"{self._where}: initial_state returned no mapping",
                expected="names to arrays",
                received=type(state).__name__,
            )
        return {name: np.array(value) for name, value in state.items()}

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
