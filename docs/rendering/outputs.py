"""What blocks print, as readers see it: a page writes `...` where runs differ, and the site shows what one run printed.

`outputs.json` holds that run, block after block of each page. To write it anew:

    BPFRAME_OUTPUTS=docs/rendering/outputs.json python -m pytest -n 0 tests/docs/test_snippets.py

A block that it does not have is shown with its numbers as far as they are stated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

KEPT = Path(__file__).with_name("outputs.json")
BLOCK = re.compile(r'^( *)```(text title="output"|console[^\n]*)\n(.*?)^\1```', re.MULTILINE | re.DOTALL)

#: What a run printed and no reader wants: a folder that is gone.
PRIVATE = re.compile(r"/tmp/|/home/|/root/")


def filled(shown: str, printed: str) -> str | None:
    """Return what a page shows with each `...` inside a line replaced by what was printed there; None if it differs."""
    pieces = re.split(r"(^ *\.\.\.$|\.\.\.)", shown.strip("\n"), flags=re.MULTILINE)
    pattern = ""
    for index, piece in enumerate(pieces):
        if index % 2:
            pattern += r"(.*?)" if _is_line(pieces, index) else r"([^\n]*?)"
        else:
            pattern += re.sub(r"(?:\\?[ \n])+", r"\\s+", re.escape(piece))
    found = re.fullmatch(r"\s*" + pattern + r"\s*", printed.strip("\n"), re.DOTALL)
    if found is None:
        return None
    groups = iter(found.groups())
    out = ""
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            out += piece
            continue
        text = next(groups)
        out += "…" if _is_line(pieces, index) or len(text) > 60 or PRIVATE.search(text) else text
    return out


def _is_line(pieces: list[str], index: int) -> bool:
    before, after = pieces[index - 1], pieces[index + 1]
    return (not before or before.endswith("\n")) and (not after or after.startswith("\n"))


def with_outputs(markdown: str, page: str) -> str:
    """Return a page's Markdown with its output blocks as one run printed them."""
    told = {shown: iter(texts) for shown, texts in _kept().get(page, {}).items()}

    def shown(found: re.Match[str]) -> str:
        indent, info, body = found.groups()
        if "..." not in body:
            return found[0]
        entries = (_indented(_entry(*entry, told), indent) for entry in _entries(indent, info, body))
        return f"{indent}```{info}\n{''.join(entries)}{indent}```"

    return BLOCK.sub(shown, markdown)


def missing(markdown: str, page: str) -> list[str]:
    """Return the outputs that a page leaves open and that the run which is kept has not printed."""
    kept = _kept().get(page, {})
    outputs = (output for block in BLOCK.findall(markdown) for _, output in _entries(*block))
    return [output for output in outputs if "..." in output and output not in kept]


def _entries(indent: str, info: str, body: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block, with its output; what blocks of Python print has no command."""
    text = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
    for entry in re.split(r"^(?=\$ )", text, flags=re.MULTILINE) if info.startswith("console") else [text]:
        command, _, output = entry.partition("\n") if entry.startswith("$ ") else ("", "", entry)
        yield command, "\n".join(line.rstrip() for line in output.splitlines()).strip("\n")


def _indented(text: str, indent: str) -> str:
    return "".join(indent + line if line.strip() else line for line in text.splitlines(keepends=True))


def _entry(command: str, output: str, told: dict[str, Iterator[str | None]]) -> str:
    text = next(told.get(output, iter(())), None)
    if text is None:
        text = re.sub(r"(?<=\d)\.\.\.(?!\w)", "", output).replace("...", "…")
    return (f"{command}\n" if command else "") + (f"{text}\n" if text.strip() else "")


@cache
def _kept() -> dict[str, dict[str, list[str | None]]]:
    kept: dict[str, dict[str, list[str | None]]] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    return kept
