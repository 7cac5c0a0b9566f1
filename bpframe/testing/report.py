"""What a check of a component found, as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field

from bpframe.errors import BpframeError

__all__ = ["Outcome", "Report", "Status", "family_of", "in_words"]

#: What the check of the transpose says about entries that are wrong.
_TRANSPOSE = {"passed": "passed: the entries are wrong, not the transpose", "failed": "failed too: see below"}

#: A number on its own, such as a batch size.
_NUMBER = re.compile(r"\b\d+\b")

Status = Literal["passed", "failed", "skipped"]


def family_of(check: str) -> str:
    """Return a check's name without what it looks at: `jacobian` of `jacobian[w]`."""
    return check.partition("[")[0]


def in_words(error: BaseException) -> str:
    """Return what a report says of an error: its text where it is one of bpframe's, else with its kind."""
    return str(error) if isinstance(error, BpframeError) else f"{type(error).__name__}: {error}"


class Outcome(BaseModel):
    """One check: its name, such as `jacobian[w]`, how it ended, and why where it did not pass.

    `rows` are labelled lines of a failure, the worst entry for one; `diagnosis` names the likely mistake.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    status: Status
    message: str = ""
    diagnosis: str | None = None
    rows: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0

    @property
    def found(self) -> tuple[tuple[str, str], ...]:
        """The rows without how to see it again."""
        return tuple(row for row in self.rows if row[0] != "rerun")


class Report(BaseModel):
    """All outcomes for one component instance.

    `called_for` lists the checks that its declarations call for. A report in which one of them neither passed nor
    failed nor was skipped with a reason does not count as checked: `ok` is then false.

    `model_dump(mode="json")` is the report as plain data, `ok` included; `Report.model_validate` reads it back.
    """

    # `ok` is written for whoever reads the data, and made anew where it is read back.
    model_config = ConfigDict(frozen=True, extra="ignore")

    component: str
    fields: dict[str, Any] = {}
    shapes: tuple[tuple[int, ...], ...] = ()
    seed: int = 0
    called_for: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The checks that failed."""
        return tuple(each for each in self.outcomes if each.status == "failed")

    @property
    def skipped(self) -> tuple[Outcome, ...]:
        """The checks that were skipped, each with its reason."""
        return tuple(each for each in self.outcomes if each.status == "skipped")

    @property
    def passed(self) -> tuple[Outcome, ...]:
        """The checks that passed."""
        return tuple(each for each in self.outcomes if each.status == "passed")

    @property
    def missing(self) -> tuple[str, ...]:
        """The checks that the declarations call for and that did not run."""
        ran = {each.check for each in self.outcomes}
        return tuple(check for check in self.called_for if check not in ran)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Whether every check that is called for ran and none failed."""
        return not self.failed and not self.missing and bool(self.passed)

    @property
    def title(self) -> str:
        """The component with its fields and shapes in one line."""
        return f"{_shown({'kind': self.component, **self.fields})} at {', '.join(map(str, self.shapes)) or 'no shape'}"

    def text(self, verbose: bool = False) -> str:
        """Lay the report out for people: one line when all is well, else a block for every failure."""
        word = "ok" if self.ok else "FAILED"
        lines = [
            f"{word:7s}{self.title}: {len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"
        ]
        told: dict[object, list[str]] = {}
        for each in self.failed:
            told.setdefault(_finding(each), []).append(each.check)
        for each in self.outcomes:
            if each.status == "failed":
                first, *others = told[_finding(each)]
                if each.check == first:
                    lines += self._failure(each, others)
            elif verbose or (each.status == "skipped" and not self.ok):
                lines += [f"  {each.check} {each.status}" + (f": {each.message}" if each.message else "")]
        lines += [f"  {check} did not run, although the component's declarations call for it" for check in self.missing]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _failure(self, failure: Outcome, others: Sequence[str]) -> list[str]:
        """Lay one failure out: what it found, the likely mistake, what the transpose says, and how to see it again.

        `others` are checks that met the same.
        """
        rows = [*failure.found]
        if failure.diagnosis:
            rows.append(("diagnosis", failure.diagnosis))
        family, _, key = failure.check.partition("[")
        transpose = {each.check: each.status for each in self.outcomes}.get(f"adjoint[{key}")
        if family == "jacobian" and transpose in _TRANSPOSE and any(label == "worst" for label, _ in rows):
            rows.append(("adjoint", _TRANSPOSE[transpose]))
        if others:
            rows.append(("also", ", ".join(others)))
        rows += [row for row in failure.rows if row[0] == "rerun"]
        width = max((len(label) for label, _ in rows), default=0) + 2
        indent = "\n" + " " * (4 + width)
        told = f"  {failure.check} failed: {failure.message}".replace("\n", "\n    ")
        return [told, *(f"    {label:<{width}}" + text.replace("\n", indent) for label, text in rows)]

    def __str__(self) -> str:
        return self.text()


def _shown(value: Any) -> str:
    """Write a field; a component, which is a mapping with its kind, as it is written in Python."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if not isinstance(value, dict) or "kind" not in value:
        return repr(value)
    return f"{value['kind']}({', '.join(f'{name}={_shown(each)}' for name, each in value.items() if name != 'kind')})"


def _finding(failure: Outcome) -> object:
    """What tells one finding from another: a component's own error is the same one whatever the batch size."""
    message = failure.message
    own = "\n" in message or any(label == "where" for label, _ in failure.rows)
    rows = tuple(row for row in failure.found if row[0] != "batch")
    return _NUMBER.sub("", message) if own else message, failure.diagnosis, rows
