"""Where a training is, as the file training.json has it: numbers and texts; arrays stand in a file beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bpframe.checkpoint.plain_data import from_json, to_json
from bpframe.checkpoint.random_streams import Streams
from bpframe.errors import ContractError, DataError
from bpframe.training.callback_state import check_data
from bpframe.training.state import TrainingState
from bpframe.validation.plain_arrays import Array

__all__ = ["TrainingRecord"]

#: A count of steps, epochs or bytes, and a checksum.
Count = Annotated[int, Field(ge=0, lt=10**18)]
Checksum = Annotated[int, Field(ge=0, lt=2**32)]

#: A number of 128 bits, in hexadecimal: readers of JSON in other languages have none so long.
Long = Annotated[str, Field(pattern=r"^[0-9a-f]{1,32}$")]

Name = Annotated[str, Field(max_length=10_000)]
Prints = dict[Name, tuple[Name, tuple[Count, ...], Checksum]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Generator(_Strict):
    """The state of a generator of the kind PCG64."""

    state: Long
    inc: Long
    has_uint32: Literal[0, 1]
    uinteger: Checksum

    def as_numpy(self) -> dict[str, Any]:
        """Return it as NumPy has it."""
        numbers = {"state": int(self.state, 16), "inc": int(self.inc, 16)}
        return {
            "bit_generator": "PCG64", "state": numbers, "has_uint32": self.has_uint32, "uinteger": self.uinteger
        }  # fmt: skip


class _Stream(_Generator):
    name: Name
    purpose: Name


class _Callback(_Strict):
    """What a callback of a kind keeps."""

    kind: Name
    state: dict[str, Any]


class _Place(_Strict):
    """How far a training has come: the fields of a `TrainingState`."""

    data: Prints
    validation: Prints | None
    past: Count
    past_steps: Count
    first_step: Count
    first_epoch: Count
    begun: bool
    step: Count
    batch: Count
    cost: float
    seconds: float
    order: _Generator | Literal["as it comes"] | None
    told: Count = 0
    callbacks: list[_Callback]
    kept: dict[str, Any]
    ended: bool
    torn: str
    parameters: Checksum | None


class TrainingRecord(_Strict):
    """Where the random streams of a network are, and its last training, where there was one."""

    seed: Annotated[int, Field(ge=0)]
    streams: list[_Stream]
    training: _Place | None

    @classmethod
    def of(cls, streams: Streams, state: TrainingState | None, arrays: dict[str, Array]) -> TrainingRecord:
        """Return the record, and put the arrays that belong to it into `arrays`."""
        begun = [
            _Stream(name=name, purpose=purpose, **_hexadecimal(each))
            for (name, purpose), each in streams.states.items()
        ]
        return cls(seed=streams.seed, streams=begun, training=None if state is None else _place(state, arrays))

    def restored(self, arrays: Mapping[str, Array]) -> tuple[Streams, TrainingState | None]:
        """Return what was recorded. Errors: DataError (what callbacks or the optimizer keep is damaged)."""
        streams = Streams(self.seed, {(each.name, each.purpose): each.as_numpy() for each in self.streams})
        if self.training is None:
            return streams, None
        fields: dict[str, Any] = {name: getattr(self.training, name) for name in _Place.model_fields}
        order = self.training.order
        fields["order"] = order.as_numpy() if isinstance(order, _Generator) else None if order is None else {}
        kept = from_json(self.training.kept, arrays)
        callbacks = [{"kind": each.kind, "state": from_json(each.state, arrays)} for each in self.training.callbacks]
        if not all(isinstance(each, dict) for each in (kept, *(callback["state"] for callback in callbacks))):
            raise DataError("what callbacks and the optimizer keep is damaged", expected="mappings")
        try:
            check_data([callbacks, kept], "what was kept")
        except ContractError as error:
            raise DataError(error.problem, expected=error.expected, received=error.received) from None
        return streams, TrainingState(**{**fields, "callbacks": callbacks, "kept": kept})


def _place(state: TrainingState, arrays: dict[str, Array]) -> _Place:
    fields = {name: getattr(state, name) for name in _Place.model_fields}
    order = "as it comes" if state.order == {} else state.order and _Generator(**_hexadecimal(state.order))
    callbacks = [
        {"kind": each["kind"], "state": to_json(each["state"], f"callbacks/{place}", arrays)}
        for place, each in enumerate(state.callbacks)
    ]
    kept = {key: to_json(each, f"kept/{key}", arrays) for key, each in state.kept.items()}
    return _Place(**{**fields, "order": order, "callbacks": callbacks, "kept": kept})


def _hexadecimal(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of NumPy's PCG64 with its long numbers as texts."""
    long = {name: f"{number:x}" for name, number in state["state"].items()}
    return {**long, "has_uint32": state["has_uint32"], "uinteger": state["uinteger"]}
