"""Patterns of parameter paths: `*.w` is every weight, `encoder.*` every parameter of one part of a network."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from bpframe.errors import SpecError

__all__ = ["as_patterns", "matching"]


def as_patterns(value: object, where: str) -> tuple[str, ...]:
    """Return one pattern or several as a tuple; `where` names them in messages. Errors: SpecError."""
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (None,)
    if not all(isinstance(each, str) for each in found):
        raise SpecError(
            f"{where}: no patterns of parameter paths",
            expected="a pattern, or a list of them, such as 'encoder.*'",
            received=repr(value)[:80],
        )
    return found


def matching(patterns: str | Iterable[str], paths: Iterable[str], where: str) -> tuple[str, ...]:
    """Return the paths that at least one pattern matches, in their own order.

    A pattern is a path in which `*` stands for any characters, dots too, `?` for one, and `[ab]` for one of these
    (`fnmatch.fnmatchcase`). `where` names the patterns in messages.

    Raises
    ------
    SpecError
        A pattern matches no path: the message has the closest ones.

    """
    known, found = tuple(paths), set[str]()
    for pattern in as_patterns(patterns, where):
        some = [path for path in known if fnmatchcase(path, pattern)]
        if not some:
            raise SpecError(
                f"{where}: '{pattern}' matches no parameter",
                expected="a pattern of parameter paths, such as '*.w' or 'encoder.*'",
                received=f"'{pattern}'",
                hint=_instead(pattern, known),
            )
        found.update(some)
    return tuple(path for path in known if path in found)


def _instead(pattern: str, paths: Sequence[str]) -> str:
    """Return what may have been meant: the parameters of a node that was named alone, or the closest paths."""
    if any(path.startswith(f"{pattern}.") for path in paths):
        return f"'{pattern}.*' is every parameter of '{pattern}'"
    if not paths:
        return "there are no parameters"
    near = difflib.get_close_matches(pattern, paths, n=3, cutoff=0.5)
    if near:
        return f"the closest are {', '.join(near)}"
    return f"there are {', '.join(paths[:10])}{', ...' if len(paths) > 10 else ''}"
