"""What is told to callbacks while a training runs: resolved once before it, so that a step calls or does nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from bpframe.core.backprop.results import failed
from bpframe.errors import BpframeError, CheckpointError, ContractError, NonFiniteError, SpecError, StopTraining
from bpframe.training.callback_state import check_data, copied_data
from bpframe.training.history import History
from bpframe.training.listeners import WORDS, Hooked, hooked
from bpframe.training.nonfinite import all_finite
from bpframe.training.spec import TrainingSpec
from bpframe.training.written_records import numbers_written
from bpframe.validation.plain_arrays import Array

__all__ = ["Listening"]

_NETWORK, _HISTORY, _STATE, _EPOCH, _STEP, _BATCH, _COST, _PATH, _EXAMPLES = range(len(WORDS))

#: Tells of a batch: with its epoch, its number in it and in the training, and its mean cost.
TellBatch = Callable[[int, int, int, float], None]

#: What a history's `stopped` says of a training that was not ended on purpose.
RESERVED = ("", "completed", "unfinished", "interrupted", "failed", "not finite")


class Listening:
    """Callbacks of one training, in order, with their states: components, and functions that hear of every epoch.

    `before_batch` and `after_batch` are None where nobody listens. `hook` is what installed plugins are told after an
    epoch, and `follow` is called around it, to bring a longer history up to date. `states` are those of a training that
    is resumed, as `states()` has returned them. `examples` returns those that callbacks may ask for.

    What tells raises once all have been told, so that a training that goes on finds all at one step: StopTraining or
    KeyboardInterrupt where a callback wants the training to end, or the error of the first that has failed.

    Errors: ContractError (a function asks for what means nothing, a first state is no plain data); CheckpointError (the
    states are those of other callbacks). Of what tells: those of a callback that fails, with its name.
    """

    def __init__(
        self,
        callbacks: Iterable[Any],
        network: Any,
        history: History,
        states: Sequence[Mapping[str, Any]] | None = None,
        hook: Callable[..., Any] | None = None,
        examples: Callable[[], Any] | None = None,
    ) -> None:
        self.callbacks = hooked(callbacks)
        self.follow: Callable[[], None] = _nothing
        self._hook = hook
        self._states = _begun(self.callbacks) if states is None else _restored(self.callbacks, states)
        self._words: list[Any] = [network, history, None, 0, 0, 0, math.nan, None, None]
        if examples is not None and any(each.sees_examples for each in self.callbacks):
            self._words[_EXAMPLES] = examples()
        held = getattr(network, "parameters", None)
        self._parameters: Array | None = None if held is None else held.vector
        self.before_batch = self._batches("before_batch")
        self.after_batch = self._batches("after_batch")
        self.hears_checkpoints = self._telling("after_checkpoint") is not None

    def check_driven(self, spec: TrainingSpec) -> None:
        """Refuse, for an optimizer that drives itself, a callback that would never be called. Errors: SpecError."""
        for each in self.callbacks if spec.minimizes else ():
            if each.hooks and not each.hooks.keys() - {"before_batch", "after_batch"}:
                raise SpecError(
                    f"{each.called} is told of batches alone, of which {spec.optimizer.kind} takes no steps",
                    expected="before_epoch or after_epoch, which are called around every iteration",
                    received=", ".join(each.hooks),
                )

    def states(self) -> list[dict[str, Any]]:
        """Return what every callback keeps, and changes: `{"kind": ..., "state": ...}` of each, in order."""
        return [{"kind": each.kind, "state": state} for each, state in zip(self.callbacks, self._states, strict=True)]

    def before_training(self) -> None:
        """Tell that a training begins, or goes on in this process."""
        self._tell("before_training")

    def before_epoch(self, epoch: int, step: int) -> None:
        """Tell that an epoch begins, after so many steps."""
        self._tell("before_epoch", epoch, step)

    def after_epoch(self, epoch: int, step: int) -> None:
        """Tell that an epoch is over and in the history, after so many steps: callbacks, then installed plugins."""
        with numbers_written(self._words[_HISTORY]):
            self._after_epoch(epoch, step)

    def _after_epoch(self, epoch: int, step: int) -> None:
        self.follow()
        ending: BaseException | None = None
        try:
            self._tell("after_epoch", epoch, step)
        except (StopTraining, KeyboardInterrupt) as reason:
            ending = reason
        self.follow()  # again: a callback may have written into the epoch's record
        if epoch == 1:
            self._check_states()
        if self._hook is not None:
            try:
                self._hook(network=self._words[_NETWORK], epoch=epoch, history=self._words[_HISTORY])
            except (StopTraining, StopIteration) as reason:
                ending = ending or StopTraining(_reason(reason, "a hook"))
        if ending is not None:
            raise ending

    def after_checkpoint(self, epoch: int, step: int, path: Any) -> None:
        """Tell that a checkpoint was written to a folder."""
        self._words[_PATH] = path
        self._tell("after_checkpoint", epoch, step)

    def after_training(self) -> None:
        """Tell that the training is over, however it ended; nobody can end it any more."""
        with suppress(StopTraining):
            self._tell("after_training")

    def _tell(self, name: str, epoch: int = 0, step: int = 0) -> None:
        tell = self._telling(name)
        if tell is not None:
            self._words[_EPOCH], self._words[_STEP] = epoch, step
            tell()

    def _batches(self, name: str) -> TellBatch | None:
        words, tell = self._words, self._telling(name)
        if tell is None:
            return None

        def told(epoch: int, batch: int, step: int, cost: float) -> None:
            words[_EPOCH], words[_STEP], words[_BATCH], words[_COST] = epoch, step, batch, cost
            tell()

        return told

    def _telling(self, name: str) -> Callable[[], None] | None:
        """Return what calls everybody who has a hook, or None where nobody has it."""
        words = self._words
        calls = [
            (each, hook.call, hook.picked, state)
            for each, state in zip(self.callbacks, self._states, strict=True)
            if (hook := each.hooks.get(name)) is not None
        ]
        if not calls:
            return None

        # Of batches the next step notices what is not finite.
        parameters = None if name in ("before_batch", "after_batch") else self._parameters

        def tell() -> None:
            ending: BaseException | None = None
            before = parameters.copy() if parameters is not None and all_finite(parameters) else None
            for each, call, picked, state in calls:
                words[_STATE] = state
                try:
                    call(*picked(words))
                except (StopTraining, StopIteration) as reason:
                    ending = ending or StopTraining(_reason(reason, each.called))
                except KeyboardInterrupt as interrupt:
                    ending = ending if isinstance(ending, BpframeError) else interrupt
                except Exception as error:
                    if not isinstance(ending, BpframeError):
                        ending = _failed(each, name, error)
                except BaseException as leaving:  # such as sys.exit()
                    ending = leaving
                if parameters is not None and before is not None and not all_finite(parameters):
                    parameters[:] = before
                    if not isinstance(ending, BpframeError):
                        ending = _unusable(each, name)
            if ending is not None:
                raise ending

        return tell

    def _check_states(self) -> None:
        """Refuse after the first epoch, and not only in the first checkpoint, what none could hold."""
        for each, state in zip(self.callbacks, self._states, strict=True):
            check_data(state, _of(each))


def _failed(each: Hooked, name: str, error: Exception) -> BpframeError:
    found = failed(each.called, name, error)
    found.__cause__ = error
    return found


def _unusable(each: Hooked, name: str) -> NonFiniteError:
    return NonFiniteError(
        f"{each.called}: {name} wrote numbers into the parameters that are not finite",
        expected="finite numbers",
        rows=[("kept", "the parameters as they were before it was called")],
    )


def _nothing() -> None:
    """Bring nothing up to date."""


def _of(each: Hooked) -> str:
    return f"{each.called}: its state"


def _reason(reason: Exception, who: str) -> str:
    """Return what a history's `stopped` says of an end that was wished for."""
    said = str(reason)
    return f"{who} ended it" + (f": {said}" if said else "") if said in RESERVED else said


def _begun(callbacks: Iterable[Hooked]) -> list[dict[str, Any]]:
    found = []
    for each in callbacks:
        try:
            state = each.initial_state()
        except Exception as error:
            raise failed(each.called, "initial_state", error) from error
        if type(state) is not dict:
            raise ContractError(
                f"{each.called}: initial_state must return a dict", expected="a dict", received=type(state).__name__
            )
        found.append(copied_data(state, _of(each)))
    return found


def _restored(callbacks: Sequence[Hooked], states: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    kinds, given = [each["kind"] for each in states], [each.kind for each in callbacks]
    if kinds != given:
        raise CheckpointError(
            "the training that is resumed had other callbacks",
            expected=", ".join(kinds) or "none",
            received=", ".join(given) or "none",
            hint="functions are not written in a checkpoint: hand the same ones over again, in the same places",
        )
    return [copied_data(dict(each["state"]), f"the state of {each['kind']}") for each in states]
