"""Pictures that were drawn for one component, a module per plugin set, where the general plot would teach little.

A module, named for the set, has `PICTURES`: a mapping from kinds to functions that draw a `component_plots.Plot`.
"""

from __future__ import annotations

import importlib
import importlib.util

from component_plots import Plot

__all__ = ["picture_of"]


def picture_of(name: str) -> Plot | None:
    """Draw the component of this full name, such as `convolution.conv2d`; None where no picture was made for it."""
    set_name, _, kind = name.partition(".")
    if importlib.util.find_spec(f"pictures.{set_name}") is None:
        return None
    draw = importlib.import_module(f"pictures.{set_name}").PICTURES.get(kind)
    return draw() if draw else None
