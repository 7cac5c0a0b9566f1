"""One plugin set that does something it should not, and what bpframe is expected to make of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

__all__ = ["Sin", "code", "layer", "sin"]


@dataclass(frozen=True)
class Sin:
    """A set's module, how it is to be listed, and words that its reason or one of its warnings must have."""

    source: str
    status: str = "ok"
    reason: str | None = None
    warning: str | None = None
    entry_points: str | None = None


def code(text: str) -> str:
    return textwrap.dedent(text)


def sin(source: str, status: str = "ok", **expected: str) -> Sin:
    return Sin(source, status, **expected)


def layer(
    forward: str = "return 2 * x",
    jacobian: str = "return Diagonal(np.full_like(x, 2))",
    *,
    name: str = "Double",
    fields: str = "",
    before: str = "",
) -> str:
    """Return the source of a set with one activation that doubles its input, or sins against that."""
    indented = textwrap.indent(textwrap.dedent(forward), " " * 8)
    return f'''
import os, signal, time
import numpy as np
from bpframe.extend import Activation, Diagonal
{textwrap.dedent(before)}

class {name}(Activation):
    """Double each entry: y = 2x, dy/dx = 2."""

{textwrap.indent(textwrap.dedent(fields), " " * 4)}
    def forward(self, x):
{indented}

    def jacobian(self, x):
        {jacobian}

def bpframe_components():
    return [{name}]

def bpframe_examples():
    return [({name}(), [(4,)])]
'''
