"""What a plugin set may implement. Each is a plain function of the module that the set's entry point names.

A set provides components, categories of its own for them, or watches a run from outside, or all of these. None is
called per node or per batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pluggy

from bpframe.core.component import Component

__all__ = [
    "GROUP",
    "bpframe_after_checkpoint",
    "bpframe_after_epoch",
    "bpframe_categories",
    "bpframe_components",
    "bpframe_examples",
    "hookimpl",
    "hookspec",
]

#: The entry-point group; an entry point's name is the name of its set.
GROUP = "bpframe"

hookspec = pluggy.HookspecMarker(GROUP)

#: Marks an implementation. A function whose name begins with `bpframe_` needs no mark.
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def bpframe_components() -> list[type[Component]]:  # type: ignore[empty-body]
    """Return the component classes of the set. Nothing is built or called here."""


@hookspec
def bpframe_categories() -> list[type[Component]]:  # type: ignore[empty-body]
    """Return the base classes of the set's own categories. Their components then stand in fields, specs and lists.

    Each is stated as `class Sampler(Component, category=Category("sampler", {...}))`.
    """


@hookspec
def bpframe_examples() -> list[tuple[Component, Sequence[tuple[int, ...]]]]:  # type: ignore[empty-body]
    """Return instances with the feature shape of each input, for the conformance kit. Not called at discovery."""


@hookspec
def bpframe_after_epoch(network: Any, epoch: int, history: Any) -> None:
    """Watch training: called after every epoch, numbered from 1, with the network and the history so far.

    `raise StopTraining("good enough")` ends the training, with these words as the history's `stopped`, and so does
    StopIteration; KeyboardInterrupt ends it as Ctrl-C does.
    """


@hookspec
def bpframe_after_checkpoint(path: Path) -> None:
    """Watch training: called when a run has been written to the folder `path`."""
