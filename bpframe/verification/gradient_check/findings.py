"""What a gradient check found: as data, and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

from bpframe.errors import GradientCheckFailed
from bpframe.reports.tables import labelled, printed, table_of

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["CheckedEntry", "CheckedPath", "Fault", "GradientCheck", "Status"]

#: `undecided`: no derivative by number could be had there.
Status = Literal["passed", "failed", "undecided"]

HEADINGS = ("checked", "shape", "result", "entries", "typical error", "worst error", "at")


@dataclass(frozen=True)
class CheckedEntry:
    """One derivative of the mean cost, both ways.

    `index` is the entry of the parameter or input; None is a random direction ±1 that changes all of its entries.
    `beside` says that the values themselves lie on a kink, and that it was checked next to them; `uncertainty` how far
    the measured one may be off.
    """

    name: str
    index: tuple[int, ...] | None
    back_propagation: float
    measured: float
    relative_error: float
    status: Status
    beside: bool = False
    uncertainty: float = 0.0

    @property
    def place(self) -> str:
        """The entry in words: `[2, 0]`, nothing where there is one alone, or that it is all of them together."""
        return "all together" if self.index is None else f"[{', '.join(map(str, self.index))}]" if self.index else ""

    @property
    def both(self) -> str:
        """Both numbers in words, with the uncertainty of the measured one where it matters."""
        matters = self.uncertainty > 1e-9 * abs(self.measured)
        uncertainty = f" ± {self.uncertainty:.1g}" if matters else ""
        return f"back-propagation {self.back_propagation:.9g}, measured {self.measured:.9g}{uncertainty}"


@dataclass(frozen=True)
class CheckedPath:
    """A parameter or an input: the entries that were compared, a direction through all of them last.

    `rounding`, of parameters of a network that is not in float64, is how far its own gradient is from the one in
    float64, relative to the largest entry.
    """

    name: str
    kind: Literal["parameter", "input"]
    shape: tuple[int, ...]
    size: int
    entries: tuple[CheckedEntry, ...]
    rounding: float | None = None

    @property
    def status(self) -> Status:
        """`failed` where an entry failed; else `undecided` where one could not be measured well enough."""
        found = {each.status for each in self.entries}
        if "failed" in found:
            return "failed"
        return "undecided" if "undecided" in found else "passed"

    @property
    def decided(self) -> tuple[CheckedEntry, ...]:
        """The entries whose derivative could be measured."""
        return tuple(each for each in self.entries if each.status != "undecided")

    @property
    def worst(self) -> CheckedEntry | None:
        """The entry with the largest relative error."""
        return max(self.decided, key=lambda each: each.relative_error, default=None)

    @property
    def typical_error(self) -> float:
        """The median of the relative errors; 0 where there is none."""
        return median(each.relative_error for each in self.decided) if self.decided else 0.0

    @property
    def is_zero(self) -> bool:
        """Whether the cost does not depend on it at these values: zero both ways."""
        return bool(self.decided) and all(each.back_propagation == 0 == each.measured for each in self.decided)


@dataclass(frozen=True)
class Fault:
    """A component whose local Jacobian is not what its forward does, at the values of this very pass.

    `node` is its name, `where` how messages name it, `key` the entry of its Jacobian, `diagnosis` the likely mistake,
    `rows` labelled details such as the worst entry, `explains` the parameters and inputs whose gradient it spoils.
    """

    node: str
    where: str
    key: str
    diagnosis: str
    rows: tuple[tuple[str, str], ...] = ()
    explains: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """The fault in one line."""
        return f"{self.where}: " + (f"jacobian['{self.key}']: " if self.key else "") + self.diagnosis


@dataclass(frozen=True)
class GradientCheck:
    """Back-propagation against derivatives by number, parameter by parameter and input by input.

    It is true where every parameter and input passed. `method` is "complex step" or "central differences", `reason`
    why; `tolerance` the relative error that passes; `faults` the components at fault, where something failed.
    """

    parameters: Mapping[str, CheckedPath]
    inputs: Mapping[str, CheckedPath]
    method: str
    reason: str
    tolerance: float
    tolerance_reason: str
    training: bool
    dtype: str
    seed: int
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[CheckedPath, ...]:
        """The parameters, then the inputs."""
        return (*self.parameters.values(), *self.inputs.values())

    @property
    def entries(self) -> tuple[CheckedEntry, ...]:
        """All that was compared, in this order."""
        return tuple(each for path in self.paths for each in path.entries)

    @property
    def ok(self) -> bool:
        """Whether everything passed, and there was something to check."""
        return bool(self.entries) and all(each.status == "passed" for each in self.paths)

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the parameters and inputs that failed."""
        return tuple(each.name for each in self.paths if each.status == "failed")

    @property
    def undecided(self) -> tuple[str, ...]:
        """The names of those of which nothing is wrong, but some derivative by number could not be had."""
        return tuple(each.name for each in self.paths if each.status == "undecided")

    @property
    def max_relative_error(self) -> float:
        """The largest relative error of all; 0 where nothing was compared."""
        return max((each.relative_error for path in self.paths for each in path.decided), default=0.0)

    def raise_if_failed(self) -> GradientCheck:
        """Return the check where all passed.

        Raises
        ------
        GradientCheckFailed
            It names the components at fault.

        """
        if self.ok:
            return self
        raise GradientCheckFailed(self.title, rows=self._found())

    @property
    def title(self) -> str:
        """The outcome in one line."""
        count = len(self.entries)
        if not count:
            return "gradient check: the network has neither parameters nor inputs with a derivative"
        if self.ok:
            return f"gradient check passed: {count} derivatives, worst relative error {self.max_relative_error:.1e}"
        found = ((self.failed, "wrong"), (self.undecided, "undecided"))
        outcome = "FAILED" if self.failed else "undecided, nothing found wrong"
        return f"gradient check {outcome}: " + "; ".join(f"{', '.join(names)} {word}" for names, word in found if names)

    def table(self) -> Table:
        """Return the table for rich's consoles."""
        return table_of(HEADINGS, (self._cells(each) for each in self.paths), 3)

    def _cells(self, path: CheckedPath) -> tuple[str, ...]:
        worst, name = path.worst, f"input {path.name}" if path.kind == "input" else path.name
        entries = sum(each.index is not None for each in path.entries)
        counted = f"{entries} of {path.size}"
        result = "FAILED" if path.status == "failed" else path.status
        if worst is None:
            return name, str(path.shape), result, counted, "", "", ""
        return (
            name, str(path.shape), result + (" (zero)" if path.is_zero else ""), counted,
            f"{path.typical_error:.1e}", f"{worst.relative_error:.1e}", worst.place,
        )  # fmt: skip

    def _found(self) -> list[tuple[str, str]]:
        """Return labelled lines on the faults, or on the worst entries where no component was found to be at fault."""
        rows: list[tuple[str, str]] = []
        for fault in self.faults:
            rows += [("at fault", fault.problem), *fault.rows]
            if fault.explains:
                rows.append(("explains", ", ".join(fault.explains)))
        if not self.faults:
            for path in self.paths:
                if path.status == "failed" and path.worst is not None:
                    worst = path.worst
                    rows.append((f"{path.name} {worst.place}".rstrip(), worst.both))
        for path in self.paths:
            if path.status == "undecided":
                open_ = next(each for each in path.entries if each.status == "undecided")
                rows.append((f"{path.name} {open_.place}".rstrip(), open_.both))
        return rows

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        rows = self._found()
        rounding = [each.rounding for each in self.parameters.values() if each.rounding is not None]
        if rounding:
            rows.append(("rounding", f"in {self.dtype}, entries are off by up to {max(rounding):.1e} of the largest"))
        rows += [
            ("method", f"{self.method}: {self.reason}"),
            ("tolerance", f"{self.tolerance:g}: {self.tolerance_reason}"),
        ]
        rows += [("note", note) for note in self.notes]
        parts = [self.title, printed(self.table())] if self.entries else [self.title]
        return "\n".join([*parts, labelled(rows)])

    __repr__ = __str__
