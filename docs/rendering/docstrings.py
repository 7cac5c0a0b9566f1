"""Lets the reference show the shapes in docstrings as they are written."""

from __future__ import annotations

from typing import Any

from griffe import Extension, Object
from shapes import escaped

__all__ = ["ShapesAsWritten"]


class ShapesAsWritten(Extension):
    """Escapes the stars of shapes in docstrings, except in code."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of one module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = escaped(obj.docstring.value)
