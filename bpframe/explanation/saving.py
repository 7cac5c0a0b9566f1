"""An explanation in a file: which view its ending stands for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from bpframe.errors import DataError
from bpframe.explanation.as_json import as_json
from bpframe.explanation.html import as_page
from bpframe.explanation.latex import as_document
from bpframe.explanation.sections import Sections
from bpframe.explanation.text import as_text
from bpframe.machine.whole_file import whole_file

__all__ = ["VIEWS", "as_json_text", "view_of", "write_view"]


def as_json_text(explanation: Sections) -> str:
    """Return the data as JSON text."""
    return json.dumps(as_json(explanation), ensure_ascii=False, allow_nan=False) + "\n"


#: The views of an explanation by name, with the ending of a file that holds one.
VIEWS: dict[str, tuple[str, Callable[[Sections], str]]] = {
    "text": (".txt", as_text),
    "latex": (".tex", as_document),
    "html": (".html", as_page),
    "json": (".json", as_json_text),
}


def view_of(explanation: Sections, name: str) -> str:
    """Return one of the views by its name: `text`, `latex`, `html` or `json`."""
    return VIEWS[name][1](explanation)


def write_view(explanation: Sections, path: str | os.PathLike[str]) -> Path:
    """Write the view that a path's ending stands for; a file of that name is replaced.

    Errors: DataError for another ending, or a file that cannot be written.
    """
    target = Path(path).expanduser()
    by_ending = dict(VIEWS.values())
    if target.suffix.lower() not in by_ending:
        raise DataError(
            f"an explanation cannot be written as {target}",
            expected="a name that ends in " + ", ".join(by_ending),
            received=repr(target.name),
        )
    text = by_ending[target.suffix.lower()](explanation)
    try:
        with whole_file(target) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError) as error:
        raise DataError(f"{target} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    return target
