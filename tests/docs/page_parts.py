"""What a page of the documentation is made of beside prose: blocks, displayed equations, headings, links."""

from __future__ import annotations

import re
import textwrap

FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def fenced(text: str) -> list[tuple[str, str]]:
    """Return the fenced blocks, those in boxes too: what stands behind the fence, and what is in the block."""
    return [(info, textwrap.dedent(block)) for _, info, block in FENCE.findall(text)]


def blocks(text: str, info: str) -> list[str]:
    """Return the fenced blocks of a kind."""
    return [block for kind, block in fenced(text) if kind == info]


def equations(text: str) -> list[str]:
    """Return the displayed equations, without the room around them and the words in them."""
    found = re.findall(r"^ *(\$\$.*?\$\$)$", text, re.DOTALL | re.MULTILINE)
    return [re.sub(r"\s+", " ", re.sub(r"\\text\{[^}]*\}", r"\\text{}", each)) for each in found]


def widgets(text: str) -> list[str]:
    """Return the steppers and playgrounds."""
    return re.findall(r"^<div class=\"bp-[^>]*>", text, re.MULTILINE)


def anchors(text: str) -> list[str]:
    """Return the anchors of a page's headings, those that are given and those that the site makes of English words."""
    found = re.findall(r"^##+ (.*?)(?: \{#([\w-]+)\})?$", FENCE.sub("", text), re.MULTILINE)
    return [given or re.sub(r"[^\w -]", "", words).strip().lower().replace(" ", "-") for words, given in found]


def links(text: str) -> list[str]:
    """Return where the links of a page lead to, in alphabetical order."""
    prose = FENCE.sub("", text)
    return sorted(re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", prose) + re.findall(r"\]\[([\w.]+)\]", prose))


def pictures(text: str) -> list[str]:
    """Return the names of the pictures of a page; one that has words may have a twin whose name ends in `-zh`."""
    return [name.removesuffix("-zh") for name in re.findall(r"!\[[^\]]*\]\([^)\s]*?([\w-]+)\.svg\)", text)]
