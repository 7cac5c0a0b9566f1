"""`llms.txt`: the site as a list of its pages, each with a line, for programs that read on somebody's behalf.

The form is that of llmstxt.org: a title, a sentence, and per section links to the pages' Markdown, which the site
serves beside each page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.nav import Section


def write(site: Path, config: Any, nav: Any, markdown: dict[str, str]) -> None:
    """Write `llms.txt`, and the Markdown of every page in it, by its address."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    for top in nav.items:
        pages = [page for page in _pages(top) if page.url in markdown]  # others are drafts or lie elsewhere
        lines += [f"## {top.title}", ""]
        for page in pages:
            text = markdown[page.url]
            source = f"{page.url}index.md" if page.url.endswith("/") or not page.url else f"{page.url}.md"
            target = site / source
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            said = first_sentence(text)
            lines.append(f"- [{page.title}]({config.site_url or ''}{source})" + (f": {said}" if said else ""))
        lines.append("")
    (site / "llms.txt").write_text("\n".join(lines), encoding="utf-8")


def _pages(item: Any) -> Any:
    if isinstance(item, Section):
        for child in item.children:
            yield from _pages(child)
    else:
        yield item


def first_sentence(markdown: str) -> str:
    """Return the first sentence of a page's text, without its marks."""
    for paragraph in re.split(r"\n\s*\n", re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)):
        if re.match(r"\s*(?:[#<:|>!\-{]|\d+\.|---)", paragraph) or not paragraph.strip():
            continue
        plain = re.sub(r"\[([^\]]+)\]\([^)]*\)(?:\{[^}]*\})?", r"\1", re.sub(r"[*`]", "", " ".join(paragraph.split())))
        return re.split(r"(?<=[.?!])\s", plain)[0]
    return ""
