"""A page's prose as Jupyter reads it: no attributes, links that lead to the site, pictures that come along."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from pymdownx.slugs import slugify

__all__ = ["Prose", "Reference"]

#: From a name of the reference to its address, None where it has none.
Reference = Callable[[str], str | None]

_STEPPER = {"en": "[Here the page has a stepper.]({page})", "zh": "[网页上这里有一个分步演示。]({page})"}

#: What is left as it is: mathematics, and code in a line.
_KEPT = re.compile(r"(\$\$.*?\$\$|\$(?=[^\s$])[^$]*?(?<=[^\s$])\$|(`+)(?!`).*?(?<!`)\2(?!`))", re.DOTALL)

_HEADING = re.compile(r"^(#{1,6}) (.*?)(?: \{#([\w-]+)\})?$", re.MULTILINE)


class Prose:
    """Turns the prose of one page; `pictures` has the files of the pictures that were met, by name."""

    def __init__(self, markdown: str, page: str, language: str, site: str, docs: Path, reference: Reference) -> None:
        self.page, self.language, self.docs = page, language, docs
        self.root = site.rstrip("/") + ("" if language == "en" else f"/{language}")
        self.page_address, self.start_address = self._address(f"{page}.md"), self._address("index.md")
        self.reference = reference
        self.pictures: dict[str, Path] = {}
        self.linked = set(re.findall(r"\]\(#([^)\s]+)\)", markdown))

    def of(self, text: str) -> str:
        """Return a piece of the page, without fenced blocks, for a Markdown cell."""
        text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
        stepper = _STEPPER[self.language].format(page=self.page_address)
        text = re.sub(r"^<div class=\"bp-[^\n]*</div>$", stepper, text, flags=re.MULTILINE)
        text = _HEADING.sub(self._heading, text)
        kept: list[str] = []

        def put_away(found: re.Match[str]) -> str:
            kept.append(found[0])
            return f"\x00{len(kept) - 1}\x00"

        text = _KEPT.sub(put_away, text)
        text = re.sub(r"(?<=[)\]])\{ ?[.#:][^}\n]*\}", "", text)
        text = re.sub(r"!\[([^\]]*)\]\(([^)\s]+)\)", self._picture, text)
        text = re.sub(r"\]\(([^)\s]+)\)", lambda found: f"]({self._link(found[1])})", text)
        text = re.sub(r"\[([^\]]*)\]\[([\w.]+)\]", self._reference, text)
        text = re.sub(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", _strong, text, flags=re.DOTALL)
        return re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found[1])], text)

    def _heading(self, found: re.Match[str]) -> str:
        signs, words, given = found.groups()
        anchor = given or slugify(case="lower")(words, "-")
        place = f'<a id="{anchor}"></a>\n\n' if anchor in self.linked else ""
        return f"{place}{signs} {words}"

    def _picture(self, found: re.Match[str]) -> str:
        words, target = found.groups()
        file = self.docs / posixpath.normpath(posixpath.join(posixpath.dirname(self.page), target))
        self.pictures[file.name] = file
        return f"![{words}](attachment:{file.name})"

    def _link(self, target: str) -> str:
        if re.match(r"[a-z]+:", target) or (target.startswith("#") and target[1:] in self.linked):
            return target
        path, sharp, anchor = target.partition("#")
        return self._address(posixpath.join(posixpath.dirname(self.page), path)) + sharp + anchor

    def _address(self, path: str) -> str:
        path = posixpath.normpath(path)
        if not path.endswith(".md"):
            return f"{self.root}/{path}"
        folder = path.removesuffix(".md").removesuffix("index")
        return f"{self.root}/{folder.rstrip('/')}/" if folder else f"{self.root}/"

    def _reference(self, found: re.Match[str]) -> str:
        address = self.reference(found[2])
        return f"[{found[1]}]({address})" if address else found[1]


def _strong(found: re.Match[str]) -> str:
    """Return bold words in a way that CommonMark knows too: its ** does not end between 。 and a letter."""
    words, text = found[1], found.string
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    ends = _is_sign(words[-1]) and not (after.isspace() or _is_sign(after) or not after)
    begins = _is_sign(words[0]) and not (before.isspace() or _is_sign(before) or not before)
    return f"<strong>{words}</strong>" if ends or begins else found[0]


def _is_sign(letter: str) -> bool:
    return bool(letter) and unicodedata.category(letter)[0] in "PSC"
