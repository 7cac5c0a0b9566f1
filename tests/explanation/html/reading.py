"""What tests read out of a page: its tags and attributes, and hostile copies of an explanation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import Any

from bpframe.explanation import Explanation
from bpframe.explanation.formula import Symbol

#: Fields whose words are bpframe's own, never a user's.
OWN = {"role", "shown", "letter", "kind of input", "dtype"}


class Parsed(HTMLParser):
    """Tags with the names of their attributes in order, the attributes, and what stands in scripts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "link", "br", "img", "input", "base"):
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.text.append(data)

    @property
    def data(self) -> Any:
        """What the page's script is given."""
        return json.loads(self.scripts[0])


def with_words(found: Explanation, words: str) -> Explanation:
    """Return an explanation with words behind every name, kind, path, structure and sentence that is in it."""
    return _with_words(found, words)  # type: ignore[no-any-return]


def _with_words(value: Any, words: str) -> Any:
    if isinstance(value, str):
        return value + words
    if isinstance(value, Symbol):
        base = value.base + words if value.is_name else value.base
        return replace(value, base=base, of=None if value.of is None else value.of + words)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: _with_words(getattr(value, field.name), words)
            for field in fields(value)
            if field.name not in OWN
            and not (field.name == "kind" and "Literal" in str(field.type) + type(value).__name__)
            and not (field.name == "kind" and type(value).__name__ == "Scalars")
        }
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(_with_words(each, words) for each in value)
    if isinstance(value, Mapping):
        return {_with_words(key, words): _with_words(each, words) for key, each in value.items()}
    return value
