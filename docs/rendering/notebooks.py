"""Pages as notebooks, made of the page's own Markdown while the site is built: words, code, and what the code prints.

What Jupyter does not know becomes something that it does: boxes and tabs a title above their content, or a fold where
no code is in them; files `%%writefile`, commands `!`; pictures attachments; links addresses of the site. A notebook
runs from its first cell to its last in an empty folder. It is written as JSON, without a library: nbformat is needed by
tests alone, which validate and run every one.
"""

from __future__ import annotations

import base64
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from notebook_prose import Prose, Reference

__all__ = ["EXTRAS", "address_of", "notebook_of", "with_link", "written"]

#: The pages that are notebooks too, and the extras of bpframe that their code needs.
EXTRAS: dict[str, tuple[str, ...]] = {
    "tutorial/neurons": (),
    "tutorial/backpropagation": (),
    "tutorial/by-hand": (),
    "tutorial/any-jacobian": (),
    "guides/first-activation": (),
    "guides/curve-fitting": ("plot",),
    "guides/training": ("plot",),
    "guides/explain": ("plot", "symbolic"),
}

LINK = {"en": "Download as a notebook", "zh": "下载为 notebook"}

_FIRST = {
    "en": "*This notebook is the page [{title}]({page}) of bpframe's site, with its code and what the code prints. "
    "To run it, [install]({start}#installation) {package}.*",
    "zh": "*本 notebook 就是 bpframe 网站上的[{title}]({page})一页，带有它的代码和代码的输出。"
    "要运行它，请先[安装]({start}#安装){package}。*",
}

#: What a page with commands needs first: they are those of this notebook's Python.
_COMMANDS = """\
import os
import sys
from pathlib import Path

os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["COLUMNS"] = "120"  # the width of tables"""

_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```[ \t]*\n?", re.DOTALL | re.MULTILINE)
_BOX = re.compile(
    r"^(?:(?:\?\?\?\+?|!!!) \w+(?: \"(?P<box>[^\"]*)\")?|=== \"(?P<tab>[^\"]*)\")[ \t]*\n"
    r"(?P<body>(?:[ \t]*\n| {4}[^\n]*\n)+)",
    re.MULTILINE,
)
#: What is no prose, whichever comes first.
_PARTS = re.compile(f"(?P<fenced>{_FENCE.pattern})|(?P<boxed>{_BOX.pattern})".replace(r"\1", r"\2"), re.M | re.S)


def address_of(page: str) -> str:
    """Return where a page's notebook lies below the page: neurons.ipynb."""
    return f"{page.rpartition('/')[2]}.ipynb"


def with_link(html: str, page: str, language: str) -> str:
    """Return a page's HTML with the link to its notebook below its title."""
    if page not in EXTRAS:
        return html
    link = f'<p class="notebook" data-search-exclude><a href="{address_of(page)}" download>{LINK[language]}</a></p>'
    return html.replace("</h1>", f"</h1>\n{link}", 1)


def notebook_of(
    markdown: str, page: str, language: str, site: str, docs: Path, reference: Reference = lambda name: None
) -> dict[str, Any]:
    """Return a page's notebook; `site` is the address of the site."""
    prose = Prose(markdown, page, language, site, docs, reference)
    text = re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.DOTALL)
    title = re.search(r"^# (.*)$", text, re.MULTILINE)
    package = f"`bpframe[{','.join(EXTRAS[page])}]`" if EXTRAS[page] else "bpframe"
    named = title[1] if title else page
    cells = _Cells(prose)
    heading, _, rest = text.partition("\n") if text.startswith("# ") else ("", "", text)
    cells.say(heading)
    cells.say(_FIRST[language].format(title=named, page=prose.page_address, start=prose.start_address, package=package))
    if re.search(r"^ *```console", text, re.MULTILINE):
        cells.run(_COMMANDS)
    cells.add(rest)
    return {
        "cells": cells.finished(),
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "title": named,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def written(notebook: dict[str, Any]) -> str:
    """Return the file of a notebook."""
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


class _Cells:
    """The cells of a notebook as they are put together; prose is kept until code comes."""

    def __init__(self, prose: Prose) -> None:
        self.prose = prose
        self.cells: list[dict[str, Any]] = []
        self.words: list[str] = []

    def add(self, text: str) -> None:
        """Take a page's Markdown, or what is in a box of it."""
        end = 0
        for found in _PARTS.finditer(text):
            self.say(self.prose.of(text[end : found.start()]))
            end = found.end()
            if found["fenced"]:
                self._fenced(found["fenced"])
            else:
                self._box(found["box"] or found["tab"] or "", textwrap.dedent(found["body"]))
        self.say(self.prose.of(text[end:]))

    def _fenced(self, block: str) -> None:
        found = _FENCE.match(block)
        assert found
        info, body = found[2].strip(), textwrap.dedent(found[3])
        named = re.fullmatch(r"\w+ title=\"([^\"]+)\"", info)
        if info == "python":
            self.run(body)
        elif info == 'text title="output"':
            self._printed(body)
        elif info.startswith("console"):
            self._commands(body)
        elif named:
            self.run(f"%%writefile {named[1]}\n{body}")
        else:
            self.say(f"```{info}\n{body}```")

    def _commands(self, body: str) -> None:
        for entry in re.split(r"^(?=\$ )", body, flags=re.MULTILINE):
            command, _, printed = entry.partition("\n")
            command = command.removeprefix("$ ")
            if not re.match(r"bpframe |python \w+\.py", command):
                self.say(f"```console\n{entry}```" if entry else "")
                continue
            self.run(f"!{command}")
            if printed.strip():
                self._printed(printed)

    def _box(self, title: str, body: str) -> None:
        if _FENCE.search(body):
            self.say(f"**{title}**" if title else "")
            self.add(body)
        else:
            self.say(f"<details>\n<summary>{title}</summary>\n\n{self.prose.of(body).strip()}\n\n</details>")

    def say(self, words: str) -> None:
        if words.strip():
            self.words.append(words.strip())

    def run(self, source: str) -> None:
        self._spoken()
        number = sum(cell["cell_type"] == "code" for cell in self.cells) + 1
        self._append("code", source.strip("\n"), execution_count=number, outputs=[])

    def _printed(self, text: str) -> None:
        self.cells[-1]["outputs"].append({"name": "stdout", "output_type": "stream", "text": _lines(text)})

    def _spoken(self) -> None:
        if not self.words:
            return
        source, self.words = "\n\n".join(self.words), []
        pictures = sorted(set(re.findall(r"\(attachment:([^)\s]+)\)", source)))
        kept = {"attachments": dict(self._attached(pictures))} if pictures else {}
        self._append("markdown", source, **kept)

    def _attached(self, names: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
        for name in names:
            kind = "image/svg+xml" if name.endswith(".svg") else "image/png"
            yield name, {kind: base64.b64encode(self.prose.pictures[name].read_bytes()).decode()}

    def _append(self, kind: str, source: str, **more: Any) -> None:
        number = f"cell-{len(self.cells) + 1}"  # no random name: equal pages give equal notebooks
        self.cells.append({"cell_type": kind, "id": number, "metadata": {}, "source": _lines(source), **more})

    def finished(self) -> list[dict[str, Any]]:
        self._spoken()
        return self.cells


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
