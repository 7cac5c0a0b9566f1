"""The picture of every shipped component: what a reader should remember of it. A module per plugin set.

A module, named for the set, has `PICTURES`: a mapping from kinds to functions that draw a `drawing.Plot`.
"""

from __future__ import annotations

import importlib
import pkgutil

from drawing import Plot

__all__ = ["picture_of"]

# At once: MkDocs finds what is beside its hooks only while it loads them.
_SETS = {each.name: importlib.import_module(f"pictures.{each.name}") for each in pkgutil.iter_modules(__path__)}


def picture_of(name: str) -> Plot:
    """Draw the component of this full name, such as `convolution.conv2d`."""
    set_name, _, kind = name.partition(".")
    plot: Plot = _SETS[set_name].PICTURES[kind]()
    return plot
