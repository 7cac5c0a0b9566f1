"""From a spec's file to the run that it describes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bpframe.documents.changing import changed_document
from bpframe.documents.document import RunSpec, resolve_spec
from bpframe.documents.text import parse_text, suffix_of
from bpframe.errors import SpecFileError
from bpframe.machine.opening import nearby, text_of
from bpframe.plugins.registry import Registry

__all__ = ["parse_spec", "read_spec"]

#: A spec of this many bytes was not written by a person, nor by `write_spec` from a network of any sensible size.
MOST_BYTES = 2_500_000


def read_spec(
    source: str | os.PathLike[str] | Mapping[str, Any],
    registry: Registry | None = None,
    changes: Mapping[str, Any] | None = None,
) -> RunSpec:
    """Read a spec from a .yaml, .yml, .json or .toml file, or from a mapping.

    A str of several lines is the text of a spec itself, in YAML. Nothing in a spec is imported or run. `registry` says
    what its kinds stand for: that of the installed plugin sets where it is left out.

    Raises
    ------
    SpecFileError
        The file cannot be read: missing, of another type, not UTF-8, a syntax error, a duplicate key.
    SpecError, GraphError, RegistryError
        The content is wrong; names the place, such as `network.layers[0].units`.

    """
    if isinstance(source, Mapping):
        document: Any = source
    elif isinstance(source, str) and "\n" in source:
        document = parse_text(source, ".yaml", "the spec")
    else:
        path = Path(source).expanduser()
        document = parse_text(_text_of(path), suffix_of(path), str(path))
    if changes and isinstance(document, Mapping):
        document = changed_document(document, changes)
    return resolve_spec(document, registry)


def parse_spec(text: str, registry: Registry | None = None, *, suffix: str = ".yaml") -> RunSpec:
    """Read a spec from its text, of the file type that `suffix` names.

    Raises
    ------
    SpecFileError, SpecError, GraphError, RegistryError

    """
    return resolve_spec(parse_text(text, suffix, "the spec"), registry)


def _text_of(path: Path) -> str:
    if path.is_dir():
        raise SpecFileError(f"{path} is a folder", expected="a spec file", hint=nearby(path / "spec.yaml"))
    suffix_of(path)
    return text_of(path, SpecFileError, MOST_BYTES)
