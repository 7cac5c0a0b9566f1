"""What callbacks write into the record of an epoch: numbers, so that the history can be saved and read back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from bpframe.errors import ContractError
from bpframe.training.history import EpochRecord, History

__all__ = ["numbers_written"]


@contextmanager
def numbers_written(history: History) -> Iterator[None]:
    """Bring what the block writes into the last record to Python's numbers.

    Errors: ContractError (it is none, or the record is gone; the record is then as it was).
    """
    epochs = history.epochs
    record, count = epochs[-1] if epochs else None, len(epochs)
    before = {name: dict(each) if isinstance(each, dict) else each for name, each in record or ()}
    try:
        yield
    finally:
        if record is not None:
            if history.epochs is not epochs or len(epochs) < count or epochs[count - 1] is not record:
                history.epochs = [*history.epochs[: count - 1], record]
                raise ContractError(
                    f"a callback has taken the record of epoch {record.epoch} out of the history",
                    expected="records that stay; metrics may be written into them",
                )
            _bring_to_numbers(record, before)


def _bring_to_numbers(record: EpochRecord, before: dict[str, Any]) -> None:
    """Check what is new in a record, which leaves out large matrices that were there."""
    written = {
        name: {key: value for key, value in each.items() if key not in was or was[key] is not value}
        if isinstance(each, dict) and isinstance(was := before[name], dict)
        else each
        for name, each in record
    }
    try:
        checked = EpochRecord.model_validate(written)
    except ValidationError as error:
        for name, each in before.items():
            setattr(record, name, each)
        found = error.errors()[0]
        place = ".".join(str(each) for each in found["loc"][:2])
        raise ContractError(
            f"a callback wrote into the record of epoch {before['epoch']} what is no number: {place}",
            expected="a number, or a list of them",
            received=f"{found['input']!r}"[:100],
            hint="float(value), or array.tolist()",
        ) from None
    for name, each in checked:
        if isinstance(each, dict):
            getattr(record, name).update(each)
        else:
            setattr(record, name, each)
