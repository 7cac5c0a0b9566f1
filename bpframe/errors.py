"""What can go wrong?

Every error that bpframe raises on purpose:

    BpframeError
    ├── ContractError            a component class breaks the contract (found when it is registered)
    ├── ComponentCheckFailed     a network that is built with `verify` holds a component that fails its checks
    ├── OperatorError            an operator was built from, or applied to, arrays that do not fit
    │   └── BatchCoupledError    a per-example quantity was asked of an operator that couples the batch
    ├── RegistryError
    │   ├── UnknownComponent     no plugin set provides this name
    │   ├── AmbiguousComponent   two plugin sets provide this bare name
    │   ├── BrokenPlugin         the set that provides this name could not be loaded
    │   └── ComponentFileError   a file of components cannot be loaded: missing, a mistake in it, no component
    ├── SpecError                a spec's content is wrong: a field, a type, an unknown key
    │   └── SpecFileError        a spec's file cannot be read: syntax, duplicate keys, file type
    ├── GraphError               the network cannot be built
    │   ├── DuplicateNode
    │   ├── DanglingInput        a node reads from something that does not exist
    │   ├── UnreachableNode      a node whose value no output uses
    │   ├── CycleError
    │   └── ShapeMismatch        also raised where an array that was handed in has the wrong shape
    ├── DataError                arrays or data files that cannot be used: NaN, labels, truncated, ragged
    ├── TrainingError
    │   ├── NonFiniteError       a cost or gradient became NaN or infinite
    │   └── StaleRecordError     a component that vouches for being pure computed something else than was recorded
    ├── DerivativeError          a derivative was asked for that nobody declared
    │   ├── MemoryLimitError     a result is larger than the stated limit; the message names a smaller form of it
    │   └── GradientCheckFailed  back-propagation disagrees with derivatives by number; names the component at fault
    ├── ConcurrencyError         a network is used while another thread trains it
    ├── CheckpointError          a saved run cannot be written or read
    ├── ScaffoldError            a new plugin package cannot be written: its name, its folder
    └── MissingExtra             a feature needs a package of an extra that is not installed

    StopTraining                 no error: what a callback raises to end a training

    UserWarning
    ├── DoctorWarning            the machine could run networks faster (only where BPFRAME_DOCTOR=warn asks)
    └── DraftWarning             a network is trained through a component without a declared Jacobian

Each says where, what was expected, what arrived and what to try:

    ShapeMismatch: layers[3] 'head' (reference.dense) cannot take the output of 'pool'
      expected  (N, 784)      features=784 in layers[3]
      received  (N, 28, 28)   from layers[2] 'pool' (convolution.max_pool)
      try       convolution.flatten between 'pool' and 'head'

Longer than 300 lines: one tree, and each of its classes beside the others.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = [
    "AmbiguousComponent",
    "BatchCoupledError",
    "BpframeError",
    "BrokenPlugin",
    "CheckpointError",
    "ComponentCheckFailed",
    "ComponentFileError",
    "ConcurrencyError",
    "ContractError",
    "CycleError",
    "DanglingInput",
    "DataError",
    "DerivativeError",
    "DoctorWarning",
    "DraftWarning",
    "DuplicateNode",
    "GradientCheckFailed",
    "GraphError",
    "MemoryLimitError",
    "MissingExtra",
    "NonFiniteError",
    "OperatorError",
    "RegistryError",
    "ScaffoldError",
    "ShapeMismatch",
    "SpecError",
    "SpecFileError",
    "StaleRecordError",
    "StopTraining",
    "TrainingError",
    "UnknownComponent",
    "UnreachableNode",
    "closest",
    "did_you_mean",
    "no_such",
    "shown",
]


#: A message has at most so many characters, whatever arrived.
MOST_CHARACTERS = 4000

# What steers a terminal, hides or turns what stands beside it, or cannot be written in UTF-8.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class BpframeError(Exception):
    """A mistake that bpframe recognised.

    `problem` is one sentence that says where and what; the optional rows say what was `expected`, what was
    `received` and what to `hint` at trying. All four stay available as attributes; `str(error)` lays them out
    below one another, without what steers a terminal, in at most 4,000 characters.
    """

    def __init__(
        self,
        problem: str,
        *,
        expected: str | None = None,
        received: str | None = None,
        hint: str | None = None,
        rows: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.problem = problem
        self.expected = expected
        self.received = received
        self.hint = hint
        self.rows = tuple(rows)
        super().__init__(problem)

    def __str__(self) -> str:
        labelled = [("expected", self.expected), ("received", self.received), *self.rows, ("try", self.hint)]
        present = [(label, text) for label, text in labelled if text]
        width = max((len(label) for label, _ in present), default=0) + 2
        indent = "\n" + " " * (2 + width)

        def laid_out(most: int) -> str:
            lines = [f"  {label:<{width}}" + shown(text, most).replace("\n", indent) for label, text in present]
            return "\n".join([shown(self.problem, most), *lines])

        whole = laid_out(MOST_CHARACTERS)
        if len(whole) > MOST_CHARACTERS:  # the hint at the end counts as much as what is long
            whole = laid_out(MOST_CHARACTERS // (2 * len(present) + 2))
        return shown(whole)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments: the default would rebuild from `args` alone and lose the rows.
        return (_rebuild, (type(self), self.problem, self.expected, self.received, self.hint, self.rows))


def _rebuild(
    kind: type[BpframeError],
    problem: str,
    expected: str | None,
    received: str | None,
    hint: str | None,
    rows: tuple[tuple[str, str], ...],
) -> BpframeError:
    return kind(problem, expected=expected, received=received, hint=hint, rows=rows)


class ContractError(BpframeError):
    """A component class breaks the contract: an unknown argument name, a missing method, a key that names nothing."""


class ComponentCheckFailed(BpframeError):
    """A component fails its checks, in a network that is built with `verify`."""


class OperatorError(BpframeError):
    """An operator was built from, or applied to, arrays that do not fit."""


class BatchCoupledError(OperatorError):
    """A per-example quantity was asked of an operator that couples the examples of a batch."""


class RegistryError(BpframeError):
    """A component name could not be resolved."""


class UnknownComponent(RegistryError):
    """No plugin set provides this name."""


class AmbiguousComponent(RegistryError):
    """Two plugin sets provide this bare name; `set.name` tells them apart."""


class BrokenPlugin(RegistryError):
    """The plugin set that provides this name is installed but could not be loaded."""


class ComponentFileError(RegistryError):
    """A Python file of components cannot be loaded: it is missing, it has a mistake, or no component is in it."""


class SpecError(BpframeError):
    """The content of a spec is wrong: a field, a type, an unknown key."""


class SpecFileError(SpecError):
    """The file of a spec cannot be read or written: its syntax, duplicate keys, its type."""


class GraphError(BpframeError):
    """The nodes and edges that were asked for do not make a network."""


class DuplicateNode(GraphError):
    """Two nodes, or a node and an input, carry the same name."""


class DanglingInput(GraphError):
    """A node reads from a name that no node and no input carries."""


class UnreachableNode(GraphError):
    """No output depends on this node or input."""


class CycleError(GraphError):
    """The nodes feed one another in a circle."""


class ShapeMismatch(GraphError):
    """A shape is not the one that the place asks for."""


class DataError(BpframeError):
    """Arrays or data files that cannot be used: NaN, labels out of range, empty, truncated, ragged."""


class TrainingError(BpframeError):
    """Training could not start or go on."""


class NonFiniteError(TrainingError):
    """A cost, an activation or a gradient became NaN or infinite."""


class StaleRecordError(TrainingError):
    """A component computes something else than when its calls were recorded, although it vouches for being pure.

    The network has the parameters of the last step for which the components were called and agreed with the record.
    """


class ConcurrencyError(BpframeError):
    """A network is used while another thread trains it, or trained twice at once."""


class DerivativeError(BpframeError):
    """A derivative was asked for that a component does not declare."""


class MemoryLimitError(DerivativeError):
    """A result is larger than the stated limit; the message names a form of it that needs less."""


class GradientCheckFailed(DerivativeError):
    """Back-propagation disagrees with derivatives by number, or these could not be had."""


class CheckpointError(BpframeError):
    """A saved run cannot be written or read."""


class ScaffoldError(BpframeError):
    """A new plugin package cannot be written: its name cannot be used, or its folder."""


class MissingExtra(BpframeError):
    """A feature needs a package that belongs to an extra which is not installed."""


class StopTraining(Exception):
    """What a callback or a hook raises to end a training: no error. Its words are the history's `stopped`."""


class DoctorWarning(UserWarning):
    """The machine could run networks faster; `bpframe doctor` says how."""


class DraftWarning(UserWarning):
    """A network is trained through a component whose Jacobian is measured, not declared."""


def shown(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a text as it can be shown: what steers a terminal as escapes, what is too long cut."""
    # Whatever is far too long is not looked at to its end.
    plain = _STEERING.sub(lambda found: ascii(found[0])[1:-1], text[: most + 1])
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` was most likely meant to be, or None where none is near."""
    found = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: object, candidates: Iterable[str]) -> str | None:
    """Return the hint "did you mean ...?" with the closest candidate, or None where none is near."""
    meant = closest(str(name), candidates)
    return None if meant is None else f"did you mean {meant!r}?"


def no_such(what: str, name: object, known: Iterable[str]) -> KeyError:
    """Return the error for a name that a mapping does not have, with the closest that it has, or all."""
    names = list(known)
    told = did_you_mean(name, names) or f"there are {', '.join(names) or 'none'}"
    return KeyError(f"no {what} {str(name)!r}; {told}")
