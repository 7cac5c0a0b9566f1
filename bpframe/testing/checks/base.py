"""What a check is, what it runs on, and how it fails."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bpframe.core.component import Block, Component, category
from bpframe.core.graph.graph import Shape
from bpframe.core.graph.randomness import stream
from bpframe.errors import ContractError
from bpframe.testing.point import Point
from bpframe.testing.probe import Probe
from bpframe.testing.probing import AnyProbe, probe_of
from bpframe.testing.report import family_of
from bpframe.validation.plain_arrays import Array

__all__ = ["Check", "Failure", "Setting", "Skipped", "named", "require_shape", "shown", "untouched", "without_warnings"]


Shapes = tuple[Shape, ...]

#: Makes the probe of a component at feature shapes.
MakeProbe = Callable[[Component, Sequence[Shape]], AnyProbe | None]


class Failure(Exception):
    """A check found something wrong."""

    def __init__(self, message: str, diagnosis: str | None = None, rows: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.diagnosis = diagnosis
        self.rows = tuple(rows)


class Skipped(Exception):
    """A check has nothing to look at here; the text says why."""


def require_shape(message: str, array: Any, shape: Shape) -> None:
    """Fail where an array has another shape."""
    if np.shape(array) != shape:
        raise Failure(message, rows=[("expected", str(shape)), ("received", str(np.shape(array)))])


def shown(array: Any) -> str:
    """Write the first entries of an array."""
    return np.array2string(np.ravel(array)[:6], precision=6)


@contextmanager
def untouched(arrays: Iterable[tuple[str, Array]], wrote: Callable[[str], Failure]) -> Iterator[None]:
    """Hold arrays read-only inside the block, and see afterwards that they are what they were, byte by byte.

    `wrote` makes the failure out of what was received.
    """
    before = [(name, array, array.tobytes()) for name, array in arrays]
    for _, array, _ in before:
        array.flags.writeable = False
    try:
        yield
    except Exception as error:
        if "read-only" not in str(error):
            raise
        raise wrote(str(error)) from error
    for name, array, content in before:
        if array.tobytes() != content:
            raise wrote(f"'{name}' was changed although it is read-only")


@contextmanager
def without_warnings() -> Iterator[None]:
    """Run a component's code, whose numbers are looked at, without NumPy's and Python's warnings of them."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@dataclass(frozen=True)
class Check:
    """A named check, ready to run. A name may carry what it looks at: `jacobian[w]` of the family `jacobian`."""

    name: str
    run: Callable[[], object]

    @property
    def family(self) -> str:
        """The name without what it looks at."""
        return family_of(self.name)


def named(setting: Setting, *functions: Callable[[Setting], None]) -> list[Check]:
    """Return a check for each function, called as the function is."""
    return [Check(each.__name__.removeprefix("_"), partial(each, setting)) for each in functions]


class Setting:
    """A component with its shapes and seed, and the probe that its checks use (None where it has no Jacobian).

    `diagnosed` says whether a failure is worth the search for its cause. Errors of `make` say why the component does
    not take these shapes.
    """

    def __init__(
        self, component: Component, shapes: Shapes, seed: int, make: MakeProbe = probe_of, diagnosed: bool = True
    ) -> None:
        self.component, self.shapes, self.seed = component, shapes, seed
        # A block's Jacobians are those of its nodes, which are diagnosed one by one.
        self.diagnosed = diagnosed and not isinstance(component, Block)
        self.probe = make(component, shapes)
        self.notes: list[str] = []
        self._make = make

    def at(self, shapes: Shapes) -> Setting:
        """Return the same setting at other shapes."""
        return Setting(self.component, shapes, self.seed, self._make, self.diagnosed)

    @property
    def category(self) -> str:
        """The component's category: layer, activation, cost, optimizer or initializer."""
        return category(type(self.component))

    def need_probe(self) -> AnyProbe:
        """Return the probe of a component that has a Jacobian."""
        if self.probe is None:
            raise ContractError(f"{type(self.component).__name__} has no Jacobian")
        return self.probe

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a random stream for one check, so that no check changes what another draws."""
        return stream(self.seed, "conformance", purpose)

    def modes(self) -> tuple[bool, ...]:
        """Return the values of the training flag to look at."""
        return (False, True) if isinstance(self.probe, Probe) and self.probe.has_training else (False,)

    def point(self, purpose: str, batch: int = 3, scale: float = 1.0, training: bool = False) -> Point:
        """Draw a generic point for a check."""
        return self.need_probe().sample(self.rng(purpose), batch, scale, training)
