"""Pictures that were drawn for one component, a module per plugin set, where the general plot would teach little.

A module, named for the set, has `PICTURES`: a mapping from kinds to functions that draw a `drawing.Plot`.
"""

from __future__ import annotations

import importlib
import pkgutil

from drawing import Plot

__all__ = ["picture_of"]

# At once: MkDocs finds what is beside its hooks only while it loads them.
_SETS = {each.name: importlib.import_module(f"pictures.{each.name}") for each in pkgutil.iter_modules(__path__)}


def picture_of(name: str) -> Plot | None:
    """Draw the component of this full name, such as `convolution.conv2d`; None where no picture was made for it."""
    set_name, _, kind = name.partition(".")
    draw = _SETS[set_name].PICTURES.get(kind) if set_name in _SETS else None
    return draw() if draw else None
