"""A line of JSON for every epoch."""

from __future__ import annotations

from typing import Any, ClassVar

from bpframe.extend import Callback, Field, History
from bpframe_reference.log_file import append, begin, rewrite

__all__ = ["JsonLinesLog"]


class JsonLinesLog(Callback):
    """Append every epoch's record to a file as a line of JSON, with all that a history holds of it.

    A training that is resumed goes on where its lines end: those of epochs that came after its checkpoint are taken out
    first. Another training appends its lines to what is there. Paths start from the working directory.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("jsonl_log", "json_logger")

    path: str = Field(description="The file, which ends with .jsonl.", pattern=r"\.jsonl$")

    def before_training(self, history: History, state: dict[str, Any]) -> None:
        """Open the file, and bring it to where the training is."""
        begin(self.kind, self.path, state)
        self._write(history, state)

    def after_epoch(self, history: History, state: dict[str, Any]) -> None:
        """Append the epoch."""
        line = _line(history.epochs[-1])
        append(self.kind, self.path, line)
        state["last"] = line

    def after_training(self, history: History, state: dict[str, Any]) -> None:
        """Write the last epoch anew, where something was added to its record."""
        if history.epochs and _line(history.epochs[-1]) != state.get("last"):
            self._write(history, state)

    def _write(self, history: History, state: dict[str, Any]) -> None:
        rewrite(self.kind, self.path, state, [_line(record) for record in history.epochs])


def _line(record: Any) -> str:
    text: str = record.model_dump_json(exclude_defaults=True)
    return text + "\n"
