"""What one step of an optimizer is made of: its update, with its fields at the present step, and the rules it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.categories import Optimizer, Schedule
from bpframe.categories.calling import asked_fields
from bpframe.categories.holding import held_by
from bpframe.categories.present import follows_steps, limits_of, present_value
from bpframe.core.backprop.results import failed, fits, wrong_array
from bpframe.core.backprop.workspace import locked
from bpframe.core.component import contract_of
from bpframe.errors import ContractError
from bpframe.replay.understanding import understand
from bpframe.training.held_rule import HeldRule, Making, Now, Stepping, below, counter_of
from bpframe.training.optimizer_state import checked_state
from bpframe.training.parts import parameter_parts
from bpframe.validation.plain_arrays import Array

__all__ = ["Rule"]

Arrays = dict[str, Array]


class Rule:
    """An optimizer's `update`, and what is the same in all of its steps.

    `state` is the first one: of a rule that is held in a field, its arrays are below the field's name, and its count of
    steps beside them. `held` makes the rules that this one holds.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        theta: Array,
        shapes: Mapping[str, tuple[int, ...]],
        rng: np.random.Generator,
        held: Making | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.where = f"optimizer '{optimizer.kind}'"
        contract = contract_of(type(optimizer))
        if "update" not in contract:
            raise ContractError(
                f"{self.where} drives itself, and cannot be held by another optimizer",
                expected="an optimizer with update, such as gradient descent",
            )
        self.signature = contract.methods["update"]
        self.update: Callable[..., Any] = optimizer.update  # type: ignore[attr-defined]
        if optimizer.elementwise and self.signature.asks_for("groups"):
            raise ContractError(
                f"{self.where} is elementwise, and its update asks for `groups`",
                expected="one of the two: an elementwise rule is handed blocks of the vectors, whatever they hold",
            )
        #: What is not known to let go of what it is handed gets copies.
        methods = [each for each in ("initial_state", "update") if each in contract.methods]
        self.keeps = understand(optimizer, methods).why is not None
        self._own = self._initial_state(theta, rng)
        held = held or (lambda inner, theta: Rule(inner, theta, shapes, rng))
        self.held: dict[str, Stepping] = {field: held(inner, theta) for field, inner in held_by(optimizer).items()}
        self.state = self._whole_state()
        fields = {word: value for word, value in asked_fields(optimizer, "update").items() if word not in self.held}
        self._scheduled = {
            word: (value, limits_of(optimizer, word)) for word, value in fields.items() if isinstance(value, Schedule)
        }
        self._by_step = [word for word, (each, _) in self._scheduled.items() if follows_steps(each)]
        self._by_epoch = [word for word in self._scheduled if word not in self._by_step]
        #: The numbers that last for an epoch, with the epoch.
        self._epoch: tuple[int, dict[str, float]] | None = None
        #: The words that are the same in every step.
        self.constant: dict[str, Any] = {word: value for word, value in fields.items() if word not in self._scheduled}
        if self.signature.asks_for("groups"):
            self.constant["groups"] = parameter_parts(shapes)
        #: Whether words differ from step to step.
        told = ("state", "step", "epoch", "epoch_ends", "examples")
        self.differs = bool(self.keeps or self.held or self._scheduled or any(map(self.signature.asks_for, told)))
        #: Whether it, or one that it holds, writes the new state into buffers.
        self.writes_anew: bool = (self.signature.asks_for("new_state") and not self.keeps) or any(
            each.writes_anew for each in self.held.values()
        )
        self._outs: dict[str, Array] = {}

    def present(self, now: Now) -> dict[str, Any]:
        """Return the words that differ from step to step, and not from block to block."""
        if self._epoch is None or self._epoch[0] != now.epoch:
            self._epoch = now.epoch, self._numbers(self._by_epoch, now)
        values = self._epoch[1] | self._numbers(self._by_step, now)
        told = {"step": now.step, "epoch": now.epoch, "epoch_ends": now.epoch_ends, "examples": now.examples}
        return told | values

    def _numbers(self, words: Sequence[str], now: Now) -> dict[str, float]:
        found = {}
        for word in words:
            schedule, limits = self._scheduled[word]
            found[word] = present_value(schedule, now.step, now.epoch, limits, now.history)
        return found

    def changed(
        self, gradient: Array, parameters: Array, out: Array, now: Now, state: Mapping[str, Array], buffers: Arrays
    ) -> tuple[Array, Arrays]:
        """Return Δθ and the new state for vectors, or for the same entries of all of them.

        The new state may be in `buffers`, arrays like those of the state.

        Errors: ContractError.
        """
        words = {**self.constant, **self.present(now), "gradient": locked(gradient), "parameters": locked(parameters)}
        words["out"] = out
        if self.keeps:
            copies = {word: locked(words[word].copy()) for word in ("gradient", "parameters")}
            words |= copies | {"out": np.empty_like(out)}
            buffers = {}
        calls = {
            field: HeldRule(self.optimizer, inner, field, words, self._out_of(field, out), now, state, buffers)
            for field, inner in self.held.items()
        }
        words |= calls
        if self.signature.asks_for("new_state"):
            buffers = {name: _like(state[name], buffers.get(name)) for name in self._own}
            words["new_state"] = buffers
        if self.signature.asks_for("state"):
            own = {name: state[name] for name in self._own}
            words["state"] = {name: locked(each.copy() if self.keeps else each) for name, each in own.items()}
        try:
            returned = self.signature.call(self.update, words)
        except ContractError:
            raise
        except Exception as error:
            raise failed(self.where, "update", error) from error
        finally:
            for call in calls.values():
                call.over = True
        if not self.signature.asks_for("state"):
            self.check_change(returned, gradient)
            change, values = returned, {}
        else:
            self._check_pair(returned)
            change, new = returned
            self.check_change(change, gradient)
            values = self._settled(new, state, buffers)
        for call in calls.values():
            values |= call.new_state()
        return change, values

    def _settled(self, new: Mapping[str, Any], state: Mapping[str, Array], buffers: Arrays) -> Arrays:
        """Return the new state as arrays that nothing else shares, of the shapes and dtypes that it has."""
        # A new value may be a view of another's old one, of the gradient or of `out`, or what a rule that is held made.
        fresh: dict[str, Any] = {
            name: value if value is buffers.get(name) else np.array(value)
            if self.held or _is_view(value) or any(value is each for each in buffers.values()) else value
            for name, value in new.items()
        }  # fmt: skip
        for name, value in fresh.items():
            if np.shape(value) != state[name].shape or not _becomes(value, state[name].dtype):
                raise self._other_state(name, value, state[name])
        own = {name: self.keeps or getattr(each, "dtype", None) != state[name].dtype for name, each in fresh.items()}
        return {
            name: np.array(each, state[name].dtype) if own[name] else np.asarray(each) for name, each in fresh.items()
        }

    def _out_of(self, field: str, out: Array) -> Array:
        """Return the buffer for the change of a rule that is held."""
        if field not in self._outs or len(self._outs[field]) < len(out):
            self._outs[field] = np.empty_like(out)
        return self._outs[field][: len(out)]

    def _whole_state(self) -> Arrays:
        whole = dict(self._own)
        for field, inner in self.held.items():
            inner_state = {below(field, name): each for name, each in inner.state.items()}
            inner_state[counter_of(field)] = np.zeros((), np.int64)
            if twice := whole.keys() & inner_state.keys():
                raise ContractError(
                    f"{self.where}: initial_state returned '{min(twice)}', the name of what '{field}' carries",
                    hint="another name",
                )
            whole |= inner_state
        return whole

    def _initial_state(self, theta: Array, rng: np.random.Generator) -> Arrays:
        signature = contract_of(type(self.optimizer)).methods.get("initial_state")
        if signature is None:
            return {}
        words = {"parameters": locked(theta.copy()), "rng": rng}
        try:
            returned = signature.call(self.optimizer.initial_state, words)  # type: ignore[attr-defined]
        except Exception as error:
            raise failed(self.where, "initial_state", error) from error
        state = checked_state(returned, f"{self.where}: initial_state returned")
        for name, array in state.items():
            if array.dtype.kind == "f" and np.isnan(array).any():
                raise ContractError(
                    f"{self.where}: initial_state returned NaN in '{name}'",
                    expected="numbers, or infinity",
                    received=f"{np.count_nonzero(np.isnan(array))} of {array.size} entries",
                )
        return state

    def check_change(self, change: Any, like: Array) -> None:
        """Refuse a Δθ that is not like the gradient. Errors: ContractError."""
        if not fits(change, like.shape, like.dtype):
            problem = f"{self.where}: update must return Δθ, like the gradient"
            raise wrong_array(problem, change, like.shape, like.dtype, self.optimizer, "gradient")

    def _check_pair(self, returned: Any) -> None:
        pair = isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Mapping)
        if not pair or set(returned[1]) != set(self._own):
            raise ContractError(
                f"{self.where}: update asks for `state` and has to return a pair",
                expected=f"(Δθ, new_state), with new_state a mapping of {', '.join(self._own) or 'nothing'}",
                received=f"(..., a mapping of {', '.join(map(str, returned[1])) or 'nothing'})"
                if pair
                else type(returned).__name__,
            )

    def _other_state(self, name: str, value: Any, declared: Array) -> ContractError:
        return ContractError(
            f"{self.where}: update returned another state['{name}'] than initial_state declares",
            expected=f"shape {declared.shape}, {declared.dtype}",
            received=f"shape {np.shape(value)}, {getattr(value, 'dtype', type(value).__name__)}",
            hint="begin with an array of the dtype that it will have: np.zeros(()) counts in float64",
        )


def _like(part: Array, buffer: Array | None) -> Array:
    return np.empty_like(part) if buffer is None else buffer


def _is_view(value: Any) -> bool:
    return getattr(value, "base", None) is not None


def _becomes(value: Any, dtype: np.dtype[Any]) -> bool:
    """Whether a value's numbers are of this dtype, or may become so without another meaning: no float an integer."""
    return getattr(value, "dtype", None) == dtype or np.can_cast(np.result_type(value), dtype, "same_kind")
