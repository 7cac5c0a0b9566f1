"""Whether a training can go on as if it had never stopped, and the history that it goes on with."""

from __future__ import annotations

from bpframe.core.backprop.held import Held
from bpframe.errors import DataError, TrainingError
from bpframe.training.fingerprint import Fingerprint, checksum
from bpframe.training.history import History
from bpframe.training.optimizer_state import OptimizerState
from bpframe.training.spec import TrainingSpec
from bpframe.training.state import TrainingState

__all__ = ["check_data", "check_resumable", "parted"]

#: What a training that cannot go on leaves to do.
_ANEW = "net.fit(...) begins another training from the parameters as they are"
_KEPT = f"bpframe.load(...) of a checkpoint that was kept before; or {_ANEW}"


def check_resumable(
    spec: TrainingSpec,
    state: TrainingState,
    history: History,
    held: Held,
    carried: OptimizerState | None,
    more: bool,
) -> None:
    """Refuse to go on with a training that is over, or that could only go on in another way.

    `spec` says how many epochs it shall have, `more` that this was asked for anew; `history` is the network's.

    Errors: TrainingError.
    """
    done = len(history) - state.past
    unit = "iterations" if spec.minimizes else "epochs"
    if state.torn:
        raise TrainingError("the training cannot go on as if it had never stopped", received=state.torn, hint=_KEPT)
    if done >= spec.epochs or (state.ended and not more):
        raise TrainingError(
            "the training is over: nothing is left to resume",
            expected=f"more than {done} {unit}",
            received=f"{done} of {spec.epochs} {unit}, {history.stopped}",
            hint=f"net.resume(..., epochs={2 * max(done, 1)}); {_ANEW}",
        )
    if state.parameters is not None and checksum(held.parameters.vector) != state.parameters:
        raise TrainingError(
            "the parameters are others than those that the training has stopped with",
            expected="parameters that nobody has changed since, such as a callback that puts the best ones back",
            hint=_KEPT,
        )
    if spec.minimizes:
        if done and not state.kept:
            raise TrainingError(
                f"{spec.optimizer.kind} keeps nothing from which it could go on as if it had never stopped",
                expected="a method that puts what it needs into problem.kept, such as levenberg_marquardt",
                hint=_ANEW,
            )
        return
    steps, wanted = 0 if carried is None else carried.step, state.first_step + state.step
    if state.step and steps != wanted:
        raise TrainingError(
            "the optimizer's state is another than that which the training has stopped with",
            expected=f"{wanted} steps",
            received=f"{steps} steps",
            hint=_KEPT,
        )


def check_data(state: TrainingState, data: Fingerprint, validation: Fingerprint | None, most: int) -> None:
    """Refuse examples that are not those that a training began with; `most` is how many batches an epoch has.

    Errors: DataError; TrainingError (the training has done more batches).
    """
    for what, before, now in (("", state.data, data), ("validation ", state.validation, validation)):
        if before == now:
            continue
        if before is None or now is None:
            raise DataError(
                f"the training {'had no' if before is None else 'had'} validation data",
                expected="the examples that it began with",
                hint="resume(x, y)" if before is None else "resume(x, y, validation_data=(x, y))",
            )
        name = next(each for each in (*before, *now) if before.get(each) != now.get(each))
        raise DataError(
            f"the {what}{name} is not the one that the training began with",
            expected=_described(before, name),
            received=_described(now, name),
            hint="the same examples in the same order; net.fit(...) trains on others",
        )
    if state.batch > most:
        raise TrainingError(
            "the training has a place that its epochs do not have",
            expected=f"{most} batches at most",
            received=str(state.batch),
        )


def parted(whole: History | None, state: TrainingState) -> tuple[History | None, History]:
    """Return a network's history before a training, None where there was none, and that of the training so far."""
    whole = History() if whole is None else whole
    past, directions = state.past, dict(whole.directions)
    records = [record.model_copy(update={"epoch": record.epoch - past}) for record in whole.epochs[past:]]
    now = History(epochs=records, steps=state.step, directions=directions)
    if not past and not state.past_steps:
        return None, now
    return History(epochs=whole.epochs[:past], steps=state.past_steps, directions=directions), now


def _described(fingerprint: Fingerprint, name: str) -> str:
    if name not in fingerprint:
        return "none"
    dtype, shape, number = fingerprint[name]
    return f"{dtype} of shape {shape}, checksum {number:08x}"
